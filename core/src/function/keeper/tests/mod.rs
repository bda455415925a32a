//! The keeper as a host sees it.

mod pressure;
mod rules;

use alloc::sync::Arc;

use crate::function::keep_alive::KeepAlivePolicy;
use crate::function::{
    Control, FunctionSpec, Invocation, Keeper, KeeperAction, Prestart, Region, RegionConfig, Start,
};
use crate::id::{FunctionId, InstanceId};
use crate::placement::NodeSpec;
use crate::pool::Reaped;
use crate::resources::Resources;
use crate::time::{Duration, Instant};

const fn at(second: u64) -> Instant {
    Instant::from_secs(second)
}

/// A host of one region: it carries actions out at once.
struct Host {
    region: Arc<Region>,
    control: Control,
    keeper: Keeper,
    /// Instances being started ahead.
    starting: Vec<Prestart>,
    /// What was stopped, in order.
    stopped: Vec<InstanceId>,
    /// Starts ahead that were asked for.
    prestarts: u32,
}

impl Host {
    /// Without nodes where there are none.
    fn new(nodes: &[u32]) -> Self {
        let max_nodes = u32::try_from(nodes.len()).unwrap();
        let config = RegionConfig { max_nodes, ..RegionConfig::default() };
        let (region, mut control) = Region::new(config).unwrap();
        for &memory_mib in nodes {
            control.add_node(NodeSpec::new(Resources::new(1 << 20, memory_mib), 0)).unwrap();
        }
        let keeper = Keeper::new(region.clone());
        let (starting, stopped) = (vec![], vec![]);
        Self { region, control, keeper, starting, stopped, prestarts: 0 }
    }

    fn add(&mut self, name: &str, memory_mib: u32) -> FunctionId {
        let spec = FunctionSpec { max_instances: 32, ..FunctionSpec::of_memory(memory_mib) };
        self.control.add_function(name, spec).unwrap()
    }

    fn keep(&mut self, now: Instant, function: FunctionId, policy: &str) {
        let policy: KeepAlivePolicy = policy.parse().unwrap();
        self.keeper.set_policy(now, function, policy, Duration::from_secs(1)).unwrap();
        self.act(now);
    }

    /// A request, served at once by a started instance.
    fn invoke(&mut self, now: Instant, function: FunctionId) -> Invocation {
        self.act(now);
        let invocation = self.region.invoke(now, function).unwrap();
        if invocation.start != Start::Warm {
            self.region.started(now, &invocation.lease).unwrap();
        }
        self.keeper.handle_invoked(now, invocation.instance);
        self.act(now);
        invocation
    }

    fn complete(&mut self, now: Instant, invocation: Invocation) -> InstanceId {
        let Invocation { lease, instance, .. } = invocation;
        assert_eq!(self.region.complete(now, lease), Ok(None));
        self.keeper.handle_ended(now, instance, false);
        self.act(now);
        instance
    }

    /// One request after another, each of a second, all starts ahead being up
    /// by then; whether each was warm.
    fn calls(&mut self, function: FunctionId, seconds: &[u64]) -> Vec<bool> {
        let call = |&second: &u64| {
            self.act(at(second));
            self.prepared(at(second));
            let request = self.invoke(at(second), function);
            let warm = request.start == Start::Warm;
            self.complete(at(second + 1), request);
            warm
        };
        seconds.iter().map(call).collect()
    }

    /// Carries out what the keeper wants at `now` and before.
    fn act(&mut self, now: Instant) {
        loop {
            let due = self.keeper.next_deadline().filter(|due| *due <= now);
            let Some(action) = self.keeper.poll_action(due.unwrap_or(now)) else {
                match due {
                    Some(_) => continue,
                    None => return,
                }
            };
            match action {
                KeeperAction::Stop { instance } => {
                    assert_eq!(self.region.evict(now, instance), Ok(Reaped::Stop), "it is idle");
                    self.region.stopped(now, instance).unwrap();
                    self.keeper.handle_stopped(now, instance);
                    self.stopped.push(instance);
                }
                KeeperAction::Prestart { function } => {
                    self.prestarts += 1;
                    match self.region.prestart(now, function) {
                        Ok(prestart) => self.starting.push(prestart),
                        Err(_) => self.keeper.handle_unprepared(now, function),
                    }
                }
            }
        }
    }

    /// What is being started ahead is up.
    fn prepared(&mut self, now: Instant) {
        for prestart in core::mem::take(&mut self.starting) {
            let instance = prestart.instance;
            assert_eq!(self.region.prepared(now, prestart.lease), Ok(None));
            self.keeper.handle_prepared(now, instance);
            self.act(now);
        }
    }

    fn idle(&self, function: FunctionId) -> u32 {
        self.region.counters(function).unwrap().idle_instances
    }
}
