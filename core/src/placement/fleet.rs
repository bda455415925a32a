//! A fleet: nodes that threads register, place instances on and read, all at
//! once.

use core::fmt;
use core::num::NonZeroU32;

#[cfg(feature = "alloc")]
use super::capacity::{AtomicU64, boxed, words};
use super::capacity::{Ledger, MAX_NODES, Storage};
use super::node::{NodeError, NodeSpec, NodeView};
use super::refusal::Refusal;
use super::reservation::{ReleaseError, Reservation, ReserveError};
use super::strategy::{Choice, Strategy, drawn, drawn_at_once, fewest_in_zone, split_mix};
use super::word::{Short, Spec};
use crate::id::NodeId;
use crate::resources::{Resource, Resources};

/// Nodes and what is free on them.
///
/// Every method takes `&self`, is lock-free and may be called from any thread
/// at any time; none allocates. Nodes are added, never removed: a host that
/// takes one out of service keeps what is left of it reserved.
///
/// `W` holds the words: see [`Storage`] for the three forms.
///
/// ```
/// use core::num::NonZeroU32;
/// use warmstow_core::placement::{Fleet, NodeSpec, SpreadBy, Strategy, words};
/// use warmstow_core::resources::Resources;
/// use warmstow_core::sync::AtomicU64;
///
/// // Memory that the caller lends: two nodes, no allocator.
/// let lent: [AtomicU64; words(2)] = Default::default();
/// let fleet = Fleet::new_in(&lent[..], NonZeroU32::MIN, 0)?;
/// let a = fleet.add_node(NodeSpec::new(Resources::new(2_048, 4_096), 0))?;
/// let b = fleet.add_node(NodeSpec::new(Resources::new(2_048, 4_096), 1))?;
///
/// let by_zone = Strategy::Spread(SpreadBy::Zone);
/// let first = fleet.place(Resources::new(256, 512), by_zone)?;
/// let second = fleet.place(Resources::new(256, 512), by_zone)?;
/// assert_eq!((first.node(), second.node()), (a, b));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
pub struct Fleet<W> {
    pub(super) ledger: Ledger<W>,
    generation: NonZeroU32,
    seed: u64,
}

/// How a round of `place` looks for a node.
#[derive(Clone, Copy)]
struct Look {
    /// The rounds before it.
    round: u32,
    /// Whether at every node: an earlier round found that there is room.
    exact: bool,
}

#[cfg(feature = "alloc")]
impl Fleet<alloc::boxed::Box<[AtomicU64]>> {
    /// A fleet for at most `max_nodes`, none yet, on the heap: see
    /// [`words`](super::words()).
    ///
    /// `generation` marks the handles of its nodes: give each fleet its own,
    /// and a node of another is refused. `seed` is what
    /// [`Strategy::Random`] draws from.
    ///
    /// # Errors
    ///
    /// [`FleetError::TooManyNodes`] above [`MAX_NODES`].
    pub fn new(max_nodes: u32, generation: NonZeroU32, seed: u64) -> Result<Self, FleetError> {
        if max_nodes > MAX_NODES {
            return Err(FleetError::TooManyNodes { max_nodes: max_nodes as usize });
        }
        Self::new_in(boxed(words(max_nodes)), generation, seed)
    }
}

impl<W: Storage> Fleet<W> {
    /// A fleet, empty, for as many nodes as `words` has room for: see
    /// [`words`](super::words()). What `words` held is overwritten, and
    /// nothing else may use them while the fleet lives. O(words).
    ///
    /// # Errors
    ///
    /// [`FleetError::TooManyNodes`] where that is above [`MAX_NODES`].
    pub fn new_in(words: W, generation: NonZeroU32, seed: u64) -> Result<Self, FleetError> {
        match Ledger::new(words) {
            Ok(ledger) => Ok(Self { ledger, generation, seed }),
            Err(max_nodes) => Err(FleetError::TooManyNodes { max_nodes }),
        }
    }

    /// A fleet of that ledger, for the models of the tests.
    #[cfg(all(test, loom))]
    pub(super) const fn of(ledger: Ledger<W>, generation: NonZeroU32) -> Self {
        Self { ledger, generation, seed: 0 }
    }

    /// Registers a node; threads that place see it from then on. O(1).
    ///
    /// # Errors
    ///
    /// [`NodeError`] names what is wrong with `spec`, or that the fleet is
    /// full; the fleet is as it was.
    pub fn add_node(&self, spec: NodeSpec) -> Result<NodeId, NodeError> {
        spec.check()?;
        match self.ledger.add(Spec::new(spec)) {
            Some(index) => Ok(NodeId::new(index, self.generation)),
            None => Err(NodeError::Full { max_nodes: self.max_nodes() }),
        }
    }

    /// Chooses a node by `strategy` and takes `needed` of it for one instance.
    ///
    /// The choice is made on what each node had when it was read; if the
    /// chosen node has changed by the time its room is taken, the choice is
    /// made anew. Other nodes may have changed: where several threads place at
    /// once, `Spread` may be off by what they placed meanwhile. From one
    /// thread the same calls give the same nodes.
    ///
    /// Cost: up to 256 nodes, a look at each and one RMW. Above that,
    /// [`Strategy::Binpack`] and [`Strategy::Balanced`] follow an index: the
    /// node taken is then one of the best that surely fit, to within one class
    /// of free amounts (a quarter of what such a node has free); a better one
    /// that only just fits may be passed over.
    /// [`Strategy::Random`] draws until a node has room. Both look at every
    /// node only where that finds nothing, so always before a refusal;
    /// [`Strategy::Spread`] always does. Lock-free, one more round for each
    /// time that another thread changed the chosen node.
    ///
    /// # Errors
    ///
    /// [`Refusal`] says why no node has room. It is exact: there was an instant
    /// during the call when none had, where the room that
    /// [`release`](Fleet::release) gives back counts once that call returned.
    pub fn place(&self, needed: Resources, strategy: Strategy) -> Result<Reservation, Refusal> {
        let draw = match strategy {
            Strategy::Random => split_mix(self.seed, self.ledger.next_draw()),
            _ => 0,
        };
        let mut look = Look { round: 0, exact: false };
        loop {
            let before = self.ledger.published();
            if let Some(choice) = self.choose(before.nodes(), needed, strategy, draw, look) {
                if self.ledger.commit(choice.index, choice.seen, needed) {
                    let node = NodeId::new(choice.index, self.generation);
                    return Ok(Reservation::from_parts(node, needed));
                }
            } else {
                let tally = self.ledger.tally(before.nodes(), needed);
                match Refusal::explain(needed, tally) {
                    Some(refusal) if self.ledger.unchanged_since(before) => return Err(refusal),
                    Some(_) => {}
                    // There is room that the index did not lead to.
                    None => look.exact = true,
                }
            }
            // Where the node was not taken, another thread placed, released or
            // added a node meanwhile: this round lost to its progress.
            look.round += 1;
        }
    }

    /// The node of the first `nodes` that `strategy` names; `None` where none
    /// was found, or the one named has changed.
    #[inline]
    fn choose(
        &self,
        nodes: u32,
        needed: Resources,
        strategy: Strategy,
        draw: u64,
        look: Look,
    ) -> Option<Choice> {
        if nodes == 0 {
            return None;
        }
        match strategy.weights(self.ledger.spec(0).total()) {
            Some(weights) if look.exact => self.ledger.find_exact(nodes, needed, weights),
            Some(weights) => self.ledger.find(nodes, needed, weights, look.round),
            None if strategy == Strategy::Random => {
                let quick = (self.ledger.is_large(nodes) && !look.exact)
                    .then(|| drawn_at_once(needed, nodes, draw, |index| self.ledger.free(index)));
                quick.flatten().or_else(|| drawn(needed, self.ledger.scan(nodes), draw))
            }
            None => {
                let zone = |index| self.ledger.spec(index).zone();
                fewest_in_zone(needed, self.ledger.scan(nodes), zone)
            }
        }
    }

    /// Takes `needed` of one node for one instance: all of it or nothing.
    /// O(1), lock-free.
    ///
    /// # Errors
    ///
    /// [`ReserveError`] names the resource that was short and how much was
    /// left of it at that instant.
    pub fn reserve(&self, node: NodeId, needed: Resources) -> Result<Reservation, ReserveError> {
        let index = self.index(node).ok_or(ReserveError::Stale(node))?;
        match self.ledger.reserve(index, needed) {
            Ok(()) => Ok(Reservation::from_parts(node, needed)),
            Err((_, Short::Instances)) => Err(ReserveError::Full),
            Err((seen, Short::Of(resource))) => Err(ReserveError::Short {
                resource,
                free: seen.resources().get(resource),
                needed: needed.get(resource),
            }),
        }
    }

    /// Gives room back once its instance has stopped. O(1), lock-free.
    ///
    /// What the calling thread did before is visible to the thread that gets
    /// the room.
    ///
    /// # Errors
    ///
    /// [`ReleaseError`] where the node is not of this fleet, or its instances
    /// do not hold that much; the fleet is as it was.
    pub fn release(&self, reservation: Reservation) -> Result<(), ReleaseError> {
        let (node, resources) = reservation.into_parts();
        let index = self.index(node).ok_or(ReleaseError::Stale(node))?;
        if self.ledger.give_back(index, resources) {
            Ok(())
        } else {
            Err(ReleaseError::NotHeld { node })
        }
    }

    /// Whether one instance of `needed` fits on a node that holds none: what
    /// to ask before accepting a function or task at all. O(nodes).
    ///
    /// ```
    /// # use core::num::NonZeroU32;
    /// # use warmstow_core::placement::{Fleet, NodeSpec, words};
    /// # use warmstow_core::resources::Resources;
    /// # use warmstow_core::sync::AtomicU64;
    /// # let lent: [AtomicU64; words(1)] = Default::default();
    /// # let fleet = Fleet::new_in(&lent[..], NonZeroU32::MIN, 0)?;
    /// fleet.add_node(NodeSpec::new(Resources::new(2_048, 4_096), 0))?;
    /// let error = fleet.fits_empty(Resources::new(256, 10_240)).unwrap_err();
    /// assert_eq!(error.to_string(), "10240 memory_mib needed: the largest node has 4096");
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`FitError`] names the amount and the largest node's.
    pub fn fits_empty(&self, needed: Resources) -> Result<(), FitError> {
        let totals = || (0..self.len()).map(|index| self.ledger.spec(index).total());
        // Memory first: CPU is often derived from it.
        let largest_memory = totals().map(|total| total.memory_mib).max();
        let largest_cpu = totals()
            .filter(|total| total.memory_mib >= needed.memory_mib)
            .map(|total| total.cpu_units)
            .max();
        let (resource, largest) = match (largest_memory, largest_cpu) {
            (None, _) => return Err(FitError::NoNodes),
            (Some(memory_mib), None) => (Resource::Memory, memory_mib),
            (_, Some(cpu_units)) if cpu_units < needed.cpu_units => (Resource::Cpu, cpu_units),
            _ => return Ok(()),
        };
        Err(FitError::TooLarge { resource, needed: needed.get(resource), largest })
    }

    /// The node as it is now; `None` for a node of another fleet. O(1).
    pub fn node(&self, node: NodeId) -> Option<NodeView> {
        self.index(node).map(|index| self.view(index))
    }

    /// Every node in the order of registration, each as it is when the
    /// iterator comes to it. O(nodes).
    pub fn nodes(&self) -> impl Iterator<Item = NodeView> + '_ {
        (0..self.len()).map(|index| self.view(index))
    }

    /// How many nodes are registered.
    pub fn len(&self) -> u32 {
        self.ledger.published().nodes()
    }

    /// Whether no node is registered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many nodes can be registered.
    pub const fn max_nodes(&self) -> u32 {
        self.ledger.max_nodes()
    }

    /// The generation of this fleet's nodes.
    pub const fn generation(&self) -> NonZeroU32 {
        self.generation
    }

    fn index(&self, node: NodeId) -> Option<u32> {
        let ours = node.generation() == self.generation && node.index() < self.len();
        ours.then_some(node.index())
    }

    fn view(&self, index: u32) -> NodeView {
        let free = self.ledger.free(index);
        NodeView {
            id: NodeId::new(index, self.generation),
            spec: self.ledger.spec(index).spec(),
            free: free.resources(),
            instances: free.instances(),
        }
    }
}

impl<W: Storage> fmt::Debug for Fleet<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fleet")
            .field("generation", &self.generation)
            .field("nodes", &self.len())
            .field("max_nodes", &self.max_nodes())
            .finish_non_exhaustive()
    }
}

/// Why a fleet was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FleetError {
    /// More nodes than [`MAX_NODES`].
    TooManyNodes {
        /// The number refused.
        max_nodes: usize,
    },
}

impl fmt::Display for FleetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TooManyNodes { max_nodes } => {
                write!(f, "a fleet of {max_nodes} nodes: at most {MAX_NODES} are possible")
            }
        }
    }
}

impl core::error::Error for FleetError {}

/// Why an instance would not fit even on an empty node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FitError {
    /// The fleet has no nodes.
    NoNodes,
    /// No node is that large.
    TooLarge {
        /// The resource: memory if no node has that much of it.
        resource: Resource,
        /// What the instance needs of it.
        needed: u32,
        /// What the largest node has of it; for CPU, the largest of those
        /// nodes that have enough memory.
        largest: u32,
    },
}

impl fmt::Display for FitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoNodes => f.write_str("the fleet has no nodes"),
            Self::TooLarge { resource, needed, largest } => {
                write!(f, "{needed} {resource} needed: the largest node has {largest}")
            }
        }
    }
}

impl core::error::Error for FitError {}
