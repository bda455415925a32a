//! A fleet against a list of nodes: every choice, every refusal with its
//! counts, and reservations given back, twice, or never held.

use core::num::NonZeroU32;

use arbitrary::{Arbitrary, Unstructured};
use warmstow_core::id::NodeId;
use warmstow_core::placement::{
    Fleet, NodeError, NodeSpec, Refusal, ReleaseError, Reservation, ReserveError, SpreadBy,
    Strategy,
};
use warmstow_core::resources::{Resource, Resources};
use warmstow_core::sync::AtomicU64;

use crate::{actions, pick};

/// Nodes that the fleet has room for.
const MAX_NODES: u32 = 12;
/// The generation of the fleet's handles.
const GENERATION: NonZeroU32 = NonZeroU32::new(7).unwrap();

/// An amount of each resource, small enough that nodes fill up and are not
/// all alike.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Amount {
    cpu: u8,
    memory: u8,
}

impl From<Amount> for Resources {
    fn from(amount: Amount) -> Self {
        Self::new(u32::from(amount.cpu % 16), u32::from(amount.memory % 16))
    }
}

/// One call. A number names a node or a held reservation.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub enum Action {
    /// Registers a node of several times the amount, in a zone.
    AddNode(Amount, u8),
    /// Places an instance by a strategy.
    Place(Amount, u8),
    /// Reserves on a named node.
    Reserve(u8, Amount),
    /// Gives a reservation back.
    Release(u8),
    /// Gives back what may not be held.
    ReleaseInvented(u8, Amount),
    /// Uses a node of another fleet.
    Foreign(u8, Amount),
}

#[derive(Debug)]
struct Node {
    spec: NodeSpec,
    held: Vec<Resources>,
}

impl Node {
    fn used(&self, resource: Resource) -> u32 {
        self.held.iter().map(|held| held.get(resource)).sum()
    }

    fn free(&self) -> Resources {
        let left = |resource| self.spec.resources.get(resource) - self.used(resource);
        Resources::new(left(Resource::Cpu), left(Resource::Memory))
    }

    fn lacks(&self, resource: Resource, needed: Resources) -> bool {
        self.free().get(resource) < needed.get(resource)
    }

    fn fits(&self, needed: Resources) -> bool {
        !self.lacks(Resource::Cpu, needed) && !self.lacks(Resource::Memory, needed)
    }
}

struct World {
    fleet: Fleet<Box<[AtomicU64]>>,
    nodes: Vec<Node>,
    /// Reservations that are held, as their parts.
    held: Vec<(NodeId, Resources)>,
}

/// Carries the actions of `data` out on a fleet and its model.
///
/// # Panics
///
/// Where the two differ.
pub fn run(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let seed = u64::from(input.arbitrary::<u8>().unwrap_or(0));
    let fleet = Fleet::new(MAX_NODES, GENERATION, seed).expect("the size is in range");
    let mut world = World { fleet, nodes: vec![], held: vec![] };
    for action in actions(&mut input) {
        world.act(action);
        world.compare();
    }
}

impl World {
    fn act(&mut self, action: Action) {
        match action {
            Action::AddNode(amount, zone) => self.add_node(amount, zone),
            Action::Place(amount, strategy) => {
                let at = usize::from(strategy) % Strategy::ALL.len();
                self.place(amount.into(), Strategy::ALL[at]);
            }
            Action::Reserve(number, amount) => self.reserve(number, amount.into()),
            Action::Release(number) => self.release(number),
            Action::ReleaseInvented(number, amount) => self.release_invented(number, amount.into()),
            Action::Foreign(number, amount) => self.use_foreign(number, amount.into()),
        }
    }

    fn id(index: usize) -> NodeId {
        NodeId::new(u32::try_from(index).expect("a few nodes"), GENERATION)
    }

    fn add_node(&mut self, amount: Amount, zone: u8) {
        let resources = Resources::new(u32::from(amount.cpu), u32::from(amount.memory));
        let spec = NodeSpec::new(resources, zone % 80);
        let expected = match spec {
            NodeSpec { resources: Resources { cpu_units: 0, .. }, .. } => {
                Err(NodeError::Zero { resource: Resource::Cpu })
            }
            NodeSpec { resources: Resources { memory_mib: 0, .. }, .. } => {
                Err(NodeError::Zero { resource: Resource::Memory })
            }
            NodeSpec { zone: zone @ 64.., .. } => Err(NodeError::Zone { zone }),
            _ if self.nodes.len() == MAX_NODES as usize => {
                Err(NodeError::Full { max_nodes: MAX_NODES })
            }
            _ => Ok(Self::id(self.nodes.len())),
        };
        assert_eq!(self.fleet.add_node(spec), expected);
        if expected.is_ok() {
            self.nodes.push(Node { spec, held: vec![] });
        }
    }

    fn place(&mut self, needed: Resources, strategy: Strategy) {
        let order = |index: usize| -> (u64, u32, usize) {
            let node = &self.nodes[index];
            let instances = |node: &Node| node.held.len() as u64;
            match strategy {
                Strategy::Binpack(resource) => (node.free().get(resource).into(), 0, index),
                Strategy::Spread(SpreadBy::Node) => (instances(node), 0, index),
                Strategy::Spread(SpreadBy::Zone) => {
                    let zone = node.spec.zone;
                    let in_zone = self.nodes.iter().filter(|other| other.spec.zone == zone);
                    (in_zone.map(instances).sum(), node.held.len() as u32, index)
                }
                _ => (0, 0, 0),
            }
        };
        let with_room = (0..self.nodes.len()).filter(|&index| self.nodes[index].fits(needed));
        let best = with_room.min_by_key(|&index| order(index));
        match self.fleet.place(needed, strategy) {
            Ok(room) => {
                let best = best.expect("no node has room");
                let (node, resources) = room.into_parts();
                let chosen = node.index() as usize;
                assert!(self.nodes[chosen].fits(needed), "a node was overcommitted");
                assert_eq!(order(chosen), order(best), "not the node that {strategy} names");
                assert_eq!(resources, needed);
                self.hold(node, needed);
            }
            Err(refusal) => {
                assert_eq!(best, None, "a node with room was missed");
                self.explains(refusal, needed);
            }
        }
    }

    fn explains(&self, refusal: Refusal, needed: Resources) {
        let short =
            |resource| self.nodes.iter().filter(|node| node.lacks(resource, needed)).count() as u32;
        let (cpu, memory) = (short(Resource::Cpu), short(Resource::Memory));
        assert_eq!((refusal.short_of_cpu, refusal.short_of_memory), (cpu, memory));
        assert_eq!(refusal.nodes as usize, self.nodes.len());
        assert_eq!(refusal.needed, needed);
        let named = if memory > cpu { Resource::Memory } else { Resource::Cpu };
        assert_eq!(refusal.resource, named);
    }

    fn hold(&mut self, node: NodeId, resources: Resources) {
        self.nodes[node.index() as usize].held.push(resources);
        self.held.push((node, resources));
    }

    fn reserve(&mut self, number: u8, needed: Resources) {
        let Some(at) = pick(&self.nodes, number) else { return };
        let node = &self.nodes[at];
        let short = [Resource::Cpu, Resource::Memory].into_iter().find(|&r| node.lacks(r, needed));
        let reserved = self.fleet.reserve(Self::id(at), needed);
        match short {
            Some(resource) => {
                let (free, needed) = (node.free().get(resource), needed.get(resource));
                assert_eq!(reserved, Err(ReserveError::Short { resource, free, needed }));
            }
            None => {
                let room = reserved.expect("the node has room");
                assert_eq!(room.into_parts(), (Self::id(at), needed));
                self.hold(Self::id(at), needed);
            }
        }
    }

    fn release(&mut self, number: u8) {
        let Some(at) = pick(&self.held, number) else { return };
        let (node, resources) = self.held.swap_remove(at);
        assert_eq!(self.fleet.release(Reservation::from_parts(node, resources)), Ok(()));
        let on_node = &mut self.nodes[node.index() as usize].held;
        let position = on_node.iter().position(|held| *held == resources);
        on_node.swap_remove(position.expect("the model holds it"));
    }

    /// Only what cannot be told from a held one is kept from the call.
    fn release_invented(&mut self, number: u8, amount: Resources) {
        let Some(at) = pick(&self.nodes, number) else { return };
        let node = Self::id(at);
        let on_node = &self.nodes[at];
        let holds = |resource| on_node.used(resource) >= amount.get(resource);
        // The last instance gives back all that is held, no less.
        let possible = match on_node.held[..] {
            [] => false,
            [last] => last == amount,
            _ => holds(Resource::Cpu) && holds(Resource::Memory),
        };
        if !possible {
            let invented = Reservation::from_parts(node, amount);
            assert_eq!(self.fleet.release(invented), Err(ReleaseError::NotHeld { node }));
        }
    }

    fn use_foreign(&self, number: u8, amount: Resources) {
        let beyond = NodeId::new(MAX_NODES + u32::from(number), GENERATION);
        let other = NodeId::new(u32::from(number) % MAX_NODES, NonZeroU32::MIN);
        for node in [beyond, other] {
            assert_eq!(self.fleet.reserve(node, amount), Err(ReserveError::Stale(node)));
            let foreign = Reservation::from_parts(node, amount);
            assert_eq!(self.fleet.release(foreign), Err(ReleaseError::Stale(node)));
            assert_eq!(self.fleet.node(node), None);
        }
    }

    /// What is free and what is held are the node, in every resource.
    fn compare(&self) {
        assert_eq!(self.fleet.len() as usize, self.nodes.len());
        for (view, node) in self.fleet.nodes().zip(&self.nodes) {
            assert_eq!(view.spec, node.spec);
            assert_eq!(view.free, node.free());
            assert_eq!(view.instances as usize, node.held.len());
        }
    }
}
