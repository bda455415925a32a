//! Threads on a region with small limits, and the check of what they recorded.
//!
//! Four threads share an account of three units with two functions, and a third
//! function has a unit of its own. They hold up to two requests each, so that
//! refusals are as common as admissions; they fail some, reap and stop. A fifth
//! thread sets the account's limit up and down.
//!
//! Every function has more instances than can be in flight, and there is no
//! fleet: a request that is refused for want of an instance or of room would
//! hold a unit for the length of its call, and others could be throttled by it
//! (the bound on early refusal told in `internals`). Without such requests
//! every refusal must be exact.

use alloc::sync::Arc;
use std::thread;

use warmstow_core::function::{
    Control, FunctionSpec, InvokeError, Lease, Region, RegionConfig, Start,
};
use warmstow_core::id::{FunctionId, InstanceId};
use warmstow_core::pool::Pick;
use warmstow_core::rng::Rng;
use warmstow_core::time::Duration;

use super::checker::{Violation, check};
use super::history::{Call, Clock, Done, Recorder};
use super::objects::{Idle, Limit, Vacant};
use super::subject::{NOW, Subject};

/// Threads that invoke; one more sets limits.
pub(crate) const THREADS: usize = 4;
/// Functions 0 and 1 share the account, function 2 has a reservation.
const FUNCTIONS: usize = 3;
const RESERVED: u32 = 1;
/// Units of functions 0 and 1 at first, and the highest setting of them.
pub(crate) const UNRESERVED: u32 = 3;
const MOST_UNRESERVED: u32 = 4;
/// More than can be in flight, idle or stopping: with a unit comes an instance.
const INSTANCES: u32 = 32;
/// Requests that a thread holds at a time.
const MOST_HELD: usize = 2;

/// A request in flight.
pub(crate) struct Held {
    pub(crate) lease: Lease,
    pub(crate) instance: InstanceId,
}

/// One round: a fresh region, and so many turns of each thread on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    pub(crate) seed: u64,
    pub(crate) turns: usize,
    /// Whether a reap finds instances that stay, so that it puts them back.
    pub(crate) judges: bool,
    pub(crate) pick: Pick,
}

pub(crate) struct World {
    pub(crate) region: Arc<Region>,
    control: Control,
    functions: [FunctionId; FUNCTIONS],
}

impl World {
    /// `spare`: units of the account beyond those that the check counts.
    pub(crate) fn new(round: Round, spare: u32) -> Self {
        let config = RegionConfig {
            account_limit: UNRESERVED + RESERVED + spare,
            unreserved_minimum: 0,
            max_functions: 3,
            ..RegionConfig::default()
        };
        let (region, mut control) = Region::new(config).expect("in range");
        let functions = core::array::from_fn(|at| {
            let spec = FunctionSpec {
                max_instances: INSTANCES,
                reserved_concurrency: (at == 2).then_some(RESERVED),
                keep_alive: Duration::from_nanos(u64::from(round.judges)),
                pick: round.pick,
                ..FunctionSpec::of_memory(128)
            };
            control.add_function(&format!("f{at}"), spec).expect("in range")
        });
        Self { region, control, functions }
    }

    /// Plays a round; the logs of its threads.
    pub(crate) fn play(
        &mut self,
        round: Round,
        clock: &Clock,
        subject: &dyn Subject,
    ) -> Vec<Vec<Call>> {
        let (functions, control) = (&self.functions, &mut self.control);
        thread::scope(|scope| {
            let drivers: Vec<_> = (0..THREADS)
                .map(|thread| {
                    scope.spawn(move || {
                        let recorder = Recorder::new(clock, round.turns * 2);
                        let rng = Rng::stream(round.seed, thread as u64);
                        Driver { subject, functions, thread, recorder, rng, held: vec![] }
                            .drive(round)
                    })
                })
                .collect();
            let limits = set_limits(round, clock, subject, control);
            let mut logs: Vec<_> =
                drivers.into_iter().map(|driver| driver.join().expect("no panic")).collect();
            logs.push(limits);
            logs
        })
    }

    /// Nothing is in flight any more.
    pub(crate) fn is_at_rest(&self) -> bool {
        let none = |&function| self.region.counters(function).is_ok_and(|c| c.in_flight == 0);
        self.region.unreserved_in_flight() == 0 && self.functions.iter().all(none)
    }
}

/// Moves the account's limit around all the time.
fn set_limits(
    round: Round,
    clock: &Clock,
    subject: &dyn Subject,
    control: &mut Control,
) -> Vec<Call> {
    let mut recorder = Recorder::new(clock, round.turns);
    let spare = control.account_limit() - UNRESERVED - RESERVED;
    let mut rng = Rng::stream(round.seed, THREADS as u64);
    let mut before = UNRESERVED;
    for _ in 0..round.turns / 16 {
        let unreserved = 1 + below(&mut rng, MOST_UNRESERVED as usize) as u32;
        let set = || {
            if subject.obeys() {
                let limit = unreserved + RESERVED + spare;
                control.set_account_limit(limit).expect("covers what is reserved");
            }
        };
        let lowers = unreserved < before;
        recorder.call(set, |()| Done::Limited { unreserved, lowers });
        before = unreserved;
        (0..below(&mut rng, 4)).for_each(|_| thread::yield_now());
    }
    recorder.log
}

fn below(rng: &mut Rng, length: usize) -> usize {
    rng.below(length as u64) as usize
}

/// One thread and what it holds.
struct Driver<'a> {
    subject: &'a dyn Subject,
    functions: &'a [FunctionId; FUNCTIONS],
    thread: usize,
    recorder: Recorder<'a>,
    rng: Rng,
    held: Vec<Held>,
}

impl Driver<'_> {
    fn drive(mut self, round: Round) -> Vec<Call> {
        for _ in 0..round.turns {
            match self.rng.below(256) {
                0 => self.reap(round),
                1..4 => thread::yield_now(),
                // Another alignment of the threads.
                4..8 => (0..self.rng.below(64)).for_each(|_| core::hint::spin_loop()),
                _ if self.held.len() == MOST_HELD => self.end(),
                turn if turn % 2 == 0 => self.invoke(),
                _ => self.end(),
            }
        }
        while !self.held.is_empty() {
            self.end();
        }
        self.recorder.log
    }

    fn invoke(&mut self) {
        let which = below(&mut self.rng, FUNCTIONS);
        let (function, id) = (which as u8, self.functions[which]);
        let invoke = || self.subject.invoke(self.thread, id);
        let answer = self.recorder.call(invoke, |answer| match answer {
            Ok(invocation) => {
                let slot = invocation.instance.slot.index();
                match invocation.start {
                    Start::Warm => Done::Warm { function, slot },
                    Start::Cold { .. } => Done::Cold { function, slot },
                }
            }
            Err(InvokeError::Throttled(_)) => Done::Throttled { function },
            Err(other) => panic!("with a unit comes an instance: {other}"),
        });
        if let Ok(invocation) = answer {
            if invocation.start != Start::Warm {
                let started = self.subject.region().started(NOW, &invocation.lease);
                started.expect("a cold start reports once");
            }
            let (lease, instance) = (invocation.lease, invocation.instance);
            self.held.push(Held { lease, instance });
        }
    }

    fn end(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let at = below(&mut self.rng, self.held.len());
        let held = self.held.swap_remove(at);
        let function = held.lease.function().index() as u8;
        let slot = held.instance.slot.index();
        if self.rng.below(32) == 0 {
            let fail = || self.subject.region().fail(NOW, held.lease).expect("a live lease");
            let stop = self.recorder.call(fail, |stop| {
                let told = stop.is_some();
                Done::Failed { function, slot, told }
            });
            if let Some(instance) = stop {
                self.stop(instance);
            }
        } else {
            let complete = || self.subject.complete(held);
            let stop = self.recorder.call(complete, |_| Done::Completed { function, slot });
            assert_eq!(stop, None, "nothing is drained");
        }
    }

    /// Reaps a function. Of two moments one is too early where a reap judges.
    fn reap(&mut self, round: Round) {
        let which = below(&mut self.rng, FUNCTIONS);
        let region = self.subject.region();
        let early = round.judges && self.rng.below(4) != 0;
        let now = if early { NOW } else { NOW.after(Duration::from_nanos(1)) };
        let mut steps = region.reap(now, self.functions[which]).expect("the region's own");
        loop {
            let function = which as u8;
            let step = self.recorder.call(
                || steps.next(),
                |found| Done::Reaped {
                    function,
                    slot: found.map(|instance| instance.slot.index()),
                },
            );
            let Some(instance) = step else { return };
            self.stop(instance);
        }
    }

    fn stop(&mut self, instance: InstanceId) {
        let region = self.subject.region();
        let (function, slot) = (instance.function.index() as u8, instance.slot.index());
        let stop = || region.stopped(NOW, instance).expect("it was told to stop");
        self.recorder.call(stop, |()| Done::Stopped { function, slot });
    }
}

/// Whether the logs are those of a region that keeps its promises.
pub(crate) fn judge(round: Round, logs: &[Vec<Call>]) -> Result<(), Violation> {
    check(&Limit { functions: 0b011, limit: UNRESERVED, is_account: true }, logs)?;
    check(&Limit { functions: 0b100, limit: RESERVED, is_account: false }, logs)?;
    for function in 0..FUNCTIONS as u8 {
        check(&Idle { function, judges: round.judges }, logs)?;
        check(&Vacant { function, slots: INSTANCES }, logs)?;
    }
    Ok(())
}
