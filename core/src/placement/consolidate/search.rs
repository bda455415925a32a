//! The search for the nodes to free.

use alloc::vec;
use alloc::vec::Vec;

use super::bound::fewest_nodes;
use super::cluster::Cluster;
use super::plan::{Freed, Move, Plan};
use crate::rng::Rng;

/// Nodes of the search for places, where best fit finds none.
const MAX_NODES: u32 = 2_000;
/// Most tasks that are placed by search, and packed anew for one node more.
const MAX_REPACKED: usize = 64;
/// Rounds without a better plan before the search says that it is done.
const PATIENCE: u32 = 200;

/// A search for a plan, carried out step by step.
///
/// A task is moved at most once, from a node that is freed to one that is
/// kept. So no move waits for another, and each prefix of the plan is one.
/// Nodes that run nothing take no task.
///
/// ```
/// use warmstow_core::placement::consolidate::{Cluster, ClusterNode, ClusterTask, Consolidator};
///
/// // Three nodes of 4 vCPU; the third's two tasks fit on the others.
/// let nodes = vec![ClusterNode::new(vec![4]); 3];
/// let tasks = [(0, 3), (1, 3), (2, 1), (2, 1)];
/// let tasks = tasks.map(|(node, cpu)| ClusterTask::new(node, vec![cpu]));
/// let cluster = Cluster::new(nodes, tasks.into(), vec![])?;
///
/// let mut consolidator = Consolidator::new(cluster, 0);
/// while consolidator.advance(10_000) {}
/// let plan = consolidator.plan();
/// assert_eq!((plan.nodes_used, plan.bound, plan.moves.len()), (3, 2, 2));
/// assert_eq!((plan.freed[0].node, plan.freed[0].after_moves), (2, 2));
/// # Ok::<(), warmstow_core::placement::consolidate::ClusterError>(())
/// ```
#[derive(Debug)]
pub struct Consolidator {
    cluster: Cluster,
    rng: Rng,
    plan: Plan,
    /// The nodes that may be freed, and what their moves cost.
    candidates: Vec<(u64, u32)>,
    work: u64,
    rounds: u32,
}

/// Where the tasks of freed nodes go.
#[derive(Clone)]
struct Places<'c> {
    cluster: &'c Cluster,
    free: Vec<u64>,
    is_freed: Vec<bool>,
    /// Tasks of distinct services on each node.
    services: Vec<Vec<u32>>,
    moves: Vec<(u32, u32)>,
    nodes: u32,
    work: u64,
}

impl Consolidator {
    /// The search for a plan of `cluster`; at first the plan is to do nothing.
    pub fn new(cluster: Cluster, seed: u64) -> Self {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let plan = Plan {
            nodes_used: number(cluster.nodes_used()),
            bound: number(fewest_nodes(&cluster)),
            ..Plan::default()
        };
        let cost = |node: usize| -> u64 {
            cluster.tasks_on[node].iter().map(|&t| cluster.tasks[t as usize].move_cost).sum()
        };
        let mut candidates: Vec<(u64, u32)> = (0..cluster.nodes.len())
            .filter(|&node| cluster.may_free(node))
            .map(|node| (cost(node), number(node)))
            .collect();
        candidates.sort_unstable();
        Self { cluster, rng: Rng::new(seed), plan, candidates, work: 0, rounds: 0 }
    }

    /// The best plan so far: the most nodes freed, for the least cost.
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The cluster.
    pub const fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Spends about `work` more, comparisons of a task with a node; whether
    /// it is worth going on. The first call tries every node once, however
    /// little `work` is.
    pub fn advance(&mut self, work: u64) -> bool {
        let end = self.work.saturating_add(work.max(1));
        while self.work < end {
            if self.candidates.is_empty() || self.rounds > PATIENCE {
                return false;
            }
            let (before, spent) = (self.plan.clone(), self.work);
            self.round();
            self.work = self.work.max(spent + 1);
            self.rounds = if before == self.plan { self.rounds + 1 } else { 0 };
        }
        true
    }

    /// Frees one node after the other, in an order that is another each time.
    fn round(&mut self) {
        let mut order = self.candidates.clone();
        if self.work > 0 {
            // The cheap first, more or less; every other time in any order.
            let any = self.rng.below(2) == 0;
            for (cost, _) in &mut order {
                let about = cost.saturating_mul(4 + self.rng.below(9)) + self.rng.below(4);
                *cost = if any { self.rng.next_u64() } else { about };
            }
            order.sort_unstable();
        }
        let mut freed: Vec<u32> = vec![];
        let mut now = Places::new(&self.cluster);
        for (_, node) in order {
            // What went there must go elsewhere along with its own tasks.
            let mut next = now.clone();
            next.work = 0;
            let mut found = next.free_too(node, &mut self.rng);
            self.work += next.work + self.cluster.nodes.len() as u64;
            if !found && now.moves.len() <= MAX_REPACKED {
                next = Places::new(&self.cluster);
                next.work = 0;
                freed.push(node);
                found = next.free_all(&freed, &mut self.rng);
                freed.pop();
                self.work += next.work + self.cluster.tasks.len() as u64;
            }
            if found {
                freed.push(node);
                now = next;
            }
        }
        let moves = now.moves;
        self.offer(&freed, &moves);
    }

    fn offer(&mut self, freed: &[u32], places: &[(u32, u32)]) {
        let cost_of = |node: u32| {
            self.candidates.iter().find(|(_, own)| *own == node).map_or(0, |(cost, _)| *cost)
        };
        let mut order: Vec<(u64, u32)> = freed.iter().map(|&node| (cost_of(node), node)).collect();
        order.sort_unstable();
        let cost = order.iter().map(|(cost, _)| cost).sum();
        let better = (order.len(), self.plan.cost) > (self.plan.freed.len(), cost)
            || order.len() > self.plan.freed.len();
        if !better {
            return;
        }
        let mut plan = Plan { freed: vec![], moves: vec![], cost, ..self.plan.clone() };
        for (cost, node) in order {
            let own =
                places.iter().filter(|(task, _)| self.cluster.tasks[*task as usize].node == node);
            plan.moves.extend(own.map(|&(task, to)| Move { task, from: node, to }));
            let after_moves = u32::try_from(plan.moves.len()).unwrap_or(u32::MAX);
            plan.freed.push(Freed { node, after_moves, cost });
        }
        debug_assert_eq!(plan.verify(&self.cluster), Ok(()), "the search made no plan");
        self.plan = plan;
    }
}

impl<'c> Places<'c> {
    fn new(cluster: &'c Cluster) -> Self {
        let services = cluster
            .tasks_on
            .iter()
            .map(|tasks| tasks.iter().filter_map(|&task| cluster.is_distinct(task)).collect())
            .collect();
        Self {
            cluster,
            free: cluster.free.clone(),
            is_freed: vec![false; cluster.nodes.len()],
            services,
            moves: vec![],
            nodes: 0,
            work: 0,
        }
    }

    /// Frees one node more, without moving what was moved to others.
    fn free_too(&mut self, node: u32, rng: &mut Rng) -> bool {
        let at = node as usize;
        let mut tasks = self.cluster.tasks_on[at].clone();
        tasks.extend(self.moves.iter().filter(|(_, to)| *to == node).map(|(task, _)| *task));
        self.moves.retain(|(_, to)| *to != node);
        self.is_freed[at] = true;
        self.find(tasks, rng)
    }

    /// Frees all of `nodes`, from the beginning.
    fn free_all(&mut self, nodes: &[u32], rng: &mut Rng) -> bool {
        nodes.iter().for_each(|&node| self.is_freed[node as usize] = true);
        let tasks = nodes.iter().flat_map(|&node| self.cluster.tasks_on[node as usize].clone());
        self.find(tasks.collect(), rng)
    }

    /// Finds a place for each of `tasks`; whether there is one.
    fn find(&mut self, mut tasks: Vec<u32>, rng: &mut Rng) -> bool {
        tasks.sort_unstable_by_key(|&task| (core::cmp::Reverse(self.weight(task)), task));
        self.nodes = 0;
        if tasks.len() <= MAX_REPACKED {
            return self.place(&tasks, rng);
        }
        // Too many to search: each where it leaves least, or not at all.
        tasks.into_iter().all(|task| {
            let open = (0..self.cluster.nodes.len()).filter(|&node| self.is_open(task, node));
            let best = open.min_by_key(|&node| (self.left(task, node), node));
            self.work += self.cluster.nodes.len() as u64;
            best.map(|node| self.take(task, node)).is_some()
        })
    }

    /// The shares of what the nodes have in all, summed.
    fn weight(&self, task: u32) -> u64 {
        let size = &self.cluster.tasks[task as usize].size;
        let capacity = |d: usize| self.cluster.nodes[0].capacity[d].max(1);
        size.iter().enumerate().map(|(d, amount)| (amount << 16) / capacity(d)).sum()
    }

    /// Places the first of `tasks` where least is left, then the others;
    /// elsewhere if those find no place.
    fn place(&mut self, tasks: &[u32], rng: &mut Rng) -> bool {
        let Some((&task, others)) = tasks.split_first() else { return true };
        let mut open: Vec<(u64, usize)> = (0..self.cluster.nodes.len())
            .filter(|&node| self.is_open(task, node))
            .map(|node| (self.left(task, node) + rng.below(2), node))
            .collect();
        self.work += self.cluster.nodes.len() as u64;
        open.sort_unstable();
        for (_, node) in open {
            self.nodes += 1;
            if self.nodes > MAX_NODES {
                return false;
            }
            self.take(task, node);
            if self.place(others, rng) {
                return true;
            }
            self.give_back(task, node);
        }
        false
    }

    fn is_open(&self, task: u32, node: usize) -> bool {
        let cluster = self.cluster;
        let free = &self.free[node * cluster.dims..][..cluster.dims];
        let fits = || cluster.tasks[task as usize].size.iter().zip(free).all(|(a, b)| a <= b);
        let shares = || {
            cluster.is_distinct(task).is_some_and(|service| self.services[node].contains(&service))
        };
        !self.is_freed[node]
            && !cluster.tasks_on[node].is_empty()
            && fits()
            && cluster.may_go(task, node)
            && !shares()
    }

    /// What `task` leaves of `node`, shares summed.
    fn left(&self, task: u32, node: usize) -> u64 {
        let dims = self.cluster.dims;
        let free = &self.free[node * dims..][..dims];
        let each = free.iter().zip(&self.cluster.tasks[task as usize].size);
        let share = |(d, (free, amount)): (usize, (&u64, &u64))| {
            ((free - amount) << 16) / self.cluster.nodes[0].capacity[d].max(1)
        };
        each.enumerate().map(share).sum()
    }

    fn take(&mut self, task: u32, node: usize) {
        let dims = self.cluster.dims;
        let size = &self.cluster.tasks[task as usize].size;
        self.free[node * dims..][..dims].iter_mut().zip(size).for_each(|(free, a)| *free -= a);
        self.services[node].extend(self.cluster.is_distinct(task));
        self.moves.push((task, u32::try_from(node).unwrap_or(u32::MAX)));
    }

    fn give_back(&mut self, task: u32, node: usize) {
        let dims = self.cluster.dims;
        let size = &self.cluster.tasks[task as usize].size;
        self.free[node * dims..][..dims].iter_mut().zip(size).for_each(|(free, a)| *free += a);
        if self.cluster.is_distinct(task).is_some() {
            self.services[node].pop();
        }
        self.moves.pop();
    }
}
