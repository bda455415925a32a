//! What holds of every pool at rest: no seat and no slot is lost or minted.

use crate::pool::Pool;
use crate::pool::leaf::LEAF_BITS;
use crate::pool::seat;
use crate::pool::slot::{self, State};
use crate::sync::Storage;

/// Where the seats of one instance are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seats {
    idle: u32,
    held: u32,
    collected: u32,
}

/// Checks every instance of a pool that no thread is using: each seat is in
/// exactly one place, and the place fits the state. `holding` vacancies are
/// out of the vacant set.
pub(super) fn check_at_rest<W: Storage>(pool: &Pool<W>, holding: u32) {
    let total = pool.config().instance_concurrency;
    let mut out = 0;
    for instance in 0..pool.config().max_instances {
        let slot = slot::read(pool.slot_word(instance));
        let mut seats = Seats { collected: slot.collected, ..Seats::default() };
        pool.for_each_leaf(instance, |leaf, mask| {
            for at in (0..LEAF_BITS).filter(|at| mask & (1 << at) != 0) {
                let index = pool.idle().shape.index(leaf, at);
                seats.idle += u32::from(pool.idle().has(leaf, 1 << at));
                seats.held += u32::from(seat::tally(pool.seat_word(index)).1);
            }
        });
        let expected = match slot.state {
            State::Vacant => Seats::default(),
            State::Starting => Seats { held: 1, ..Seats::default() },
            State::Active => Seats { idle: total - seats.held, collected: 0, ..seats },
            State::Draining => Seats { collected: total - seats.held, idle: 0, ..seats },
            State::Drained => Seats { collected: total, ..Seats::default() },
            // Reaped with the seats in hand, or drained until all were collected.
            State::Stopping | State::Retired => {
                Seats { collected: slot.collected, ..Seats::default() }
            }
        };
        assert_eq!(seats, expected, "instance {instance} is {slot:?}");
        let vacant = pool.vacant();
        let vacant = vacant.has(vacant.shape.leaf_of(instance), vacant.shape.bit(instance));
        match slot.state {
            State::Vacant => out += u32::from(!vacant),
            _ => assert!(!vacant, "instance {instance} is {slot:?} and among the vacant"),
        }
    }
    assert_eq!(out, holding, "vacant slots that are not in the vacant set");
}
