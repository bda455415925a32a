//! loom: operations weakened in one place each, which it must catch.
//!
//! Each twin stands beside the same body on the real operation, which passes.

use super::loom_admission::hand_over;
use super::world::Function::{F, G};
use super::world::Op::{AccountLimit, Acquire, Release, Reserve};
use super::world::{EXACT, Early, Start, World, model_with, twin};
use crate::concurrency::account::ONE;
use crate::concurrency::gate::Word;
use crate::sync::Ordering;

const fn start(account_limit: u32, reserved: Option<u32>, held: [u32; 2]) -> Start {
    Start { account_limit, reserved, held }
}

const OWN_EARLY: Early = Early { own: true, units: 0 };

/// What `set_reserved` notes in the end.
fn note(world: &World, reserved: Option<u32>) {
    let mut limits = world.limits.lock().unwrap();
    limits.note_reserved_sum(reserved.unwrap_or(0));
}

// An admission that looks first and adds afterwards carries A above L.
twin!(
    loom_twin_of_check_then_add_at_the_account,
    loom_broken_check_then_add_at_the_account,
    start(1, None, [0, 0]),
    &[Acquire(G)],
    &[&[Acquire(F)]],
    OWN_EARLY,
    "no order explains",
    |world| {
        let free = world.account.in_flight() < world.account.limit();
        if free {
            world.account.word.fetch_add(ONE, Ordering::AcqRel);
            world.gates[1].word.fetch_add(ONE, Ordering::AcqRel);
        }
        free
    }
);

// The same at a reservation.
twin!(
    loom_twin_of_check_then_add_at_the_gate,
    loom_broken_check_then_add_at_the_gate,
    start(1, Some(1), [0, 0]),
    &[Acquire(F)],
    &[&[Acquire(F)]],
    OWN_EARLY,
    "no order explains",
    |world| {
        let gate = &world.gates[0];
        let free = gate.in_flight() < 1;
        if free {
            gate.word.fetch_add(ONE, Ordering::AcqRel);
        }
        free
    }
);

// With the account's unit in hand, entering without another look at the mode
// passes the reservation made meanwhile (step 3).
twin!(
    loom_twin_of_acquire_without_second_look,
    loom_broken_acquire_without_second_look,
    start(2, None, [0, 0]),
    &[Acquire(F)],
    &[&[Reserve(Some(1))]],
    OWN_EARLY,
    "at the account",
    |world| {
        let gate = &world.gates[0];
        if gate.reserved().is_some() {
            return gate.try_acquire(&world.account).is_ok();
        }
        let taken = world.account.try_take();
        if taken {
            gate.word.fetch_add(ONE, Ordering::AcqRel);
        }
        taken
    }
);

// Refused by the account without another look at the mode: a reserved function
// is refused though its reservation is free. `G` may meet the unit that `F`
// took before the switch and gives back.
twin!(
    loom_twin_of_refusal_without_second_look,
    loom_broken_refusal_without_second_look,
    start(2, None, [0, 0]),
    &[Acquire(F)],
    &[&[Reserve(Some(1)), Acquire(G)]],
    Early { own: false, units: 1 },
    "no order explains",
    |world| {
        let gate = &world.gates[0];
        if gate.reserved().is_none() {
            if !world.account.try_take() {
                return false;
            }
            world.account.give_back(1);
        }
        gate.try_acquire(&world.account).is_ok()
    }
);

// A release that decides by the mode it saw before its own step.
twin!(
    loom_twin_of_release_by_an_old_look,
    loom_broken_release_by_an_old_look,
    start(2, Some(1), [1, 0]),
    &[Release(F)],
    &[&[Reserve(None)]],
    OWN_EARLY,
    "at the account",
    |world| {
        let gate = &world.gates[0];
        let charged = gate.load().charged();
        gate.word.fetch_sub(ONE, Ordering::AcqRel);
        if charged > 0 {
            world.account.give_back(1);
        }
        true
    }
);

// A release at the account first lets a switch move the same unit again.
twin!(
    loom_twin_of_release_account_first,
    loom_broken_release_account_first,
    start(2, None, [1, 0]),
    &[Release(F)],
    &[&[Reserve(Some(1))]],
    OWN_EARLY,
    "gave back more than was taken",
    |world| {
        let charged = world.gates[0].load().charged();
        if charged > 0 {
            world.account.give_back(1);
        }
        world.gates[0].word.fetch_sub(ONE, Ordering::AcqRel);
        true
    }
);

// Claiming less without the charge of step 10: the pool gets units that the
// function still uses.
twin!(
    loom_twin_of_unreserve_without_charge,
    loom_broken_unreserve_without_charge,
    start(2, Some(1), [1, 0]),
    &[Reserve(None)],
    &[&[Acquire(G), Acquire(G)]],
    OWN_EARLY,
    "no order explains",
    |world| {
        world.account.set_limit(2, 0);
        let seen = switch(world, None);
        let charged = seen.with_reserved(None).charged() - seen.charged();
        world.account.set_limit_charged(2, charged).unwrap();
        note(world, None);
        true
    }
);

// The same, when the request ends in between: it gives back what was not yet
// taken.
twin!(
    loom_twin_of_unreserve_charged_late,
    loom_broken_unreserve_charged_late,
    start(2, Some(1), [1, 0]),
    &[Reserve(None)],
    &[&[Release(F)]],
    OWN_EARLY,
    "gave back 1 units of 0",
    |world| {
        let seen = switch(world, None);
        let charged = seen.with_reserved(None).charged() - seen.charged();
        world.account.set_limit_charged(2, charged).unwrap();
        note(world, None);
        true
    }
);

// Claiming more, the gate first: reservation and pool have the same units.
twin!(
    loom_twin_of_reserve_grants_first,
    loom_broken_reserve_grants_first,
    start(1, None, [0, 0]),
    &[Reserve(Some(1))],
    &[&[Acquire(F), Acquire(G)]],
    OWN_EARLY,
    "no order explains",
    |world| {
        let seen = switch(world, Some(1));
        let moved = seen.charged() - seen.with_reserved(Some(1)).charged();
        world.account.set_limit(0, moved);
        note(world, Some(1));
        true
    }
);

// Step 8 without asking whether what step 7 withdrew still covers it.
twin!(
    loom_twin_of_reserve_withdraws_too_little,
    loom_broken_reserve_withdraws_too_little,
    start(2, None, [1, 0]),
    &[Reserve(Some(1))],
    &[&[Release(F), Acquire(F), Acquire(G), Acquire(G)]],
    Early { own: true, units: 2 },
    "no order explains",
    |world| {
        let seen = world.gates[0].load();
        let moved = seen.charged() - seen.with_reserved(Some(1)).charged();
        world.account.set_limit(1 + moved, 0);
        let seen = switch(world, Some(1));
        let moved = seen.charged() - seen.with_reserved(Some(1)).charged();
        world.account.set_limit(1, moved);
        note(world, Some(1));
        true
    }
);

// Step 7 withdrawing all, though a request of the function has a part of it:
// others are refused what is free before and after.
twin!(
    loom_twin_of_reserve_withdraws_too_much,
    loom_broken_reserve_withdraws_too_much,
    start(2, None, [1, 0]),
    &[Reserve(Some(1))],
    &[&[Acquire(G)]],
    EXACT,
    "no order explains",
    |world| {
        world.account.set_limit(1, 0);
        let seen = switch(world, Some(1));
        let moved = seen.charged() - seen.with_reserved(Some(1)).charged();
        world.account.set_limit(1, moved);
        note(world, Some(1));
        true
    }
);

// Step 9 moving what an earlier look counted.
twin!(
    loom_twin_of_reserve_moves_an_old_count,
    loom_broken_reserve_moves_an_old_count,
    start(2, None, [1, 0]),
    &[Reserve(Some(1))],
    &[&[Release(F)]],
    OWN_EARLY,
    "gave back more than was taken",
    |world| {
        let old = world.gates[0].load();
        let moved = old.charged() - old.with_reserved(Some(1)).charged();
        world.account.set_limit(1, 0);
        switch(world, Some(1));
        world.account.set_limit(1, moved);
        note(world, Some(1));
        true
    }
);

// A limit that is stored beside a count read before loses the admissions
// between.
twin!(
    loom_twin_of_account_limit_by_store,
    loom_broken_account_limit_by_store,
    start(2, None, [0, 0]),
    &[AccountLimit(2)],
    &[&[Acquire(G)]],
    OWN_EARLY,
    "at the account",
    |world| {
        let in_flight = u64::from(world.account.in_flight());
        world.account.word.store(in_flight * ONE + 2, Ordering::Release);
        true
    }
);

/// Sets the mode whatever the count is, and returns the word it replaced.
fn switch(world: &World, reserved: Option<u32>) -> Word {
    let gate = &world.gates[0];
    let mut seen = gate.load();
    while let Err(now) = gate.switch(seen, reserved) {
        seen = now;
        crate::sync::spin_loop();
    }
    seen
}

/// A release that publishes nothing: the next holder may miss what this did.
/// The real one passes the same body in `loom_admission.rs`.
#[test]
#[should_panic(expected = "Causality violation")]
fn loom_broken_release_relaxed_at_the_gate() {
    hand_over(Some(1), |gate, _| {
        gate.word.fetch_sub(ONE, Ordering::Relaxed);
    });
}

#[test]
#[should_panic(expected = "Causality violation")]
fn loom_broken_release_relaxed_at_the_account() {
    hand_over(None, |gate, account| {
        gate.word.fetch_sub(ONE, Ordering::Relaxed);
        account.word.fetch_sub(ONE, Ordering::Relaxed);
    });
}
