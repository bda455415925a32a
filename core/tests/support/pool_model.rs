//! A pool beside a trivial oracle: a vector of instance states.
//!
//! [`check`] plays a list of [`Action`]s on both. After every action:
//! * the answers are equal: which instance serves, starts or stops, each error;
//! * the tallies are equal, so no seat and no instance is lost or minted;
//! * no instance serves more requests than its concurrency.
//!
//! An action comes from two bytes, for property tests and fuzz targets alike.

use core::num::NonZeroU32;

use warmstow_core::id::SlotId;
use warmstow_core::pool::{
    Claim, Pick, Pool, PoolConfig, Reaped, Seat, SeatError, SlotError, Tally, Vacancy,
};
use warmstow_core::sync::AtomicU64;
use warmstow_core::time::{Duration, Instant};

/// One call. The operand of a call on a lease, a slot or a vacancy picks one of
/// those handed out so far, live or stale, counted from the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// `claim`.
    Claim,
    /// `claim_or_begin`, then `start` or `cancel` what came of it.
    ClaimOrBegin {
        /// The place; of an odd one the vacancy is cancelled.
        place: u8,
    },
    /// `begin`, the vacancy is held.
    Begin,
    /// `start` in a held vacancy.
    Start(u8),
    /// `cancel` a held vacancy.
    Cancel(u8),
    /// `started`.
    Started(u8),
    /// `release`.
    Release(u8),
    /// `fail`.
    Fail(u8),
    /// `drain`.
    Drain(u8),
    /// `reap_one`.
    ReapOne(u8),
    /// `reap`, as many steps as the operand says.
    Reap(u8),
    /// `stopped`.
    Stopped(u8),
    /// Time goes on by this much, or back where it is above 200.
    Wait(u8),
}

impl Action {
    /// The action that two bytes stand for; every pair is one.
    pub(crate) fn from_bytes([kind, operand]: [u8; 2]) -> Self {
        match kind % 20 {
            0..=2 => Self::Claim,
            3 | 4 => Self::ClaimOrBegin { place: operand },
            5 => Self::Begin,
            6 => Self::Start(operand),
            7 => Self::Cancel(operand),
            8 | 9 => Self::Started(operand),
            10..=12 => Self::Release(operand),
            13 => Self::Fail(operand),
            14 => Self::Drain(operand),
            15 => Self::ReapOne(operand),
            16 => Self::Reap(operand),
            17 | 18 => Self::Stopped(operand),
            _ => Self::Wait(operand),
        }
    }
}

const KEEP_ALIVE: Duration = Duration::from_nanos(50);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Vacant,
    /// Out of the vacant set, held by a caller.
    Promised,
    Starting,
    Active,
    Draining,
    Stopping,
}

/// One slot of the oracle.
#[derive(Clone, Debug)]
struct Instance {
    state: State,
    generation: u32,
    place: u32,
    held: u32,
    last_used: u64,
}

/// A lease as the test remembers it.
#[derive(Clone, Copy, Debug)]
struct Lease {
    bits: u64,
    slot: SlotId,
    live: bool,
}

/// The pool, the oracle, and every handle given out so far.
struct World {
    pool: Pool<Box<[AtomicU64]>>,
    config: PoolConfig,
    now: u64,
    oracle: Vec<Instance>,
    leases: Vec<Lease>,
    slots: Vec<SlotId>,
    vacancies: Vec<Vacancy>,
    promised: Vec<usize>,
    requests: u64,
    starts: u64,
}

/// Plays `actions` on a pool of this shape and on the oracle.
///
/// # Panics
///
/// Where they differ.
pub(crate) fn check(config: PoolConfig, actions: &[Action]) {
    let vacant = Instance { state: State::Vacant, generation: 1, place: 0, held: 0, last_used: 0 };
    let mut world = World {
        pool: Pool::new(config).expect("the shape is in range"),
        config,
        now: 0,
        oracle: vec![vacant; config.max_instances as usize],
        leases: Vec::new(),
        slots: Vec::new(),
        vacancies: Vec::new(),
        promised: Vec::new(),
        requests: 0,
        starts: 0,
    };
    for &action in actions {
        world.play(action);
        world.compare(action);
    }
    world.end();
}

/// One of `all`, counted from the newest.
fn choose<T: Copy>(all: &[T], operand: u8) -> Option<T> {
    let back = usize::from(operand) % all.len().max(1);
    all.iter().rev().nth(back).copied()
}

impl World {
    fn now(&self) -> Instant {
        Instant::from_nanos(self.now)
    }

    fn play(&mut self, action: Action) {
        match action {
            Action::Claim => {
                let expected = self.served_by();
                let claim = self.pool.claim(self.now());
                self.warm(expected, claim);
            }
            Action::ClaimOrBegin { place } => self.claim_or_begin(place),
            Action::Begin => {
                let expected = self.first_vacant();
                let vacancy = self.pool.begin();
                assert_eq!(vacancy.is_some(), expected.is_some(), "begin");
                if let (Some(vacancy), Some(index)) = (vacancy, expected) {
                    self.promise(vacancy, index);
                }
            }
            Action::Start(operand) => self.with_vacancy(operand, Some(operand.into())),
            Action::Cancel(operand) => self.with_vacancy(operand, None),
            Action::Started(operand) => self.started(operand),
            Action::Release(operand) => self.end_request(operand, false),
            Action::Fail(operand) => self.end_request(operand, true),
            Action::Drain(operand) => self.drain(operand),
            Action::ReapOne(operand) => self.reap_one(operand),
            Action::Reap(steps) => self.reap(usize::from(steps % 8)),
            Action::Stopped(operand) => self.stopped(operand),
            Action::Wait(by @ 0..=200) => self.now += u64::from(by),
            Action::Wait(by) => self.now = self.now.saturating_sub(u64::from(by) - 200),
        }
    }

    // --- What the oracle expects ----------------------------------------------

    /// The instance that serves the next request.
    fn served_by(&self) -> Option<usize> {
        let free = self.oracle.iter().enumerate().filter(|(_, instance)| {
            instance.state == State::Active && instance.held < self.config.instance_concurrency
        });
        let chosen = match self.config.pick {
            Pick::MostRecent => free.rev().max_by_key(|(_, instance)| instance.last_used),
            Pick::LeastRecent => free.min_by_key(|(_, instance)| instance.last_used),
            _ => free.min_by_key(|(index, _)| *index),
        };
        chosen.map(|(index, _)| index)
    }

    fn first_vacant(&self) -> Option<usize> {
        self.oracle.iter().position(|instance| instance.state == State::Vacant)
    }

    /// The instance that a slot names, while it has not stopped.
    fn live(&self, slot: SlotId) -> Option<usize> {
        let index = slot.index() as usize;
        let instance = self.oracle.get(index)?;
        let same = instance.generation == slot.generation().get();
        (same && !matches!(instance.state, State::Vacant | State::Promised)).then_some(index)
    }

    fn slot_id(&self, index: usize) -> SlotId {
        let generation = NonZeroU32::new(self.oracle[index].generation).unwrap();
        SlotId::new(u32::try_from(index).unwrap(), generation)
    }

    fn expires(&self, index: usize) -> u64 {
        self.oracle[index].last_used + KEEP_ALIVE.as_nanos()
    }

    fn tally(&self) -> Tally {
        let live =
            |instance: &&Instance| !matches!(instance.state, State::Vacant | State::Promised);
        let idle = |instance: &&Instance| instance.state == State::Active && instance.held == 0;
        Tally {
            requests: self.requests,
            instances_started: self.starts,
            in_flight: self.oracle.iter().map(|instance| u64::from(instance.held)).sum(),
            instances: u32::try_from(self.oracle.iter().filter(live).count()).unwrap(),
            idle_instances: u32::try_from(self.oracle.iter().filter(idle).count()).unwrap(),
        }
    }

    fn compare(&self, action: Action) {
        assert_eq!(self.pool.tally(), self.tally(), "after {action:?}");
        for &slot in self.slots.iter().rev().take(8) {
            let place = self.live(slot).map(|index| self.oracle[index].place);
            assert_eq!(self.pool.place(slot), place.ok_or(SlotError::Stale { slot }));
        }
    }

    // --- Requests ---------------------------------------------------------------

    fn took(&mut self, index: usize, claim: Claim) {
        assert_eq!(claim.slot, self.slot_id(index), "another instance");
        self.oracle[index].held += 1;
        assert!(self.oracle[index].held <= self.config.instance_concurrency);
        self.requests += 1;
        assert_eq!(self.pool.slot_of(&claim.seat), Ok(claim.slot));
        let bits = claim.seat.into_bits();
        assert!(self.leases.iter().all(|lease| lease.bits != bits), "a lease came again");
        self.leases.push(Lease { bits, slot: claim.slot, live: true });
    }

    fn warm(&mut self, expected: Option<usize>, claim: Option<Claim>) {
        assert_eq!(claim.is_some(), expected.is_some(), "a claim");
        if let (Some(index), Some(claim)) = (expected, claim) {
            self.took(index, claim);
        }
    }

    fn claim_or_begin(&mut self, place: u8) {
        let (seat, vacant) = (self.served_by(), self.first_vacant());
        match self.pool.claim_or_begin(self.now()) {
            None => assert_eq!((seat, vacant), (None, None)),
            Some(Ok(claim)) => self.warm(seat, Some(claim)),
            Some(Err(vacancy)) => {
                assert_eq!(seat, None, "a vacancy though a seat was free");
                self.promise(vacancy, vacant.expect("no slot was vacant"));
                self.with_vacancy(0, (place.is_multiple_of(2)).then_some(place.into()));
            }
        }
    }

    fn promise(&mut self, vacancy: Vacancy, index: usize) {
        self.oracle[index].state = State::Promised;
        self.vacancies.push(vacancy);
        self.promised.push(index);
    }

    /// Starts an instance of this place in a held vacancy, or cancels it.
    fn with_vacancy(&mut self, operand: u8, place: Option<u32>) {
        let held = self.vacancies.len();
        if held == 0 {
            return;
        }
        let at = held - 1 - usize::from(operand) % held;
        let (vacancy, index) = (self.vacancies.remove(at), self.promised.remove(at));
        let Some(place) = place else {
            self.pool.cancel(vacancy);
            self.oracle[index].state = State::Vacant;
            return;
        };
        let claim = self.pool.start(vacancy, place);
        let generation = self.oracle[index].generation;
        self.oracle[index] =
            Instance { state: State::Starting, generation, place, held: 0, last_used: 0 };
        self.starts += 1;
        self.slots.push(claim.slot);
        self.took(index, claim);
    }

    fn started(&mut self, operand: u8) {
        let Some(lease) = choose(&self.leases, operand) else { return };
        let instance = &mut self.oracle[lease.slot.index() as usize];
        let expected = match instance.state {
            _ if !lease.live => Err(SeatError::Stale),
            State::Active => Err(SeatError::AlreadyStarted),
            State::Starting => {
                instance.state = State::Active;
                Ok(())
            }
            _ => Ok(()),
        };
        let seat = Seat::from_bits(lease.bits).unwrap();
        assert_eq!(self.pool.started(&seat), expected, "started {lease:?}");
    }

    fn end_request(&mut self, operand: u8, failed: bool) {
        let Some(lease) = choose(&self.leases, operand) else { return };
        let now = self.now;
        let instance = &mut self.oracle[lease.slot.index() as usize];
        let expected = if !lease.live {
            Err(SeatError::Stale)
        } else if instance.state == State::Starting && !failed {
            Err(SeatError::NotStarted)
        } else {
            instance.held -= 1;
            instance.last_used = instance.last_used.max(now);
            if failed {
                instance.state = State::Draining;
            }
            let ends = instance.state == State::Draining && instance.held == 0;
            if ends {
                instance.state = State::Stopping;
            }
            Ok(ends.then_some(lease.slot))
        };
        if expected.is_ok() {
            self.leases.iter_mut().find(|own| own.bits == lease.bits).unwrap().live = false;
        }
        let seat = Seat::from_bits(lease.bits).unwrap();
        let answer = if failed {
            self.pool.fail(self.now(), seat)
        } else {
            self.pool.release(self.now(), seat)
        };
        assert_eq!(answer, expected, "failed: {failed}, {lease:?}");
    }

    // --- Endings ------------------------------------------------------------------

    fn drain(&mut self, operand: u8) {
        let Some(slot) = choose(&self.slots, operand) else { return };
        let expected = match self.live(slot) {
            Some(index) if self.oracle[index].state != State::Stopping => {
                let idle = self.oracle[index].held == 0;
                self.oracle[index].state = if idle { State::Stopping } else { State::Draining };
                Ok(idle.then_some(slot))
            }
            _ => Err(SlotError::Stale { slot }),
        };
        assert_eq!(self.pool.drain(slot), expected, "drain {slot}");
    }

    /// What a reap of this instance answers; [`State::Stopping`] comes of it.
    fn reaped(&mut self, index: usize) -> Reaped {
        let expires = self.expires(index);
        let instance = &mut self.oracle[index];
        if instance.state != State::Active || instance.held > 0 {
            Reaped::Busy
        } else if self.now >= expires {
            instance.state = State::Stopping;
            Reaped::Stop
        } else {
            Reaped::Until(Instant::from_nanos(expires))
        }
    }

    fn reap_one(&mut self, operand: u8) {
        let Some(slot) = choose(&self.slots, operand) else { return };
        let expected = match self.live(slot) {
            Some(index) => Ok(self.reaped(index)),
            None => Err(SlotError::Stale { slot }),
        };
        assert_eq!(self.pool.reap_one(self.now(), KEEP_ALIVE, slot), expected, "reap {slot}");
    }

    fn reap(&mut self, steps: usize) {
        let mut expected = Vec::new();
        for index in 0..self.oracle.len() {
            if expected.len() < steps && self.reaped(index) == Reaped::Stop {
                expected.push(self.slot_id(index));
            }
        }
        let stop: Vec<_> = self.pool.reap(self.now(), KEEP_ALIVE).take(steps).collect();
        assert_eq!(stop, expected, "reap");
    }

    fn stopped(&mut self, operand: u8) {
        let Some(slot) = choose(&self.slots, operand) else { return };
        let expected = match self.live(slot) {
            Some(index) if self.oracle[index].state == State::Stopping => {
                let instance = &mut self.oracle[index];
                instance.state = State::Vacant;
                instance.generation += 1;
                Ok(instance.place)
            }
            Some(_) => Err(SlotError::NotStopping { slot }),
            None => Err(SlotError::Stale { slot }),
        };
        assert_eq!(self.pool.stopped(slot), expected, "stopped {slot}");
    }

    /// Gives everything back: the pool is then as empty as a new one.
    fn end(mut self) {
        for vacancy in self.vacancies.drain(..) {
            self.pool.cancel(vacancy);
        }
        let mut told = Vec::new();
        for lease in self.leases.iter().filter(|lease| lease.live) {
            let seat = Seat::from_bits(lease.bits).unwrap();
            told.extend(self.pool.fail(self.now(), seat).expect("a live lease"));
        }
        told.extend(self.pool.reap(Instant::MAX, Duration::ZERO));
        let stopping = (0..self.oracle.len()).filter(|&i| self.oracle[i].state == State::Stopping);
        told.extend(stopping.map(|index| self.slot_id(index)));
        for slot in told {
            self.pool.stopped(slot).expect("each told once");
        }
        let Tally { in_flight, instances, .. } = self.pool.tally();
        assert_eq!((in_flight, instances), (0, 0));
        assert!(self.pool.claim(self.now()).is_none());
        let vacancies = core::iter::from_fn(|| self.pool.begin()).count();
        assert_eq!(vacancies, self.oracle.len(), "every slot is vacant again");
    }
}
