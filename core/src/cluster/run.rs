//! Tasks begin: `RunTask`, `StartTask`, and one at a time for services.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use super::capacity_provider::{self, ProviderShare, StrategyError};
use super::instance::ContainerInstanceId;
use super::overrides::Overrides;
use super::placing::{Asked, Failure, NoRoom, Order};
use super::signals::Action;
use super::state::Cluster;
use super::task::{DesiredStatus, LaunchType, Task, TaskContainer, TaskId, TaskStatus};
use super::task_definition::{
    Compatibility, DefinitionError, NetworkMode, PlacementConstraint, Registered, RevisionStatus,
    TaskDefinition,
};
use super::{FAMILY_GROUP, SERVICE_GROUP};
use crate::time::Instant;

/// Most tasks of one `RunTask`, and most instances of one `StartTask`.
pub const MAX_RUN_COUNT: u32 = 10;

/// On what tasks are to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Launch {
    /// By the cluster's default strategy; where it has none, on EC2.
    #[default]
    Default,
    /// On this launch type.
    Type(LaunchType),
    /// By this capacity provider strategy.
    Providers(Vec<ProviderShare>),
}

/// What is to run, and how.
#[derive(Clone, Debug)]
pub struct RunRequest {
    /// The revision; it must be active.
    pub definition: Arc<Registered>,
    /// `service:NAME` for a service's task; `None`: `family:FAMILY`.
    pub group: Option<String>,
    /// Who asks: for a service's task its deployment.
    pub started_by: Option<String>,
    /// On what.
    pub launch: Launch,
    /// Beside the definition's own; at most 10 together.
    pub constraints: Vec<PlacementConstraint>,
    /// `binpack:cpu`, `binpack:memory`, `spread:instanceId`, `spread:attribute:NAME`
    /// or `random`, at most 5; none: by availability zone, then by instance.
    pub strategies: Vec<String>,
    /// Changes of the definition.
    pub overrides: Overrides,
    /// The availability zones of the subnets; empty: any.
    pub zones: Vec<String>,
    /// Whether RUNNING waits until a load balancer or the like knows the task
    /// ([`Action::Activate`], and [`Action::Deactivate`] before it stops).
    pub activation: bool,
}

impl RunRequest {
    /// Tasks of that revision, everything else as AWS has it by default.
    pub fn new(definition: &Arc<Registered>) -> Self {
        Self {
            definition: Arc::clone(definition),
            group: None,
            started_by: None,
            launch: Launch::Default,
            constraints: Vec::new(),
            strategies: Vec::new(),
            overrides: Overrides::default(),
            zones: Vec::new(),
            activation: false,
        }
    }

    /// The same for a service and one of its deployments.
    #[must_use]
    pub fn for_service(mut self, service: &str, deployment: &str) -> Self {
        self.group = Some(format!("{SERVICE_GROUP}{service}"));
        self.started_by = Some(deployment.into());
        self
    }

    /// The group of its tasks.
    pub fn group(&self) -> Cow<'_, str> {
        match &self.group {
            Some(group) => Cow::Borrowed(group),
            None => Cow::Owned(format!("{FAMILY_GROUP}{}", self.definition.definition.family)),
        }
    }
}

/// What came of a call: tasks, and why others are not among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// The tasks, in the order of creation.
    pub tasks: Vec<TaskId>,
    /// Where a task had no room: for every instance looked at why not.
    pub failures: Vec<Failure>,
}

/// Why a call is refused as a whole; nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunError {
    /// Not 1 to [`MAX_RUN_COUNT`] tasks or instances.
    Count {
        /// How many.
        count: usize,
    },
    /// The revision is not active.
    NotActive {
        /// `family:revision`.
        name: String,
        /// What it is.
        status: RevisionStatus,
    },
    /// The cluster has no container instances.
    NoInstances,
    /// The definition with its overrides breaks a rule, or does not suit Fargate.
    Definition(DefinitionError),
    /// The definition is made for other launch types only.
    Incompatible {
        /// The launch type.
        launch: LaunchType,
    },
    /// The strategy is none, or names providers that the cluster does not have.
    Strategy(StrategyError),
    /// Constraints and strategies do not go with Fargate.
    PlacementOnFargate,
    /// A constraint or a placement strategy that is none.
    Placement {
        /// Why.
        reason: String,
    },
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count { count } => {
                write!(f, "{count} tasks in one call: 1 to {MAX_RUN_COUNT} are possible")
            }
            Self::NotActive { name, status } => {
                write!(f, "TaskDefinition is inactive: {name} is {}", status.as_str())
            }
            Self::NoInstances => f.write_str("No Container Instances were found in your cluster."),
            Self::Definition(error) => error.fmt(f),
            Self::Incompatible { launch } => {
                write!(f, "Task definition does not support launch_type {launch}.")
            }
            Self::Strategy(error) => error.fmt(f),
            Self::PlacementOnFargate => f.write_str(
                "Placement constraints and strategies are not supported with the FARGATE launch \
                 type.",
            ),
            Self::Placement { reason } => f.write_str(reason),
        }
    }
}

impl core::error::Error for RunError {}

/// Why one task of a service did not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LaunchError {
    /// The call is refused whatever the room.
    Refused(RunError),
    /// No instance took it.
    NoRoom(NoRoom),
}

impl fmt::Display for LaunchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => error.fmt(f),
            Self::NoRoom(why) => match why.closest.as_ref().or_else(|| why.failures.first()) {
                Some(closest) => write!(f, "no instance took the task, {closest}"),
                None => f.write_str("no instance took the task"),
            },
        }
    }
}

impl core::error::Error for LaunchError {}

/// A request that can be carried out.
struct Plan<'a> {
    request: &'a RunRequest,
    definition: Arc<TaskDefinition>,
    /// One for each task in turn; `None`: EC2 without a provider.
    shares: Option<Vec<ProviderShare>>,
    launch: LaunchType,
    asked: Asked,
    /// Only there, and only now: what has no room does not wait for it.
    zone: Option<&'a str>,
}

/// Where a task goes.
enum Place {
    Instance(ContainerInstanceId),
    Fargate,
    Waits,
}

impl Cluster {
    /// Starts `count` tasks of a revision wherever they fit; those that do not are
    /// explained, and the others run all the same (`RunTask`).
    /// O(count · (instances + tasks)).
    ///
    /// # Errors
    /// The call as a whole is refused.
    pub fn run_tasks(
        &mut self,
        now: Instant,
        request: &RunRequest,
        count: u32,
    ) -> Result<Ran, RunError> {
        if count == 0 || count > MAX_RUN_COUNT {
            return Err(RunError::Count { count: count as usize });
        }
        let plan = self.plan(request)?;
        let now = self.clock(now);
        let mut counts = vec![0; plan.shares.as_ref().map_or(0, Vec::len)];
        let mut ran = Ran::default();
        for _ in 0..count {
            match self.run_one(now, &plan, &mut counts) {
                Ok(task) => ran.tasks.push(task),
                Err(why) if ran.failures.is_empty() => ran.failures = why.failures,
                Err(_) => {}
            }
        }
        Ok(ran)
    }

    /// Starts one task for a service. With a strategy of capacity providers, base
    /// and weights count the group's tasks that are to run.
    ///
    /// # Errors
    /// The request is refused, or no instance took the task.
    pub fn launch_task(
        &mut self,
        now: Instant,
        request: &RunRequest,
    ) -> Result<TaskId, LaunchError> {
        self.launch(now, request, None)
    }

    /// The same in one availability zone: a task that moves there. It finds room now
    /// or not at all, and asks for no capacity.
    ///
    /// # Errors
    /// The request is refused, or no instance in the zone took the task.
    pub fn launch_task_in(
        &mut self,
        now: Instant,
        request: &RunRequest,
        zone: &str,
    ) -> Result<TaskId, LaunchError> {
        self.launch(now, request, Some(zone))
    }

    fn launch(
        &mut self,
        now: Instant,
        request: &RunRequest,
        zone: Option<&str>,
    ) -> Result<TaskId, LaunchError> {
        let plan = self.plan(request).map_err(LaunchError::Refused)?;
        let plan = Plan { zone, ..plan };
        let now = self.clock(now);
        let group = request.group();
        let mut counts: Vec<u32> = Vec::new();
        for share in plan.shares.iter().flatten() {
            let same = |task: &&Task| {
                task.desired_status == DesiredStatus::Running
                    && task.group == group
                    && task.capacity_provider() == Some(&share.capacity_provider)
            };
            let count = self.tasks.values().filter(same).count();
            counts.push(u32::try_from(count).unwrap_or(u32::MAX));
        }
        self.run_one(now, &plan, &mut counts).map_err(LaunchError::NoRoom)
    }

    /// Starts one task on each of these instances, without a scheduler (`StartTask`).
    /// An instance that cannot take it is explained. O(instances named).
    ///
    /// # Errors
    /// The call as a whole is refused.
    pub fn start_tasks(
        &mut self,
        now: Instant,
        request: &RunRequest,
        instances: &[ContainerInstanceId],
    ) -> Result<Ran, RunError> {
        if instances.is_empty() || instances.len() > MAX_RUN_COUNT as usize {
            return Err(RunError::Count { count: instances.len() });
        }
        let on_ec2 = RunRequest { launch: Launch::Type(LaunchType::Ec2), ..request.clone() };
        let plan = self.plan(&on_ec2)?;
        let now = self.clock(now);
        let mut ran = Ran::default();
        let group = request.group();
        for id in instances {
            // What is kept there for a daemon is its own to take.
            self.lift(&group, *id);
            match self.refusal_of(*id, &plan.definition.requirements(), &plan.asked, &request.zones)
            {
                Some(failure) => ran.failures.push(failure),
                None => {
                    let task = self.create(now, &plan, Place::Instance(*id), None);
                    ran.tasks.push(task);
                }
            }
            self.keep_on(*id);
        }
        Ok(ran)
    }

    fn plan<'a>(&self, request: &'a RunRequest) -> Result<Plan<'a>, RunError> {
        let registered = &request.definition;
        if registered.status != RevisionStatus::Active {
            let (name, status) = (registered.name(), registered.status);
            return Err(RunError::NotActive { name, status });
        }
        let rules = &self.settings.rules;
        let definition = if request.overrides.is_empty() {
            Arc::clone(&registered.definition)
        } else {
            let changed = request.overrides.apply(&registered.definition, rules);
            Arc::new(changed.map_err(RunError::Definition)?)
        };
        let (shares, launch) = self.launch_of(request);
        if let Some(shares) = shares {
            self.check_shares(shares).map_err(RunError::Strategy)?;
        }
        if launch == LaunchType::Fargate {
            if !request.constraints.is_empty() || !request.strategies.is_empty() {
                return Err(RunError::PlacementOnFargate);
            }
            definition.check_fargate(rules).map_err(RunError::Definition)?;
        }
        let only = &definition.requires_compatibilities;
        let external = [Compatibility::External, Compatibility::ManagedInstances];
        let suits = only.is_empty() || !only.iter().all(|one| external.contains(one));
        if launch != LaunchType::External && !suits {
            return Err(RunError::Incompatible { launch });
        }
        let asked = Asked::new(request, &definition)?;
        if shares.is_none() && launch != LaunchType::Fargate && self.has_no_members() {
            return Err(RunError::NoInstances);
        }
        let shares = shares.map(<[ProviderShare]>::to_vec);
        Ok(Plan { request, definition, shares, launch, asked, zone: None })
    }

    /// By which strategy of capacity providers a request's tasks run, and on what.
    pub(super) fn launch_of<'a>(
        &'a self,
        request: &'a RunRequest,
    ) -> (Option<&'a [ProviderShare]>, LaunchType) {
        let shares = match &request.launch {
            Launch::Providers(shares) => Some(shares.as_slice()),
            Launch::Default if !self.default_strategy.is_empty() => {
                Some(self.default_strategy.as_slice())
            }
            _ => None,
        };
        let first = shares.and_then(<[ProviderShare]>::first);
        let launch = match &request.launch {
            _ if first.is_some_and(ProviderShare::is_fargate) => LaunchType::Fargate,
            Launch::Type(launch) => *launch,
            _ => LaunchType::Ec2,
        };
        (shares, launch)
    }

    /// The zones that a request's tasks run in without an instance: those of its
    /// subnets, on Fargate.
    pub fn fargate_zones<'a>(&self, request: &'a RunRequest) -> &'a [String] {
        match self.launch_of(request) {
            (_, LaunchType::Fargate) => &request.zones,
            _ => &[],
        }
    }

    /// On what the tasks of a request run here.
    pub fn launch_type(&self, request: &RunRequest) -> LaunchType {
        self.launch_of(request).1
    }

    /// Whether the request could be taken, with instances or without.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn check(&self, request: &RunRequest) -> Result<(), RunError> {
        match self.plan(request) {
            Ok(_) | Err(RunError::NoInstances) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn has_no_members(&self) -> bool {
        !self.instances.values().any(|one| one.status().is_member())
    }

    fn run_one(
        &mut self,
        now: Instant,
        plan: &Plan<'_>,
        counts: &mut [u32],
    ) -> Result<TaskId, NoRoom> {
        let at = plan
            .shares
            .as_ref()
            .and_then(|shares| capacity_provider::next_provider(shares, counts));
        let share = at.and_then(|at| plan.shares.as_ref().map(|shares| shares[at].clone()));
        let provider = share.map(|share| share.capacity_provider);
        let place = if plan.launch == LaunchType::Fargate {
            let outside = |zone: &&str| !plan.request.zones.iter().any(|one| one == zone);
            if let Some(zone) = plan.zone.filter(outside) {
                let detail = Some(format!("no subnet of the task is in zone {zone:?}"));
                let reason = "LOCATION".into();
                let failures = vec![Failure { instance: None, reason, detail }];
                return Err(NoRoom { failures, closest: None });
            }
            Place::Fargate
        } else {
            self.place(plan, provider.as_deref())?
        };
        let task = self.create(now, plan, place, provider);
        if let Some(count) = at.and_then(|at| counts.get_mut(at)) {
            *count += 1;
        }
        Ok(task)
    }

    /// An instance, or the queue of a provider that Amazon ECS scales.
    fn place(&mut self, plan: &Plan<'_>, provider: Option<&str>) -> Result<Place, NoRoom> {
        let requirements = plan.definition.requirements();
        let group = plan.request.group();
        let order = Order {
            group: &group,
            requirements: &requirements,
            asked: &plan.asked,
            zones: &plan.request.zones,
            provider,
            zone: plan.zone,
        };
        let why = match self.choose(&order) {
            Ok(instance) => return Ok(Place::Instance(instance)),
            Err(why) => why,
        };
        if plan.zone.is_some() {
            return Err(why);
        }
        let Some(of) = provider.and_then(|name| self.providers.get(name)) else {
            return Err(why);
        };
        if of.managed_scaling && self.waiting.len() < self.settings.max_waiting {
            return Ok(Place::Waits);
        }
        if why.none_active() {
            return Err(NoRoom::because(self.empty_provider(of)));
        }
        Err(why)
    }

    fn create(
        &mut self,
        now: Instant,
        plan: &Plan<'_>,
        place: Place,
        provider: Option<String>,
    ) -> TaskId {
        let id = self.new_task_id();
        let request = plan.request;
        let definition = Arc::clone(&plan.definition);
        let needs_interface = definition.network_mode() == NetworkMode::Awsvpc;
        let (instance, waits) = match place {
            Place::Instance(instance) => (Some(instance), false),
            Place::Fargate => (None, false),
            Place::Waits => (None, true),
        };
        let provisions = needs_interface || plan.launch == LaunchType::Fargate || waits;
        let zone = match instance {
            Some(at) => self.instances.get(&at).and_then(|one| one.availability_zone()),
            None => None,
        };
        let zone = zone.map(ToString::to_string);
        let zone = zone.or_else(|| self.fargate_zone(plan).filter(|_| !waits));
        let containers = definition.container_definitions.iter().map(|_| TaskContainer::new());
        let task = Task {
            id,
            registered: Arc::clone(&request.definition),
            requirements: definition.requirements(),
            containers: containers.collect(),
            definition,
            overrides: request.overrides.clone(),
            group: request.group().into_owned(),
            started_by: request.started_by.clone(),
            launch: plan.launch,
            capacity_provider: provider,
            instance,
            availability_zone: zone,
            last_status: if provisions { TaskStatus::Provisioning } else { TaskStatus::Pending },
            desired_status: DesiredStatus::Running,
            stop_code: None,
            stopped_reason: None,
            created_at: now,
            started_at: None,
            stopping_at: None,
            stopped_at: None,
            activation: request.activation,
            provisioned: false,
            counted: false,
            hold: None,
            counted_gpus: 0,
            admitted: false,
            gpus: 0,
            request: waits.then(|| Box::new(request.clone())),
            version: 1,
        };
        let (from, to) = (task.last_status, task.last_status);
        self.tasks.insert(id, task);
        self.act(Action::TaskChanged { task: id, from, to });
        if waits {
            self.wait(now, id);
        } else {
            self.settle(now, id);
        }
        id
    }

    /// The task has its place: count it there, prepare its interface or hand it to
    /// its agent.
    pub(super) fn settle(&mut self, now: Instant, id: TaskId) {
        self.count(id);
        let Some(task) = self.tasks.get_mut(&id) else { return };
        let interface = task.definition.network_mode() == NetworkMode::Awsvpc;
        if interface || task.launch == LaunchType::Fargate {
            task.provisioned = true;
            let instance = task.instance;
            self.act(Action::Provision { task: id, instance });
            return;
        }
        if task.last_status == TaskStatus::Provisioning {
            self.set_status(id, TaskStatus::Pending);
        }
        self.enqueue(now, id);
    }

    /// Fargate spreads a group's tasks over the zones of its subnets: the one with
    /// the fewest, the first of equals, or the one that is asked for. `None` where no
    /// zones are given.
    fn fargate_zone(&self, plan: &Plan<'_>) -> Option<String> {
        if plan.launch != LaunchType::Fargate {
            return None;
        }
        if let Some(zone) = plan.zone {
            return Some(zone.into());
        }
        let group = plan.request.group();
        let tasks_in = |zone: &&String| {
            let same = |task: &&Task| {
                task.desired_status == DesiredStatus::Running
                    && task.group == group
                    && task.availability_zone() == Some(zone.as_str())
            };
            self.tasks.values().filter(same).count()
        };
        plan.request.zones.iter().min_by_key(tasks_in).cloned()
    }
}
