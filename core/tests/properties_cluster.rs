//! Random sequences of calls on a cluster, beside a plain account of its resources.
//!
//! After each step:
//! * on every instance, what is left and what its tasks hold add up to what it
//!   registered, in the scheduler's account (every task from its placement until it
//!   has STOPPED) and in the agent's (from its admission);
//! * no task holds anything once it has STOPPED, and none moves back;
//! * the agent's queue is first in, first out, and its head does not fit;
//! * no port of an instance is held twice.
#![cfg(all(feature = "alloc", not(loom)))]

extern crate alloc;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;

use proptest::prelude::*;
use warmstow_core::cluster::instance::{ContainerInstance, ContainerInstanceId, Registration};
use warmstow_core::cluster::task::{ContainerStatus, StopCode, TaskId, TaskStatus};
use warmstow_core::cluster::task_definition::{
    ContainerDefinition, NetworkMode, PortMapping, Protocol, Registered, Registry, Rules,
    TaskDefinition,
};
use warmstow_core::cluster::{Action, Cluster, Event, RunRequest, Settings, StoppingTasks};
use warmstow_core::resources::Resources;
use warmstow_core::time::{Duration, Instant};

#[derive(Clone, Debug)]
enum Step {
    Register(u8),
    Deregister(u8, bool),
    Drain(u8),
    Activate(u8),
    Lose(u8),
    Connect(u8, bool),
    Run {
        definition: u8,
        count: u8,
        service: bool,
    },
    StopTask(u8),
    /// Answers an open action, or fails where it can.
    Answer(u8, bool),
    Exit(u8),
    Wait(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => any::<u8>().prop_map(Step::Register),
        1 => (any::<u8>(), any::<bool>()).prop_map(|(at, force)| Step::Deregister(at, force)),
        1 => any::<u8>().prop_map(Step::Drain),
        1 => any::<u8>().prop_map(Step::Activate),
        1 => any::<u8>().prop_map(Step::Lose),
        2 => (any::<u8>(), any::<bool>()).prop_map(|(at, on)| Step::Connect(at, on)),
        6 => (any::<u8>(), 1..=10_u8, any::<bool>())
            .prop_map(|(definition, count, service)| Step::Run { definition, count, service }),
        5 => any::<u8>().prop_map(Step::StopTask),
        20 => (any::<u8>(), prop::bool::weighted(0.9)).prop_map(|(at, well)| Step::Answer(at, well)),
        3 => any::<u8>().prop_map(Step::Exit),
        3 => any::<u16>().prop_map(Step::Wait),
    ]
}

fn definitions() -> Vec<Arc<Registered>> {
    let one =
        |name: &str, cpu, memory| ContainerDefinition::new(name, "image").with_sizes(cpu, memory);
    let small = TaskDefinition::new("small", vec![one("a", 100, 200)]);
    let mut ports = one("a", 300, 100);
    ports.port_mappings =
        vec![PortMapping::new(80, 80, Protocol::Tcp), PortMapping::new(80, 80, Protocol::Udp)];
    let ports = TaskDefinition::new("ports", vec![ports, one("b", 0, 50)]);
    let mut soft = one("a", 500, 900);
    soft.memory_reservation = Some(300);
    let soft = TaskDefinition::new("soft", vec![soft]);
    let mut net = TaskDefinition::new("net", vec![one("a", 50, 50)]);
    net.network_mode = Some(NetworkMode::Awsvpc);
    let mut registry = Registry::new();
    let mut register = |task| registry.register(Instant::ZERO, task, &Rules::default()).unwrap();
    [small, ports, soft, net].map(&mut register).to_vec()
}

/// The cluster with everything that its host was asked and has not answered.
struct World {
    cluster: Cluster,
    now: Instant,
    definitions: Vec<Arc<Registered>>,
    open: Vec<Action>,
    servers: u32,
    last: BTreeMap<TaskId, TaskStatus>,
}

impl World {
    fn new(stopping_tasks: StoppingTasks) -> Self {
        let settings = Settings { stopping_tasks, ..Settings::default() };
        let cluster = Cluster::new("model", settings);
        let (open, last) = (Vec::new(), BTreeMap::new());
        Self { cluster, now: Instant::ZERO, definitions: definitions(), open, servers: 0, last }
    }

    fn instance(&self, at: u8) -> Option<ContainerInstanceId> {
        let all: Vec<_> = self.cluster.instances().map(ContainerInstance::id).collect();
        (!all.is_empty()).then(|| all[usize::from(at) % all.len()])
    }

    fn task(&self, at: u8) -> Option<TaskId> {
        let live = self.cluster.tasks().filter(|task| task.last_status() != TaskStatus::Stopped);
        let all: Vec<_> = live.map(|task| task.id()).collect();
        (!all.is_empty()).then(|| all[usize::from(at) % all.len()])
    }

    fn step(&mut self, step: &Step) {
        let now = self.now;
        match *step {
            Step::Register(size) => {
                self.servers += 1;
                let resources =
                    Resources::new(500 + u32::from(size) * 4, 500 + u32::from(size) * 4);
                let mut server = Registration::new(&format!("i-{}", self.servers), resources);
                server.trunking = size.is_multiple_of(3);
                self.cluster.register_instance(now, server).unwrap();
            }
            Step::Deregister(at, force) => {
                let id = self.instance(at);
                // Refusals are part of the game: nothing may change by them.
                id.map(|id| self.cluster.deregister_instance(now, id, force));
            }
            Step::Drain(at) => {
                self.instance(at).map(|id| self.cluster.drain_instance(now, id));
            }
            Step::Activate(at) => {
                self.instance(at).map(|id| self.cluster.activate_instance(now, id));
            }
            Step::Lose(at) => {
                let lost = |instance| Event::InstanceLost { instance, reason: "lost".into() };
                self.instance(at).map(|id| self.cluster.handle(now, lost(id)));
            }
            Step::Connect(at, on) => {
                let event = |instance| match on {
                    true => Event::AgentConnected { instance },
                    false => Event::AgentDisconnected { instance },
                };
                self.instance(at).map(|id| self.cluster.handle(now, event(id)));
            }
            Step::Run { definition, count, service } => self.run(definition, count, service),
            Step::StopTask(at) => {
                let code = StopCode::UserInitiated;
                self.task(at).map(|id| self.cluster.stop_task(now, id, code, "enough"));
            }
            Step::Answer(at, well) => self.answer(at, well),
            Step::Exit(at) => {
                let exit = |task| Event::ContainerExited { task, container: 0, exit_code: 1 };
                self.task(at).map(|id| self.cluster.handle(now, exit(id)));
            }
            Step::Wait(seconds) => {
                self.now = now.after(Duration::from_secs(u64::from(seconds) / 100));
                self.cluster.handle_time(self.now);
            }
        }
        while let Some(action) = self.cluster.poll_action() {
            let news =
                matches!(action, Action::TaskChanged { .. } | Action::InstanceChanged { .. });
            if !news {
                self.open.push(action);
            }
        }
    }

    fn run(&mut self, definition: u8, count: u8, service: bool) {
        let definition = &self.definitions[usize::from(definition) % self.definitions.len()];
        let mut request = RunRequest::new(definition);
        if service {
            request = request.for_service("web", "deployment");
        }
        let before = self.cluster.tasks().count();
        if let Ok(ran) = self.cluster.run_tasks(self.now, &request, u32::from(count)) {
            let made = self.cluster.tasks().count() - before;
            assert_eq!(made, ran.tasks.len());
            assert!(ran.tasks.len() <= usize::from(count));
        }
    }

    fn answer(&mut self, at: u8, well: bool) {
        if self.open.is_empty() {
            return;
        }
        let action = self.open.remove(usize::from(at) % self.open.len());
        let why = || "no".to_string();
        let event = match (action, well) {
            (Action::AttachTrunk { instance }, true) => Event::TrunkAttached { instance },
            (Action::AttachTrunk { instance }, false) => {
                Event::TrunkFailed { instance, reason: why() }
            }
            (Action::DetachTrunk { instance }, _) => Event::TrunkDetached { instance },
            (Action::Provision { task, .. }, true) => Event::Provisioned { task },
            (Action::Provision { task, .. }, false) => {
                Event::ProvisionFailed { task, reason: why() }
            }
            (Action::Deprovision { task }, _) => Event::Deprovisioned { task },
            (Action::StartContainer { task, container }, true) => {
                Event::ContainerStarted { task, container }
            }
            (Action::StartContainer { task, container }, false) => {
                Event::ContainerFailed { task, container, reason: why() }
            }
            (Action::StopContainer { task, container }, _) => {
                Event::ContainerExited { task, container, exit_code: 0 }
            }
            (Action::KillContainer { task, container }, _) => {
                Event::ContainerExited { task, container, exit_code: 137 }
            }
            _ => return,
        };
        // Late answers, about what is gone, are refused.
        let _ = self.cluster.handle(self.now, event);
    }

    /// The plain account: everything from the list of tasks, nothing remembered.
    fn check(&mut self) {
        for instance in self.cluster.instances() {
            let tasks = self.cluster.tasks().filter(|task| task.instance() == Some(instance.id()));
            let live: Vec<_> =
                tasks.filter(|task| task.last_status() != TaskStatus::Stopped).collect();
            let ids: Vec<_> = live.iter().map(|task| task.id()).collect();
            assert_eq!(instance.tasks().collect::<Vec<_>>(), ids);
            let all = instance.registration().resources;
            let mut held = Resources::default();
            let mut ports = BTreeSet::new();
            let waiting: BTreeSet<_> = instance.waiting().collect();
            for task in &live {
                let runs = |status: ContainerStatus| {
                    !matches!(status, ContainerStatus::Pending | ContainerStatus::Stopped)
                };
                let any_runs = task.containers().iter().any(|one| runs(one.status()));
                assert!(task.is_admitted() || !any_runs, "it runs and holds nothing");
                assert!(!(task.is_admitted() && waiting.contains(&task.id())));
                if !task.is_admitted() {
                    continue;
                }
                let needs = task.requirements();
                held.cpu_units += needs.resources.cpu_units;
                held.memory_mib += needs.resources.memory_mib;
                for port in &needs.ports {
                    assert!(ports.insert(*port), "{port:?} is held twice");
                }
            }
            let free = instance.free();
            assert_eq!(free.resources.cpu_units + held.cpu_units, all.cpu_units);
            assert_eq!(free.resources.memory_mib + held.memory_mib, all.memory_mib);
            let reserved = instance.registration().reserved_ports.len();
            assert_eq!(free.taken_ports.len(), reserved + ports.len());
            self.scheduler(instance, &live);
            if let Some(head) = instance.waiting().next()
                && instance.agent_connected()
            {
                let needs = self.cluster.task(head).unwrap().requirements();
                assert!(instance.free().short_of(needs).is_some(), "the head waits in vain");
            }
        }
        for task in self.cluster.tasks() {
            let before = self.last.insert(task.id(), task.last_status());
            assert!(before.is_none_or(|before| before <= task.last_status()), "moved back");
        }
    }

    fn scheduler(
        &self,
        instance: &ContainerInstance,
        live: &[&warmstow_core::cluster::task::Task],
    ) {
        let optimistic = self.cluster.settings().stopping_tasks == StoppingTasks::Free;
        let counts = |task: &&&warmstow_core::cluster::task::Task| {
            let stops = task.desired_status().as_str() == "STOPPED";
            !(optimistic && stops)
        };
        let counted: Vec<_> = live.iter().filter(counts).collect();
        let cpu: u32 = counted.iter().map(|task| task.requirements().resources.cpu_units).sum();
        let memory: u32 = counted.iter().map(|task| task.requirements().resources.memory_mib).sum();
        let enis: u32 = counted.iter().map(|task| task.requirements().enis).sum();
        let all = instance.registration();
        let left = instance.remaining();
        assert_eq!(left.resources.cpu_units + cpu, all.resources.cpu_units);
        assert_eq!(left.resources.memory_mib + memory, all.resources.memory_mib);
        assert_eq!(left.enis + enis, all.eni.tasks(all.trunking));
        let ports: usize = counted.iter().map(|task| task.requirements().ports.len()).sum();
        assert_eq!(left.taken_ports.len(), all.reserved_ports.len() + ports);
    }
}

/// Lets everything end: all tasks are stopped, all questions answered.
fn wind_up(world: &mut World) {
    for at in 0..=255 {
        world.step(&Step::Connect(at, true));
    }
    while let Some(task) = world.task(0) {
        world.cluster.stop_task(world.now, task, StopCode::UserInitiated, "end").unwrap();
        let live = |world: &World| {
            world.cluster.task(task).is_some_and(|task| task.last_status() != TaskStatus::Stopped)
        };
        let mut rounds = 0;
        while live(world) {
            world.step(&Step::Answer(0, true));
            if world.open.is_empty() {
                world.step(&Step::Wait(10_000));
            }
            rounds += 1;
            assert!(rounds < 10_000, "a task that never stops: {:?}", world.cluster.task(task));
        }
    }
    for instance in world.cluster.instances() {
        let all = instance.registration().resources;
        assert_eq!(instance.remaining().resources, all);
        assert_eq!(instance.free().resources, all);
        assert_eq!(instance.free(), instance.remaining(), "both accounts are full again");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn resources_are_conserved(
        steps in prop::collection::vec(step(), 1..120),
        optimistic in any::<bool>(),
    ) {
        let stopping = if optimistic { StoppingTasks::Free } else { StoppingTasks::Held };
        let mut world = World::new(stopping);
        for step in &steps {
            world.step(step);
            world.check();
        }
        wind_up(&mut world);
    }
}
