//! A pool against a list of instances: every claim, release, drain, reap and
//! stop, with stale and invented handles among them.

use core::num::NonZeroU32;

use arbitrary::{Arbitrary, Unstructured};
use warmstow_core::id::SlotId;
use warmstow_core::pool::{Claim, Pick, Pool, PoolConfig, Reaped, Seat, SeatError, SlotError};
use warmstow_core::sync::AtomicU64;
use warmstow_core::time::{Duration, Instant};

use crate::{actions, pick};

/// One call, or a step of the clock. A number names one of the model's seats
/// or instances, whichever the call takes.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Action {
    /// Claims a seat.
    Claim,
    /// Claims a seat, or starts an instance.
    Acquire(u8),
    /// Holds a vacancy and gives it back.
    Cancel,
    /// Reports the instance of a held seat as started.
    Started(u8),
    /// Gives a held seat back.
    Release(u8),
    /// Gives a held seat back at an earlier time.
    ReleaseEarlier(u8, u8),
    /// Fails a held seat.
    Fail(u8),
    /// Uses a seat that was given back before.
    Stale(u8),
    /// Uses bits that no seat gave.
    Invented(u64),
    /// Drains an instance.
    Drain(u8),
    /// Reaps all that were idle for so many seconds.
    Reap(u8),
    /// Reaps one instance.
    ReapOne(u8, u8),
    /// Reports an instance as stopped, whether it was told to stop or not.
    Stopped(u8),
    /// Acts on an instance that has stopped before.
    StaleSlot(u8),
    /// Lets so many seconds pass.
    Wait(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Starting,
    Active,
    Draining,
    Stopping,
}

#[derive(Debug)]
struct Instance {
    slot: SlotId,
    state: State,
    held: u32,
    place: u32,
    last_used: Instant,
}

/// The pool and what it should hold.
struct World {
    pool: Pool<Box<[AtomicU64]>>,
    now: Instant,
    instances: Vec<Instance>,
    /// Held seats, as bits, with their instances.
    seats: Vec<(u64, SlotId)>,
    used_seats: Vec<u64>,
    stopped: Vec<SlotId>,
    requests: u64,
    started: u64,
}

/// Carries the actions of `data` out on a pool and its model.
///
/// # Panics
///
/// Where the two differ.
pub fn run(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let Ok(config) = shape(&mut input) else { return };
    let mut world = World {
        pool: Pool::new(config).expect("the shape is in range"),
        now: Instant::ZERO,
        instances: vec![],
        seats: vec![],
        used_seats: vec![],
        stopped: vec![],
        requests: 0,
        started: 0,
    };
    for action in actions(&mut input) {
        world.act(action);
        world.compare();
    }
}

fn shape(input: &mut Unstructured<'_>) -> arbitrary::Result<PoolConfig> {
    Ok(PoolConfig {
        max_instances: input.int_in_range(1..=40)?,
        instance_concurrency: *input.choose(&[1, 1, 2, 3, 32, 33])?,
        pick: *input.choose(&[Pick::Packed, Pick::MostRecent, Pick::LeastRecent])?,
    })
}

impl World {
    fn act(&mut self, action: Action) {
        match action {
            Action::Claim => self.claim(),
            Action::Acquire(place) => self.acquire(u32::from(place)),
            Action::Cancel => self.cancel(),
            Action::Started(number) => self.report_started(number),
            Action::Release(number) => self.release(number, self.now),
            Action::ReleaseEarlier(number, seconds) => {
                let back = u64::from(seconds) * 1_000_000_000;
                let earlier = self.now.as_nanos().saturating_sub(back);
                self.release(number, Instant::from_nanos(earlier));
            }
            Action::Fail(number) => self.fail(number),
            Action::Stale(number) => self.use_stale(number),
            Action::Invented(bits) => self.use_invented(bits),
            Action::Drain(number) => self.drain(number),
            Action::Reap(seconds) => self.reap(seconds),
            Action::ReapOne(number, seconds) => self.reap_one(number, seconds),
            Action::Stopped(number) => self.stop(number),
            Action::StaleSlot(number) => self.use_stale_slot(number),
            Action::Wait(seconds) => {
                self.now = self.now.after(Duration::from_secs(u64::from(seconds)));
            }
        }
    }

    fn concurrency(&self) -> u32 {
        self.pool.config().instance_concurrency
    }

    fn free(&self) -> impl Iterator<Item = &Instance> {
        let concurrency = self.concurrency();
        self.instances
            .iter()
            .filter(move |instance| instance.state == State::Active && instance.held < concurrency)
    }

    fn claim(&mut self) {
        match self.pool.claim(self.now) {
            Some(claim) => self.took(claim),
            None => assert_eq!(self.free().count(), 0, "a free seat was missed"),
        }
    }

    /// A warm start: an instance with a free seat, by the order of the pool.
    fn took(&mut self, claim: Claim) {
        let order = |instance: &Instance| match self.pool.config().pick {
            Pick::MostRecent => (u64::MAX - instance.last_used.as_nanos(), instance.slot.index()),
            Pick::LeastRecent => (instance.last_used.as_nanos(), instance.slot.index()),
            _ => (0, instance.slot.index()),
        };
        let first = self.free().min_by_key(|instance| order(instance)).expect("none is free");
        assert_eq!(claim.slot, first.slot, "not the instance that the order names");
        self.hold(claim);
    }

    fn hold(&mut self, claim: Claim) {
        let at = self.find(claim.slot).expect("a claim names a live instance");
        self.instances[at].held += 1;
        let bits = claim.seat.into_bits();
        assert!(self.seats.iter().all(|&(held, _)| held != bits), "a seat was given out twice");
        self.seats.push((bits, claim.slot));
        self.requests += 1;
    }

    fn acquire(&mut self, place: u32) {
        match self.pool.claim_or_begin(self.now) {
            Some(Ok(claim)) => self.took(claim),
            Some(Err(vacancy)) => {
                assert_eq!(self.free().count(), 0, "a free seat was missed");
                let claim = self.pool.start(vacancy, place);
                assert!(self.find(claim.slot).is_none() && !self.stopped.contains(&claim.slot));
                let slot = claim.slot;
                self.instances.push(Instance {
                    slot,
                    state: State::Starting,
                    held: 0,
                    place,
                    last_used: Instant::ZERO,
                });
                self.started += 1;
                self.hold(claim);
            }
            None => {
                assert_eq!(self.free().count(), 0, "a free seat was missed");
                assert!(self.is_full(), "a vacancy was missed");
            }
        }
    }

    fn cancel(&mut self) {
        match self.pool.begin() {
            Some(vacancy) => self.pool.cancel(vacancy),
            None => assert!(self.is_full(), "a vacancy was missed"),
        }
    }

    fn is_full(&self) -> bool {
        self.instances.len() == self.pool.config().max_instances as usize
    }

    fn find(&self, slot: SlotId) -> Option<usize> {
        self.instances.iter().position(|instance| instance.slot == slot)
    }

    /// A held seat that `number` names, and the position of its instance.
    fn held(&self, number: u8) -> Option<(usize, Seat, usize)> {
        let at = pick(&self.seats, number)?;
        let (bits, slot) = self.seats[at];
        let seat = Seat::from_bits(bits).expect("a seat is never zero");
        Some((at, seat, self.find(slot).expect("a held seat pins its instance")))
    }

    fn report_started(&mut self, number: u8) {
        let Some((_, seat, at)) = self.held(number) else { return };
        let expected = match self.instances[at].state {
            State::Active => Err(SeatError::AlreadyStarted),
            _ => Ok(()),
        };
        assert_eq!(self.pool.started(&seat), expected);
        if self.instances[at].state == State::Starting {
            self.instances[at].state = State::Active;
        }
    }

    fn release(&mut self, number: u8, now: Instant) {
        let Some((held, seat, at)) = self.held(number) else { return };
        let released = self.pool.release(now, seat);
        if self.instances[at].state == State::Starting {
            assert_eq!(released, Err(SeatError::NotStarted));
        } else {
            self.gave_back(held, now);
            assert_eq!(released, Ok(self.stops_if_empty(at)));
        }
    }

    fn fail(&mut self, number: u8) {
        let Some((held, seat, at)) = self.held(number) else { return };
        let failed = self.pool.fail(self.now, seat);
        self.gave_back(held, self.now);
        self.instances[at].state = State::Draining;
        assert_eq!(failed, Ok(self.stops_if_empty(at)));
    }

    fn gave_back(&mut self, held: usize, now: Instant) {
        let (bits, slot) = self.seats.swap_remove(held);
        self.used_seats.push(bits);
        let at = self.find(slot).expect("a held seat pins its instance");
        let instance = &mut self.instances[at];
        instance.held -= 1;
        instance.last_used = instance.last_used.max(now);
    }

    /// What the call that empties a draining instance answers.
    fn stops_if_empty(&mut self, at: usize) -> Option<SlotId> {
        let instance = &mut self.instances[at];
        let empty = instance.state == State::Draining && instance.held == 0;
        empty.then(|| {
            instance.state = State::Stopping;
            instance.slot
        })
    }

    fn use_stale(&self, number: u8) {
        let Some(at) = pick(&self.used_seats, number) else { return };
        self.refuses(self.used_seats[at]);
    }

    fn use_invented(&self, bits: u64) {
        if self.seats.iter().all(|&(held, _)| held != bits) {
            self.refuses(bits);
        }
    }

    fn refuses(&self, bits: u64) {
        let seat = || Seat::from_bits(bits);
        let Some(stale) = seat() else { return };
        assert_eq!(self.pool.started(&stale), Err(SeatError::Stale));
        assert_eq!(self.pool.slot_of(&stale), Err(SeatError::Stale));
        assert_eq!(self.pool.release(self.now, stale), Err(SeatError::Stale));
        assert_eq!(seat().map(|seat| self.pool.fail(self.now, seat)), Some(Err(SeatError::Stale)));
    }

    fn drain(&mut self, number: u8) {
        let Some(at) = pick(&self.instances, number) else { return };
        let slot = self.instances[at].slot;
        let drained = self.pool.drain(slot);
        if self.instances[at].state == State::Stopping {
            assert_eq!(drained, Err(SlotError::Stale { slot }));
        } else {
            self.instances[at].state = State::Draining;
            assert_eq!(drained, Ok(self.stops_if_empty(at)));
        }
    }

    fn expiry(&self, at: usize, keep_alive: Duration) -> Reaped {
        let Instance { state, held, last_used, .. } = self.instances[at];
        let expiry = last_used.after(keep_alive);
        match state {
            State::Active if held == 0 && self.now >= expiry => Reaped::Stop,
            State::Active if held == 0 => Reaped::Until(expiry),
            _ => Reaped::Busy,
        }
    }

    fn reap(&mut self, seconds: u8) {
        let keep_alive = Duration::from_secs(u64::from(seconds));
        let mut expected = vec![];
        for at in 0..self.instances.len() {
            if self.expiry(at, keep_alive) == Reaped::Stop {
                self.instances[at].state = State::Stopping;
                expected.push(self.instances[at].slot);
            }
        }
        expected.sort_unstable();
        let reaped: Vec<_> = self.pool.reap(self.now, keep_alive).collect();
        assert_eq!(reaped, expected);
    }

    fn reap_one(&mut self, number: u8, seconds: u8) {
        let Some(at) = pick(&self.instances, number) else { return };
        let keep_alive = Duration::from_secs(u64::from(seconds));
        let expected = self.expiry(at, keep_alive);
        let slot = self.instances[at].slot;
        assert_eq!(self.pool.reap_one(self.now, keep_alive, slot), Ok(expected));
        if expected == Reaped::Stop {
            self.instances[at].state = State::Stopping;
        }
    }

    fn stop(&mut self, number: u8) {
        let Some(at) = pick(&self.instances, number) else { return };
        let Instance { slot, state, place, .. } = self.instances[at];
        let stopped = self.pool.stopped(slot);
        if state == State::Stopping {
            assert_eq!(stopped, Ok(place));
            self.instances.swap_remove(at);
            self.stopped.push(slot);
        } else {
            assert_eq!(stopped, Err(SlotError::NotStopping { slot }));
        }
    }

    fn use_stale_slot(&self, number: u8) {
        let beyond = SlotId::new(self.pool.config().max_instances, NonZeroU32::MIN);
        let slot = pick(&self.stopped, number).map_or(beyond, |at| self.stopped[at]);
        let stale = SlotError::Stale { slot };
        assert_eq!(self.pool.drain(slot), Err(stale));
        assert_eq!(self.pool.stopped(slot), Err(stale));
        assert_eq!(self.pool.place(slot), Err(stale));
        assert_eq!(self.pool.reap_one(self.now, Duration::ZERO, slot), Err(stale));
    }

    /// Nothing lost and nothing minted.
    fn compare(&self) {
        let tally = self.pool.tally();
        assert_eq!(tally.in_flight, self.seats.len() as u64);
        assert_eq!(tally.instances as usize, self.instances.len());
        assert_eq!(tally.requests, self.requests);
        assert_eq!(tally.instances_started, self.started);
        let idle = |instance: &&Instance| instance.state == State::Active && instance.held == 0;
        assert_eq!(tally.idle_instances as usize, self.instances.iter().filter(idle).count());
    }
}
