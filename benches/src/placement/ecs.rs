//! Placement by the rules of Amazon ECS: the view beside a scan of all nodes.
//!
//! The cluster has three zones and four instance types, half full. Services
//! take turns; each has a group of its own, a `memberOf` constraint on the
//! instance type and needs of its own. A round places one task, takes its
//! room, and gives back the room of the oldest.

extern crate alloc;

use self::alloc::collections::VecDeque;

use warmstow_core::id::{HoldId, RequestId};
use warmstow_core::placement::constraint::Constraint;
use warmstow_core::placement::view::{
    Chain, INSTANCE_TYPE, NodeInfo, PlacementRequest, TaskRequirements, View,
};
use warmstow_core::resources::Resources;
use warmstow_core::rng::Rng;

/// Instance types: CPU units and MiB.
const TYPES: [(&str, u32, u32); 4] = [
    ("m5.xlarge", 4_096, 15_800),
    ("m5.2xlarge", 8_192, 31_700),
    ("c5.2xlarge", 8_192, 15_800),
    ("r5.xlarge", 4_096, 31_700),
];
const ZONES: [&str; 3] = ["us-east-1a", "us-east-1b", "us-east-1c"];

/// How tasks are placed in a bench.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Zones, then instances: the default of services.
    Service,
    /// Zones, then the least memory left.
    ZonesThenBinpack,
    /// The least memory left.
    Binpack,
}

impl Rule {
    /// All of them, with their names.
    pub const ALL: [(Self, &'static str); 3] = [
        (Self::Service, "spread:zone, spread:instanceId"),
        (Self::ZonesThenBinpack, "spread:zone, binpack:memory"),
        (Self::Binpack, "binpack:memory"),
    ];

    fn chain(self) -> Chain {
        let zone = "spread:attribute:ecs.availability-zone";
        match self {
            Self::Service => Chain::of_service(),
            Self::ZonesThenBinpack => {
                Chain::parse(&[zone, "binpack:memory"]).expect("they are strategies")
            }
            Self::Binpack => Chain::parse(&["binpack:memory"]).expect("it is a strategy"),
        }
    }
}

/// A service of the workload.
#[derive(Clone, Copy, Debug)]
struct Service {
    needs: Resources,
    /// The instance type that it does not run on.
    not_on: usize,
    port: u16,
}

fn services(count: usize) -> Vec<Service> {
    let mut draws = Rng::stream(44, 0);
    let service = |number: usize| Service {
        needs: Resources::new(
            64 << draws.below(4),
            u32::try_from(256 + 128 * draws.below(12)).expect("small"),
        ),
        not_on: number % TYPES.len(),
        port: if number % 4 == 3 { 8_000 + u16::try_from(number).expect("few") } else { 0 },
    };
    (0..count).map(service).collect()
}

/// What a subject does: one round of one service; the node's number.
pub trait Cluster {
    /// Half full, with so many nodes and services.
    fn new(rule: Rule, nodes: u32, services: usize) -> Self;

    /// Places a task of that service and gives the oldest task's room back.
    fn round(&mut self, service: usize) -> Option<u32>;
}

/// Our view.
#[derive(Debug)]
pub struct Ours {
    view: View,
    requests: Vec<RequestId>,
    held: VecDeque<HoldId>,
}

impl Cluster for Ours {
    fn new(rule: Rule, nodes: u32, count: usize) -> Self {
        let mut view = View::new(1);
        for number in 0..nodes as usize {
            let (name, cpu, memory) = TYPES[number / 3 % TYPES.len()];
            let info = NodeInfo::new(cpu, memory).zone(ZONES[number % 3]);
            view.add_node(info.attribute(INSTANCE_TYPE, name)).expect("the node is in range");
        }
        let request = |(number, service): (usize, &Service)| {
            let Resources { cpu_units, memory_mib } = service.needs;
            let needs = TaskRequirements::new(cpu_units, memory_mib).tcp_port(service.port);
            let text = format!("attribute:ecs.instance-type != {}", TYPES[service.not_on].0);
            PlacementRequest::new(&format!("service:{number}"), needs)
                .constraint(Constraint::member_of(&text).expect("it is an expression"))
                .strategies(rule.chain())
        };
        let services = services(count);
        let requests = services.iter().enumerate().map(request);
        let requests = requests.map(|one| view.prepare(one).expect("it is in range")).collect();
        let mut ours = Self { view, requests, held: VecDeque::new() };
        for task in 0..nodes as usize * 4 {
            ours.place(task % count);
        }
        ours
    }

    fn round(&mut self, service: usize) -> Option<u32> {
        let node = self.place(service);
        if let Some(oldest) = self.held.pop_front() {
            let _was_held = self.view.release(oldest);
        }
        node
    }
}

impl Ours {
    fn place(&mut self, service: usize) -> Option<u32> {
        let placed = self.view.try_place(self.requests[service]).expect("it is prepared")?;
        let hold = self.view.commit(self.requests[service], placed.node).expect("it has room");
        self.held.push_back(hold);
        Some(placed.node.index())
    }
}

/// A scan of all nodes for each task, as one would write it: what the
/// constraints say is kept, and so are the tasks of each service by zone.
#[derive(Debug)]
pub struct Scan {
    rule: Rule,
    services: Vec<Service>,
    free: Vec<Resources>,
    ports: Vec<Vec<u16>>,
    /// By service, then by node.
    tasks: Vec<Vec<u16>>,
    by_zone: Vec<[u32; 3]>,
    held: VecDeque<(usize, usize)>,
}

impl Cluster for Scan {
    fn new(rule: Rule, nodes: u32, count: usize) -> Self {
        let nodes = nodes as usize;
        let types = (0..nodes).map(|number| TYPES[number / 3 % TYPES.len()]);
        let mut scan = Self {
            rule,
            services: services(count),
            free: types.map(|(_, cpu, memory)| Resources::new(cpu, memory)).collect(),
            ports: vec![vec![]; nodes],
            tasks: vec![vec![0; nodes]; count],
            by_zone: vec![[0; 3]; count],
            held: VecDeque::new(),
        };
        for task in 0..nodes * 4 {
            scan.place(task % count);
        }
        scan
    }

    fn round(&mut self, service: usize) -> Option<u32> {
        let node = self.place(service);
        if let Some((service, node)) = self.held.pop_front() {
            let Service { needs, port, .. } = self.services[service];
            self.free[node].cpu_units += needs.cpu_units;
            self.free[node].memory_mib += needs.memory_mib;
            self.ports[node].retain(|taken| *taken != port);
            self.tasks[service][node] -= 1;
            self.by_zone[service][node % 3] -= 1;
        }
        node
    }
}

impl Scan {
    fn place(&mut self, service: usize) -> Option<u32> {
        let Service { needs, not_on, port } = self.services[service];
        let (tasks, by_zone) = (&self.tasks[service], &self.by_zone[service]);
        let mut best = None;
        for (node, free) in self.free.iter().enumerate() {
            let fits = free.short_of(needs).is_none()
                && node / 3 % TYPES.len() != not_on
                && (port == 0 || !self.ports[node].contains(&port));
            if !fits {
                continue;
            }
            let key = match self.rule {
                Rule::Service => (by_zone[node % 3], u32::from(tasks[node])),
                Rule::ZonesThenBinpack => (by_zone[node % 3], free.memory_mib),
                Rule::Binpack => (0, free.memory_mib),
            };
            if best.is_none_or(|(least, _)| key < least) {
                best = Some((key, node));
            }
        }
        let (_, node) = best?;
        self.free[node].cpu_units -= needs.cpu_units;
        self.free[node].memory_mib -= needs.memory_mib;
        if port > 0 {
            self.ports[node].push(port);
        }
        self.tasks[service][node] += 1;
        self.by_zone[service][node % 3] += 1;
        self.held.push_back((service, node));
        u32::try_from(node).ok()
    }
}
