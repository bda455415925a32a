//! What is consolidated: nodes, the tasks on them, and what must not happen.

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use super::super::pack::{MAX_AMOUNT, MAX_DIMENSIONS};

/// Most nodes, tasks and services of a cluster.
pub const MAX_MEMBERS: usize = 1 << 20;
/// Largest cost of a move.
pub const MAX_MOVE_COST: u64 = 1 << 32;

/// A node that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ClusterNode {
    /// What it has in each dimension.
    pub capacity: Vec<u64>,
    /// Whether it may be freed.
    #[cfg_attr(feature = "serde", serde(default = "yes"))]
    pub may_be_freed: bool,
    /// Whether it may take tasks from others.
    #[cfg_attr(feature = "serde", serde(default = "yes"))]
    pub takes_tasks: bool,
}

#[cfg(feature = "serde")]
const fn yes() -> bool {
    true
}

#[cfg(feature = "serde")]
const fn one() -> u64 {
    1
}

impl ClusterNode {
    /// A node that may be freed, and may take tasks.
    pub const fn new(capacity: Vec<u64>) -> Self {
        Self { capacity, may_be_freed: true, takes_tasks: true }
    }
}

/// A task that runs on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct ClusterTask {
    /// The node it runs on, by its place.
    pub node: u32,
    /// What it takes in each dimension.
    pub size: Vec<u64>,
    /// Whether it may be moved: not where it is protected. A daemon's task, which
    /// ends with its node, is left out, and what it takes is off the capacity.
    #[cfg_attr(feature = "serde", serde(default = "yes"))]
    pub movable: bool,
    /// What a move of it costs; the sum is kept small.
    #[cfg_attr(feature = "serde", serde(default = "one"))]
    pub move_cost: u64,
    /// Its service, by place.
    #[cfg_attr(feature = "serde", serde(default))]
    pub service: Option<u32>,
    /// The nodes it may be moved to; `None`: any.
    #[cfg_attr(feature = "serde", serde(default))]
    pub nodes: Option<Vec<u32>>,
}

impl ClusterTask {
    /// A task that may be moved anywhere, at a cost of 1.
    pub const fn new(node: u32, size: Vec<u64>) -> Self {
        Self { node, size, movable: true, move_cost: 1, service: None, nodes: None }
    }
}

/// What holds for the tasks of a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct ClusterService {
    /// So many of its tasks run at any time. A task that is moved stops before
    /// it starts elsewhere, and one moves at a time.
    pub floor: u32,
    /// Whether no two of its tasks may run on one node (`distinctInstance`).
    pub distinct: bool,
}

/// Why something is no cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClusterError {
    /// More than [`MAX_MEMBERS`] nodes, tasks or services.
    TooMany {
        /// How many there are.
        members: usize,
    },
    /// A node or task with another number of dimensions than the first node,
    /// or more than [`MAX_DIMENSIONS`], or none.
    Dimensions {
        /// How many it has.
        found: usize,
        /// How many the first node has.
        expected: usize,
    },
    /// An amount above [`MAX_AMOUNT`].
    Amount {
        /// The amount.
        amount: u64,
    },
    /// A move's cost above [`MAX_MOVE_COST`].
    Cost {
        /// The task.
        task: usize,
        /// The cost.
        cost: u64,
    },
    /// A task names a node or a service that there is not.
    Unknown {
        /// The task.
        task: usize,
        /// What it names.
        named: u32,
    },
    /// A node has less than what runs on it.
    Overfull {
        /// The node.
        node: usize,
        /// The dimension.
        dimension: usize,
        /// What it has there.
        has: u64,
        /// What runs on it takes at least.
        needs: u64,
    },
}

impl fmt::Display for ClusterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TooMany { members } => {
                write!(f, "there are {members} nodes, tasks or services, above {MAX_MEMBERS}")
            }
            Self::Dimensions { found, expected } => write!(
                f,
                "{found} dimensions where the first node has {expected}; needs 1 to {MAX_DIMENSIONS}"
            ),
            Self::Amount { amount } => {
                write!(f, "an amount is {amount}, above the limit, {MAX_AMOUNT}")
            }
            Self::Cost { task, cost } => {
                write!(f, "a move of task {task} costs {cost}, above the limit, {MAX_MOVE_COST}")
            }
            Self::Unknown { task, named } => {
                write!(f, "task {task} names node or service {named}, which there is not")
            }
            Self::Overfull { node, dimension, has, needs } => write!(
                f,
                "node {node} has {has} in dimension {dimension}, less than the {needs} of the \
                 tasks that run on it"
            ),
        }
    }
}

impl core::error::Error for ClusterError {}

/// Nodes and the tasks on them, checked.
#[derive(Clone, Debug)]
pub struct Cluster {
    pub(super) dims: usize,
    pub(super) nodes: Vec<ClusterNode>,
    pub(super) tasks: Vec<ClusterTask>,
    pub(super) services: Vec<ClusterService>,
    /// The tasks of each node.
    pub(super) tasks_on: Vec<Vec<u32>>,
    /// What is free on each node, `dims` amounts each.
    pub(super) free: Vec<u64>,
    /// How many tasks each service runs.
    pub(super) running: Vec<u32>,
}

impl Cluster {
    /// Checks and lays out. O(sizes).
    ///
    /// # Errors
    ///
    /// [`ClusterError`] names the first value that cannot hold, and its limit.
    pub fn new(
        nodes: Vec<ClusterNode>,
        tasks: Vec<ClusterTask>,
        services: Vec<ClusterService>,
    ) -> Result<Self, ClusterError> {
        let members = nodes.len().max(tasks.len()).max(services.len());
        if members > MAX_MEMBERS {
            return Err(ClusterError::TooMany { members });
        }
        let dims = nodes.first().map_or(1, |node| node.capacity.len());
        let sizes = nodes.iter().map(|n| &n.capacity).chain(tasks.iter().map(|t| &t.size));
        for size in sizes {
            let found = size.len();
            if found != dims || found == 0 || found > MAX_DIMENSIONS {
                return Err(ClusterError::Dimensions { found, expected: dims });
            }
            let most = MAX_AMOUNT.unsigned_abs();
            if let Some(&amount) = size.iter().find(|amount| **amount > most) {
                return Err(ClusterError::Amount { amount });
            }
        }
        let mut cluster = Self {
            dims,
            tasks_on: vec![vec![]; nodes.len()],
            free: nodes.iter().flat_map(|node| node.capacity.iter().copied()).collect(),
            running: vec![0; services.len()],
            nodes,
            tasks: vec![],
            services,
        };
        for task in tasks {
            cluster.add(task)?;
        }
        Ok(cluster)
    }

    fn add(&mut self, task: ClusterTask) -> Result<(), ClusterError> {
        let at = self.tasks.len();
        let named = [task.node].into_iter().chain(task.nodes.iter().flatten().copied());
        if let Some(named) = named.into_iter().find(|node| *node as usize >= self.nodes.len()) {
            return Err(ClusterError::Unknown { task: at, named });
        }
        if task.move_cost > MAX_MOVE_COST {
            return Err(ClusterError::Cost { task: at, cost: task.move_cost });
        }
        if let Some(service) = task.service {
            let running = self.running.get_mut(service as usize);
            *running.ok_or(ClusterError::Unknown { task: at, named: service })? += 1;
        }
        let node = task.node as usize;
        let capacity = &self.nodes[node].capacity;
        let free = &mut self.free[node * self.dims..][..self.dims];
        for (dimension, (free, amount)) in free.iter_mut().zip(&task.size).enumerate() {
            let has = capacity[dimension];
            // Both are at most MAX_AMOUNT.
            let needs = has - *free + *amount;
            let overfull = ClusterError::Overfull { node, dimension, has, needs };
            *free = free.checked_sub(*amount).ok_or(overfull)?;
        }
        // At most MAX_MEMBERS.
        self.tasks_on[node].push(u32::try_from(at).unwrap_or(u32::MAX));
        self.tasks.push(task);
        Ok(())
    }

    /// The nodes that run something.
    pub fn nodes_used(&self) -> usize {
        self.tasks_on.iter().filter(|tasks| !tasks.is_empty()).count()
    }

    /// Whether a task may be moved at all: it is movable, and its service runs
    /// more than its floor.
    pub fn may_move(&self, task: u32) -> bool {
        let task = &self.tasks[task as usize];
        let above =
            |service: u32| self.running[service as usize] > self.services[service as usize].floor;
        task.movable && task.service.is_none_or(above)
    }

    pub(super) fn is_distinct(&self, task: u32) -> Option<u32> {
        let service = self.tasks[task as usize].service?;
        self.services[service as usize].distinct.then_some(service)
    }

    /// Whether everything on a node may be moved, and the node be freed.
    pub(super) fn may_free(&self, node: usize) -> bool {
        let tasks = &self.tasks_on[node];
        self.nodes[node].may_be_freed
            && !tasks.is_empty()
            && tasks.iter().all(|&task| self.may_move(task))
    }

    /// Whether a task may be moved to that node, room aside.
    pub(super) fn may_go(&self, task: u32, node: usize) -> bool {
        let allowed = self.tasks[task as usize].nodes.as_ref();
        self.nodes[node].takes_tasks
            && allowed.is_none_or(|nodes| nodes.iter().any(|at| *at as usize == node))
    }
}
