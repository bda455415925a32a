//! The C ABI with hostile arguments: handles that are live, used up, of another
//! region or invented; pointers that are null or askew; sizes, lengths, numbers
//! and texts out of range.
//!
//! A plain list of what was handed out says which handles are live, by their
//! bits wherever they come from. Each call has its faults; with any, it must
//! answer one of their statuses and leave its results untouched; without one,
//! it must answer OK or what the model allows. Nothing may panic, and under
//! libFuzzer the address sanitizer watches.

mod calls;
mod hostile;

use core::fmt;

use warmstow::*;

use self::hostile::{Scratch, status as S};
use crate::{actions, print_test};

/// One call: which, and four bytes of choices for its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action {
    /// Which call.
    pub call: u8,
    /// The region.
    pub region: u8,
    /// The handle that the call is about.
    pub handle: u8,
    /// Where the result goes, and its size.
    pub place: u8,
    /// A number or text.
    pub value: u8,
}

/// An input of the target `abi`.
pub struct Case(Vec<Action>);

impl crate::Case for Case {
    fn from_bytes(data: &[u8]) -> Self {
        let action = |[call, region, handle, place, value]: [u8; 5]| Action {
            call,
            region,
            handle,
            place,
            value,
        };
        Self(actions(data, action))
    }

    fn check(&self) {
        check((), &self.0);
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let imports = ["warmstow_fuzz::abi::{Action, check}"];
        print_test(f, "fuzz/tests/replay.rs", &imports, &(), &self.0)
    }
}

/// A request in flight, as the host knows it.
#[derive(Clone, Copy)]
struct Request {
    lease: [u64; 2],
    instance: [u64; 2],
    started: bool,
}

/// What a region has handed out.
#[derive(Default)]
struct Model {
    handle: u64,
    open: bool,
    functions: Vec<u64>,
    nodes: Vec<u64>,
    requests: Vec<Request>,
    /// Instances that were handed out and have not stopped, and those of them
    /// that were told to stop.
    live: Vec<[u64; 2]>,
    told: Vec<[u64; 2]>,
    admitted: u64,
    ended: u64,
}

/// Everything that was ever handed out, to be used again where it no longer
/// holds.
#[derive(Default)]
struct World {
    regions: Vec<Model>,
    leases: Vec<[u64; 2]>,
    instances: Vec<[u64; 2]>,
    now_ns: u64,
    scratch: Scratch,
}

/// Regions open at a time, and of one input.
const MOST_OPEN: usize = 3;
const MOST_REGIONS: usize = 16;

/// Plays the actions on the library.
///
/// # Panics
///
/// Where an answer is not what the model allows.
pub fn check(_settings: (), actions: &[Action]) {
    let mut world = World::default();
    world.open();
    world.open();
    for &action in actions {
        world.act(action);
    }
    world.close_all();
}

impl World {
    fn act(&mut self, action: Action) {
        self.now_ns = match action.value {
            255 => u64::MAX,
            254 => 0,
            value => self.now_ns.saturating_add(u64::from(value)),
        };
        match action.call % 32 {
            0..6 => self.invoke(action),
            6..9 => self.started(action),
            9..12 => self.end(action, warmstow_complete, true),
            12 => self.end(action, warmstow_fail, false),
            13 | 14 => self.drain(action),
            15 | 16 => self.reap(action),
            17 => self.reap_instance(action),
            18 | 19 => self.stopped(action),
            20 => self.instance_node(action),
            21 => self.counters(action),
            22 => self.views(action),
            23 => self.node_add(action),
            24 => self.function_add(action),
            25 => self.function_find(action),
            26 => self.settings(action),
            27 => self.spec_read(action),
            28 => self.names(action),
            29 if action.value < 64 => self.close(action),
            30 => self.open_hostile(action),
            _ => {}
        }
    }

    /// The bits of a region, and its place among the open ones.
    fn region(&self, byte: u8) -> (warmstow_region, Option<usize>) {
        let bits = match byte {
            0..232 => self.regions[usize::from(byte) % self.regions.len()].handle,
            232..240 => 0,
            240..248 => self.regions[0].handle ^ 1 << (byte % 64),
            248.. => u64::MAX >> (byte - 248),
        };
        let open = self.regions.iter().position(|model| model.open && model.handle == bits);
        (warmstow_region { bits }, open)
    }

    /// Two words of those handed out, one with another bit, or none.
    fn two_words(all: &[[u64; 2]], byte: u8, value: u8) -> [u64; 2] {
        let newest = |at: u8| all.iter().rev().nth(usize::from(at) % all.len().clamp(1, 24));
        let mut bits = newest(byte).copied().unwrap_or([0; 2]);
        match byte {
            0..200 => {}
            200..220 => bits[usize::from(byte) % 2] ^= 1 << (value % 64),
            220..230 => bits = [0; 2],
            230..240 => bits = [bits[1], bits[0]],
            240.. => bits[usize::from(byte) % 2] = u64::MAX >> (value % 64),
        }
        bits
    }

    /// A word of a list, of another region's, with another bit, or none.
    fn one_word(&self, of: fn(&Model) -> &Vec<u64>, byte: u8, value: u8) -> u64 {
        let all: Vec<u64> =
            self.regions.iter().flat_map(|model| of(model).iter().copied()).collect();
        let bits = all.get(usize::from(byte) % all.len().max(1)).copied().unwrap_or(0);
        match byte {
            0..220 => bits,
            220..240 => bits ^ 1 << (value % 64),
            240..248 => 0,
            248.. => u64::MAX >> (value % 64),
        }
    }

    /// Faults of the region's handle, and the model of an open one.
    fn of_region(&self, byte: u8) -> (warmstow_region, Option<usize>, Vec<S>) {
        let (region, at) = self.region(byte);
        let faults = if at.is_none() { vec![S::WARMSTOW_ERROR_REGION_STALE] } else { vec![] };
        (region, at, faults)
    }
}

/// Whether a call with these faults answered as it must; true where it was
/// carried out.
#[track_caller]
fn judge(status: i32, faults: &[S], allowed: &[S]) -> bool {
    let is = |of: &[S]| of.iter().any(|known| *known as i32 == status);
    assert_ne!(status, S::WARMSTOW_ERROR_PANIC as i32, "a bug in the library");
    if faults.is_empty() {
        assert!(is(allowed), "{status} where {allowed:?} can be answered");
        return status == 0;
    }
    assert!(is(faults), "{status} where {faults:?} is the fault");
    false
}
