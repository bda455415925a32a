//! Recorded histories of many threads on one region, checked for
//! linearizability; and the same check on regions that are wrong on purpose.
//!
//! | what | checked |
//! |---|---|
//! | a limit, while the account's limit is set | exactly: no admission above it, no refusal below it |
//! | the same while a call lowers it | no admission above it; a refusal may be of what that call takes back |
//! | warm or cold; an instance given twice or lost | exactly, where a reap takes what it looks at |
//! | the same while reaps put instances back | with the documented bound: one hidden instance for each open step of a reap |
//! | slots of new instances | exactly |
//! | the order of the steps within one call | not: see `objects` |
//!
//! `make test` plays a million calls, `make stress` a hundred million.
#![expect(clippy::cast_possible_truncation, reason = "indices below a handful")]

extern crate alloc;

mod checker;
mod checks;
mod history;
mod objects;
mod subject;
mod workload;

use core::sync::atomic::{AtomicU32, AtomicU64};

use warmstow_core::pool::Pick;

use self::checker::Violation;
use self::history::{Call, Clock};
use self::subject::{Broken, Fault, Rarely, Subject};
use self::workload::{Round, UNRESERVED, World, judge};

/// Turns of each thread before the region is checked and a fresh one made.
const TURNS: usize = 20_000;

/// Calls recorded by `make test`.
const CALLS: u64 = 1_000_000;

/// Calls that `make stress` asks for.
const STRESS_CALLS: &str = "WARMSTOW_STRESS_CALLS";

fn round(number: u64) -> Round {
    let picks = [Pick::Packed, Pick::MostRecent, Pick::LeastRecent];
    Round {
        seed: number,
        turns: TURNS,
        judges: number % 2 == 1,
        pick: picks[number as usize / 4 % picks.len()],
    }
}

fn clock(number: u64) -> Clock {
    if (number / 2).is_multiple_of(2) { Clock::counter() } else { Clock::monotonic() }
}

/// Plays rounds until `calls` are recorded; how many were, and of these how
/// many were refused.
fn stress(calls: u64) -> (u64, u64) {
    let (mut recorded, mut refused) = (0, 0);
    for number in 0.. {
        let round = round(number);
        let mut world = World::new(round, 0);
        let region = world.region.clone();
        let logs = world.play(round, &clock(number), &&*region);
        if let Err(violation) = judge(round, &logs) {
            panic!("{round:?}: {violation}");
        }
        assert!(world.is_at_rest(), "{round:?}: something is held after the last request");
        let all = || logs.iter().flatten();
        recorded += all().count() as u64;
        refused += all().filter(|call| is_refusal(call)).count() as u64;
        if recorded >= calls {
            break;
        }
    }
    (recorded, refused)
}

const fn is_refusal(call: &Call) -> bool {
    matches!(call.done, history::Done::Throttled { .. })
}

#[test]
fn histories_are_linearizable() {
    let (recorded, refused) = stress(CALLS);
    assert!(recorded >= CALLS);
    assert!(refused > recorded / 20, "hardly any refusal: {refused} of {recorded}");
}

#[test]
#[ignore = "long: `make stress`"]
#[expect(clippy::print_stdout, reason = "what it is run for")]
fn long_histories_are_linearizable() {
    let calls = std::env::var(STRESS_CALLS).expect("make stress sets it");
    let (recorded, refused) = stress(calls.parse().expect("a number of calls"));
    println!("linearizable: {recorded} calls recorded and checked, {refused} of them refusals");
}

/// Plays rounds on a region with a fault until the check sees it.
fn caught(fault: fn() -> Fault, spare: u32, every: u64) -> Violation {
    for number in 0..200 {
        let round = round(number);
        let mut world = World::new(round, spare);
        let region = world.region.clone();
        let broken = Broken { region: &region, fault: fault(), rarely: Rarely::once_in(every) };
        let logs = world.play(round, &clock(number), &broken as &dyn Subject);
        if let Err(violation) = judge(round, &logs) {
            return violation;
        }
    }
    panic!("not seen in 200 rounds");
}

#[track_caller]
fn is_caught(fault: fn() -> Fault, spare: u32, every: u64, object: &str) {
    let seen = caught(fault, spare, every).to_string();
    assert!(seen.starts_with(object), "{seen}");
}

#[test]
fn a_refusal_that_is_too_early_is_caught() {
    is_caught(|| Fault::RefusesEarly, 0, 1_000, "limit of functions");
}

#[test]
fn an_idle_instance_that_is_lost_is_caught() {
    is_caught(|| Fault::LosesIdle, 0, 1_000, "idle instances of function");
}

#[test]
fn a_setting_that_is_lost_is_caught() {
    is_caught(|| Fault::LosesSetting, 0, 50, "limit of functions 0b11:");
}

#[test]
fn an_instance_given_twice_is_caught() {
    is_caught(|| Fault::GivesTwice(AtomicU64::new(0)), 0, 1_000, "idle instances of function");
}

/// Not a lie now and then but a race: two threads see the same last unit.
#[test]
fn a_limit_that_is_checked_before_it_is_added_to_is_caught() {
    let fault = || Fault::ChecksThenAdds { in_flight: AtomicU32::new(0), limit: UNRESERVED };
    is_caught(fault, 64, 16, "limit of functions 0b11:");
}
