//! Threads against threads: no limit is passed, nothing is lost or minted, and
//! nobody is refused who had room.

use std::thread;

use crate::concurrency::{Account, Gate, Limits, ThrottleReason};
use crate::sync::{AtomicU64, Ordering};

const TURNS: u32 = 100_000;

/// Requests that a test knows to hold a unit: counted after the admission and
/// uncounted before the release, so never more than there are.
#[derive(Default)]
struct Holders(AtomicU64);

impl Holders {
    fn request(&self, gate: &Gate, account: &Account, most: u32) -> Result<(), ThrottleReason> {
        gate.try_acquire(account)?;
        // ORDERING: AcqRel, pairs with itself: the count is of all threads.
        let holders = self.0.fetch_add(1, Ordering::AcqRel) + 1;
        assert!(holders <= u64::from(most), "{holders} hold what is limited to {most}");
        self.0.fetch_sub(1, Ordering::AcqRel);
        gate.release(account).unwrap();
        Ok(())
    }
}

/// Runs `request` on `threads` threads, `TURNS` times each; how many succeeded.
fn storm(threads: usize, request: impl Fn() -> bool + Sync) -> u32 {
    thread::scope(|scope| {
        let started: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| (0..TURNS).map(|_| u32::from(request())).sum::<u32>()))
            .collect();
        started.into_iter().map(|thread| thread.join().unwrap()).sum()
    })
}

#[test]
fn limits_hold_and_nothing_is_lost_at_the_limit() {
    for reserved in [None, Some(2)] {
        let (mut limits, account) = Limits::new(2, 0);
        let gates = [Gate::new(), Gate::new()];
        limits.set_reserved(&account, &gates[0], reserved).unwrap();
        let holders = Holders::default();
        let admitted = storm(4, || holders.request(&gates[0], &account, 2).is_ok());
        assert!(admitted > 0);
        assert_eq!((gates[0].in_flight(), account.in_flight()), (0, 0));
        if reserved.is_none() {
            let either = AtomicU64::new(0);
            storm(4, || {
                // ORDERING: Relaxed: any order of turns will do.
                let gate = &gates[usize::from(either.fetch_add(1, Ordering::Relaxed) % 2 == 1)];
                holders.request(gate, &account, 2).is_ok()
            });
            assert_eq!(account.in_flight(), 0);
        }
    }
}

#[test]
fn as_many_requests_as_the_limit_are_never_refused() {
    for reserved in [None, Some(3)] {
        let (mut limits, account) = Limits::new(3, 0);
        let gate = Gate::new();
        limits.set_reserved(&account, &gate, reserved).unwrap();
        let holders = Holders::default();
        assert_eq!(storm(3, || holders.request(&gate, &account, 3).is_ok()), 3 * TURNS);
    }
}

/// One function's limits change all the time. With `f` at most at 3 reserved
/// and the account at 8, at most 8 of `g` and 11 of both can be in flight: an
/// admission to the pool leaves at most 8 less the reservation there, and one
/// to the reservation adds to at most 8 of `g`.
#[test]
fn nothing_is_lost_while_limits_change() {
    let (mut limits, account) = Limits::new(8, 0);
    let (f, g) = (Gate::new(), Gate::new());
    let (of_g, all) = (Holders::default(), Holders::default());
    let running = AtomicU64::new(4);
    thread::scope(|scope| {
        for (gate, others) in [(&f, 5), (&g, 3), (&f, 2), (&g, 7)] {
            let (account, of_g, all, running) = (&account, &of_g, &all, &running);
            let is_g = core::ptr::eq(gate, &raw const g);
            scope.spawn(move || {
                for turn in 0..TURNS {
                    let mut held = 0;
                    for _ in 0..=turn % others {
                        held += u64::from(gate.try_acquire(account).is_ok());
                    }
                    // ORDERING: AcqRel, pairs with itself in all threads.
                    let total = all.0.fetch_add(held, Ordering::AcqRel) + held;
                    assert!(total <= 11, "{total} in flight");
                    if is_g {
                        // ORDERING: AcqRel, pairs with itself in all threads.
                        let total = of_g.0.fetch_add(held, Ordering::AcqRel) + held;
                        assert!(total <= 8, "{total} of g in flight");
                        of_g.0.fetch_sub(held, Ordering::AcqRel);
                    }
                    all.0.fetch_sub(held, Ordering::AcqRel);
                    (0..held).for_each(|_| gate.release(account).unwrap());
                }
                // ORDERING: Relaxed: only ends the loop below.
                running.fetch_sub(1, Ordering::Relaxed);
            });
        }
        let changes = [Some(3), None, Some(1), Some(2), Some(0), None];
        let mut change = changes.into_iter().cycle();
        // ORDERING: Relaxed: only ends the loop.
        while running.load(Ordering::Relaxed) > 0 {
            limits.set_reserved(&account, &f, change.next().flatten()).unwrap();
            limits.set_account_limit(&account, 5).unwrap();
            limits.set_account_limit(&account, 8).unwrap();
        }
    });
    assert_eq!((f.in_flight(), g.in_flight(), account.in_flight()), (0, 0, 0));
    assert_eq!(account.limit(), limits.account_limit() - limits.reserved_sum());
}

/// Changes that leave room for every thread refuse nobody, not even while they
/// are on their way.
#[test]
fn changes_that_leave_room_refuse_nobody() {
    let (mut limits, account) = Limits::new(12, 0);
    let gates = [Gate::new(), Gate::new()];
    let running = AtomicU64::new(4);
    thread::scope(|scope| {
        for turn in 0..4 {
            let (gate, account, running) = (&gates[turn % 2], &account, &running);
            scope.spawn(move || {
                for _ in 0..TURNS {
                    gate.try_acquire(account).unwrap();
                    gate.release(account).unwrap();
                }
                // ORDERING: Relaxed: only ends the loop below.
                running.fetch_sub(1, Ordering::Relaxed);
            });
        }
        let mut change = [Some(4), None, Some(2), Some(4), Some(2)].into_iter().cycle();
        // ORDERING: Relaxed: only ends the loop.
        while running.load(Ordering::Relaxed) > 0 {
            limits.set_reserved(&account, &gates[0], change.next().flatten()).unwrap();
        }
    });
    assert_eq!(account.in_flight(), 0);
}
