//! The choice for one request, without a look at every node each time.
//!
//! Each prepared request has an index: every node's key in a tree, one tree for
//! each combination of the values that tasks are spread over, and how many
//! tasks of the group there are of each value. It is brought up to date when
//! the request is placed, from the nodes that changed since: one look at each
//! of them, O(log nodes) where its key changed. So one request after the other
//! costs O(log nodes) each; requests that take turns see each other's nodes
//! once. What constraints say of attributes is kept until the node's facts
//! change; what they say of tasks is asked with each change.
//!
//! A new node, and one that moves to other values, make the index anew, in
//! O(nodes).

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use super::fit::{Candidate, Node};
use super::groups::Groups;
use super::order::{Measured, Order, index_of};
use super::rooms::{Room, Rooms};
use super::table::Table;
use super::task::PlacementRequest;
use super::tree::{NEVER, Tree};
use crate::placement::constraint::{Constraint, Expression};

/// Everything that is known of the nodes.
#[derive(Clone, Copy)]
pub(super) struct Sight<'a> {
    pub(super) nodes: &'a Table<Node>,
    pub(super) rooms: &'a Rooms,
    pub(super) groups: &'a Groups,
}

impl<'a> Sight<'a> {
    pub(super) fn candidate(self, index: u32) -> Option<Candidate<'a>> {
        let (node, room) = (self.nodes.at(index)?, self.rooms.get(index)?);
        Some(Candidate { node, room, groups: self.groups })
    }

    /// Every node, by index.
    pub(super) fn candidates(self) -> impl Iterator<Item = (u32, Candidate<'a>)> + Clone {
        let count = u32::try_from(self.rooms.len()).unwrap_or(u32::MAX);
        (0..count).filter_map(move |index| self.candidate(index).map(|one| (index, one)))
    }
}

/// The node chosen and what was measured of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) index: u32,
    pub(super) measured: Measured,
    /// How many nodes one was drawn from; 0 without a draw.
    pub(super) drawn_from: u32,
}

/// What is kept for one request.
#[derive(Debug)]
pub(super) struct Index {
    order: Order,
    tests: Tests,
    /// Attributes by number, and by how much the tasks of a value may be more.
    skews: Vec<(usize, u64)>,
    /// The time of the last change that is in here; 0 before the first use.
    clock: u64,
    leaves: Vec<Leaf>,
    parts: Vec<Part>,
    /// For each attribute, the tasks of the group by number of value.
    tasks: Vec<Vec<u64>>,
}

/// A node, as the index saw it last.
#[derive(Clone, Copy, Debug)]
struct Leaf {
    part: u32,
    place: u32,
    facts: u32,
    tasks: u32,
    eligible: bool,
    /// Eligible and open: its values count for topology spread.
    counts: bool,
}

/// No part: a place without a node when the index was made.
const NOWHERE: u32 = u32::MAX;
/// The number of the value of nodes that lack the attribute.
const LACKING: u32 = u32::MAX;

/// The nodes with the same values of all attributes.
#[derive(Debug)]
struct Part {
    values: Vec<u32>,
    names: Vec<Option<Box<str>>>,
    /// The nodes' indices by place in the tree, ascending.
    members: Vec<u32>,
    tree: Tree,
    /// How many of them count.
    counting: u32,
}

/// The constraints, parted by what can change their answer.
#[derive(Debug)]
struct Tests {
    of_facts: Vec<Expression>,
    of_tasks: Vec<Expression>,
    distinct: bool,
    counts_tasks: bool,
}

impl Tests {
    fn new(request: &PlacementRequest, order: &Order) -> Self {
        let expressions = request.constraints.iter().filter_map(|constraint| match constraint {
            Constraint::MemberOf(expression) => Some(expression.clone()),
            Constraint::DistinctInstance | Constraint::MaxSkew { .. } => None,
        });
        let (of_tasks, of_facts) = expressions.partition(Expression::asks_for_tasks);
        let distinct = request.constraints.contains(&Constraint::DistinctInstance);
        Self { of_facts, of_tasks, distinct, counts_tasks: distinct || order.counts_tasks() }
    }

    /// What only a change of facts can change.
    fn is_eligible(&self, candidate: Candidate<'_>, request: &PlacementRequest) -> bool {
        candidate.is_as_required(&request.needs)
            && self.of_facts.iter().all(|expression| expression.holds(&candidate))
    }

    /// What else has to be so; `room` is the candidate's.
    #[inline]
    fn has_room(
        &self,
        room: &Room,
        node: &Node,
        groups: &Groups,
        request: &PlacementRequest,
        tasks: u32,
    ) -> bool {
        let needs = &request.needs;
        room.free.short_of(needs.resources).is_none()
            && room.gpus >= needs.gpus
            && room.enis >= needs.enis
            && !(self.distinct && tasks > 0)
            && (needs.ports.is_empty() || node.ports.has_room_for(&needs.ports))
            && (self.of_tasks.is_empty() || {
                let candidate = Candidate { room, node, groups };
                self.of_tasks.iter().all(|expression| expression.holds(&candidate))
            })
    }
}

impl Index {
    pub(super) fn new(request: &PlacementRequest) -> Self {
        let order = Order::new(&request.strategies, &request.constraints);
        let tests = Tests::new(request, &order);
        let skews = request.constraints.iter().filter_map(|constraint| match constraint {
            Constraint::MaxSkew { attribute, max_skew } => {
                let at = order.attributes.iter().position(|known| known == attribute)?;
                Some((at, u64::from(*max_skew)))
            }
            _ => None,
        });
        let skews = skews.collect();
        Self { order, tests, skews, clock: 0, leaves: vec![], parts: vec![], tasks: vec![] }
    }

    pub(super) const fn order(&self) -> &Order {
        &self.order
    }

    /// The node that the request's strategies choose; `draw` decides what is
    /// random.
    pub(super) fn choose(
        &mut self,
        request: &PlacementRequest,
        group: u32,
        sight: Sight<'_>,
        draw: u64,
    ) -> Option<Chosen> {
        let known = self.leaves.len() == sight.rooms.len();
        if !known || !self.catch_up(request, group, sight) {
            self.make(request, group, sight);
        }
        self.clock = sight.rooms.clock();
        self.best(draw)
    }

    /// Looks at the nodes that changed; false where the index has to be made
    /// anew.
    fn catch_up(&mut self, request: &PlacementRequest, group: u32, sight: Sight<'_>) -> bool {
        for (index, room) in sight.rooms.changed_since(self.clock) {
            let Some(leaf) = self.leaves.get_mut(index as usize) else { return false };
            let node = sight.nodes.at(index);
            if leaf.facts != room.facts {
                let Some(candidate) = sight.candidate(index) else {
                    // The node is gone; its facts are looked at when a new one comes.
                    if !forget(leaf, &mut self.parts, &mut self.tasks) {
                        return false;
                    }
                    continue;
                };
                let part = self.parts.get(leaf.part as usize);
                if !part.is_some_and(|part| part.fits(&self.order, candidate)) {
                    return false;
                }
                leaf.eligible = self.tests.is_eligible(candidate, request);
                leaf.facts = room.facts;
            }
            count(leaf, &mut self.parts, room.open && leaf.eligible);
            let (Some(node), Some(part)) = (node, self.parts.get_mut(leaf.part as usize)) else {
                continue;
            };
            let mut tasks = leaf.tasks;
            if self.tests.counts_tasks && room.may_have_moved(group, self.clock) {
                tasks = node.tasks_of(group);
            }
            if tasks != leaf.tasks {
                recount(&mut self.tasks, &part.values, leaf.tasks, tasks);
                leaf.tasks = tasks;
            }
            let may = room.open
                && leaf.eligible
                && self.tests.has_room(room, node, sight.groups, request, tasks);
            let key = if may {
                self.order.key(index, room, node, request.needs.resources, tasks)
            } else {
                NEVER
            };
            part.tree.set(leaf.place as usize, key);
        }
        true
    }

    /// Looks at every node.
    fn make(&mut self, request: &PlacementRequest, group: u32, sight: Sight<'_>) {
        let blank =
            Leaf { part: NOWHERE, place: 0, facts: 0, tasks: 0, eligible: false, counts: false };
        self.leaves = vec![blank; sight.rooms.len()];
        self.tasks = vec![vec![]; self.order.attributes.len()];
        let mut numbers: Vec<BTreeMap<&str, u32>> = vec![BTreeMap::new(); self.tasks.len()];
        let mut parts: BTreeMap<Vec<u32>, (Vec<u32>, Vec<u128>)> = BTreeMap::new();
        let mut names = BTreeMap::new();
        for (index, candidate) in sight.candidates() {
            let Candidate { room, node, groups } = candidate;
            let mut values = vec![];
            for ((attribute, numbers), tasks) in
                self.order.attributes.iter().zip(&mut numbers).zip(&mut self.tasks)
            {
                values.push(match node.info.attributes.get(attribute) {
                    None => LACKING,
                    Some(value) => *numbers.entry(value).or_insert_with(|| {
                        tasks.push(0);
                        u32::try_from(tasks.len() - 1).unwrap_or(LACKING)
                    }),
                });
            }
            let tasks = if self.tests.counts_tasks { node.tasks_of(group) } else { 0 };
            recount(&mut self.tasks, &values, 0, tasks);
            let eligible = self.tests.is_eligible(candidate, request);
            let may =
                room.open && eligible && self.tests.has_room(room, node, groups, request, tasks);
            let key = if may {
                self.order.key(index, room, node, request.needs.resources, tasks)
            } else {
                NEVER
            };
            names.entry(values.clone()).or_insert_with(|| names_of(&self.order, candidate));
            let (members, keys) = parts.entry(values).or_default();
            if let Some(leaf) = self.leaves.get_mut(index as usize) {
                let place = u32::try_from(members.len()).unwrap_or(u32::MAX);
                let counts = room.open && eligible;
                *leaf = Leaf { part: NOWHERE, place, facts: room.facts, tasks, eligible, counts };
            }
            members.push(index);
            keys.push(key);
        }
        let draws = self.order.draws;
        let parts = parts.into_iter().map(|(values, (members, keys))| {
            let names = names.remove(&values).unwrap_or_default();
            Part { values, names, members, tree: Tree::new(keys, draws), counting: 0 }
        });
        self.parts = parts.collect();
        for (number, part) in (0..).zip(&mut self.parts) {
            for member in &part.members {
                if let Some(leaf) = self.leaves.get_mut(*member as usize) {
                    leaf.part = number;
                    part.counting += u32::from(leaf.counts);
                }
            }
        }
    }

    fn measured(&self, part: &Part, key: u128) -> Measured {
        self.order.measured(key, |attribute| self.tasks_of(part, attribute).unwrap_or(u64::MAX))
    }

    /// For each topology spread the most tasks of a value that may have one more.
    fn ceilings(&self) -> Vec<(usize, u64)> {
        let ceilings = self.skews.iter().map(|&(attribute, max_skew)| {
            let counting = self.parts.iter().filter(|part| part.counting > 0);
            let fewest = counting.filter_map(|part| self.tasks_of(part, attribute)).min();
            (attribute, fewest.unwrap_or(0) + max_skew - 1)
        });
        ceilings.collect()
    }

    /// The tasks on nodes with the part's value; `None`: it lacks the attribute.
    fn tasks_of(&self, part: &Part, attribute: usize) -> Option<u64> {
        let value = part.values.get(attribute).copied()?;
        self.tasks.get(attribute)?.get(value as usize).copied()
    }

    fn best(&self, draw: u64) -> Option<Chosen> {
        let ceilings = self.ceilings();
        let even = |part: &&Part| {
            let below = |&(attribute, most): &(usize, u64)| {
                self.tasks_of(part, attribute).is_some_and(|tasks| tasks <= most)
            };
            ceilings.iter().all(below)
        };
        let parts = self.parts.iter().filter(even).filter_map(|part| {
            let key = part.tree.least();
            (key != NEVER).then(|| (self.measured(part, key), key, part))
        });
        if !self.order.draws {
            let (measured, key, _) =
                parts.min_by_key(|(measured, key, _)| (*measured, index_of(*key)))?;
            return Some(Chosen { index: index_of(key), measured, drawn_from: 0 });
        }
        let (measured, ..) = parts.clone().min_by_key(|(measured, ..)| *measured)?;
        let tied: Vec<&Part> =
            parts.filter(|(of_part, ..)| *of_part == measured).map(|(.., part)| part).collect();
        let drawn_from: u32 = tied.iter().map(|part| part.tree.ties()).sum();
        let index = nth_of(&tied, drawn_of(drawn_from, draw), self.leaves.len());
        Some(Chosen { index, measured, drawn_from })
    }
}

/// A place among `places`, each as likely as the others.
#[expect(clippy::cast_possible_truncation, reason = "the product's high half is below `places`")]
fn drawn_of(places: u32, draw: u64) -> u32 {
    ((u128::from(draw) * u128::from(places)) >> 64) as u32
}

/// The index of the `place`th node, by index, of those with the least keys.
fn nth_of(tied: &[&Part], place: u32, nodes: usize) -> u32 {
    // The first index up to which there are more than `place`.
    let (mut low, mut high) = (0, u32::try_from(nodes).unwrap_or(u32::MAX));
    while low < high {
        let middle = low + (high - low) / 2;
        let up_to = tied.iter().map(|part| {
            part.tree.ties_before(part.members.partition_point(|member| *member <= middle))
        });
        if up_to.sum::<u32>() > place {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// Whether a node counts for topology spread has changed, or not.
fn count(leaf: &mut Leaf, parts: &mut [Part], counts: bool) {
    if let Some(part) = parts.get_mut(leaf.part as usize) {
        part.counting = part.counting + u32::from(counts) - u32::from(leaf.counts);
        leaf.counts = counts;
    }
}

/// Takes a node that is gone out; false where it was not in.
fn forget(leaf: &mut Leaf, parts: &mut [Part], tasks: &mut [Vec<u64>]) -> bool {
    let Some(part) = parts.get_mut(leaf.part as usize) else { return leaf.part == NOWHERE };
    recount(tasks, &part.values, leaf.tasks, 0);
    part.counting -= u32::from(leaf.counts);
    (leaf.tasks, leaf.eligible, leaf.counts) = (0, false, false);
    part.tree.set(leaf.place as usize, NEVER);
    true
}

/// A node's tasks of the group are now `now`.
fn recount(tasks: &mut [Vec<u64>], values: &[u32], before: u32, now: u32) {
    for (tasks, value) in tasks.iter_mut().zip(values) {
        if let Some(tasks) = tasks.get_mut(*value as usize) {
            *tasks = *tasks + u64::from(now) - u64::from(before);
        }
    }
}

/// The node's values of the attributes.
fn names_of(order: &Order, candidate: Candidate<'_>) -> Vec<Option<Box<str>>> {
    let value = |name| candidate.node.info.attributes.get(name).map(Box::from);
    order.attributes.iter().map(|name| value(name)).collect()
}

impl Part {
    /// Whether the node has this part's values.
    fn fits(&self, order: &Order, candidate: Candidate<'_>) -> bool {
        let value = |name| candidate.node.info.attributes.get(name);
        order.attributes.iter().zip(&self.names).all(|(name, own)| value(name) == own.as_deref())
    }
}
