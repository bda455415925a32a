//! The scripted workload and its checksum.

use core::fmt::{self, Debug, Write};
use core::num::NonZeroU32;

use heapless::Vec;
use warmstow_core::concurrency::{Account, Limits};
use warmstow_core::function::{Function, FunctionSpec, InvokeError, Start};
use warmstow_core::id::SlotId;
use warmstow_core::placement::{Fleet, NodeSpec, SpreadBy, Strategy, words};
use warmstow_core::pool::{FixedPool, PoolConfig, Seat};
use warmstow_core::resources::Resources;
use warmstow_core::rng::Rng;
use warmstow_core::sync::AtomicU64;
use warmstow_core::time::{Duration, Instant};

/// Calls of the script.
const STEPS: u32 = 20_000;
/// Requests that may be in flight: more than the limits admit.
const MAX_HELD: usize = 32;

const NODES: u32 = 3;
const FLEET_WORDS: usize = words(NODES);

/// A function of single requests, and one whose instances take three at once.
const SPECS: [FunctionSpec; 2] = [
    FunctionSpec { max_instances: 8, keep_alive: KEEP_ALIVE, ..FunctionSpec::of_memory(512) },
    FunctionSpec {
        max_instances: 4,
        instance_concurrency: 3,
        keep_alive: KEEP_ALIVE,
        ..FunctionSpec::of_memory(1_024)
    },
];
const KEEP_ALIVE: Duration = Duration::from_secs(4);
/// Enough for either pool.
const POOL_WORDS: usize = if SPECS[0].pool().words() > SPECS[1].pool().words() {
    SPECS[0].pool().words()
} else {
    SPECS[1].pool().words()
};

/// The pool that has neither limit nor node.
const ALONE: PoolConfig = PoolConfig::new(4);

/// What became of the requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) warm: u32,
    pub(crate) cold: u32,
    pub(crate) throttled: u32,
    pub(crate) no_instance: u32,
    pub(crate) no_room: u32,
    pub(crate) reaped: u32,
}

/// FNV-1a over the text of every answer: text has no word size and no byte order.
struct Checksum(u64);

impl Write for Checksum {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(())
    }
}

impl Checksum {
    fn fold(&mut self, answer: &dyn Debug) {
        // Writing to a number does not fail.
        let _ = write!(self, "{answer:?};");
    }
}

/// One account on one fleet, in memory that `run` lends.
struct Host<'a> {
    limits: Limits,
    account: Account,
    fleet: Fleet<&'a [AtomicU64]>,
    functions: [Function<&'a [AtomicU64]>; 2],
    held: Vec<(usize, Seat), MAX_HELD>,
    draws: Rng,
    now: Instant,
    checksum: Checksum,
    tally: Tally,
}

/// Plays the script. `None` if a shape does not fit its memory.
pub(crate) fn run() -> Option<(u64, Tally)> {
    let fleet_words: [AtomicU64; FLEET_WORDS] = core::array::from_fn(|_| AtomicU64::new(0));
    let pool_words: [[AtomicU64; POOL_WORDS]; 2] =
        core::array::from_fn(|_| core::array::from_fn(|_| AtomicU64::new(0)));
    let (limits, account) = Limits::new(12, 2);
    let fleet = Fleet::new_in(&fleet_words[..], NonZeroU32::MIN, 7).ok()?;
    for zone in 0..2 {
        fleet.add_node(NodeSpec::new(Resources::new(1_200, 2_048), zone)).ok()?;
    }
    let function = |at: usize| Function::new_in(&pool_words[at][..], &SPECS[at]).ok();
    let mut host = Host {
        limits,
        account,
        fleet,
        functions: [function(0)?, function(1)?],
        held: Vec::new(),
        draws: Rng::new(1),
        now: Instant::ZERO,
        checksum: Checksum(0xcbf2_9ce4_8422_2325),
        tally: Tally::default(),
    };
    for step in 0..STEPS {
        if step == STEPS / 2 {
            let later = NodeSpec::new(Resources::new(600, 1_024), 2);
            let added = host.fleet.add_node(later);
            host.checksum.fold(&added);
        }
        host.step();
    }
    host.end();
    pool_alone(&mut host.checksum)?;
    Some((host.checksum.0, host.tally))
}

impl Host<'_> {
    fn step(&mut self) {
        self.now = self.now.after(Duration::from_millis(self.draws.below(400)));
        let at = usize::from(self.draws.below(3) == 0);
        match self.draws.below(32) {
            0..14 => self.invoke(at),
            14..25 => self.give_back(false),
            25 => self.give_back(true),
            26 | 27 => self.reap(at),
            28 => self.drain(at),
            29 => self.place(),
            30 => self.set_limits(at),
            // A clock that was set back: clamped and counted.
            _ => self.now = Instant::from_nanos(self.now.as_nanos() / 2),
        }
    }

    fn strategy(&mut self) -> Strategy {
        Strategy::ALL[self.index(Strategy::ALL.len())]
    }

    fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.draws.below(len as u64)).unwrap_or(0)
    }

    fn number(&mut self, below: u32) -> u32 {
        u32::try_from(self.draws.below(below.into())).unwrap_or(0)
    }

    fn invoke(&mut self, at: usize) {
        if self.held.is_full() {
            return;
        }
        let strategy = self.strategy();
        let function = &self.functions[at];
        let admitted = function.invoke(self.now, &self.account, Some(&self.fleet), strategy);
        self.checksum.fold(&admitted);
        match admitted {
            Ok(admitted) => {
                if admitted.start == Start::Warm {
                    self.tally.warm += 1;
                } else {
                    self.tally.cold += 1;
                    // The host starts it here.
                    self.checksum.fold(&function.started(&admitted.seat));
                }
                // There is room: looked at above.
                let _ = self.held.push((at, admitted.seat));
            }
            Err(InvokeError::Throttled(_)) => self.tally.throttled += 1,
            Err(InvokeError::InstanceLimit { .. }) => self.tally.no_instance += 1,
            Err(_) => self.tally.no_room += 1,
        }
    }

    /// Ends one of the requests in flight.
    fn give_back(&mut self, failed: bool) {
        if self.held.is_empty() {
            return;
        }
        let index = self.index(self.held.len());
        let (at, seat) = self.held.swap_remove(index);
        let function = &self.functions[at];
        let stop = if failed {
            function.fail(self.now, &self.account, seat)
        } else {
            function.complete(self.now, &self.account, seat)
        };
        self.checksum.fold(&stop);
        if let Ok(Some(slot)) = stop {
            self.stop(at, slot);
        }
    }

    /// The host stops an instance at once.
    fn stop(&mut self, at: usize, slot: SlotId) {
        let function = &self.functions[at];
        self.checksum.fold(&function.node(Some(&self.fleet), slot));
        self.checksum.fold(&function.stopped(Some(&self.fleet), slot));
        // Stopped twice: refused.
        self.checksum.fold(&function.stopped(Some(&self.fleet), slot));
    }

    fn reap(&mut self, at: usize) {
        let expired: Vec<SlotId, 8> = self.functions[at].reap(self.now).take(8).collect();
        for slot in expired {
            self.tally.reaped += 1;
            self.checksum.fold(&slot);
            self.stop(at, slot);
        }
    }

    /// Drains the instance of a request in flight.
    fn drain(&mut self, at: usize) {
        let index = self.number(SPECS[at].max_instances);
        let generation = NonZeroU32::MIN.saturating_add(self.number(300));
        let slot = SlotId::new(index, generation);
        let drained = self.functions[at].drain(slot);
        self.checksum.fold(&drained);
        if let Ok(Some(slot)) = drained {
            self.stop(at, slot);
        }
    }

    /// Room for something else, by every strategy and for a moment.
    fn place(&mut self) {
        let strategy = match self.draws.below(2) {
            0 => self.strategy(),
            _ => Strategy::Spread(SpreadBy::Zone),
        };
        let (cpu, memory) = (self.number(900) + 1, self.number(900) + 1);
        let room = self.fleet.place(Resources::new(cpu, memory), strategy);
        self.checksum.fold(&room);
        if let Ok(room) = room {
            self.checksum.fold(&self.fleet.release(room));
        }
        for node in self.fleet.nodes() {
            self.checksum.fold(&node);
        }
    }

    fn set_limits(&mut self, at: usize) {
        let (kind, units) = (self.number(4), self.number(14));
        let gate = self.functions[at].gate();
        let set = match kind {
            0 => self.limits.set_account_limit(&self.account, units + 4),
            1 => self.limits.set_reserved(&self.account, gate, Some(units)),
            _ => self.limits.set_reserved(&self.account, gate, None),
        };
        self.checksum.fold(&set);
    }

    /// Gives everything back and folds what is left: nothing.
    fn end(&mut self) {
        while !self.held.is_empty() {
            self.give_back(false);
        }
        self.now = Instant::MAX;
        for at in 0..self.functions.len() {
            self.reap(at);
            self.checksum.fold(&self.functions[at].counters());
        }
        for node in self.fleet.nodes() {
            self.checksum.fold(&node);
        }
        self.checksum.fold(&self.tally);
    }
}

/// Every second for a minute a burst of requests, of growing size, on a pool
/// without limits.
fn pool_alone(checksum: &mut Checksum) -> Option<()> {
    let pool = FixedPool::<{ ALONE.words() }>::fixed(ALONE).ok()?;
    for second in 0..60 {
        let now = Instant::from_secs(second);
        let mut running = Vec::<Seat, 4>::new();
        for _ in 0..=second / 10 {
            let claim = match pool.claim(now) {
                Some(claim) => claim,
                None => match pool.begin() {
                    Some(vacancy) => {
                        let claim = vacancy.start(0);
                        checksum.fold(&pool.started(&claim.seat));
                        claim
                    }
                    None => continue,
                },
            };
            checksum.fold(&claim);
            running.push(claim.seat).ok()?;
        }
        for seat in running {
            checksum.fold(&pool.release(now.after(Duration::from_millis(500)), seat));
        }
    }
    for slot in pool.reap(Instant::from_secs(3_600), KEEP_ALIVE) {
        checksum.fold(&(slot, pool.stopped(slot)));
    }
    checksum.fold(&pool.tally());
    Some(())
}
