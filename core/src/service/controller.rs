//! Services on a cluster: their actions carried out, its tasks reported back.
//!
//! A [`Controller`] owns the services of one [`Cluster`]. A task of service NAME
//! is in the group `service:NAME` and was started by its deployment,
//! `ecs-svc/N`. The host plays agents and network to the cluster as without
//! services, and beside that:
//!
//! ```text
//! cluster.handle(now, event), controller.create(..), update(..), delete(..)
//!     then   controller.drive(now, &mut cluster)   services look, start and stop
//!     then   controller.poll_target()              register, deregister: a load balancer's
//!            cluster.poll_action()                 containers, interfaces: an agent's
//!     then   controller.next_deadline(&cluster)    when to drive again at the latest
//! ```
//!
//! Daemons look first, so that on an instance that joins they are placed before
//! other services fill it; they are the last to leave one that drains.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::control::{Action, Service, ServiceStatus, Where};
use super::error::DeleteError;
use super::events::Unplaced;
use super::look::{Look, Scene, Zones, deployment_name, observe};
use super::observed::{Health, TaskKey};
use super::scale_in::StopRule;
use super::spec::{Revision, Scheduling, ServiceSpec, ServiceUpdate, SpecError};
use super::verdict::{Obstacle, Outlook, Places, Verdict, verdict};
use crate::cluster::instance::ContainerInstanceId;
use crate::cluster::task::{StopCode, TaskId};
use crate::cluster::task_definition::{PlacementConstraint, Registered};
use crate::cluster::{Cluster, Failure, LaunchError, Reach, RunRequest, SERVICE_GROUP};
use crate::placement::view::ChainError;
use crate::time::Instant;

/// What a load balancer is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetAction {
    /// The service.
    pub service: String,
    /// Its task.
    pub task: TaskId,
    /// Whether to register it, or to deregister it.
    pub register: bool,
}

/// Why a call names no service, or is refused. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServiceError {
    /// No service of that name: AWS's `ServiceNotFoundException`.
    NotFound {
        /// The name.
        name: String,
    },
    /// There is an active service of that name, or one that drains.
    Exists {
        /// The name.
        name: String,
    },
    /// The settings.
    Spec(SpecError),
    /// The deletion.
    Delete(DeleteError),
    /// The placement strategies.
    Strategies(ChainError),
}

impl From<SpecError> for ServiceError {
    fn from(error: SpecError) -> Self {
        Self::Spec(error)
    }
}

impl From<DeleteError> for ServiceError {
    fn from(error: DeleteError) -> Self {
        Self::Delete(error)
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { name } => write!(f, "Service not found: {name:?}"),
            Self::Exists { name } => write!(
                f,
                "Creation of service was not idempotent: {name:?} is active or still draining"
            ),
            Self::Spec(error) => error.fmt(f),
            Self::Delete(error) => error.fmt(f),
            Self::Strategies(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for ServiceError {}

/// A service, what its revisions run, and what it was told last.
#[derive(Debug)]
struct Managed {
    service: Service,
    /// What each revision runs, by its number.
    runs: BTreeMap<u64, RunRequest>,
    next_revision: u64,
    /// The instances that its tasks may run on, room aside, by the last look.
    matching: Vec<ContainerInstanceId>,
    look: Look,
}

/// The services of one cluster, by name.
#[derive(Debug, Default)]
pub struct Controller {
    services: BTreeMap<String, Managed>,
    zones: Zones,
    targets: VecDeque<TargetAction>,
}

/// The most looks of one [`Controller::drive`]; a cluster comes to rest in far
/// fewer, since starts and stops are answered by later events.
const MAX_PASSES: u32 = 1_000;

fn revision(number: u64, request: &RunRequest) -> Revision {
    let containers = &request.definition.definition.container_definitions;
    let checked = |of: &crate::cluster::task_definition::ContainerDefinition| {
        of.is_essential() && of.health_check.is_some()
    };
    Revision { number, container_check: containers.iter().any(checked) }
}

impl Controller {
    /// Without services.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a service that runs `request`, whose group and starter it sets.
    /// The revision of `spec` is numbered here, from 1.
    ///
    /// # Errors
    ///
    /// The name is taken, or `spec` breaks a rule.
    pub fn create(
        &mut self,
        now: Instant,
        spec: ServiceSpec,
        request: RunRequest,
    ) -> Result<(), ServiceError> {
        let taken = self.services.get(&spec.name);
        if taken.is_some_and(|old| old.service.status() != ServiceStatus::Inactive) {
            return Err(ServiceError::Exists { name: spec.name });
        }
        let name = spec.name.clone();
        let spec = ServiceSpec { revision: revision(1, &request), ..spec };
        let service = Service::new(now, spec)?;
        let runs = BTreeMap::from([(1, request)]);
        let managed = Managed {
            service,
            runs,
            next_revision: 2,
            matching: Vec::new(),
            look: Look::default(),
        };
        self.services.insert(name, managed);
        Ok(())
    }

    /// Changes a service. Another definition is a new revision, and so begins a
    /// deployment; the revision of `update` is numbered here.
    ///
    /// # Errors
    ///
    /// No such service, or the update breaks a rule.
    pub fn update(
        &mut self,
        now: Instant,
        name: &str,
        update: ServiceUpdate,
        definition: Option<&Arc<Registered>>,
    ) -> Result<(), ServiceError> {
        let managed = self.managed(name)?;
        let current = managed.service.spec().revision.number;
        let Some(run) = managed.runs.get(&current) else {
            return Err(ServiceError::NotFound { name: name.into() });
        };
        let new = definition.filter(|new| new.name() != run.definition.name());
        let request = new.map(|new| RunRequest { definition: Arc::clone(new), ..run.clone() });
        let number = managed.next_revision;
        let update = ServiceUpdate {
            revision: request.as_ref().map(|request| revision(number, request)),
            ..update
        };
        managed.service.update(now, update)?;
        if let Some(request) = request {
            managed.runs.insert(number, request);
            managed.next_revision += 1;
        }
        Ok(())
    }

    /// Changes where tasks are placed that start from now on, and which go first.
    /// No new deployment (Amazon ECS API Reference, `UpdateService`).
    ///
    /// # Errors
    ///
    /// No such service, or a strategy is none.
    pub fn set_placement(
        &mut self,
        now: Instant,
        name: &str,
        constraints: Option<Vec<PlacementConstraint>>,
        strategies: Option<Vec<String>>,
    ) -> Result<(), ServiceError> {
        let managed = self.managed(name)?;
        if let Some(strategies) = strategies {
            let rules = StopRule::of_names(&strategies).map_err(ServiceError::Strategies)?;
            let update = ServiceUpdate { stop_rules: Some(rules), ..ServiceUpdate::default() };
            managed.service.update(now, update)?;
            for run in managed.runs.values_mut() {
                run.strategies.clone_from(&strategies);
            }
        }
        if let Some(constraints) = constraints {
            for run in managed.runs.values_mut() {
                run.constraints.clone_from(&constraints);
            }
        }
        Ok(())
    }

    /// Deletes a service: it drains and is then inactive, and still described.
    ///
    /// # Errors
    ///
    /// No such service, or it must be scaled to 0 or forced first.
    pub fn delete(&mut self, now: Instant, name: &str, force: bool) -> Result<(), ServiceError> {
        Ok(self.managed(name)?.service.delete(now, force)?)
    }

    /// A service by its name.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.get(name).map(|managed| &managed.service)
    }

    /// A service to change by its own calls, such as protection.
    pub fn service_mut(&mut self, name: &str) -> Option<&mut Service> {
        self.services.get_mut(name).map(|managed| &mut managed.service)
    }

    /// All services, by name, deleted ones among them.
    pub fn services(&self) -> impl Iterator<Item = (&str, &Service)> {
        self.services.iter().map(|(name, managed)| (name.as_str(), &managed.service))
    }

    /// What a service's current revision runs.
    pub fn request(&self, name: &str) -> Option<&RunRequest> {
        self.request_of(name, self.services.get(name)?.service.spec().revision.number)
    }

    /// What a revision of a service runs, by its number.
    pub fn request_of(&self, name: &str, revision: u64) -> Option<&RunRequest> {
        self.services.get(name)?.runs.get(&revision)
    }

    /// The load balancer's checks report on a task of a service.
    ///
    /// # Errors
    ///
    /// No such service.
    pub fn handle_target(
        &mut self,
        now: Instant,
        name: &str,
        task: TaskId,
        health: Health,
    ) -> Result<(), ServiceError> {
        self.managed(name)?.service.handle_target(now, TaskKey(task.0), health);
        Ok(())
    }

    fn managed(&mut self, name: &str) -> Result<&mut Managed, ServiceError> {
        self.services.get_mut(name).ok_or_else(|| ServiceError::NotFound { name: name.into() })
    }

    /// Tells the services what has changed in the cluster, and starts and stops
    /// tasks there until none of them wants more.
    /// O(passes * services * (instances * constraints + tasks)).
    pub fn drive(&mut self, now: Instant, cluster: &mut Cluster) {
        cluster.handle_time(now);
        for _ in 0..MAX_PASSES {
            let mut acted = false;
            for name in self.in_turn() {
                acted |= self.drive_one(now, cluster, &name);
            }
            if !acted {
                break;
            }
        }
    }

    /// Daemons first, then by name.
    fn in_turn(&self) -> Vec<String> {
        let daemon = |managed: &Managed| managed.service.spec().scheduling == Scheduling::Daemon;
        let mut names: Vec<(bool, &String)> =
            self.services.iter().map(|(name, managed)| (!daemon(managed), name)).collect();
        names.sort();
        names.into_iter().map(|(_, name)| name.clone()).collect()
    }

    fn drive_one(&mut self, now: Instant, cluster: &mut Cluster, name: &str) -> bool {
        let daemons: Vec<String> = self.daemon_groups();
        let Some(managed) = self.services.get_mut(name) else { return false };
        let zones = &mut self.zones;
        let Managed { service, runs, look, matching, .. } = managed;
        service.handle_timer(now);
        let current = service.spec().revision.number;
        let is_daemon = service.spec().scheduling == Scheduling::Daemon;
        let group = format!("{SERVICE_GROUP}{name}");
        let run = runs.get(&current).filter(|_| service.status() == ServiceStatus::Active);
        if let Some(run) = run {
            let free = cluster.fargate_zones(run).iter();
            service.handle_zones(now, free.map(|zone| zones.key(zone)).collect());
        }
        // Looked at anew each time: what runs where, and attributes, may change.
        let found = match run {
            Some(run) if is_daemon => Some(cluster.reserve_for_daemon(&group, run)),
            Some(run) => Some(cluster.matching(run)),
            None => None,
        };
        match found {
            Some(Ok(found)) => *matching = found,
            // What is no constraint changes nothing.
            Some(Err(_)) => {}
            None => cluster.release_daemon(&group),
        }
        let scene = Scene { cluster, daemons: &daemons, zones };
        look.report(now, name, scene, matching, service);
        let mut acted = false;
        while let Some(action) = service.poll_action() {
            acted = true;
            match action {
                Action::Start { order, deployment, revision, place } => {
                    let starter = deployment_name(deployment);
                    let run = runs.get(&revision.number).cloned();
                    let run = run.map(|run| run.for_service(name, &starter));
                    let zone = match place {
                        Where::Zone(zone) => zones.name(zone),
                        _ => None,
                    };
                    let placed = start(now, cluster, place, zone, run);
                    let answered = match placed.map(|task| cluster.task(task)) {
                        Ok(Some(task)) => service.handle_placed(now, order, observe(task, zones)),
                        Ok(None) => Ok(()),
                        Err(why) => service.handle_unplaced(now, order, &why),
                    };
                    debug_assert!(answered.is_ok(), "an order is answered once");
                }
                Action::Stop { task, reason } => {
                    let (task, why) = (TaskId(task.0), reason.to_string());
                    // One that has stopped meanwhile is reported by the next look.
                    let _ = cluster.stop_task(now, task, StopCode::ServiceSchedulerInitiated, &why);
                }
                Action::Register { task } => self.targets.push_back(TargetAction {
                    service: name.into(),
                    task: TaskId(task.0),
                    register: true,
                }),
                Action::Deregister { task } => self.targets.push_back(TargetAction {
                    service: name.into(),
                    task: TaskId(task.0),
                    register: false,
                }),
            }
        }
        acted
    }

    fn daemon_groups(&self) -> Vec<String> {
        let daemons = self
            .services
            .iter()
            .filter(|(_, managed)| managed.service.spec().scheduling == Scheduling::Daemon);
        daemons.map(|(name, _)| format!("{SERVICE_GROUP}{name}")).collect()
    }

    /// What a load balancer shall do next; `None` when that is all.
    pub fn poll_target(&mut self) -> Option<TargetAction> {
        self.targets.pop_front()
    }

    /// When to drive at the latest: the cluster's deadline or a service's.
    pub fn next_deadline(&self, cluster: &Cluster) -> Option<Instant> {
        let services = self.services.values().filter_map(|at| at.service.next_deadline());
        services.chain(cluster.next_deadline()).min()
    }

    /// Whether a deployment of `definition` to a service could ever end, from
    /// what the cluster has now. All tasks of the service that were not told to
    /// stop count as the old ones. Instances count that meet what the service asks
    /// of them; on Fargate, and by a provider that Amazon ECS scales, there is room
    /// for all. O(instances x constraints + tasks).
    ///
    /// # Errors
    ///
    /// No such service.
    pub fn verdict(
        &self,
        cluster: &Cluster,
        name: &str,
        definition: &Arc<Registered>,
    ) -> Result<Verdict, ServiceError> {
        let managed = self.services.get(name);
        let managed = managed.ok_or_else(|| ServiceError::NotFound { name: name.into() })?;
        let group = format!("{SERVICE_GROUP}{name}");
        let current = managed.service.spec().revision.number;
        let run = managed.runs.get(&current);
        let run = run.ok_or_else(|| ServiceError::NotFound { name: name.into() })?;
        let run = RunRequest { definition: Arc::clone(definition), ..run.clone() };
        let bounds = managed.service.bounds();
        if bounds.desired == 0 {
            return Ok(Verdict::Progresses);
        }
        let mut static_ports = Vec::new();
        let daemon = managed.service.spec().scheduling == Scheduling::Daemon;
        let instances = match cluster.reach(&run.for_service(name, ""), daemon) {
            Ok(Reach::Endless) => alloc::vec![Places { now: u32::MAX, alone: u32::MAX }],
            Ok(Reach::Instances { ids, distinct, needed }) => {
                static_ports.extend(needed.ports.iter().map(|(_, port)| *port));
                static_ports.dedup();
                super::look::places(cluster, &ids, &group, &needed, daemon || distinct)
            }
            Err(error) => {
                let reason = error.to_string();
                return Ok(Verdict::Never(alloc::vec![Obstacle::Refused { reason }]));
            }
        };
        // Those that are not yet healthy will be: the verdict is for ever.
        let old = managed.service.remaining_count();
        Ok(verdict(&Outlook { bounds, old, instances, static_ports }))
    }
}

/// Carries a start out. `zone`: the name of the one that it names.
fn start(
    now: Instant,
    cluster: &mut Cluster,
    place: Where,
    zone: Option<&str>,
    run: Option<RunRequest>,
) -> Result<TaskId, Unplaced> {
    let none = |reason: &str| Err(Unplaced { closest: None, reason: reason.into() });
    let Some(run) = run else { return none("the revision is unknown") };
    let launched = match (place, zone) {
        (Where::Instance(at), _) => {
            return start_on(now, cluster, &run, ContainerInstanceId(at.0));
        }
        (Where::Anywhere, _) => cluster.launch_task(now, &run),
        (Where::Zone(_), Some(zone)) => cluster.launch_task_in(now, &run, zone),
        (Where::Zone(_), None) => return none("the zone has no name"),
    };
    launched.map_err(|error| match error {
        LaunchError::Refused(error) => Unplaced { closest: None, reason: error.to_string() },
        LaunchError::NoRoom(why) => unplaced(why.closest.or_else(|| first(&why.failures))),
    })
}

fn start_on(
    now: Instant,
    cluster: &mut Cluster,
    run: &RunRequest,
    instance: ContainerInstanceId,
) -> Result<TaskId, Unplaced> {
    let ran = cluster
        .start_tasks(now, run, &[instance])
        .map_err(|error| Unplaced { closest: None, reason: error.to_string() })?;
    ran.tasks.first().copied().ok_or_else(|| unplaced(first(&ran.failures)))
}

fn first(failures: &[Failure]) -> Option<Failure> {
    failures.first().cloned()
}

/// What the event of the service is to say.
fn unplaced(closest: Option<Failure>) -> Unplaced {
    closest.map_or_else(
        || Unplaced { closest: None, reason: String::new() },
        |failure| Unplaced {
            closest: failure.instance.map(|at| super::InstanceKey(at.0)),
            reason: failure.reason,
        },
    )
}
