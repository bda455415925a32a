//! The keeper under random hosts: never a busy instance, never one too many,
//! and never out of step with the region.

extern crate alloc;

use alloc::collections::BTreeMap;
use alloc::sync::Arc;

use proptest::prelude::*;

use warmstow_core::function::keep_alive::KeepAlivePolicy;
use warmstow_core::function::{
    Control, FunctionSpec, Invocation, InvokeError, Keeper, KeeperAction, Prestart, Region,
    RegionConfig, Start,
};
use warmstow_core::id::{FunctionId, InstanceId, NodeId};
use warmstow_core::placement::NodeSpec;
use warmstow_core::pool::Reaped;
use warmstow_core::resources::Resources;
use warmstow_core::time::{Duration, Instant};

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    /// Time passes.
    Wait(u64),
    /// A request of a function; room is made if there is none.
    Invoke(usize),
    /// One of the requests in flight ends.
    End { which: usize, crash: bool },
    /// One of the starts ahead is over.
    Up { which: usize, fails: bool },
    /// Another policy.
    Policy { function: usize, policy: usize },
}

const POLICIES: [&str; 6] =
    ["fixed:20s", "histogram", "greedy-dual", "lru", "lru:50s", "adaptive:200"];
const SIZES_MIB: [u32; 4] = [128, 256, 512, 1_024];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (1u64..400).prop_map(Step::Wait),
        5 => (0usize..4).prop_map(Step::Invoke),
        5 => (any::<usize>(), prop::bool::weighted(0.1))
            .prop_map(|(which, crash)| Step::End { which, crash }),
        2 => (any::<usize>(), prop::bool::weighted(0.2))
            .prop_map(|(which, fails)| Step::Up { which, fails }),
        1 => (0usize..4, 0usize..POLICIES.len())
            .prop_map(|(function, policy)| Step::Policy { function, policy }),
    ];
    prop::collection::vec(step, 1..150)
}

struct Host {
    region: Arc<Region>,
    _control: Control,
    keeper: Keeper,
    functions: Vec<FunctionId>,
    now: Instant,
    flying: Vec<Invocation>,
    starting: Vec<Prestart>,
    /// Requests in flight by instance: the oracle of who is busy.
    busy: BTreeMap<InstanceId, u32>,
    log: Vec<String>,
}

impl Host {
    fn new(instance_concurrency: u32) -> Self {
        let config = RegionConfig { max_nodes: 2, ..RegionConfig::default() };
        let (region, mut control) = Region::new(config).unwrap();
        for _ in 0..2 {
            control.add_node(NodeSpec::new(Resources::new(1 << 16, 2_048), 0)).unwrap();
        }
        let mut keeper = Keeper::new(region.clone());
        let add = |(index, &memory_mib): (usize, &u32)| {
            let spec = FunctionSpec {
                max_instances: 6,
                instance_concurrency,
                ..FunctionSpec::of_memory(memory_mib)
            };
            let id = control.add_function(&format!("f{index}"), spec).unwrap();
            keeper.set_policy(Instant::ZERO, id, policy(index), Duration::from_secs(1)).unwrap();
            id
        };
        let functions = SIZES_MIB.iter().enumerate().map(add).collect();
        Self {
            region,
            _control: control,
            keeper,
            functions,
            now: Instant::ZERO,
            flying: vec![],
            starting: vec![],
            busy: BTreeMap::new(),
            log: vec![],
        }
    }

    fn step(&mut self, step: &Step) {
        match *step {
            Step::Wait(seconds) => self.now = self.now.after(Duration::from_secs(seconds)),
            Step::Invoke(function) => self.invoke(self.functions[function]),
            Step::End { which, crash } if !self.flying.is_empty() => {
                let invocation = self.flying.swap_remove(which % self.flying.len());
                self.end(invocation, crash);
            }
            Step::Up { which, fails } if !self.starting.is_empty() => {
                let prestart = self.starting.swap_remove(which % self.starting.len());
                self.up(prestart, fails);
            }
            Step::Policy { function, policy: index } => {
                let (function, policy) = (self.functions[function], policy(index));
                let cold_start = Duration::from_secs(1);
                self.keeper.set_policy(self.now, function, policy, cold_start).unwrap();
            }
            _ => {}
        }
        self.act();
    }

    fn invoke(&mut self, function: FunctionId) {
        self.act();
        let mut answer = self.region.invoke(self.now, function);
        if matches!(answer, Err(InvokeError::NoCapacity(_))) && self.make_room(function) {
            answer = self.region.invoke(self.now, function);
            assert!(answer.is_ok(), "room was promised: {answer:?}");
        }
        let Ok(invocation) = answer else { return };
        if invocation.start != Start::Warm {
            self.region.started(self.now, &invocation.lease).unwrap();
        }
        *self.busy.entry(invocation.instance).or_default() += 1;
        self.keeper.handle_invoked(self.now, invocation.instance);
        self.flying.push(invocation);
    }

    /// Checks that exactly what is needed goes.
    fn make_room(&mut self, function: FunctionId) -> bool {
        let needed = self.region.function(function).unwrap().spec().resources;
        let before: Vec<Resources> = self.free();
        if self.keeper.make_room(self.now, function).is_err() {
            self.nothing_could_go(needed, &before);
            return false;
        }
        let victims = self.act();
        let node = self.node_with_room(needed).expect("there is room now");
        let freed: Vec<u32> =
            victims.iter().filter(|(_, at)| *at == node).map(|(mib, _)| *mib).collect();
        assert_eq!(freed.len(), victims.len(), "all on one node");
        let sum: u32 = freed.iter().sum();
        for spared in &freed {
            let left = before[node as usize].memory_mib + sum - spared;
            assert!(left < needed.memory_mib, "{spared} MiB could have stayed");
        }
        true
    }

    /// By brute force: on no node are the free and the idle together enough.
    fn nothing_could_go(&self, needed: Resources, before: &[Resources]) {
        let mut could = before.to_vec();
        for &function in &self.functions {
            let of = self.region.function(function).unwrap();
            of.pool().for_each_idle(|slot| {
                let node = of.node(self.region.fleet(), slot).unwrap().unwrap();
                could[node.index() as usize].memory_mib += of.spec().resources.memory_mib;
            });
        }
        assert!(could.iter().all(|node| node.memory_mib < needed.memory_mib), "{could:?}");
    }

    fn free(&self) -> Vec<Resources> {
        self.region.fleet().unwrap().nodes().map(|node| node.free).collect()
    }

    fn node_with_room(&self, needed: Resources) -> Option<u32> {
        let fits = |free: &Resources| free.short_of(needed).is_none();
        let at = self.free().iter().position(fits)?;
        u32::try_from(at).ok()
    }

    fn end(&mut self, invocation: Invocation, crash: bool) {
        let Invocation { lease, instance, .. } = invocation;
        let stop = match crash {
            true => self.region.fail(self.now, lease),
            false => self.region.complete(self.now, lease),
        };
        let stop = stop.unwrap();
        let left = self.busy.get_mut(&instance).unwrap();
        *left -= 1;
        if *left == 0 {
            self.busy.remove(&instance);
        }
        self.keeper.handle_ended(self.now, instance, stop.is_some());
        if let Some(instance) = stop {
            self.region.stopped(self.now, instance).unwrap();
            self.keeper.handle_stopped(self.now, instance);
        }
    }

    fn up(&mut self, prestart: Prestart, fails: bool) {
        let instance = prestart.instance;
        if fails {
            let stop = self.region.unprepared(self.now, prestart.lease).unwrap();
            self.region.stopped(self.now, stop.unwrap()).unwrap();
            self.keeper.handle_unprepared(self.now, instance.function);
        } else {
            assert_eq!(self.region.prepared(self.now, prestart.lease), Ok(None));
            self.keeper.handle_prepared(self.now, instance);
        }
    }

    /// Carries out what is wanted; what was stopped: memory and node.
    fn act(&mut self) -> Vec<(u32, u32)> {
        let mut stopped = vec![];
        while let Some(action) = self.keeper.poll_action(self.now) {
            self.log.push(format!("{} {action:?}", self.now));
            match action {
                KeeperAction::Stop { instance } => {
                    assert!(!self.busy.contains_key(&instance), "{instance:?} is busy");
                    let node = self.region.node_of(instance).unwrap().map(NodeId::index);
                    let of = self.region.function(instance.function).unwrap();
                    stopped.push((of.spec().resources.memory_mib, node.unwrap()));
                    assert_eq!(self.region.evict(self.now, instance), Ok(Reaped::Stop));
                    self.region.stopped(self.now, instance).unwrap();
                    self.keeper.handle_stopped(self.now, instance);
                }
                KeeperAction::Prestart { function } => {
                    match self.region.prestart(self.now, function) {
                        Ok(prestart) => self.starting.push(prestart),
                        Err(_) => self.keeper.handle_unprepared(self.now, function),
                    }
                }
            }
        }
        stopped
    }

    /// The region's books against the host's.
    fn check(&self) {
        for &function in &self.functions {
            let counters = self.region.counters(function).unwrap();
            let of = |instance: &&InstanceId| instance.function == function;
            let busy = self.busy.keys().filter(of).count();
            let ahead = self.starting.iter().filter(|it| it.instance.function == function).count();
            let flying = self.flying.iter().filter(|it| it.instance.function == function).count();
            assert_eq!(counters.in_flight, flying as u64);
            assert_eq!(
                counters.instances as usize,
                busy + ahead + counters.idle_instances as usize
            );
            assert!(counters.prestarts >= ahead as u64);
        }
    }
}

fn policy(index: usize) -> KeepAlivePolicy {
    POLICIES[index].parse().unwrap()
}

fn play(steps: &[Step], instance_concurrency: u32) -> Host {
    let mut host = Host::new(instance_concurrency);
    for step in steps {
        host.step(step);
        host.check();
    }
    host
}

/// All requests over, and a month later: what only memory pressure ends stays,
/// all else is gone.
fn afterwards(mut host: Host) {
    while let Some(invocation) = host.flying.pop() {
        host.end(invocation, false);
        host.act();
    }
    for function in host.functions.clone() {
        host.keeper.set_policy(host.now, function, policy(0), Duration::ZERO).unwrap();
    }
    for _ in 0..50 {
        host.act();
        while let Some(prestart) = host.starting.pop() {
            host.up(prestart, false);
            host.act();
        }
        host.now = host.now.after(Duration::from_secs(60_000));
    }
    host.check();
    for &function in &host.functions {
        assert_eq!(host.region.counters(function).unwrap().instances, 0, "{:#?}", host.log);
    }
    let free = host.free();
    assert!(free.iter().all(|node| node.memory_mib == 2_048), "{free:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn busy_instances_stay_and_no_more_than_needed_go(
        steps in steps(), instance_concurrency in 1u32..4,
    ) {
        afterwards(play(&steps, instance_concurrency));
    }

    #[test]
    fn the_same_reports_give_the_same_actions(steps in steps()) {
        prop_assert_eq!(play(&steps, 1).log, play(&steps, 1).log);
    }
}
