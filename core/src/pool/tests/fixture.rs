//! Small pools for the loom models, and short ways to bring an instance into
//! each state.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::Cell;

use loom::thread::{self, JoinHandle};

use super::conservation::check_at_rest;
use crate::id::SlotId;
use crate::pool::seat;
use crate::pool::slot::{self, Slot, State};
use crate::pool::{Claim, Pool, PoolConfig, Reaped, Seat};
use crate::sync::{AtomicU64, Ordering};
use crate::time::{Duration, Instant};

/// A pool that the threads of a model share.
pub(super) type Shared = Arc<Pool<Box<[AtomicU64]>>>;

/// A pool of `instances` that serve `concurrency` requests each. Under loom a
/// leaf has two bits: three instances of one seat, or one of three, have two.
pub(super) fn pool_of(instances: u32, concurrency: u32) -> Shared {
    let shape = PoolConfig { instance_concurrency: concurrency, ..PoolConfig::new(instances) };
    Arc::new(Pool::new(shape).unwrap())
}

pub(super) const fn at(second: u64) -> Instant {
    Instant::from_secs(second)
}

std::thread_local! {
    /// Which threads of the model that runs touch the words: see [`model`].
    static TOUCHES: Cell<[bool; 2]> = const { Cell::new([false; 2]) };
}

/// Checks every interleaving that loom looks for, four times.
///
/// loom (0.7) tries another order of two steps only where the *last* access to
/// a word, before a write to it, was by the other thread: a thread that loads a
/// word and then changes it hides the other's earlier load behind its own. A
/// `fetch_add` of zero to each word ahead of the operations shows loom the
/// conflict. It orders nothing, but the thread that did it cannot read an older
/// value afterwards: so each model runs with that of no thread, of one, of both.
pub(super) fn model(body: impl Fn() + Copy + Send + Sync + 'static) {
    for touches in [[false, false], [false, true], [true, false], [true, true]] {
        TOUCHES.set(touches);
        loom::model(body);
    }
}

/// Runs `body` on a thread of the model, which touches the `words` or does not;
/// so does the caller.
///
/// `words` are those that only read-modify-writes change: behind the
/// `fetch_add` loom would lose a plain store.
pub(super) fn spawn_touching<S: Send + Sync + 'static, T: 'static>(
    shared: &Arc<S>,
    words: fn(&S) -> Vec<&AtomicU64>,
    body: impl FnOnce(&Arc<S>) -> T + 'static,
) -> JoinHandle<T> {
    let touch = move |shared: &S| {
        for word in words(shared) {
            // ORDERING: Relaxed: changes nothing and orders nothing.
            word.fetch_add(0, Ordering::Relaxed);
        }
    };
    let [theirs, mine] = TOUCHES.get();
    let other = Arc::clone(shared);
    let thread = thread::spawn(move || {
        if theirs {
            touch(&other);
        }
        body(&other)
    });
    if mine {
        touch(shared);
    }
    thread
}

/// Runs `body` on a thread of the model.
pub(super) fn spawn<T: 'static>(
    pool: &Shared,
    body: impl FnOnce(&Shared) -> T + 'static,
) -> JoinHandle<T> {
    spawn_touching(pool, protocol_words, body)
}

/// The words of both sets, and the slots.
fn protocol_words(pool: &Pool<Box<[AtomicU64]>>) -> Vec<&AtomicU64> {
    let sets = [pool.idle(), pool.vacant()];
    let words = sets.iter().flat_map(|set| set.hints.iter().chain(set.words));
    words.chain((0..pool.config().max_instances).map(|index| pool.slot_word(index))).collect()
}

/// An instance that initialises; its request.
pub(super) fn starting(pool: &Shared) -> Claim {
    let vacancy = pool.begin().unwrap();
    vacancy.start(7)
}

/// An instance in service; its first request.
pub(super) fn active(pool: &Shared) -> Claim {
    let claim = starting(pool);
    pool.started(&claim.seat).unwrap();
    claim
}

/// An instance in service without a request, last used at 0.
pub(super) fn idle(pool: &Shared) -> SlotId {
    let claim = active(pool);
    assert_eq!(pool.release(at(0), claim.seat), Ok(None));
    claim.slot
}

/// Checks that of these calls and a reap after them exactly one reported the
/// stop of the one instance; stops it; checks that all seats came back.
pub(super) fn ends_once<const N: usize>(pool: &Shared, calls: [Option<SlotId>; N]) {
    // Nothing expires at the origin: this reap finds only what was drained.
    let left = pool.reap(Instant::ZERO, Duration::MAX);
    let told: Vec<_> = calls.into_iter().flatten().chain(left).collect();
    assert_eq!(told.len(), 1, "one stop is reported: {told:?}");
    check_at_rest(pool, 0);
    assert_eq!(pool.stopped(told[0]), Ok(7));
    check_at_rest(pool, 0);
    assert_eq!(pool.tally().instances, 0);
}

pub(super) const SECOND: Duration = Duration::from_secs(1);

/// Ends the hold of a seat, and does nothing else.
pub(super) fn unhold(pool: &Shared, held: &Seat) {
    let word = pool.seat_word(held.index());
    assert!(seat::held(word, held).is_some_and(|seen| seat::give_back(word, seen)));
}

pub(super) fn release(pool: &Shared, held: Seat) -> Option<SlotId> {
    pool.release(at(1), held).unwrap()
}

/// Two drains may find the instance told to stop: then they report nothing.
pub(super) fn drain(pool: &Shared, slot: SlotId) -> Option<SlotId> {
    pool.drain(slot).ok().flatten()
}

/// Reaps an instance of [`idle`] at second 1, when it has just expired.
pub(super) fn reap(pool: &Shared, slot: SlotId) -> Reaped {
    pool.reap_one(at(1), SECOND, slot).unwrap_or(Reaped::Busy)
}

pub(super) fn told(reaped: Reaped, slot: SlotId) -> Option<SlotId> {
    (reaped == Reaped::Stop).then_some(slot)
}

/// Marks an instance in service as draining.
pub(super) fn mark(pool: &Shared, slot: SlotId) {
    let draining = |seen| Some(Slot { state: State::Draining, ..seen });
    slot::update(pool.slot_word(slot.index()), draining).unwrap();
}
