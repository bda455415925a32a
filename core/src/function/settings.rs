//! Changes of limits, with nothing parked of the limits that change.
//!
//! A parked permit lets a request in without a look at any counter. So a
//! change that takes units from a limit first holds it (`concurrency/parking.rs`):
//! nothing is parked anew, and what is parked is given back. Then the counters
//! have what is in flight and nothing else, the change is made by the protocol
//! of `concurrency/gate.rs`, and the hold ends.
//!
//! For the length of the call, units that were parked may be on the way to
//! their counter: a request may be refused that would have found one.

use super::Function;
use super::admit::Peers;
use crate::concurrency::{Account, Gate, LimitError, Limits};
use crate::sync::Storage;

/// Sets the account's limit. O(functions, and their idle leaves, in the chunks
/// that have parked) to lower it, O(1) to raise it.
pub(super) fn set_account_limit<W: Storage>(
    limits: &mut Limits,
    account: &Account,
    peers: &impl Peers<W>,
    limit: u32,
) -> Result<(), LimitError> {
    let lowers = limit < limits.account_limit();
    with_the_pool_held(account, peers, lowers, || limits.set_account_limit(account, limit))
}

/// Sets or takes away a function's reservation; costs as above where it grows.
pub(super) fn set_reserved<W: Storage>(
    limits: &mut Limits,
    account: &Account,
    peers: &impl Peers<W>,
    function: &Function<W>,
    reserved: Option<u32>,
) -> Result<(), LimitError> {
    let gate = function.gate();
    let chunks = gate.parking().hold().chunks();
    function.unpark(account, chunks);
    // What a reservation takes it takes from the pool.
    let lowers = reserved > gate.reserved();
    let set = || limits.set_reserved(account, gate, reserved);
    let changed = with_the_pool_held(account, peers, lowers, set);
    gate.parking().resume();
    changed
}

/// As [`set_reserved`] of a gate under which nothing is parked: one that pools
/// share, or one that nobody goes through.
pub(super) fn set_reserved_unparked<W: Storage>(
    limits: &mut Limits,
    account: &Account,
    peers: &impl Peers<W>,
    gate: &Gate,
    reserved: Option<u32>,
) -> Result<(), LimitError> {
    let lowers = reserved > gate.reserved();
    with_the_pool_held(account, peers, lowers, || limits.set_reserved(account, gate, reserved))
}

/// Makes a change with the account's unreserved concurrency held, if it
/// `lowers` that.
fn with_the_pool_held<W: Storage, T>(
    account: &Account,
    peers: &impl Peers<W>,
    lowers: bool,
    change: impl FnOnce() -> T,
) -> T {
    if !lowers {
        return change();
    }
    let chunks = account.parking().hold().chunks();
    peers.any(chunks, &mut |function| {
        let chunks = function.gate().parking().opened();
        // What a function with a reservation has parked is its own.
        if function.gate().reserved().is_none() {
            function.unpark(account, chunks);
        }
        false
    });
    let changed = change();
    account.parking().resume();
    changed
}
