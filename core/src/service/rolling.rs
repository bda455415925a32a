//! What a REPLICA service starts and stops now: one step of a rolling update.
//!
//! ```text
//! every task of the service that counts to the ceiling is one of
//!
//!   keep       of the primary deployment, not unhealthy, not on a draining instance
//!   outgoing   of an older deployment, or unhealthy, or on a draining instance
//!   told       was told to stop and has not left RUNNING yet
//! ```
//!
//! In this order:
//!
//! 1. Outgoing tasks that never ran stop at once: they serve no one (the guide
//!    says so of draining instances; of older deployments it is our choice).
//! 2. As many starts as keep lacks, as far as the ceiling goes.
//! 3. Outgoing tasks that healthy kept ones have made superfluous stop:
//!    unhealthy first, then those not yet healthy, then healthy ones as far as
//!    the floor allows. So a replacement comes first.
//! 4. Where a start is wanted and the ceiling, or room, forbids it, outgoing
//!    tasks make way: an unhealthy one, one at a time, whatever the floor (it
//!    does not count there); else as many as the floor allows.
//! 5. Kept tasks above the desired count stop: those that never ran (the
//!    youngest first), then those not yet healthy, then by the scale-in rules.
//!
//! Sources: Amazon ECS API Reference, `DeploymentConfiguration`; Developer
//! Guide, "Amazon ECS services" (unhealthy tasks) and "Container instance
//! draining". A step neither starts above the ceiling nor leaves fewer healthy
//! tasks than the floor by its own stops.

use alloc::vec::Vec;
use core::fmt;

use super::bounds::Bounds;
use super::health::Stage;
use super::observed::TaskKey;

/// A task of the service that counts to the ceiling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The task.
    pub task: TaskKey,
    /// Where it stands; never [`Stage::Leaving`].
    pub stage: Stage,
    /// Whether it is of the primary deployment.
    pub current: bool,
    /// Whether its instance is draining.
    pub draining: bool,
    /// Whether it was told to stop.
    pub told: bool,
    /// Whether it is protected from scale-in and deployments now.
    pub protected: bool,
}

impl Member {
    fn is_keep(&self) -> bool {
        !self.told && self.current && !self.draining && self.stage != Stage::Unhealthy
    }

    fn is_outgoing(&self) -> bool {
        !self.told && !self.is_keep()
    }

    /// Whether scale-in may take it, the floor aside.
    pub(super) fn may_scale_in(&self) -> bool {
        self.is_keep() && !self.protected && self.stage == Stage::Healthy
    }

    /// Why an outgoing task goes.
    pub(super) fn reason(&self) -> StopReason {
        if self.stage == Stage::Unhealthy {
            StopReason::Unhealthy
        } else if self.draining {
            StopReason::Draining
        } else {
            StopReason::Replaced
        }
    }

    /// Protection is no shield against ill health or a draining instance.
    fn may_go(&self) -> bool {
        !self.protected || self.reason() != StopReason::Replaced
    }
}

/// Why a task is told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum StopReason {
    /// The service has more tasks than desired.
    ScaleIn,
    /// It is of an older deployment.
    Replaced,
    /// It failed its health checks.
    Unhealthy,
    /// Its instance is draining.
    Draining,
    /// A daemon whose instance no longer wants one, or has two.
    Misplaced,
    /// The service was deleted.
    Deleted,
}

impl fmt::Display for StopReason {
    /// `stoppedReason`, as near to ECS's as it is documented.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ScaleIn => "Scaling activity initiated by deployment",
            Self::Replaced => "Task replaced by a newer deployment",
            Self::Unhealthy => "Task failed its health checks",
            Self::Draining => "Task's container instance is draining",
            Self::Misplaced => "Task no longer meets its placement constraints",
            Self::Deleted => "Service deleted",
        })
    }
}

/// What one step looks at.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// Desired count, floor and ceiling.
    pub bounds: Bounds,
    /// How many kept tasks above the desired count are wanted for now: 1 while
    /// a task moves to another zone.
    pub hold: u32,
    /// The tasks, in order of their keys.
    pub members: &'a [Member],
    /// Starts of the primary deployment that were asked for and are not yet
    /// answered; they count to the ceiling.
    pub ordered: u32,
    /// The same of older deployments.
    pub ordered_before: u32,
    /// Whether tasks may be started: neither throttled nor failed.
    pub may_start: bool,
    /// Whether the last start found no room, and nothing has changed since.
    pub no_room: bool,
}

/// What one step does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// So many starts of the primary deployment.
    pub start: u32,
    /// These stops, in this order.
    pub stop: Vec<(TaskKey, StopReason)>,
    /// A task is to be started and the ceiling forbids it, none may be stopped
    /// because of the floor, and nothing under way will change that: the
    /// deployment configuration stands still.
    pub stuck: bool,
}

/// Chooses among tasks that may stop; those of the second list have gone.
pub type Choose<'a> = dyn FnMut(&[TaskKey], &[TaskKey]) -> Option<TaskKey> + 'a;

/// What to start and stop now. O(tasks log tasks) and the calls of `choose`.
pub fn step(now: &Situation<'_>, choose: &mut Choose<'_>) -> Step {
    let mut plan = Plan::new(now);
    plan.drop_pending();
    plan.start();
    plan.retire(choose);
    plan.make_way(choose);
    plan.shrink(choose);
    plan.step
}

struct Plan<'a> {
    now: &'a Situation<'a>,
    step: Step,
    /// Healthy tasks that no stop has been told to.
    healthy: u32,
    need: u32,
    room: u32,
}

fn count(members: &[Member], which: impl Fn(&Member) -> bool) -> u32 {
    u32::try_from(members.iter().filter(|member| which(member)).count()).unwrap_or(u32::MAX)
}

impl<'a> Plan<'a> {
    fn new(now: &'a Situation<'a>) -> Self {
        let members = now.members;
        let healthy = count(members, |m| !m.told && m.stage == Stage::Healthy);
        let keep = count(members, Member::is_keep).saturating_add(now.ordered);
        let ordered = now.ordered.saturating_add(now.ordered_before);
        let counted = count(members, |_| true).saturating_add(ordered);
        let wanted = now.bounds.desired.saturating_add(now.hold);
        let (need, room) =
            (wanted.saturating_sub(keep), now.bounds.ceiling.saturating_sub(counted));
        Self { now, step: Step::default(), healthy, need, room }
    }

    fn gone(&self) -> Vec<TaskKey> {
        self.step.stop.iter().map(|(task, _)| *task).collect()
    }

    fn stop(&mut self, member: &Member, reason: StopReason) {
        self.step.stop.push((member.task, reason));
        self.healthy -= u32::from(member.stage == Stage::Healthy);
    }

    fn may_lose_healthy(&self) -> bool {
        self.healthy > self.now.bounds.floor
    }

    fn drop_pending(&mut self) {
        for member in self.now.members {
            if member.is_outgoing() && member.stage == Stage::Pending && member.may_go() {
                self.stop(member, member.reason());
            }
        }
    }

    fn start(&mut self) {
        if self.now.may_start && !self.now.no_room {
            self.step.start = self.need.min(self.room);
        }
    }

    fn retire(&mut self, choose: &mut Choose<'_>) {
        let members = self.now.members;
        let kept_healthy = count(members, |m| m.is_keep() && m.stage == Stage::Healthy);
        let substitutes = self.now.bounds.desired.saturating_sub(kept_healthy);
        let gone = u32::try_from(self.step.stop.len()).unwrap_or(u32::MAX);
        let outgoing = count(members, Member::is_outgoing) - gone;
        let excess = outgoing.saturating_sub(substitutes);
        self.stop_outgoing(excess, choose, |_| true);
    }

    /// Stops up to `most` outgoing tasks, the least useful first.
    fn stop_outgoing(
        &mut self,
        most: u32,
        choose: &mut Choose<'_>,
        which: impl Fn(&Member) -> bool,
    ) {
        let members = self.now.members;
        let mut left = most;
        let useless = |stage: Stage| match stage {
            Stage::Unhealthy => 0,
            Stage::Pending | Stage::Warming { .. } | Stage::Leaving => 1,
            Stage::Healthy => 2,
        };
        for rank in 0..2 {
            for member in members.iter().filter(|m| m.is_outgoing() && which(m)) {
                let fits = useless(member.stage) == rank && member.may_go();
                if left > 0 && fits && !self.gone().contains(&member.task) {
                    self.stop(member, member.reason());
                    left -= 1;
                }
            }
        }
        let healthy =
            |m: &&Member| m.is_outgoing() && m.stage == Stage::Healthy && m.may_go() && which(m);
        let mut eligible: Vec<TaskKey> =
            members.iter().filter(healthy).map(|member| member.task).collect();
        while left > 0 && self.may_lose_healthy() {
            let Some(chosen) = choose(&eligible, &self.gone()) else { break };
            let Some(member) = members.iter().find(|m| m.task == chosen) else { break };
            eligible.retain(|task| *task != chosen);
            self.stop(member, member.reason());
            left -= 1;
        }
    }

    fn make_way(&mut self, choose: &mut Choose<'_>) {
        let now = self.now;
        let under_way = now.ordered > 0 || now.ordered_before > 0 || !self.step.stop.is_empty();
        let in_flight = under_way || now.members.iter().any(|m| m.told);
        let blocked = self.need > 0 && (self.room == 0 || now.no_room);
        if !now.may_start || in_flight || !blocked {
            return;
        }
        // What leaves a draining instance makes no room elsewhere.
        let helps = |m: &Member| self.room == 0 || !m.draining;
        let outgoing = |m: &&Member| m.is_outgoing() && helps(m);
        let ill = |m: &&Member| outgoing(m) && m.stage == Stage::Unhealthy;
        if let Some(member) = now.members.iter().find(ill) {
            self.stop(member, StopReason::Unhealthy);
            return;
        }
        // How much room one stop makes is not ours to know: one at a time.
        let (most, ceiling) = (if self.room == 0 { self.need } else { 1 }, self.room == 0);
        self.stop_outgoing(most, choose, |m| ceiling || !m.draining);
        let held_by_floor = now.members.iter().any(|m| m.is_outgoing() && m.may_go());
        // One that starts may become healthy, one that stops makes room.
        let moves = |m: &Member| m.told || (m.is_keep() && m.stage != Stage::Healthy);
        let under_way = now.ordered > 0 || now.ordered_before > 0 || now.members.iter().any(moves);
        self.step.stuck = ceiling && self.step.stop.is_empty() && held_by_floor && !under_way;
    }

    fn shrink(&mut self, choose: &mut Choose<'_>) {
        let now = self.now;
        let keep = count(now.members, Member::is_keep).saturating_add(now.ordered);
        let mut surplus = keep.saturating_sub(now.bounds.desired.saturating_add(now.hold));
        let idle = |m: &&Member| m.is_keep() && !m.protected && m.stage != Stage::Healthy;
        let mut early: Vec<&Member> = now.members.iter().filter(idle).collect();
        early.sort_by_key(|m| (m.stage != Stage::Pending, core::cmp::Reverse(m.task)));
        for member in early {
            if surplus > 0 {
                self.stop(member, StopReason::ScaleIn);
                surplus -= 1;
            }
        }
        let able = now.members.iter().filter(|member| member.may_scale_in());
        let mut eligible: Vec<TaskKey> = able.map(|member| member.task).collect();
        while surplus > 0 && self.may_lose_healthy() {
            let Some(chosen) = choose(&eligible, &self.gone()) else { break };
            let Some(member) = now.members.iter().find(|m| m.task == chosen) else { break };
            eligible.retain(|task| *task != chosen);
            self.stop(member, StopReason::ScaleIn);
            surplus -= 1;
        }
    }
}
