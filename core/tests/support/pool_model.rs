//! A pool beside a trivial oracle: a vector of instance states.
//!
//! [`check`] plays a list of [`Action`]s on both. After every action:
//! * the answers are equal: which instance serves, starts or stops, each error,
//!   of handles that are live, stale, invented or another pool's;
//! * the tallies are equal, so no seat and no instance is lost or minted;
//! * no instance serves more requests than its concurrency.
//!
//! A shape that is out of range is refused, naming what is wrong with it.
//!
//! An action comes from three bytes, for property tests and fuzz targets alike.

use core::num::NonZeroU32;

use warmstow_core::id::SlotId;
use warmstow_core::pool::{
    Claim, Pick, Pool, PoolConfig, PoolConfigError, Reaped, Seat, SeatError, SlotError, Tally,
    Vacancy,
};
use warmstow_core::sync::AtomicU64;
use warmstow_core::time::{Duration, Instant};

type Heap = Pool<Box<[AtomicU64]>>;
type Held<'a> = Vacancy<'a, Box<[AtomicU64]>>;

/// The shape that three bytes stand for; all of them are one. Of every ten one
/// or two are out of range.
pub(crate) fn shape([instances, concurrency, pick]: [u8; 3]) -> PoolConfig {
    PoolConfig {
        max_instances: match instances {
            0..232 => u32::from(instances) % 40 + 1,
            232..240 => 0,
            240..248 => PoolConfig::MAX_SEATS + 1,
            248.. => u32::MAX,
        },
        instance_concurrency: match concurrency {
            0..232 => [1, 1, 1, 2, 3, 5, 32, 33][usize::from(concurrency) % 8],
            232..240 => 0,
            240..248 => PoolConfig::MAX_INSTANCE_CONCURRENCY + 1,
            248.. => u32::MAX,
        },
        pick: [Pick::Packed, Pick::MostRecent, Pick::LeastRecent][usize::from(pick) % 3],
        // How the seats lie in memory changes no answer.
        lanes: [1, 4, 16][usize::from(pick) / 3 % 3],
    }
}

/// One call. The first operand of a call on a lease, a slot or a vacancy picks
/// one of those handed out so far, live or stale, counted from the newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// `claim`.
    Claim,
    /// `claim_or_begin`, then `start` or drop what came of it.
    ClaimOrBegin {
        /// The place; of an odd one the vacancy is dropped.
        place: u8,
    },
    /// `begin`, the vacancy is held.
    Begin,
    /// `start` in a held vacancy.
    Start(u8),
    /// Drops a held vacancy.
    Cancel(u8),
    /// `started`.
    Started(u8),
    /// `release`.
    Release(u8),
    /// `fail`.
    Fail(u8),
    /// Every call on a seat, with another bit of a lease's.
    ForgeSeat(u8, u8),
    /// `drain`.
    Drain(u8),
    /// `reap_one` with this keep-alive.
    ReapOne(u8, u8),
    /// `reap`, as many steps as the operand says, with this keep-alive.
    Reap(u8, u8),
    /// `stopped`.
    Stopped(u8),
    /// Every call on a slot, with one of another pool.
    ForeignSlot(u8),
    /// Time goes on by this much, or back where it is above 200.
    Wait(u8),
}

impl Action {
    /// The action that three bytes stand for; all of them are one.
    pub(crate) fn from_bytes([kind, operand, other]: [u8; 3]) -> Self {
        match kind % 24 {
            0..=2 => Self::Claim,
            3 | 4 => Self::ClaimOrBegin { place: operand },
            5 => Self::Begin,
            6 | 7 => Self::Start(operand),
            8 => Self::Cancel(operand),
            9 | 10 => Self::Started(operand),
            11..=13 => Self::Release(operand),
            14 => Self::Fail(operand),
            15 => Self::ForgeSeat(operand, other),
            16 => Self::Drain(operand),
            17 => Self::ReapOne(operand, steps(other)),
            18 => Self::Reap(operand, steps(other)),
            19..=21 => Self::Stopped(operand),
            22 => Self::ForeignSlot(operand),
            _ => Self::Wait(steps(operand)),
        }
    }
}

/// In steps of 25, so that an instance is often met in the instant of its expiry.
const fn steps(byte: u8) -> u8 {
    byte / 25 * 25
}

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
struct World<'a> {
    pool: &'a Heap,
    config: PoolConfig,
    now: u64,
    oracle: Vec<Instance>,
    leases: Vec<Lease>,
    slots: Vec<SlotId>,
    vacancies: Vec<Held<'a>>,
    promised: Vec<usize>,
    requests: u64,
    starts: u64,
    regressions: u64,
}

/// Why a shape is refused.
pub(crate) fn refusal(config: PoolConfig) -> Option<PoolConfigError> {
    let PoolConfig { max_instances, instance_concurrency: value, .. } = config;
    if max_instances == 0 {
        return Some(PoolConfigError::NoInstances);
    }
    if !(1..=1_600).contains(&value) {
        return Some(PoolConfigError::InstanceConcurrency { value });
    }
    let seats = u64::from(max_instances) * u64::from(value.next_power_of_two());
    (seats > 1 << 24).then_some(PoolConfigError::TooManySeats { seats })
}

/// Plays `actions` on a pool of this shape and on the oracle.
///
/// # Panics
///
/// Where they differ.
pub(crate) fn check(config: PoolConfig, actions: &[Action]) {
    let pool = match (Pool::new(config), refusal(config)) {
        (Ok(pool), None) => pool,
        (made, expected) => {
            assert_eq!(made.err(), expected, "{config:?}");
            assert_eq!(config.words(), 0, "storage for no pool");
            return;
        }
    };
    let vacant = Instance { state: State::Vacant, generation: 1, place: 0, held: 0, last_used: 0 };
    let mut world = World {
        pool: &pool,
        config,
        now: 0,
        oracle: vec![vacant; config.max_instances as usize],
        leases: Vec::new(),
        slots: Vec::new(),
        vacancies: Vec::new(),
        promised: Vec::new(),
        requests: 0,
        starts: 0,
        regressions: 0,
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

impl<'a> World<'a> {
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
            Action::ForgeSeat(operand, bit) => self.forge_seat(operand, bit),
            Action::Drain(operand) => self.drain(operand),
            Action::ReapOne(operand, keep_alive) => self.reap_one(operand, keep_alive),
            Action::Reap(steps, keep_alive) => self.reap(steps, keep_alive),
            Action::Stopped(operand) => self.stopped(operand),
            Action::ForeignSlot(operand) => self.use_foreign(operand),
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
            clock_regressions: self.regressions,
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

    fn promise(&mut self, vacancy: Held<'a>, index: usize) {
        self.oracle[index].state = State::Promised;
        self.vacancies.push(vacancy);
        self.promised.push(index);
    }

    /// Starts an instance of this place in a held vacancy, or drops that.
    fn with_vacancy(&mut self, operand: u8, place: Option<u32>) {
        let held = self.vacancies.len();
        if held == 0 {
            return;
        }
        let at = held - 1 - usize::from(operand) % held;
        let (vacancy, index) = (self.vacancies.remove(at), self.promised.remove(at));
        let Some(place) = place else {
            drop(vacancy);
            self.oracle[index].state = State::Vacant;
            return;
        };
        let claim = vacancy.start(place);
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
            self.regressions += u64::from(now < instance.last_used);
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

    /// A lease with another bit, where that is none that is held.
    fn forge_seat(&self, operand: u8, bit: u8) {
        let bits = choose(&self.leases, operand).map_or(0, |lease| lease.bits) ^ 1 << (bit % 64);
        let seat = || Seat::from_bits(bits);
        let held = self.leases.iter().any(|lease| lease.live && lease.bits == bits);
        let (false, Some(forged), Some(released), Some(failed)) = (held, seat(), seat(), seat())
        else {
            return;
        };
        assert_eq!(self.pool.slot_of(&forged), Err(SeatError::Stale));
        assert_eq!(self.pool.started(&forged), Err(SeatError::Stale));
        assert_eq!(self.pool.release(self.now(), released), Err(SeatError::Stale));
        assert_eq!(self.pool.fail(self.now(), failed), Err(SeatError::Stale));
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
    fn reaped(&mut self, index: usize, keep_alive: u8) -> Reaped {
        let expires = self.oracle[index].last_used + u64::from(keep_alive);
        // Time that runs backwards is clamped: idle for 0, which a keep-alive
        // of 0 does not outlast.
        let idle = self.now.saturating_sub(self.oracle[index].last_used);
        let instance = &mut self.oracle[index];
        if instance.state != State::Active || instance.held > 0 {
            Reaped::Busy
        } else if idle >= u64::from(keep_alive) {
            instance.state = State::Stopping;
            Reaped::Stop
        } else {
            Reaped::Until(Instant::from_nanos(expires))
        }
    }

    fn reap_one(&mut self, operand: u8, keep_alive: u8) {
        let Some(slot) = choose(&self.slots, operand) else { return };
        let expected = match self.live(slot) {
            Some(index) => Ok(self.reaped(index, keep_alive)),
            None => Err(SlotError::Stale { slot }),
        };
        let keep_alive = Duration::from_nanos(keep_alive.into());
        assert_eq!(self.pool.reap_one(self.now(), keep_alive, slot), expected, "reap {slot}");
    }

    fn reap(&mut self, steps: u8, keep_alive: u8) {
        let steps = usize::from(steps % 8);
        let mut expected = Vec::new();
        for index in 0..self.oracle.len() {
            if expected.len() < steps && self.reaped(index, keep_alive) == Reaped::Stop {
                expected.push(self.slot_id(index));
            }
        }
        let keep_alive = Duration::from_nanos(keep_alive.into());
        let stop: Vec<_> = self.pool.reap(self.now(), keep_alive).take(steps).collect();
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

    /// Slots that no pool of this shape has, and one that this has not started.
    fn use_foreign(&self, operand: u8) {
        let slots = self.config.max_instances;
        let newer = NonZeroU32::MIN.saturating_add(u32::try_from(self.starts).unwrap() + 1);
        let next = SlotId::new(u32::from(operand) % slots, newer);
        let beyond = |index| SlotId::new(index, NonZeroU32::MIN);
        for slot in [next, beyond(slots + u32::from(operand)), beyond(u32::MAX)] {
            let stale = SlotError::Stale { slot };
            assert_eq!(self.pool.drain(slot), Err(stale));
            assert_eq!(self.pool.stopped(slot), Err(stale));
            assert_eq!(self.pool.place(slot), Err(stale));
            assert_eq!(self.pool.reap_one(self.now(), Duration::ZERO, slot), Err(stale));
        }
    }

    /// Gives everything back: the pool is then as empty as a new one.
    fn end(mut self) {
        self.vacancies.clear();
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
        let vacancies: Vec<_> = core::iter::from_fn(|| self.pool.begin()).collect();
        assert_eq!(vacancies.len(), self.oracle.len(), "every slot is vacant again");
    }
}
