//! How a service moves a task to another zone.
//!
//! ```text
//! No --1--> Ordered --2--> Started --3--> No, and a task of `from` stops
//! ```
//!
//! 1. `begin_move`: a steady service is unbalanced, and `from` holds a task that
//!    may stop;
//! 2. `handle_placed`;
//! 3. `finish_move`: the new task is healthy, and `from` still holds one.
//!
//! Whatever else becomes of the new task, or of `from`, the move is given up.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::control::{Service, Where};
use super::health::Stage;
use super::observed::{InstanceStatus, ObservedInstance, OrderKey, TaskKey, ZoneKey};
use super::rolling::Member;
use super::spec::Scheduling;
use super::zones::{self, Setup, ZoneCount};
use crate::time::Instant;

/// How far a move is; `from` is the zone that is to lose a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moving {
    No,
    Ordered { order: OrderKey, from: ZoneKey },
    Started { task: TaskKey, from: ZoneKey },
}

impl Service {
    /// Starts a task in the emptiest zone, where a steady service is unbalanced.
    pub(super) fn begin_move(&mut self, now: Instant, members: &[Member]) {
        let bounds = self.bounds();
        let steady = |m: &Member| m.current && !m.told && !m.draining && m.stage == Stage::Healthy;
        let settled = members.iter().all(steady) && members.len() == bounds.desired as usize;
        let idle = self.moving == Moving::No && self.orders.is_empty();
        let room = bounds.ceiling > bounds.desired && self.may_start(now);
        if !settled || !idle || !room || now < self.no_move_before || !self.rebalances() {
            return;
        }
        if let Some(way) = zones::imbalance(&self.zone_counts(members)) {
            self.moving = Moving::Ordered { order: OrderKey(self.next_order), from: way.from };
            self.order(Where::Zone(way.to));
        }
    }

    /// The zones with instances that work, and those that need none, with the members
    /// there. Where no instance meets the constraints the zone takes no task, but may
    /// give one up: its own tasks may be what the constraints are against.
    fn zone_counts(&self, members: &[Member]) -> Vec<ZoneCount> {
        let mut counts: BTreeMap<ZoneKey, ZoneCount> = BTreeMap::new();
        let works =
            |at: &&ObservedInstance| at.status == InstanceStatus::Active && at.agent_connected;
        let instances =
            self.instances.values().filter(works).filter_map(|at| Some((at.zone?, at.matches)));
        let without = self.fargate_zones.iter().map(|zone| (*zone, true));
        for (zone, takes) in instances.chain(without) {
            let none = ZoneCount { zone, tasks: 0, gives: false, takes: false };
            let count = counts.entry(zone).or_insert(none);
            count.takes |= takes;
        }
        for member in members {
            let zone = self.zone_of(member.task);
            if let Some(count) = zone.and_then(|zone| counts.get_mut(&zone)) {
                count.tasks += 1;
                count.gives |= member.may_scale_in();
            }
        }
        counts.into_values().collect()
    }

    /// The zone that a task is in, if that is known.
    pub(super) fn zone_of(&self, task: TaskKey) -> Option<ZoneKey> {
        let seen = &self.tasks.get(&task)?.seen;
        let instance = seen.instance.and_then(|at| self.instances.get(&at));
        instance.and_then(|at| at.zone).or(seen.zone)
    }

    /// Where the moving task has arrived: the zone in which one is to stop for it.
    pub(super) fn finish_move(&mut self, members: &[Member]) -> Option<ZoneKey> {
        let Moving::Started { task, from } = self.moving else { return None };
        let moved = self.tasks.get(&task).filter(|task| task.told.is_none());
        match moved.map(|task| task.stage) {
            Some(Stage::Healthy) => {
                let leaves = |m: &Member| m.may_scale_in() && self.zone_of(m.task) == Some(from);
                if members.iter().any(leaves) {
                    self.moving = Moving::No;
                    return Some(from);
                }
                self.give_up_move();
            }
            Some(Stage::Unhealthy) | None => self.give_up_move(),
            Some(_) => {}
        }
        None
    }

    pub(super) fn give_up_move(&mut self) {
        self.moving = Moving::No;
        self.no_move_before = self.now.after(Self::MOVE_RETRY);
    }

    /// Whether the service's tasks move to balance zones.
    pub(super) fn rebalances(&self) -> bool {
        let setup = Setup {
            daemon: self.spec.scheduling == Scheduling::Daemon,
            rules: self.spec.stop_rules.clone(),
            max_percent: self.spec.percents.max_percent,
            classic_load_balancer: self.spec.classic_load_balancer,
            zone_constraint: self.spec.zone_constraint,
        };
        self.spec.rebalance && zones::eligible(&setup).is_ok()
    }
}
