//! What a DAEMON service starts and stops now: one task on each instance.
//!
//! Amazon ECS Developer Guide, "Amazon ECS services", daemon: one task on each
//! active instance that meets the constraints, which are evaluated again for
//! running tasks; the first task on an instance and the last to leave it. The
//! maximum percent is 100, so an instance's old task stops before its new one
//! starts; how many at once is bounded by the floor.

use alloc::vec::Vec;

use super::health::Stage;
use super::observed::{InstanceKey, TaskKey};
use super::rolling::{Member, StopReason};

/// An instance, as a daemon sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host {
    /// The instance.
    pub instance: InstanceKey,
    /// Active, and meets the constraints.
    pub wants: bool,
    /// And its agent is connected.
    pub accepts: bool,
    /// Tasks there that are no daemon's.
    pub other_tasks: u32,
    /// Draining, where the daemon leaves last.
    pub draining: bool,
    /// A start there was asked for and is not yet answered.
    pub ordered: bool,
    /// A start there was refused, and nothing has changed since.
    pub refused: bool,
}

/// A daemon's task and where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The task.
    pub member: Member,
    /// Its instance.
    pub instance: Option<InstanceKey>,
}

/// What one step does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// One start on each of these.
    pub start: Vec<InstanceKey>,
    /// These stops, in this order.
    pub stop: Vec<(TaskKey, StopReason)>,
}

/// What to start and stop now. `floor` is the fewest healthy tasks that our own
/// stops may leave. O(instances * tasks).
pub fn step(hosts: &[Host], tasks: &[Placed], floor: u32, may_start: bool) -> Step {
    let healthy =
        tasks.iter().filter(|t| !t.member.told && t.member.stage == Stage::Healthy).count();
    let mut plan = Plan { step: Step::default(), healthy, floor: floor as usize, may_start };
    for task in tasks.iter().filter(|task| !task.member.told) {
        if !hosts.iter().any(|host| Some(host.instance) == task.instance) {
            plan.stop(&task.member, StopReason::Misplaced);
        }
    }
    for host in hosts {
        let here: Vec<Member> = tasks
            .iter()
            .filter(|task| task.instance == Some(host.instance))
            .map(|task| task.member)
            .collect();
        if host.wants { plan.serve(host, &here) } else { plan.leave(host, &here) }
    }
    plan.step
}

struct Plan {
    step: Step,
    healthy: usize,
    floor: usize,
    may_start: bool,
}

impl Plan {
    fn stop(&mut self, member: &Member, reason: StopReason) {
        self.step.stop.push((member.task, reason));
        self.healthy -= usize::from(member.stage == Stage::Healthy);
    }

    /// The instance wants no daemon.
    fn leave(&mut self, host: &Host, here: &[Member]) {
        for member in here.iter().filter(|member| !member.told) {
            let reason = if host.draining { StopReason::Draining } else { StopReason::Misplaced };
            let last_out = host.draining && host.other_tasks > 0;
            if member.stage == Stage::Pending || !last_out {
                self.stop(member, reason);
            }
        }
    }

    /// The instance wants one.
    fn serve(&mut self, host: &Host, here: &[Member]) {
        let is_good = |m: &&Member| !m.told && m.current && m.stage != Stage::Unhealthy;
        if let Some(keep) = here.iter().find(is_good) {
            for member in here.iter().filter(|m| !m.told && m.task != keep.task) {
                let reason = if is_good(&member) { StopReason::Misplaced } else { member.reason() };
                self.stop(member, reason);
            }
            return;
        }
        if here.is_empty() {
            if host.accepts && !host.ordered && !host.refused && self.may_start {
                self.step.start.push(host.instance);
            }
            return;
        }
        // An old one makes way for a start, and only for one that can be.
        for member in here.iter().filter(|member| !member.told) {
            let free = member.stage != Stage::Healthy || self.healthy > self.floor;
            let protected = member.protected && member.reason() == StopReason::Replaced;
            if host.accepts && self.may_start && free && !protected {
                self.stop(member, member.reason());
            }
        }
    }
}
