//! Placement beside a plain list of nodes, searched exhaustively.
//!
//! [`check`] plays a list of [`Action`]s on both:
//! * a node is added, or refused, exactly as the list says;
//! * the node chosen is the one that the strategy's rule names: all nodes with
//!   room, sorted by the rule, ties by index; `Random` draws from those;
//! * a placement is refused only where no node has room, and the refusal counts
//!   what each node was short of;
//! * a reservation takes all or nothing, a release gives it back once;
//! * a stale handle, or room that nobody holds, is refused and changes nothing;
//! * after every action each node shows what is left of it.
//!
//! An action comes from four bytes, for property tests and fuzz targets alike.

use core::num::NonZeroU32;

use warmstow_core::id::NodeId;
use warmstow_core::placement::{
    FitError, Fleet, FleetError, MAX_NODES, MAX_ZONES, NodeError, NodeSpec, Refusal, ReleaseError,
    Reservation, ReserveError, SpreadBy, Strategy, words,
};
use warmstow_core::resources::{Resource, Resources};
use warmstow_core::rng::splitmix64;
use warmstow_core::sync::{AtomicU64, Storage};

const GENERATION: NonZeroU32 = NonZeroU32::new(3).unwrap();

/// The fleet as it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// How many nodes there can be.
    pub(crate) max_nodes: u32,
    /// What `Random` draws from.
    pub(crate) seed: u64,
    /// Whether it is in memory that the caller lends, or on the heap.
    pub(crate) lent: bool,
}

impl Settings {
    /// The settings that two bytes stand for; every pair is one.
    pub(crate) fn from_bytes([nodes, seed]: [u8; 2]) -> Self {
        let max_nodes = match nodes {
            0..240 => u32::from(nodes) % 13,
            240..248 => MAX_NODES + 1,
            248.. => u32::MAX,
        };
        Self { max_nodes, seed: seed.into(), lent: seed.is_multiple_of(2) }
    }
}

/// One call. A number picks a node or a reservation, modulo what there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// `add_node`.
    Add(NodeSpec),
    /// `place`.
    Place(Resources, Strategy),
    /// `reserve` on a named node, there or not.
    Reserve(u8, Resources),
    /// `release` of a reservation that is held.
    Release(u8),
    /// `release` of what nobody can hold.
    Forge(u8, Resources),
    /// `reserve`, `release` and `node` of another fleet's node.
    Foreign(u8, Resources),
    /// `fits_empty`.
    FitsEmpty(Resources),
}

impl Action {
    /// The action that four bytes stand for; all of them are one.
    pub(crate) fn from_bytes([kind, which, cpu, memory]: [u8; 4]) -> Self {
        let needed = Resources::new(amount(cpu, 6), amount(memory, 6));
        match kind % 20 {
            0..=2 => {
                let resources = Resources::new(amount(cpu, 24), amount(memory, 24));
                Self::Add(NodeSpec::new(resources, zone(which)))
            }
            3..=9 => {
                let strategy = usize::from(which) % Strategy::ALL.len();
                Self::Place(needed, Strategy::ALL[strategy])
            }
            10 | 11 => Self::Reserve(which, needed),
            12..=16 => Self::Release(which),
            17 => Self::Forge(which, needed),
            18 => Self::Foreign(which, needed),
            _ => Self::FitsEmpty(Resources::new(amount(cpu, 24), amount(memory, 24))),
        }
    }
}

/// Small amounts, so that nodes fill up; now and then the ends of the range.
const fn amount(byte: u8, below: u32) -> u32 {
    match byte {
        0..244 => byte as u32 % below,
        244..248 => Resources::MAX,
        248..252 => Resources::MAX + 1,
        252.. => u32::MAX,
    }
}

/// One of three zones, or one at the end of the range.
const fn zone(byte: u8) -> u8 {
    match byte {
        0..240 => byte % 3,
        240..248 => MAX_ZONES - 1,
        248..252 => MAX_ZONES,
        252.. => u8::MAX,
    }
}

/// Plays `actions` on a fleet of these settings and on the list.
///
/// # Panics
///
/// Where they differ.
pub(crate) fn check(settings: Settings, actions: &[Action]) {
    let Settings { max_nodes, seed, lent } = settings;
    if max_nodes > MAX_NODES {
        let error = FleetError::TooManyNodes { max_nodes: max_nodes as usize };
        assert_eq!(Fleet::new(max_nodes, GENERATION, seed).err(), Some(error));
    } else if lent {
        let words: Vec<_> = (0..words(max_nodes)).map(|_| AtomicU64::new(u64::MAX)).collect();
        play(Fleet::new_in(&words[..], GENERATION, seed), settings, actions);
    } else {
        play(Fleet::new(max_nodes, GENERATION, seed), settings, actions);
    }
}

fn play<W: Storage>(fleet: Result<Fleet<W>, FleetError>, settings: Settings, actions: &[Action]) {
    let oracle = Oracle { settings, nodes: Vec::new(), draws: settings.seed };
    let mut world = World { fleet: fleet.expect("the size is in range"), oracle, held: Vec::new() };
    for &action in actions {
        world.apply(action);
    }
    while !world.held.is_empty() {
        world.apply(Action::Release(0));
    }
    assert!(world.fleet.nodes().all(|view| view.free == view.spec.resources));
}

/// A node of the list: what it has, and what its instances hold.
struct Node {
    spec: NodeSpec,
    held: Vec<Resources>,
}

impl Node {
    fn used(&self) -> Resources {
        self.held.iter().fold(Resources::default(), |sum, held| {
            Resources::new(sum.cpu_units + held.cpu_units, sum.memory_mib + held.memory_mib)
        })
    }

    fn free(&self) -> Resources {
        let (total, used) = (self.spec.resources, self.used());
        Resources::new(total.cpu_units - used.cpu_units, total.memory_mib - used.memory_mib)
    }
}

/// The list, with what a fleet adds to it: the state of its draws.
struct Oracle {
    settings: Settings,
    nodes: Vec<Node>,
    draws: u64,
}

impl Oracle {
    fn added(&self, spec: NodeSpec) -> Result<NodeId, NodeError> {
        for resource in [Resource::Cpu, Resource::Memory] {
            match spec.resources.get(resource) {
                0 => return Err(NodeError::Zero { resource }),
                1..=Resources::MAX => {}
                amount => return Err(NodeError::TooLarge { resource, amount }),
            }
        }
        if spec.zone >= MAX_ZONES {
            return Err(NodeError::Zone { zone: spec.zone });
        }
        let max_nodes = self.settings.max_nodes;
        if self.nodes.len() == max_nodes as usize {
            return Err(NodeError::Full { max_nodes });
        }
        Ok(id(self.nodes.len()))
    }

    /// What the rule sorts by.
    fn key(&self, index: usize, needed: Resources, rule: Strategy) -> (usize, usize, usize) {
        let node = &self.nodes[index];
        let instances = node.held.len();
        match rule {
            Strategy::Binpack(resource) => (node.free().get(resource) as usize, 0, index),
            Strategy::Spread(SpreadBy::Node) => (instances, 0, index),
            Strategy::Spread(SpreadBy::Zone) => {
                let zone = node.spec.zone;
                let in_zone = self.nodes.iter().filter(|other| other.spec.zone == zone);
                (in_zone.map(|other| other.held.len()).sum(), instances, index)
            }
            Strategy::Balanced => (self.larger_share(node.free(), needed), 0, index),
            _ => (0, 0, index),
        }
    }

    /// The larger of the shares that would be left of the first node's amounts.
    fn larger_share(&self, free: Resources, needed: Resources) -> usize {
        let share = |resource| {
            let unit = u64::from(self.nodes[0].spec.resources.get(resource));
            let weight = ((1 << 32) / unit).min(u32::MAX.into());
            let left = u64::from(free.get(resource) - needed.get(resource));
            usize::try_from((left * weight) >> 13).unwrap()
        };
        share(Resource::Cpu).max(share(Resource::Memory))
    }

    fn chosen(&mut self, needed: Resources, rule: Strategy) -> Option<usize> {
        let with_room = |index: &usize| self.nodes[*index].free().short_of(needed).is_none();
        let mut ranked: Vec<_> = (0..self.nodes.len()).filter(with_room).collect();
        ranked.sort_by_key(|index| self.key(*index, needed, rule));
        let mut place = 0;
        if rule == Strategy::Random {
            let draw = u128::from(splitmix64(&mut self.draws));
            place = usize::try_from((draw * ranked.len() as u128) >> 64).unwrap();
        }
        ranked.get(place).copied()
    }

    fn refusal(&self, needed: Resources) -> Refusal {
        let short = |resource| {
            let short = |node: &&Node| node.free().get(resource) < needed.get(resource);
            u32::try_from(self.nodes.iter().filter(short).count()).unwrap()
        };
        let largest = |resource| {
            let free = self.nodes.iter().map(|node| node.free().get(resource));
            free.max().unwrap_or(0)
        };
        let (short_of_cpu, short_of_memory) = (short(Resource::Cpu), short(Resource::Memory));
        let by_memory = short_of_memory > short_of_cpu;
        Refusal {
            resource: if by_memory { Resource::Memory } else { Resource::Cpu },
            needed,
            nodes: u32::try_from(self.nodes.len()).unwrap(),
            short_of_cpu,
            short_of_memory,
            full: 0,
            largest_free: Resources::new(largest(Resource::Cpu), largest(Resource::Memory)),
        }
    }

    fn reserved(&self, index: usize, needed: Resources) -> Result<(), ReserveError> {
        let node = self.nodes.get(index).ok_or_else(|| ReserveError::Stale(id(index)))?;
        let free = node.free();
        match free.short_of(needed) {
            None => Ok(()),
            Some(resource) => Err(ReserveError::Short {
                resource,
                free: free.get(resource),
                needed: needed.get(resource),
            }),
        }
    }

    /// Whether a release of that much cannot be told from one that is held.
    fn could_hold(&self, index: usize, resources: Resources) -> bool {
        self.nodes.get(index).is_some_and(|node| match node.held.len() {
            0 => false,
            1 => node.used() == resources,
            _ => node.used().short_of(resources).is_none(),
        })
    }
}

fn id(index: usize) -> NodeId {
    NodeId::new(u32::try_from(index).unwrap(), GENERATION)
}

/// The fleet and the list side by side, with the reservations held.
struct World<W> {
    fleet: Fleet<W>,
    oracle: Oracle,
    held: Vec<Reservation>,
}

impl<W: Storage> World<W> {
    fn apply(&mut self, action: Action) {
        match action {
            Action::Add(spec) => self.add(spec),
            Action::Place(needed, rule) => self.place(needed, rule),
            Action::Reserve(number, needed) => self.reserve(self.any(number), needed),
            Action::Release(number) => self.release(number.into()),
            Action::Forge(number, resources) => self.forge(self.any(number), resources),
            Action::Foreign(number, needed) => self.use_foreign(number.into(), needed),
            Action::FitsEmpty(needed) => self.fits_empty(needed),
        }
        self.compare();
    }

    /// One of the nodes, or the first that is not there.
    fn any(&self, number: u8) -> usize {
        usize::from(number) % (self.oracle.nodes.len() + 1)
    }

    fn add(&mut self, spec: NodeSpec) {
        let expected = self.oracle.added(spec);
        assert_eq!(self.fleet.add_node(spec), expected);
        if expected.is_ok() {
            self.oracle.nodes.push(Node { spec, held: Vec::new() });
        }
    }

    fn hold(&mut self, index: usize, needed: Resources, room: Reservation) {
        assert_eq!((room.node(), room.resources()), (id(index), needed));
        self.oracle.nodes[index].held.push(needed);
        self.held.push(room);
    }

    fn place(&mut self, needed: Resources, rule: Strategy) {
        match (self.fleet.place(needed, rule), self.oracle.chosen(needed, rule)) {
            (Ok(room), Some(index)) => self.hold(index, needed, room),
            (Err(refusal), None) => assert_eq!(refusal, self.oracle.refusal(needed)),
            (placed, expected) => panic!("{rule}: {placed:?}, the list says {expected:?}"),
        }
    }

    fn reserve(&mut self, index: usize, needed: Resources) {
        match (self.fleet.reserve(id(index), needed), self.oracle.reserved(index, needed)) {
            (Ok(room), Ok(())) => self.hold(index, needed, room),
            (reserved, expected) => assert_eq!(reserved.map(drop), expected),
        }
    }

    fn release(&mut self, position: usize) {
        if self.held.is_empty() {
            return;
        }
        let room = self.held.swap_remove(position % self.held.len());
        let held = &mut self.oracle.nodes[room.node().index() as usize].held;
        let at = held.iter().position(|held| *held == room.resources()).unwrap();
        held.swap_remove(at);
        self.fleet.release(room).unwrap();
    }

    fn forge(&mut self, index: usize, resources: Resources) {
        if self.oracle.could_hold(index, resources) {
            return;
        }
        let node = id(index);
        let there = index < self.oracle.nodes.len();
        let expected =
            if there { ReleaseError::NotHeld { node } } else { ReleaseError::Stale(node) };
        let forged = Reservation::from_parts(node, resources);
        assert_eq!(self.fleet.release(forged), Err(expected));
    }

    /// A node of another fleet, and ones that this has no room for.
    fn use_foreign(&self, number: u32, needed: Resources) {
        let beyond = |index| NodeId::new(index, GENERATION);
        let max_nodes = self.oracle.settings.max_nodes;
        let other = NodeId::new(number % max_nodes.max(1), NonZeroU32::MAX);
        for foreign in [other, beyond(max_nodes + number), beyond(u32::MAX)] {
            assert_eq!(self.fleet.reserve(foreign, needed), Err(ReserveError::Stale(foreign)));
            let room = Reservation::from_parts(foreign, needed);
            assert_eq!(self.fleet.release(room), Err(ReleaseError::Stale(foreign)));
            assert_eq!(self.fleet.node(foreign), None);
        }
    }

    fn fits_empty(&self, needed: Resources) {
        let mut totals = self.oracle.nodes.iter().map(|node| node.spec.resources);
        let fits = totals.clone().any(|total| total.short_of(needed).is_none());
        match self.fleet.fits_empty(needed) {
            Ok(()) => assert!(fits),
            Err(FitError::TooLarge { resource, needed: amount, largest }) => {
                assert!(!fits && amount > largest, "{amount} {resource}, largest {largest}");
                assert_eq!(amount, needed.get(resource));
                assert!(totals.any(|total| total.get(resource) == largest));
            }
            Err(error) => assert_eq!((error, totals.count()), (FitError::NoNodes, 0)),
        }
    }

    /// Every node shows what the list says.
    fn compare(&self) {
        assert_eq!(self.fleet.max_nodes(), self.oracle.settings.max_nodes);
        assert_eq!(self.fleet.len() as usize, self.oracle.nodes.len());
        assert_eq!(self.fleet.nodes().count(), self.oracle.nodes.len());
        for (index, (view, node)) in self.fleet.nodes().zip(&self.oracle.nodes).enumerate() {
            assert_eq!((view.id, view.spec, view.free), (id(index), node.spec, node.free()));
            assert_eq!(view.instances as usize, node.held.len());
            assert_eq!(self.fleet.node(view.id), Some(view));
        }
    }
}
