//! loom: two functions of one account that park their permits, against each
//! other and against changes of limits. Beside them, twins without one step.

use alloc::sync::Arc;
use std::sync::Mutex;

use loom::thread;

use super::platform::Lent;
use crate::concurrency::{Account, Limits, ThrottleReason};
use crate::function::admit::Peers;
use crate::function::{Admitted, Function, FunctionSpec, InvokeError, settings};
use crate::id::{Lane, SlotId};
use crate::placement::{Fleet, Strategy};
use crate::pool::{Parked, Pool, Short};
use crate::sync::{Storage, model};
use crate::time::Instant;

/// What a model starts from: the limit, `F`'s reservation, and of each function
/// how many permits are parked with its two idle instances.
#[derive(Clone, Copy)]
struct Start {
    limit: u32,
    reserved: Option<u32>,
    parked: [u32; 2],
}

struct Lot {
    account: Account,
    /// Taken by one thread at most: never contended.
    limits: Mutex<Limits>,
    functions: [Function<Lent>; 2],
    pools: [Lent; 2],
}

const F: usize = 0;
const G: usize = 1;
const SPEC: FunctionSpec = FunctionSpec { max_instances: 2, ..FunctionSpec::of_memory(128) };
const NOWHERE: Option<&Fleet<Lent>> = None;

impl Peers<Lent> for Lot {
    const ALL: bool = true;

    fn any(&self, chunks: u32, visit: &mut dyn FnMut(&Function<Lent>) -> bool) -> bool {
        let chosen = (0..2).filter(|at| chunks >> at & 1 == 1);
        chosen.into_iter().any(|at| visit(&self.functions[at]))
    }
}

impl Lot {
    fn new(start: Start) -> Self {
        // Not near any limit, while instances start and permits are parked.
        let (limits, account) = Limits::new(100, 0);
        account.parking().resume();
        let pools = [(); 2].map(|()| Lent::new(SPEC.pool().words()));
        let functions = [0, 1].map(|at| {
            let pool = Pool::new_in(pools[at].clone(), SPEC.pool()).unwrap();
            let mut function = Function::of(pool, &SPEC);
            function.chunk = u32::try_from(at).unwrap();
            function.gate().parking().resume();
            function
        });
        let lot = Self { account, limits: Mutex::new(limits), functions, pools };
        for at in [F, G] {
            let busy = [(); 2].map(|()| lot.cold(at));
            busy.into_iter().for_each(|held| lot.complete(at, held));
        }
        lot.set_reserved(start.reserved);
        lot.set_account_limit(start.limit + start.reserved.unwrap_or(0));
        for at in [F, G] {
            let held: alloc::vec::Vec<_> =
                (0..start.parked[at]).map(|_| lot.invoke(at).unwrap()).collect();
            held.into_iter().for_each(|held| lot.complete(at, held));
            assert_eq!(lot.functions[at].pool.parked(), start.parked[at], "the start is another");
        }
        lot
    }

    fn cold(&self, at: usize) -> Admitted {
        let admitted = self.invoke(at).unwrap();
        self.functions[at].started(&admitted.seat).unwrap();
        admitted
    }

    fn invoke(&self, at: usize) -> Result<Admitted, InvokeError> {
        let (function, now) = (&self.functions[at], Instant::ZERO);
        match function.pool.claim_parked(Lane::FIRST) {
            Parked::Claim(claim) => Ok(Admitted::warm(claim)),
            parked => {
                let (account, strategy) = (&self.account, Strategy::Random);
                function.invoke_among(now, Lane::FIRST, parked, account, self, NOWHERE, strategy)
            }
        }
    }

    fn complete(&self, at: usize, held: Admitted) {
        let done = self.functions[at].complete(Instant::ZERO, &self.account, held.seat);
        assert_eq!(done, Ok(None));
    }

    fn serve(&self, at: usize) -> bool {
        let admitted = self.invoke(at);
        let served = admitted.is_ok();
        if let Ok(held) = admitted {
            self.complete(at, held);
        }
        served
    }

    fn set_reserved(&self, reserved: Option<u32>) {
        let mut limits = self.limits.lock().unwrap();
        let f = &self.functions[F];
        settings::set_reserved(&mut limits, &self.account, self, f, reserved).unwrap();
    }

    fn set_account_limit(&self, limit: u32) {
        let mut limits = self.limits.lock().unwrap();
        settings::set_account_limit(&mut limits, &self.account, self, limit).unwrap();
    }

    /// After all requests have ended: every unit is where it was.
    fn check(&self) {
        let mut unreserved = 0;
        for function in &self.functions {
            assert_eq!(function.in_flight(), 0, "units lost or minted");
            if function.gate().reserved().is_none() {
                unreserved += function.pool.parked();
            }
        }
        assert_eq!(self.account.in_flight(), unreserved, "units lost or minted");
        assert!(unreserved <= self.account.limit(), "parked above the limit");
    }

    /// Words that only read-modify-writes change.
    fn words(&self) -> impl Iterator<Item = &crate::sync::AtomicU64> {
        let sets = self.pools.iter().map(|pool| {
            let words = pool.words();
            &words[..words.len() - 2 * 3]
        });
        let gates = self.functions.iter().map(|function| function.gate().word());
        [self.account.word()].into_iter().chain(gates).chain(sets.flatten())
    }
}

type Part<T> = fn(&Lot) -> T;

/// Runs `theirs` on a thread beside `mine`; `judge` gets what both returned.
fn race<A: 'static, B: 'static>(
    start: Start,
    theirs: Part<A>,
    mine: Part<B>,
    judge: fn(&Lot, A, B),
) {
    model::long_model(2, move |touches| {
        let lot = Arc::new(Lot::new(start));
        let there = {
            let lot = Arc::clone(&lot);
            thread::spawn(move || {
                touches.of(1).all(lot.words());
                theirs(&lot)
            })
        };
        touches.of(0).all(lot.words());
        let mine = mine(&lot);
        judge(&lot, there.join().unwrap(), mine);
        lot.check();
    });
}

const fn pool(limit: u32, parked: [u32; 2]) -> Start {
    Start { limit, reserved: None, parked }
}

/// Both hold at once what both were given.
fn both_are_admitted(
    lot: &Lot,
    there: Result<Admitted, InvokeError>,
    here: Result<Admitted, InvokeError>,
) {
    let (there, here) = (there.expect("a unit for each"), here.expect("a unit for each"));
    lot.complete(F, there);
    lot.complete(G, here);
}

#[test]
fn loom_parking_two_requests_for_two_units_wherever_they_are() {
    for parked in [[0, 0], [1, 0], [0, 1], [1, 1], [2, 0]] {
        race(pool(2, parked), |lot| lot.invoke(F), |lot| lot.invoke(G), both_are_admitted);
    }
}

#[test]
fn loom_parking_two_requests_for_one_unit() {
    for parked in [[0, 0], [1, 0], [0, 1]] {
        race(
            pool(1, parked),
            |lot| lot.invoke(F),
            |lot| lot.invoke(G),
            |lot, there, here| {
                assert!(there.is_ok() != here.is_ok(), "one of them is admitted");
                there.into_iter().for_each(|held| lot.complete(F, held));
                here.into_iter().for_each(|held| lot.complete(G, held));
            },
        );
    }
}

/// While one request ends and the next of that thread begins, of two units one
/// is always free.
fn a_free_unit_is_found(start: Start, mine: Part<bool>) {
    race(
        start,
        |lot| {
            let first = lot.serve(F);
            first && lot.serve(G)
        },
        mine,
        |_, there, here| assert!(there && here, "a unit was free throughout"),
    );
}

#[test]
fn loom_parking_a_free_unit_is_found_wherever_it_goes() {
    for parked in [[1, 0], [0, 1], [1, 1]] {
        a_free_unit_is_found(pool(2, parked), |lot| lot.serve(G));
    }
}

/// The refusal of `reclaim`, of which the visit can be left out.
fn refused_by_steps(lot: &Lot, visit: bool) -> bool {
    let function = &lot.functions[G];
    if !matches!(function.pool.claim_parked(Lane::FIRST), Parked::Nothing) {
        return false;
    }
    loop {
        if function.gate().try_acquire(&lot.account).is_ok() {
            return false;
        }
        let mode = lot.account.parking().close();
        let found = visit
            && !mode.is_closed()
            && lot.any(mode.chunks(), &mut |other| {
                other.pool.steal(other.gate().parking().opened(), || true)
            });
        if found || function.gate().try_acquire(&lot.account).is_ok() {
            return false;
        }
        if lot.account.parking().mode() == mode {
            lot.account.parking().settle(mode);
            return true;
        }
    }
}

/// One unit is parked, the other is in use: a third request by steps.
fn a_parked_unit_is_no_reason_to_refuse(theirs: Part<bool>) {
    model::long_model(2, move |touches| {
        let lot = Arc::new(Lot::new(pool(2, [2, 0])));
        let there = {
            let lot = Arc::clone(&lot);
            thread::spawn(move || {
                touches.of(1).all(lot.words());
                theirs(&lot)
            })
        };
        touches.of(0).all(lot.words());
        assert!(lot.serve(F), "two units, two requests");
        assert!(!there.join().unwrap(), "refused beside a parked unit");
    });
}

#[test]
fn loom_parking_twin_of_a_refusal() {
    a_parked_unit_is_no_reason_to_refuse(|lot| refused_by_steps(lot, true));
}

#[test]
#[should_panic(expected = "refused beside a parked unit")]
fn loom_parking_broken_refusal_without_a_visit() {
    a_parked_unit_is_no_reason_to_refuse(|lot| refused_by_steps(lot, false));
}

// --- Requests that end ----------------------------------------------------------------

/// The last unit comes back, parked or not, while another function asks.
#[test]
fn loom_parking_a_completion_against_a_refusal() {
    model::long_model(2, move |touches| {
        let lot = Arc::new(Lot::new(pool(1, [1, 0])));
        let held = lot.invoke(F).unwrap();
        let there = {
            let lot = Arc::clone(&lot);
            thread::spawn(move || {
                touches.of(1).all(lot.words());
                lot.complete(F, held);
            })
        };
        touches.of(0).all(lot.words());
        lot.serve(G);
        there.join().unwrap();
        assert!(lot.serve(G), "the unit is free, and found");
        lot.check();
    });
}

/// A request ends while the limit is lowered below it; `complete` as it is or
/// a twin of it.
fn a_completion_against_a_lower_limit(complete: fn(&Lot, Admitted)) {
    model::long_model(2, move |touches| {
        let lot = Arc::new(Lot::new(pool(2, [0, 0])));
        let held = lot.invoke(F).unwrap();
        let there = {
            let lot = Arc::clone(&lot);
            thread::spawn(move || {
                touches.of(1).all(lot.words());
                complete(&lot, held);
            })
        };
        touches.of(0).all(lot.words());
        lot.set_account_limit(0);
        assert!(!lot.serve(F), "admitted above the limit");
        there.join().unwrap();
        assert!(!lot.serve(F), "admitted above the limit");
        lot.check();
    });
}

#[test]
fn loom_parking_a_completion_against_a_lower_limit() {
    a_completion_against_a_lower_limit(|lot, held| lot.complete(F, held));
}

/// As `Function::complete`, with another rule for opening a leaf.
fn complete_by(lot: &Lot, held: Admitted, may_open: impl FnMut(u32) -> bool) {
    let function = &lot.functions[F];
    let (stop, parked) =
        function.pool.release_parking(Instant::ZERO, held.seat, Short::Unfit, may_open).unwrap();
    assert_eq!(stop, None);
    if !parked {
        function.gate().release(&lot.account).unwrap();
    }
}

#[test]
fn loom_parking_twin_of_a_completion() {
    a_completion_against_a_lower_limit(|lot, held| {
        complete_by(lot, held, |chunk| lot.functions[F].may_open(&lot.account, chunk));
    });
}

#[test]
#[should_panic(expected = "above the limit")]
fn loom_parking_broken_completion_without_a_second_look_at_the_limit() {
    a_completion_against_a_lower_limit(|lot, held| {
        complete_by(lot, held, |chunk| {
            let load = lot.functions[F].gate().load_of(&lot.account);
            lot.functions[F].gate().parking().open(chunk, load)
                && lot.account.parking().open(0, load)
        });
    });
}

#[test]
#[should_panic(expected = "above the limit")]
fn loom_parking_broken_completion_without_a_look_at_the_mode() {
    a_completion_against_a_lower_limit(|lot, held| complete_by(lot, held, |_| true));
}

/// What is parked when a limit is lowered lets nobody in above it.
#[test]
#[should_panic(expected = "above the limit")]
fn loom_parking_broken_lower_limit_without_unparking() {
    model::long_model(1, |_| {
        let lot = Lot::new(pool(2, [1, 0]));
        lot.limits.lock().unwrap().set_account_limit(&lot.account, 0).unwrap();
        assert!(!lot.serve(F), "admitted above the limit");
    });
}

// --- Changes of limits ------------------------------------------------------------------

#[test]
fn loom_parking_a_lower_limit_against_a_request() {
    for parked in [[1, 0], [0, 1]] {
        race(
            pool(2, parked),
            |lot| lot.set_account_limit(0),
            |lot| lot.serve(F),
            |lot, (), _| assert!(!lot.serve(F) && !lot.serve(G), "in force"),
        );
    }
}

#[test]
fn loom_parking_a_reservation_against_requests() {
    const PARTS: [Part<bool>; 2] = [|lot| lot.serve(F), |lot| lot.serve(G)];
    for mine in PARTS {
        for parked in [[1, 0], [0, 1]] {
            race(
                pool(2, parked),
                |lot| lot.set_reserved(Some(1)),
                mine,
                |lot, (), _| {
                    let own = lot.invoke(F).expect("its reservation");
                    let other = lot.invoke(G).expect("what is left");
                    assert!(lot.invoke(F).is_err() && lot.invoke(G).is_err(), "one for each");
                    lot.complete(F, own);
                    lot.complete(G, other);
                },
            );
        }
    }
}

#[test]
fn loom_parking_the_end_of_a_reservation_against_requests() {
    let start = Start { limit: 1, reserved: Some(1), parked: [1, 1] };
    const PARTS: [Part<bool>; 2] = [|lot| lot.serve(F), |lot| lot.serve(G)];
    for mine in PARTS {
        race(
            start,
            |lot| lot.set_reserved(None),
            mine,
            |lot, (), _| {
                let both = [lot.invoke(G).expect("of two"), lot.invoke(G).expect("of two")];
                assert!(lot.invoke(F).is_err(), "both are in use");
                both.into_iter().for_each(|held| lot.complete(G, held));
            },
        );
    }
}

/// A function with a reservation meets its own limit alone, parked or not.
#[test]
fn loom_parking_a_reservation_is_always_there() {
    for parked in [[0, 1], [1, 1], [1, 0]] {
        race(
            Start { limit: 1, reserved: Some(1), parked },
            |lot| (lot.serve(G), lot.serve(G)),
            |lot| lot.serve(F),
            |_, (first, second), own| assert!(own && first && second),
        );
    }
}

#[test]
fn loom_parking_two_requests_of_one_reservation() {
    race(
        Start { limit: 0, reserved: Some(1), parked: [1, 0] },
        |lot| lot.invoke(F),
        |lot| lot.invoke(F),
        |lot, there, here| {
            let own = ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded;
            match (there, here) {
                (Ok(held), Err(InvokeError::Throttled(reason)))
                | (Err(InvokeError::Throttled(reason)), Ok(held)) => {
                    assert_eq!(reason, own);
                    lot.complete(F, held);
                }
                both => panic!("one of them is admitted: {both:?}"),
            }
        },
    );
}

// --- An instance that ends beside its open leaf -----------------------------------------

/// `theirs` tells of an instance that is to be stopped while a request of it
/// ends by `mine`: exactly one is told, and seat and permit are where they belong.
fn an_instance_ends_once(theirs: fn(&Lot, SlotId) -> Option<SlotId>, again: bool) {
    model::long_model(2, move |touches| {
        let lot = Arc::new(Lot::new(pool(2, [1, 0])));
        let held = lot.invoke(F).unwrap();
        let slot = held.slot;
        let there = {
            let lot = Arc::clone(&lot);
            thread::spawn(move || {
                touches.of(1).all(lot.words());
                theirs(&lot, slot)
            })
        };
        touches.of(0).all(lot.words());
        let function = &lot.functions[F];
        let mine = function.complete(Instant::ZERO, &lot.account, held.seat).unwrap();
        // The seat that came back may be taken again at once.
        let next = again.then(|| lot.invoke(F).unwrap());
        let there = there.join().unwrap();
        let other = next
            .and_then(|next| function.complete(Instant::ZERO, &lot.account, next.seat).unwrap());
        let left = function.reap(Instant::ZERO);
        let told: alloc::vec::Vec<_> =
            [there, mine, other].into_iter().flatten().chain(left).collect();
        assert_eq!(told, [slot], "one stop is reported");
        function.stopped(NOWHERE, slot).unwrap();
        assert_eq!(function.counters().instances, 1);
        lot.check();
    });
}

#[test]
fn loom_parking_a_drain_beside_an_open_leaf() {
    let drain = |lot: &Lot, slot| lot.functions[F].drain(slot).ok().flatten();
    an_instance_ends_once(drain, false);
    an_instance_ends_once(drain, true);
}

/// A reap takes the seats and leaves the permits.
#[test]
fn loom_parking_a_reap_beside_an_open_leaf() {
    race(
        pool(2, [1, 0]),
        |lot| lot.functions[F].reap(Instant::MAX).collect::<alloc::vec::Vec<_>>(),
        |lot| match lot.functions[F].pool.claim_parked(Lane::FIRST) {
            Parked::Claim(claim) => {
                lot.complete(F, Admitted::warm(claim));
                1
            }
            Parked::Permit => {
                lot.functions[F].gate().release(&lot.account).unwrap();
                0
            }
            Parked::Nothing => panic!("the permit stays"),
        },
        |lot, reaped, served| {
            assert!(reaped.len() >= 2 - served, "each is reaped, or was in use");
            for slot in reaped {
                lot.functions[F].stopped(NOWHERE, slot).unwrap();
            }
        },
    );
}
