//! Consolidation against a plain search of everything, on tiny clusters.
//!
//! * Every plan can be carried out, move by move, and does what it says.
//! * No arrangement uses fewer nodes than the bound.
//! * On clusters this small as many nodes are freed as can be, at the least cost.
#![cfg(feature = "alloc")]

use proptest::prelude::*;
use warmstow_core::placement::consolidate::{
    Cluster, ClusterNode, ClusterService, ClusterTask, Consolidator,
};

#[derive(Clone, Debug)]
struct Case {
    nodes: Vec<ClusterNode>,
    tasks: Vec<ClusterTask>,
    services: Vec<ClusterService>,
}

impl Case {
    fn may_move(&self, at: usize) -> bool {
        let task = &self.tasks[at];
        task.movable
            && task.service.is_none_or(|service| {
                let running = self.tasks.iter().filter(|t| t.service == task.service).count();
                running > self.services[service as usize].floor as usize
            })
    }

    /// The most nodes that can be freed where each task of a freed node goes to
    /// a kept one, and the least that costs.
    fn best(&self) -> (usize, u64) {
        let used: Vec<u32> = (0_u32..)
            .take(self.nodes.len())
            .filter(|node| self.tasks.iter().any(|task| task.node == *node))
            .collect();
        let mut best = (0, 0);
        for set in 0..1_u32 << used.len() {
            let freed: Vec<u32> =
                (0..used.len()).filter(|at| set >> at & 1 == 1).map(|at| used[at]).collect();
            let leaving: Vec<usize> =
                (0..self.tasks.len()).filter(|&t| freed.contains(&self.tasks[t].node)).collect();
            let cost: u64 = leaving.iter().map(|&task| self.tasks[task].move_cost).sum();
            let better = freed.len() > best.0 || freed.len() == best.0 && cost < best.1;
            let allowed = freed.iter().all(|&node| self.nodes[node as usize].may_be_freed)
                && leaving.iter().all(|&task| self.may_move(task));
            let kept: Vec<u32> = used.iter().copied().filter(|n| !freed.contains(n)).collect();
            let mut place: Vec<u32> = self.tasks.iter().map(|task| task.node).collect();
            if better && allowed && self.fits(&kept, &leaving, &mut place) {
                best = (freed.len(), cost);
            }
        }
        best
    }

    fn fits(&self, kept: &[u32], leaving: &[usize], place: &mut Vec<u32>) -> bool {
        let Some((&task, others)) = leaving.split_first() else { return true };
        kept.iter().any(|&node| {
            let own = &self.tasks[task];
            let allowed = self.nodes[node as usize].takes_tasks
                && own.nodes.as_ref().is_none_or(|nodes| nodes.contains(&node));
            let on = |at: &usize| place[*at] == node;
            let has_room = (0..own.size.len()).all(|d| {
                let used: u64 =
                    (0..self.tasks.len()).filter(on).map(|at| self.tasks[at].size[d]).sum();
                used + own.size[d] <= self.nodes[node as usize].capacity[d]
            });
            let apart = own.service.is_none_or(|service| {
                !self.services[service as usize].distinct
                    || !(0..self.tasks.len())
                        .filter(on)
                        .any(|at| self.tasks[at].service == own.service)
            });
            if !(allowed && has_room && apart) {
                return false;
            }
            let before = core::mem::replace(&mut place[task], node);
            let found = self.fits(kept, others, place);
            place[task] = before;
            found
        })
    }
}

fn cases() -> impl Strategy<Value = Case> {
    (2_usize..=5, 1_usize..=2).prop_flat_map(|(nodes, dims)| {
        let node = (
            prop::collection::vec(4_u64..=10, dims),
            prop::bool::weighted(0.85),
            prop::bool::weighted(0.9),
        );
        let node = node.prop_map(|(capacity, may_be_freed, takes_tasks)| ClusterNode {
            capacity,
            may_be_freed,
            takes_tasks,
        });
        let task = (
            0..u32::try_from(nodes).unwrap(),
            prop::collection::vec(0_u64..=4, dims),
            prop::bool::weighted(0.9),
            0_u64..=3,
            prop::option::weighted(0.5, 0_u32..2),
            prop::option::weighted(
                0.2,
                prop::collection::vec(0..u32::try_from(nodes).unwrap(), 0..=3),
            ),
        );
        let task = task.prop_map(|(node, size, movable, move_cost, service, nodes)| ClusterTask {
            node,
            size,
            movable,
            move_cost,
            service,
            nodes,
        });
        let service = (0_u32..=2, prop::bool::weighted(0.3))
            .prop_map(|(floor, distinct)| ClusterService { floor, distinct });
        (
            prop::collection::vec(node, nodes),
            prop::collection::vec(task, 0..=7),
            prop::collection::vec(service, 2),
        )
            .prop_map(|(nodes, tasks, services)| Case { nodes, tasks, services })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn plans_can_be_carried_out_and_free_what_can_be_freed(case in cases(), seed in any::<u64>()) {
        // A case that overfills a node is none.
        let built = Cluster::new(case.nodes.clone(), case.tasks.clone(), case.services.clone());
        prop_assume!(built.is_ok());
        let mut consolidator = Consolidator::new(built.unwrap(), seed);
        for _ in 0..200 {
            if !consolidator.advance(2_000) {
                break;
            }
        }
        let plan = consolidator.plan();
        plan.verify(consolidator.cluster()).unwrap();
        let (freed, cost) = case.best();
        prop_assert!((plan.bound as usize) <= plan.nodes_used as usize - freed);
        prop_assert_eq!(plan.freed.len(), freed);
        prop_assert_eq!(plan.cost, cost);
    }
}
