//! The rules of placement, plainly: every node, one rule after the other.

extern crate alloc;

use self::alloc::collections::{BTreeMap, BTreeSet};

use warmstow_core::id::HoldId;
use warmstow_core::placement::constraint::Expression;
use warmstow_core::placement::score::{Load, Scorer};
use warmstow_core::placement::view::{Because, NodeInfo, Protocol, Reason, TaskRequirements};
use warmstow_core::resources::{Resource, Resources};
use warmstow_core::rng::splitmix64;

/// Strategies that the requests choose from.
pub(crate) const CHAINS: [&[&str]; 14] = [
    &["spread:attribute:ecs.availability-zone", "spread:instanceId"],
    &["binpack:memory"],
    &["binpack:cpu", "binpack:memory"],
    &["spread:attribute:rack", "binpack:memory"],
    &["random"],
    &["spread:attribute:ecs.availability-zone", "random"],
    &["binpack:memory", "spread:attribute:rack", "spread:instanceId"],
    &[
        "spread:attribute:rack",
        "spread:attribute:ecs.availability-zone",
        "spread:host",
        "binpack:cpu",
        "random",
    ],
    &[],
    &["spread:host", "binpack:cpu", "spread:host"],
    &["binpack:cpu", "random", "spread:instanceId"],
    &["score:least-allocated", "score:dot-product"],
    &[
        "spread:host",
        "score:best-fit",
        "score:balanced-allocation",
        "binpack:cpu",
        "binpack:memory",
    ],
    &[
        "score:most-allocated",
        "spread:attribute:rack",
        "score:requested-to-capacity-ratio",
        "random",
    ],
];

/// Constraints that they choose from, and what each says.
type Says = fn(&Node) -> bool;
pub(crate) const CONSTRAINTS: [(&str, Says); 9] = [
    ("attribute:rack == r1", |node| node.value("rack") == Some("r1")),
    ("attribute:rack != r1", |node| node.value("rack") != Some("r1")),
    ("attribute:ecs.availability-zone in [a, b]", |node| {
        matches!(node.value("ecs.availability-zone"), Some("a" | "b"))
    }),
    ("runningTasksCount < 2", |node| node.running() < 2),
    ("task:group == g1", |node| node.tasks_of("g1") > 0),
    ("not(task:group == g0) or attribute:rack exists", |node| {
        node.tasks_of("g0") == 0 || node.value("rack").is_some()
    }),
    ("agentVersion >= 1.14", |node| node.new_agent),
    ("attribute:size > 5 and attribute:size < 20", |node| node.value("size") == Some("10")),
    ("agentConnected == true && attribute:rack =~ r.", |node| {
        node.connected && matches!(node.value("rack"), Some("r1" | "r2"))
    }),
];

/// A constraint of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// One of [`CONSTRAINTS`].
    Member(usize),
    /// `distinctInstance`.
    Distinct,
    /// Topology spread over an attribute.
    Skew(&'static str, u32),
}

/// A request and its constraints.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) group: &'static str,
    pub(crate) needs: TaskRequirements,
    pub(crate) constraints: Vec<Rule>,
    pub(crate) chain: &'static [&'static str],
}

/// What a task holds.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) id: HoldId,
    pub(crate) running: bool,
    group: &'static str,
    needs: TaskRequirements,
}

impl Held {
    pub(crate) fn of(id: HoldId, request: &Request) -> Self {
        Self { id, running: false, group: request.group, needs: request.needs.clone() }
    }
}

/// A node: what it has, and what its tasks hold.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) active: bool,
    pub(crate) connected: bool,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) held: Vec<Held>,
    new_agent: bool,
    total: (Resources, u32, u32),
    reserved: BTreeSet<(Protocol, u16)>,
}

impl Node {
    pub(crate) fn of(info: &NodeInfo) -> Self {
        let attributes = info.attributes.iter();
        Self {
            active: true,
            connected: true,
            attributes: attributes.map(|(name, value)| (name.into(), value.into())).collect(),
            held: Vec::new(),
            new_agent: info.agent_version.as_ref().is_some_and(|v| v.to_string() == "1.14.2"),
            total: (info.resources, info.gpus, info.enis),
            reserved: info.reserved_ports.iter().collect(),
        }
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    fn sum(&self, of: fn(&TaskRequirements) -> u32) -> u32 {
        self.held.iter().map(|held| of(&held.needs)).sum()
    }

    /// What its tasks hold: CPU, memory, GPUs, interfaces.
    fn used(&self) -> [u32; 4] {
        [
            self.sum(|needs| needs.resources.cpu_units),
            self.sum(|needs| needs.resources.memory_mib),
            self.sum(|needs| needs.gpus),
            self.sum(|needs| needs.enis),
        ]
    }

    pub(crate) fn holds_too_much(&self) -> bool {
        let (total, gpus, enis) = self.total;
        let [cpu, memory, used_gpus, used_enis] = self.used();
        cpu > total.cpu_units || memory > total.memory_mib || used_gpus > gpus || used_enis > enis
    }

    pub(crate) fn free(&self) -> (Resources, u32, u32) {
        let (total, gpus, enis) = self.total;
        let [cpu, memory, used_gpus, used_enis] = self.used();
        let free = Resources::new(total.cpu_units - cpu, total.memory_mib - memory);
        (free, gpus - used_gpus, enis - used_enis)
    }

    pub(crate) fn running(&self) -> u32 {
        u32::try_from(self.held.iter().filter(|held| held.running).count()).unwrap()
    }

    fn tasks_of(&self, group: &str) -> u32 {
        u32::try_from(self.held.iter().filter(|held| held.group == group).count()).unwrap()
    }

    pub(crate) fn ports(&self) -> BTreeSet<(Protocol, u16)> {
        let held = self.held.iter().flat_map(|held| held.needs.ports.iter());
        self.reserved.iter().copied().chain(held).collect()
    }

    pub(crate) fn shortages(&self, needs: &TaskRequirements) -> Vec<Reason> {
        let (free, gpus, enis) = self.free();
        let mut reasons = Vec::new();
        let Resources { cpu_units: needed, .. } = needs.resources;
        if needed > free.cpu_units {
            reasons.push(Reason::Cpu { needed, available: free.cpu_units });
        }
        let Resources { memory_mib: needed, .. } = needs.resources;
        if needed > free.memory_mib {
            reasons.push(Reason::Memory { needed, available: free.memory_mib });
        }
        if needs.gpus > gpus {
            reasons.push(Reason::Gpu { needed: needs.gpus, available: gpus });
        }
        let ports = self.ports();
        if let Some(taken) = needs.ports.iter().find(|port| ports.contains(port)) {
            let needed = u32::try_from(needs.ports.len()).unwrap();
            let available = 100 - u32::try_from(ports.len()).unwrap();
            reasons.push(Reason::Ports { needed, available, taken: Some(taken) });
        }
        if needs.enis > enis {
            reasons.push(Reason::Eni { needed: needs.enis, available: enis });
        }
        reasons
    }

    /// Every reason against a task of the request.
    fn reasons(&self, request: &Request) -> Vec<Reason> {
        let mut reasons = Vec::new();
        if !self.active {
            reasons.push(Reason::Inactive);
        }
        if !self.connected {
            reasons.push(Reason::Agent);
        }
        reasons.extend(self.shortages(&request.needs));
        for (requirement, wanted) in request.needs.attributes.iter().enumerate() {
            let value = self.value(&wanted.name);
            if value.is_none() || wanted.value.is_some() && value != wanted.value.as_deref() {
                reasons.push(Reason::Attribute { requirement });
            }
        }
        let zone = self.value("ecs.availability-zone").unwrap_or("nowhere");
        let zones = &request.needs.zones;
        if !zones.is_empty() && zones.iter().all(|wanted| **wanted != *zone) {
            reasons.push(Reason::Location);
        }
        for (constraint, rule) in request.constraints.iter().enumerate() {
            if let Rule::Member(number) = rule
                && !CONSTRAINTS[*number].1(self)
            {
                reasons.push(Reason::MemberOf { constraint });
            }
        }
        let tasks = self.tasks_of(request.group);
        if request.constraints.contains(&Rule::Distinct) && tasks > 0 {
            reasons.push(Reason::DistinctInstance { tasks });
        }
        reasons
    }
}

/// The list: by index, `None` where the node is gone.
pub(crate) struct Oracle {
    pub(crate) nodes: Vec<Option<Node>>,
    pub(crate) draws: u64,
}

impl Oracle {
    pub(crate) fn has(&self, at: usize) -> bool {
        self.nodes[at].is_some()
    }

    pub(crate) fn node(&self, at: usize) -> &Node {
        self.nodes[at].as_ref().expect("the node is there")
    }

    pub(crate) fn reasons(&self, request: &Request) -> Vec<(usize, Vec<Reason>)> {
        let there = (0..self.nodes.len()).filter(|at| self.has(*at));
        let own = there.map(|at| (at, self.node(at).reasons(request)));
        let mut all: Vec<(usize, Vec<Reason>)> = own.collect();
        // What says that a value does not count for topology spread: all but a
        // lack of room and what runs there.
        let bars = |reason: &Reason| match reason {
            Reason::Inactive | Reason::Agent | Reason::Attribute { .. } | Reason::Location => true,
            Reason::MemberOf { constraint } => {
                let Rule::Member(number) = request.constraints[*constraint] else { return false };
                let text = CONSTRAINTS[number].0;
                !Expression::parse(text).expect("it is an expression").asks_for_tasks()
            }
            _ => false,
        };
        let counting = all.iter().filter(|(_, reasons)| !reasons.iter().any(bars));
        let counting: Vec<usize> = counting.map(|(at, _)| *at).collect();
        for (constraint, rule) in request.constraints.iter().enumerate() {
            let Rule::Skew(attribute, max_skew) = *rule else { continue };
            let tasks = |value: &str| -> u64 {
                let alike = self.nodes.iter().flatten();
                let alike = alike.filter(|one| one.value(attribute) == Some(value));
                alike.map(|one| u64::from(one.tasks_of(request.group))).sum()
            };
            let values = counting.iter().filter_map(|at| self.node(*at).value(attribute));
            let fewest = values.map(tasks).min();
            for (at, reasons) in &mut all {
                let Some(value) = self.node(*at).value(attribute) else {
                    reasons.push(Reason::MaxSkew { constraint, skew: None });
                    continue;
                };
                let after = tasks(value) + 1;
                let skew = fewest.map_or(0, |fewest| after.saturating_sub(fewest));
                if skew > u64::from(max_skew) {
                    reasons.push(Reason::MaxSkew { constraint, skew: Some(skew) });
                }
            }
        }
        all
    }

    /// The node for a task, and what each strategy found of it.
    pub(crate) fn chosen(&mut self, request: &Request) -> Option<(usize, Vec<Because>)> {
        let drawn = request.chain.contains(&"random").then(|| splitmix64(&mut self.draws));
        let reasons = self.reasons(request);
        let open = reasons.into_iter().filter(|(_, reasons)| reasons.is_empty());
        let mut left: Vec<usize> = open.map(|(at, _)| at).collect();
        let mut because = Vec::new();
        for step in request.chain {
            if *step == "random" {
                let draw = u128::from(drawn.unwrap());
                let place = usize::try_from((draw * left.len() as u128) >> 64).unwrap();
                because.push(Because::Drawn { from: u32::try_from(left.len()).unwrap() });
                left = left.get(place).copied().into_iter().collect();
                break;
            }
            let measured: Vec<_> = left.iter().map(|at| self.measure(step, request, *at)).collect();
            let least = measured.iter().min_by_key(|(amount, _)| *amount).copied()?;
            because.push(least.1);
            left.retain(|at| self.measure(step, request, *at).0 == least.0);
        }
        left.first().map(|at| (*at, because))
    }

    /// What the strategy makes small.
    fn measure(&self, step: &str, request: &Request, at: usize) -> (usize, Because) {
        let node = self.node(at);
        let (free, ..) = node.free();
        let tasks = node.tasks_of(request.group);
        match step {
            "binpack:cpu" => {
                let amount = free.cpu_units;
                (amount as usize, Because::Left { resource: Resource::Cpu, amount })
            }
            "binpack:memory" => {
                let amount = free.memory_mib;
                (amount as usize, Because::Left { resource: Resource::Memory, amount })
            }
            "spread:host" | "spread:instanceId" => {
                (tasks as usize, Because::TasksOnInstance { tasks })
            }
            _ if step.starts_with("score:") => {
                let scorer = Scorer::by_name(&step[6..]).expect("it is a scorer");
                let needed = request.needs.resources;
                let score = scorer.score(&Load { capacity: node.total.0, free, needed });
                (usize::MAX - score as usize, Because::Score { score })
            }
            _ => {
                let name = step.strip_prefix("spread:attribute:").expect("it is a strategy");
                let Some(value) = node.value(name) else {
                    return (usize::MAX, Because::NoAttribute);
                };
                let alike =
                    self.nodes.iter().flatten().filter(|one| one.value(name) == Some(value));
                let tasks: u64 = alike.map(|one| u64::from(one.tasks_of(request.group))).sum();
                (usize::try_from(tasks).unwrap(), Because::TasksOfValue { tasks })
            }
        }
    }
}

/// The node with the fewest reasons, then the smallest share missing.
pub(crate) fn closest(reasons: &[(usize, Vec<Reason>)]) -> Option<usize> {
    let missing = |reason: &Reason| match *reason {
        Reason::Cpu { needed, available }
        | Reason::Memory { needed, available }
        | Reason::Gpu { needed, available }
        | Reason::Eni { needed, available } => {
            (1_000_000 * u64::from(needed - available)).div_ceil(needed.into())
        }
        _ => 1_000_000,
    };
    let distance = |(_, reasons): &&(usize, Vec<Reason>)| {
        (reasons.len(), reasons.iter().map(missing).sum::<u64>())
    };
    reasons.iter().min_by_key(distance).map(|(at, _)| *at)
}
