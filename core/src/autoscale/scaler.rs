//! The scaler: several policies over one thing that is scaled.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::bounds::{Bounds, Capacity, Direction, Scalable};
use super::decision::{Cause, Decision, Outcome, Overruled, Suppression};
use super::policy::{Policy, Proposal, ScaleIn, Vote};
use super::schedule::UnixSeconds;
use super::scheduled::{Pending, ScheduledAction};
use crate::time::{Duration, Instant};

/// A metric of a scaler: what [`Scaler::add_policy`] gave for its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MetricId(u32);

impl MetricId {
    /// The metric of that number, in the order in which names were first used.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn number(self) -> u32 {
        self.0
    }
}

/// Activities that are suspended (`SuspendedState` of Application Auto
/// Scaling). What they would have done is still decided, and suppressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct Suspended {
    /// Steps out of policies.
    pub scale_out: bool,
    /// Steps in of policies.
    pub scale_in: bool,
    /// Scheduled actions: those due meanwhile are lost, as at AWS.
    pub scheduled: bool,
}

/// A call on a scaler that it refuses.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ScalerError {
    /// No policy reads that metric.
    UnknownMetric(u32),
    /// A datum that is no finite number.
    NotFinite(f64),
    /// More policies than [`Scaler::MAX_POLICIES`].
    TooManyPolicies,
    /// More scheduled actions than [`Scaler::MAX_SCHEDULED`].
    TooManyScheduled,
    /// A scheduled action that sets neither bound.
    EmptyAction,
}

impl fmt::Display for ScalerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownMetric(number) => write!(f, "no policy reads a metric {number}"),
            Self::NotFinite(value) => write!(f, "datum {value}: must be a finite number"),
            Self::TooManyPolicies => {
                write!(f, "more than {} policies", Scaler::MAX_POLICIES)
            }
            Self::TooManyScheduled => {
                write!(f, "more than {} scheduled actions", Scaler::MAX_SCHEDULED)
            }
            Self::EmptyAction => f.write_str("a scheduled action sets min, max or both"),
        }
    }
}

impl core::error::Error for ScalerError {}

#[derive(Debug)]
struct Installed {
    name: String,
    metric: MetricId,
    policy: Box<dyn Policy>,
    /// Its last vote.
    vote: Option<Vote>,
}

/// The wait after a step, and what steps out have added within it.
#[derive(Clone, Copy, Debug)]
struct Cooldown {
    until: Instant,
    credit: u32,
}

/// A step that won its evaluation: whose, and what it is.
#[derive(Clone, Copy, Debug)]
struct Winner {
    policy: usize,
    proposal: Proposal,
}

/// Decides the desired capacity of one thing, by its policies and schedule.
///
/// The contract of the control plane: call a `handle_*`, then drain
/// [`Scaler::poll_action`] until it is empty, and call
/// [`Scaler::handle_time`] at [`Scaler::next_deadline`]. The host sets the
/// desired capacity that an action names, and reports what runs. A decision
/// counts as carried out at once: what is desired is what was decided last.
///
/// * **Out if any, in if all.** A policy that wants out wins over all that
///   want in; of several the largest capacity wins. Target tracking scales in
///   only if all target tracking policies that may want to; a step policy's
///   step in is not held back by them. (Application Auto Scaling User Guide,
///   "Target tracking scaling policies".)
/// * **Cooldown** begins with a step of a policy that has one. Within it a
///   step out adds only what exceeds that which was added within it (and
///   begins it anew), and a step in is not taken. A step out is not held back
///   by the cooldown of a step in, and ends it. A step in also waits for the
///   cooldown of a step out. (API Reference, "StepScalingPolicyConfiguration";
///   that both sorts of cooldown are one clock for all policies is chosen.)
/// * **Steps start from the running count**, not from the desired one.
///
/// What was suppressed is reported once, until something else is decided.
#[derive(Debug)]
pub struct Scaler {
    now: Instant,
    backward: u64,
    /// Unix time at the host's origin.
    origin: UnixSeconds,
    scalable: Scalable,
    policies: Vec<Installed>,
    metrics: Vec<String>,
    scheduled: Vec<Pending>,
    suspended: Suspended,
    deploying: bool,
    cooldown: Option<Cooldown>,
    actions: VecDeque<Decision>,
    reported: Option<(Cause, Suppression)>,
}

impl Scaler {
    /// The most policies (Application Auto Scaling's quota).
    pub const MAX_POLICIES: usize = 50;
    /// The most scheduled actions (its quota).
    pub const MAX_SCHEDULED: usize = 200;

    /// Without policies; Unix time 0 at the host's origin.
    pub const fn new(now: Instant, scalable: Scalable) -> Self {
        Self {
            now,
            backward: 0,
            origin: 0,
            scalable,
            policies: Vec::new(),
            metrics: Vec::new(),
            scheduled: Vec::new(),
            suspended: Suspended { scale_out: false, scale_in: false, scheduled: false },
            deploying: false,
            cooldown: None,
            actions: VecDeque::new(),
            reported: None,
        }
    }

    /// Says which Unix time the host's origin is, for scheduled actions. Call
    /// it before the first is added.
    #[must_use]
    pub const fn with_origin(mut self, unix_seconds: UnixSeconds) -> Self {
        self.origin = unix_seconds;
        self
    }

    /// Adds a policy that reads `metric`; policies that name the same metric
    /// share it. O(policies).
    ///
    /// # Errors
    /// [`ScalerError::TooManyPolicies`].
    pub fn add_policy(
        &mut self,
        name: &str,
        metric: &str,
        policy: Box<dyn Policy>,
    ) -> Result<MetricId, ScalerError> {
        if self.policies.len() == Self::MAX_POLICIES {
            return Err(ScalerError::TooManyPolicies);
        }
        let metric = self.metric(metric).unwrap_or_else(|| {
            self.metrics.push(metric.to_string());
            MetricId(index(self.metrics.len() - 1))
        });
        self.policies.push(Installed { name: name.to_string(), metric, policy, vote: None });
        Ok(metric)
    }

    /// Adds a scheduled action; due from now on. O(1) but for its calendar.
    ///
    /// # Errors
    /// [`ScalerError::TooManyScheduled`], [`ScalerError::EmptyAction`].
    pub fn add_scheduled_action(&mut self, action: ScheduledAction) -> Result<(), ScalerError> {
        if self.scheduled.len() == Self::MAX_SCHEDULED {
            return Err(ScalerError::TooManyScheduled);
        }
        if action.min.is_none() && action.max.is_none() {
            return Err(ScalerError::EmptyAction);
        }
        self.scheduled.push(Pending::new(action, self.unix(self.now)));
        Ok(())
    }

    /// The metric of that name. O(metrics).
    pub fn metric(&self, name: &str) -> Option<MetricId> {
        self.metrics.iter().position(|known| known == name).map(|at| MetricId(index(at)))
    }

    /// The name of a policy, by the number in a [`Decision`].
    pub fn policy_name(&self, policy: u32) -> Option<&str> {
        self.policies.get(usize::try_from(policy).ok()?).map(|policy| policy.name.as_str())
    }

    /// The name of a scheduled action, by the number in a [`Decision`].
    pub fn action_name(&self, action: u32) -> Option<&str> {
        let pending = self.scheduled.get(usize::try_from(action).ok()?)?;
        Some(pending.action.name.as_str())
    }

    /// What is scaled, as it stands.
    pub const fn scalable(&self) -> Scalable {
        self.scalable
    }

    /// What is suspended.
    pub const fn suspended(&self) -> Suspended {
        self.suspended
    }

    /// When the running cooldown ends, if one runs.
    pub fn cooldown_until(&self) -> Option<Instant> {
        self.cooldown.map(|cooldown| cooldown.until).filter(|until| *until > self.now)
    }

    /// How often a time came before an earlier one; it was taken as that one.
    pub const fn backward_times(&self) -> u64 {
        self.backward
    }

    /// The next decision that the host has not seen. O(1).
    pub fn poll_action(&mut self) -> Option<Decision> {
        self.actions.pop_front()
    }

    /// When to call [`Scaler::handle_time`] next; `None` without policies and
    /// scheduled actions to come. O(policies + scheduled actions).
    pub fn next_deadline(&self) -> Option<Instant> {
        let policies = self.policies.iter().map(|installed| installed.policy.next_deadline());
        let scheduled = self.scheduled.iter().filter_map(|pending| {
            let after_origin = u64::try_from(pending.next()?.checked_sub(self.origin)?).ok()?;
            Some(Instant::from_secs(after_origin))
        });
        policies.chain(scheduled).min()
    }

    /// A datum of a metric. First the periods that have ended are evaluated.
    ///
    /// # Errors
    /// [`ScalerError::UnknownMetric`], [`ScalerError::NotFinite`]; then
    /// nothing has changed.
    pub fn handle_datum(
        &mut self,
        now: Instant,
        metric: MetricId,
        value: f64,
    ) -> Result<(), ScalerError> {
        if usize::try_from(metric.0).map_or(true, |at| at >= self.metrics.len()) {
            return Err(ScalerError::UnknownMetric(metric.0));
        }
        if !value.is_finite() {
            return Err(ScalerError::NotFinite(value));
        }
        self.handle_time(now);
        let now = self.now;
        for installed in self.policies.iter_mut().filter(|policy| policy.metric == metric) {
            installed.policy.observe(now, value);
        }
        Ok(())
    }

    /// What runs now.
    pub fn handle_running(&mut self, now: Instant, running: u32) {
        self.handle_time(now);
        self.scalable.capacity.running = running;
    }

    /// The desired capacity was set by someone else.
    pub fn handle_desired(&mut self, now: Instant, desired: u32) {
        self.handle_time(now);
        self.scalable.capacity.desired = desired;
    }

    /// A deployment of the service began or ended.
    pub fn handle_deployment(&mut self, now: Instant, under_way: bool) {
        self.handle_time(now);
        self.deploying = under_way;
    }

    /// Suspends or resumes activities.
    pub fn handle_suspended(&mut self, now: Instant, suspended: Suspended) {
        self.handle_time(now);
        self.suspended = suspended;
    }

    /// Sets the bounds; a desired capacity outside them is brought to them at
    /// once, as by a scheduled action.
    pub fn handle_bounds(&mut self, now: Instant, bounds: Bounds) {
        self.handle_time(now);
        self.scalable.bounds = bounds;
        self.bring_into_bounds(Cause::Bounds(bounds));
    }

    /// Time has passed: carries out what is scheduled and evaluates the
    /// policies whose periods have ended. Where several passed since the last
    /// call, each policy is evaluated once, with the latest state; call at each
    /// [`Scaler::next_deadline`] for all. O(policies x periods + calendar).
    pub fn handle_time(&mut self, now: Instant) {
        if now < self.now {
            self.backward = self.backward.saturating_add(1);
        }
        self.now = now.max(self.now);
        self.carry_out_scheduled();
        let (now, capacity) = (self.now, self.scalable.capacity);
        let mut voted = [false; Self::MAX_POLICIES];
        for (installed, voted) in self.policies.iter_mut().zip(&mut voted) {
            if let Some(vote) = installed.policy.evaluate(now, capacity) {
                installed.vote = Some(vote);
                *voted = true;
            }
        }
        if voted.contains(&true) {
            self.decide(&voted);
        }
    }

    fn unix(&self, at: Instant) -> UnixSeconds {
        let seconds = at.as_nanos() / 1_000_000_000;
        self.origin.saturating_add(i64::try_from(seconds).unwrap_or(i64::MAX))
    }

    fn carry_out_scheduled(&mut self) {
        let now = self.unix(self.now);
        let pending = self.scheduled.iter_mut().enumerate();
        let mut due: Vec<_> =
            pending.filter_map(|(at, pending)| Some((pending.take_due(now)?, at))).collect();
        // In the order of time; at one time in the order in which they were added.
        due.sort_unstable();
        for (_, at) in due {
            let action = &self.scheduled[at].action;
            let before = self.scalable.bounds;
            let suppressed = match action.apply(before) {
                _ if self.suspended.scheduled => Some(Suppression::Suspended),
                Err(error) => Some(Suppression::BoundsCross { min: error.min, max: error.max }),
                Ok(bounds) => {
                    self.scalable.bounds = bounds;
                    None
                }
            };
            let cause = Cause::Scheduled { action: index(at), bounds: self.scalable.bounds };
            match suppressed {
                Some(why) => self.suppress(cause, why, Vec::new()),
                None => self.bring_into_bounds(cause),
            }
        }
    }

    fn bring_into_bounds(&mut self, cause: Cause) {
        let Capacity { desired, .. } = self.scalable.capacity;
        let bounded = self.scalable.bounds.clamp(desired);
        if bounded.to != desired {
            let outcome = Outcome::Scaled { to: bounded.to, limited_by: bounded.by, credited: 0 };
            self.scale(cause, outcome, bounded.to, Vec::new());
        }
    }

    /// The policies that voted now decide, the others' last votes count too.
    fn decide(&mut self, voted: &[bool]) {
        if let Some(out) = self.largest(voted, |vote| match vote {
            Vote::Out(proposal) => Some(proposal),
            _ => None,
        }) {
            let overruled = self.overruled(voted, out, Direction::Out);
            self.step_out(out, overruled);
            return;
        }
        let Some(first) = self.largest(voted, |vote| match vote {
            Vote::In(proposal) => Some(proposal),
            _ => None,
        }) else {
            return;
        };
        match self.agreed_in(voted) {
            Ok(winner) => {
                let overruled = self.overruled(voted, winner, Direction::In);
                self.step_in(winner, overruled);
            }
            Err(veto) => {
                self.suppress(self.cause(first, Direction::In), veto, Vec::new());
            }
        }
    }

    /// Of the policies that voted now, the one that wants most; the first of
    /// several that want as much.
    fn largest(&self, voted: &[bool], of: impl Fn(Vote) -> Option<Proposal>) -> Option<Winner> {
        let mut best: Option<Winner> = None;
        for (policy, (installed, voted)) in self.policies.iter().zip(voted).enumerate() {
            let proposal = installed.vote.filter(|_| *voted).and_then(&of);
            if let Some(proposal) = proposal
                && best.is_none_or(|best| proposal.wanted > best.proposal.wanted)
            {
                best = Some(Winner { policy, proposal });
            }
        }
        best
    }

    /// The step in that is agreed to: of those that need no one's consent, and
    /// of those that need each other's where all want it, the one that leaves
    /// most.
    fn agreed_in(&self, voted: &[bool]) -> Result<Winner, Suppression> {
        let mut veto = None;
        let mut best: Option<Winner> = None;
        let mut take = |policy, proposal: Proposal| {
            if best.is_none_or(|best: Winner| proposal.wanted > best.proposal.wanted) {
                best = Some(Winner { policy, proposal });
            }
        };
        let of = |sort: ScaleIn| {
            let policies = self.policies.iter().enumerate();
            policies.filter(move |(_, installed)| installed.policy.scale_in() == sort)
        };
        for (at, installed) in of(ScaleIn::Together) {
            let hold = match installed.vote {
                Some(Vote::In(_)) => continue,
                Some(Vote::Hold(hold)) => Some(hold),
                Some(Vote::Out(_)) | None => None,
            };
            veto = Some(Suppression::Vetoed { policy: index(at), hold });
            break;
        }
        if veto.is_none() && of(ScaleIn::Together).any(|(at, _)| voted[at]) {
            for (at, installed) in of(ScaleIn::Together) {
                if let Some(Vote::In(proposal)) = installed.vote {
                    take(at, proposal);
                }
            }
        }
        for (at, installed) in of(ScaleIn::Alone).filter(|(at, _)| voted[*at]) {
            if let Some(Vote::In(proposal)) = installed.vote {
                take(at, proposal);
            }
        }
        let veto = veto.unwrap_or(Suppression::AlreadyDesired);
        best.ok_or(veto)
    }

    /// What the others that voted now wanted, beside the winner.
    fn overruled(&self, voted: &[bool], winner: Winner, direction: Direction) -> Vec<Overruled> {
        let mut others = Vec::new();
        for (at, (installed, voted)) in self.policies.iter().zip(voted).enumerate() {
            let (Some(vote), true, true) = (installed.vote, *voted, at != winner.policy) else {
                continue;
            };
            let wanted = match (vote, direction) {
                (Vote::Hold(_), _) => continue,
                (Vote::Out(proposal) | Vote::In(proposal), _) => proposal.wanted,
            };
            let why = Suppression::LargerWins { policy: index(winner.policy) };
            others.push(Overruled { policy: index(at), wanted, why });
        }
        others
    }

    fn cause(&self, winner: Winner, direction: Direction) -> Cause {
        let Winner { policy, proposal: Proposal { wanted, evidence } } = winner;
        let kind = self.policies[policy].policy.kind();
        Cause::Policy { policy: index(policy), kind, direction, wanted, evidence }
    }

    fn step_out(&mut self, winner: Winner, overruled: Vec<Overruled>) {
        let cause = self.cause(winner, Direction::Out);
        if self.suspended.scale_out {
            return self.suppress(cause, Suppression::Suspended, overruled);
        }
        let Scalable { bounds, capacity: Capacity { running, desired } } = self.scalable;
        let change = winner.proposal.wanted.saturating_sub(running);
        let running_cooldown = self.cooldown.filter(|cooldown| cooldown.until > self.now);
        // A step in's cooldown has no credit and holds no step out back.
        let credit = running_cooldown.map_or(0, |cooldown| cooldown.credit);
        if let Some(Cooldown { until, .. }) = running_cooldown
            && credit > 0
            && change <= credit
        {
            return self.suppress(cause, Suppression::Cooldown { until, credit }, overruled);
        }
        let wanted = if credit > 0 {
            desired.saturating_add(change - credit)
        } else {
            winner.proposal.wanted
        };
        let bounded = bounds.step(Direction::Out, desired, wanted);
        if bounded.to <= desired {
            let why = bounded.by.map_or(Suppression::AlreadyDesired, Suppression::AtBound);
            return self.suppress(cause, why, overruled);
        }
        let added = if credit > 0 {
            credit.saturating_add(bounded.to - desired)
        } else {
            bounded.to.saturating_sub(running)
        };
        let wait = self.policies[winner.policy].policy.cooldown(Direction::Out);
        self.begin_cooldown(wait, added);
        let outcome = Outcome::Scaled { to: bounded.to, limited_by: bounded.by, credited: credit };
        self.scale(cause, outcome, bounded.to, overruled);
    }

    fn step_in(&mut self, winner: Winner, overruled: Vec<Overruled>) {
        let cause = self.cause(winner, Direction::In);
        if self.suspended.scale_in {
            return self.suppress(cause, Suppression::Suspended, overruled);
        }
        if self.deploying {
            return self.suppress(cause, Suppression::Deployment, overruled);
        }
        if let Some(Cooldown { until, credit }) =
            self.cooldown.filter(|cooldown| cooldown.until > self.now)
        {
            return self.suppress(cause, Suppression::Cooldown { until, credit }, overruled);
        }
        let Scalable { bounds, capacity: Capacity { desired, .. } } = self.scalable;
        let bounded = bounds.step(Direction::In, desired, winner.proposal.wanted);
        if bounded.to >= desired {
            let why = bounded.by.map_or(Suppression::AlreadyDesired, Suppression::AtBound);
            return self.suppress(cause, why, overruled);
        }
        let wait = self.policies[winner.policy].policy.cooldown(Direction::In);
        self.begin_cooldown(wait, 0);
        let outcome = Outcome::Scaled { to: bounded.to, limited_by: bounded.by, credited: 0 };
        self.scale(cause, outcome, bounded.to, overruled);
    }

    fn begin_cooldown(&mut self, wait: Duration, credit: u32) {
        let cooldown = Cooldown { until: self.now.after(wait), credit };
        self.cooldown = (wait > Duration::ZERO).then_some(cooldown);
    }

    fn scale(&mut self, cause: Cause, outcome: Outcome, to: u32, overruled: Vec<Overruled>) {
        let Capacity { running, desired: from } = self.scalable.capacity;
        self.scalable.capacity.desired = to;
        self.reported = None;
        let at = self.now;
        self.actions.push_back(Decision { at, running, from, cause, outcome, overruled });
    }

    fn suppress(&mut self, cause: Cause, why: Suppression, overruled: Vec<Overruled>) {
        let again = self.reported.is_some_and(|(before, reason)| {
            same_asker(before, cause)
                && core::mem::discriminant(&reason) == core::mem::discriminant(&why)
        });
        if again {
            return;
        }
        self.reported = Some((cause, why));
        let Capacity { running, desired: from } = self.scalable.capacity;
        let (at, outcome) = (self.now, Outcome::Suppressed(why));
        self.actions.push_back(Decision { at, running, from, cause, outcome, overruled });
    }
}

/// Whether both causes are the same policy in the same direction, or the same
/// action.
fn same_asker(a: Cause, b: Cause) -> bool {
    match (a, b) {
        (
            Cause::Policy { policy: a, direction: c, .. },
            Cause::Policy { policy: b, direction: d, .. },
        ) => (a, c) == (b, d),
        (Cause::Scheduled { action: a, .. }, Cause::Scheduled { action: b, .. }) => a == b,
        _ => false,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "policies, metrics and actions are few")]
const fn index(at: usize) -> u32 {
    at as u32
}
