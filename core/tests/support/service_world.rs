//! The plain host of `service_model.rs`: it carries out what a service asks,
//! counts for itself, and checks every answer.

extern crate alloc;

use self::alloc::collections::BTreeMap;

use super::{Action, Checks, Settings};
use warmstow_core::resources::Resources;
use warmstow_core::service::{
    Action as Told, Health, InstanceKey, InstanceStatus, ObservedInstance, ObservedTask, OrderKey,
    Outlook, Percents, Places, Protection, Revision, Rollout, Service, ServiceStatus,
    ServiceUpdate, StopReason, TaskKey, TaskStatus, Unplaced, Verdict, Where, ZoneKey, verdict,
};
use warmstow_core::time::{Duration, Instant};

/// What every task takes; an instance has room for some of them.
const SIZE: Resources = Resources::new(256, 512);

/// What the model remembers of a task.
#[derive(Clone, Copy, Debug)]
struct Known {
    seen: ObservedTask,
    target: Health,
    /// The host got its `Stop`.
    stop: bool,
    told: bool,
    protected_until: Option<Instant>,
    was_healthy: bool,
    failed: bool,
}

#[derive(Clone, Copy, Debug)]
struct Site {
    slots: u8,
    active: bool,
    connected: bool,
}

/// A second count of what trips the breaker.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    ran: bool,
    failures: u32,
    tripped: bool,
}

/// The host.
pub(crate) struct World {
    pub(crate) settings: Settings,
    service: Service,
    now: Instant,
    tasks: BTreeMap<TaskKey, Known>,
    sites: BTreeMap<InstanceKey, Site>,
    orders: Vec<(OrderKey, Where)>,
    next_task: u64,
    next_site: u64,
    next_revision: u64,
    primary: u32,
    count: Count,
    done: bool,
}

impl World {
    pub(crate) fn new(settings: Settings) -> Self {
        let service = Service::new(Instant::ZERO, settings.spec()).expect("a sound specification");
        let mut world = Self {
            service,
            now: Instant::ZERO,
            tasks: BTreeMap::new(),
            sites: BTreeMap::new(),
            orders: Vec::new(),
            next_task: 1,
            next_site: 1,
            next_revision: 2,
            primary: 1,
            count: Count::default(),
            done: false,
            settings,
        };
        for slots in world.settings.instances.into_iter().filter(|slots| *slots > 0) {
            world.join(slots);
        }
        world
    }

    fn join(&mut self, slots: u8) {
        let key = InstanceKey(self.next_site);
        self.next_site += 1;
        self.sites.insert(key, Site { slots, active: true, connected: true });
        self.tell_site(key);
    }

    fn zone(key: InstanceKey) -> ZoneKey {
        ZoneKey((key.0 % 3) as u32)
    }

    fn tell_site(&mut self, key: InstanceKey) {
        let site = self.sites[&key];
        let room = Resources::new(4_096, 8_192);
        let status = if site.active { InstanceStatus::Active } else { InstanceStatus::Draining };
        let base = ObservedInstance::new(key, Self::zone(key), room);
        let seen = ObservedInstance { status, agent_connected: site.connected, ..base };
        self.service.handle_instance(self.now, seen);
    }

    fn on(&self, key: InstanceKey) -> u8 {
        let there = |task: &&Known| task.seen.instance == Some(key);
        u8::try_from(self.tasks.values().filter(there).count()).unwrap_or(u8::MAX)
    }

    fn room(&self, key: InstanceKey) -> u8 {
        let site = self.sites[&key];
        let slots = if self.settings.static_port { site.slots.min(1) } else { site.slots };
        let usable = site.active && site.connected;
        if usable { slots.saturating_sub(self.on(key)) } else { 0 }
    }

    /// The `n`th of the tasks that `which` holds for, round and round.
    fn nth(&self, n: u8, which: impl Fn(&Known) -> bool) -> Option<TaskKey> {
        let found: Vec<TaskKey> =
            self.tasks.iter().filter(|(_, task)| which(task)).map(|(key, _)| *key).collect();
        (!found.is_empty()).then(|| found[usize::from(n) % found.len()])
    }

    fn nth_site(&self, n: u8) -> Option<InstanceKey> {
        let keys: Vec<InstanceKey> = self.sites.keys().copied().collect();
        (!keys.is_empty()).then(|| keys[usize::from(n) % keys.len()])
    }

    fn tell(&mut self, key: TaskKey) {
        let seen = self.tasks[&key].seen;
        self.service.handle_task(self.now, seen);
    }

    /// True where the service was told to be another.
    pub(crate) fn apply(&mut self, action: Action) -> bool {
        match action {
            Action::Wait(seconds) => {
                self.now = self.now.after(Duration::from_secs(u64::from(seconds)));
                self.service.handle_timer(self.now);
            }
            Action::Place => self.place(),
            Action::Refuse => self.refuse(),
            Action::Run(n) => {
                if let Some(key) = self.nth(n, |task| task.seen.status.is_pending()) {
                    self.run(key);
                }
            }
            Action::End(n) => {
                if let Some(key) = self.nth(n, |task| task.seen.status.counts()) {
                    self.end(key, true);
                }
            }
            Action::Check(n, well) => {
                let health = if well { Health::Healthy } else { Health::Unhealthy };
                if let Some(key) = self.nth(n, |task| task.seen.status == TaskStatus::Running) {
                    self.check(key, health);
                }
            }
            Action::Leave(n) => {
                let leaves = |task: &Known| task.stop && task.seen.status.counts();
                if let Some(key) = self.nth(n, leaves) {
                    let task = self.tasks.get_mut(&key).expect("chosen among them");
                    task.seen.status = TaskStatus::Stopping;
                    self.tell(key);
                }
            }
            Action::Stopped(n) => {
                if let Some(key) = self.nth(n, |task| task.stop) {
                    self.end(key, true);
                }
            }
            Action::Drain(n, drains) => {
                if let Some(key) = self.nth_site(n) {
                    self.sites.get_mut(&key).expect("chosen among them").active = !drains;
                    self.tell_site(key);
                }
            }
            Action::Connect(n, connected) => {
                if let Some(key) = self.nth_site(n) {
                    self.sites.get_mut(&key).expect("chosen among them").connected = connected;
                    self.tell_site(key);
                }
            }
            Action::Lose(n) => self.lose(n),
            Action::Join(slots) => {
                if self.sites.len() < 8 {
                    self.join(slots);
                }
            }
            _ => return self.update(action),
        }
        false
    }

    fn update(&mut self, action: Action) -> bool {
        let update = match action {
            Action::Scale(desired) if !self.settings.daemon => {
                ServiceUpdate { desired: Some(u32::from(desired)), ..ServiceUpdate::default() }
            }
            Action::Deploy => {
                let container_check = self.settings.checks == Checks::Container;
                let revision = Revision { number: self.next_revision, container_check };
                self.next_revision += 1;
                ServiceUpdate { revision: Some(revision), ..ServiceUpdate::default() }
            }
            Action::Force => {
                ServiceUpdate { force_new_deployment: true, ..ServiceUpdate::default() }
            }
            Action::Percent(min, max) => {
                let max = if self.settings.daemon { 100 } else { 100 + u32::from(max) };
                let min = u32::from(min) * 100 / 255;
                let percents = Percents { min_healthy_percent: min, max_percent: max };
                ServiceUpdate { percents: Some(percents), ..ServiceUpdate::default() }
            }
            Action::Protect(n, minutes) => {
                if let Some(key) = self.nth(n, |task| task.seen.status.counts()) {
                    let protection = Protection::new(u32::from(minutes % 90) + 1).ok();
                    let until = self.service.protect(self.now, key, protection);
                    let until = until.expect("a task of the service");
                    self.tasks.get_mut(&key).expect("chosen among them").protected_until = until;
                }
                return false;
            }
            Action::Delete => {
                let deleted = self.service.delete(self.now, true);
                assert_eq!(deleted.is_err(), self.done);
                self.done = true;
                return true;
            }
            _ => return false,
        };
        assert_eq!(self.service.update(self.now, update).is_err(), self.done);
        true
    }

    fn place(&mut self) {
        let Some((order, place)) = self.orders.first().copied() else { return };
        let fits = |key: &InstanceKey| match place {
            Where::Anywhere => true,
            Where::Instance(wanted) => wanted == *key,
            Where::Zone(zone) => Self::zone(*key) == zone,
        };
        // The emptiest: what a spread would do.
        let open = self.sites.keys().filter(|key| fits(key) && self.room(**key) > 0);
        let Some(at) = open.min_by_key(|key| (self.on(**key), **key)).copied() else {
            return self.refuse();
        };
        self.orders.remove(0);
        let key = TaskKey(self.next_task);
        self.next_task += 1;
        let deployment = self.service.primary().expect("there is one").key;
        let seen = ObservedTask::placed(key, deployment, at, self.now, SIZE);
        self.service.handle_placed(self.now, order, seen).expect("an open order");
        let seen = *self.service.tasks().find(|task| task.task == key).expect("just placed");
        let fresh = Known {
            seen,
            target: Health::Unknown,
            stop: false,
            told: false,
            protected_until: None,
            was_healthy: false,
            failed: false,
        };
        self.tasks.insert(key, fresh);
    }

    fn refuse(&mut self) {
        if self.orders.is_empty() {
            return;
        }
        let (order, _) = self.orders.remove(0);
        let why = Unplaced { closest: None, reason: String::new() };
        self.service.handle_unplaced(self.now, order, &why).expect("an open order");
        assert!(self.service.handle_unplaced(self.now, order, &why).is_err());
    }

    fn run(&mut self, key: TaskKey) {
        let task = self.tasks.get_mut(&key).expect("a known task");
        task.seen.status = TaskStatus::Running;
        task.seen.running_since = Some(self.now);
        if task.seen.deployment.0 == self.primary && !self.count.ran {
            self.count = Count { ran: true, failures: 0, ..self.count };
        }
        self.tell(key);
    }

    fn check(&mut self, key: TaskKey, health: Health) {
        let task = self.tasks.get_mut(&key).expect("a known task");
        match self.settings.checks {
            Checks::Nothing => {}
            Checks::Container => {
                task.seen.health = health;
                self.tell(key);
            }
            Checks::Target => {
                if !task.told {
                    task.target = health;
                }
                self.service.handle_target(self.now, key, health);
            }
        }
    }

    fn end(&mut self, key: TaskKey, own_fault: bool) {
        let task = self.tasks.remove(&key).expect("a known task");
        let seen = ObservedTask { status: TaskStatus::Stopped, own_fault, ..task.seen };
        if task.seen.status.counts() && !task.told && own_fault {
            let ran = task.seen.running_since.is_some();
            let counts = if ran {
                self.count.ran && !task.was_healthy && !task.failed
            } else {
                !self.count.ran
            };
            if counts && task.seen.deployment.0 == self.primary {
                self.fail();
            }
        }
        self.service.handle_task(self.now, seen);
    }

    fn lose(&mut self, n: u8) {
        let Some(at) = self.nth_site(n) else { return };
        self.sites.remove(&at);
        let there: Vec<TaskKey> = self
            .tasks
            .iter()
            .filter(|(_, task)| task.seen.instance == Some(at))
            .map(|(key, _)| *key)
            .collect();
        for key in there {
            self.end(key, false);
        }
        self.service.handle_instance_gone(self.now, at);
    }

    /// One more failure of the primary deployment.
    fn fail(&mut self) {
        let watched = self
            .service
            .deployments()
            .any(|at| at.key.0 == self.primary && at.rollout == Rollout::InProgress);
        if !watched || self.count.tripped {
            return;
        }
        self.count.failures += 1;
        let half = self.service.desired().div_ceil(2).clamp(3, 200);
        self.count.tripped = self.settings.breaker && self.count.failures >= half;
    }

    /// Whether a task counts to the floor, by the rules written again.
    fn healthy(&self, task: &Known) -> bool {
        let running = task.seen.status == TaskStatus::Running;
        running
            && match self.settings.checks {
                Checks::Container => task.seen.health == Health::Healthy,
                Checks::Target => task.target == Health::Healthy,
                Checks::Nothing => {
                    let since = task.seen.running_since.expect("it runs");
                    self.now.since(since) >= Duration::from_secs(40)
                }
            }
    }

    fn ill(&self, task: &Known) -> bool {
        let says = match self.settings.checks {
            Checks::Container => task.seen.health,
            Checks::Target => task.target,
            Checks::Nothing => Health::Unknown,
        };
        let since = task.seen.running_since.unwrap_or(self.now);
        task.seen.status == TaskStatus::Running
            && says == Health::Unhealthy
            && self.now.since(since) >= Duration::from_secs(5)
    }

    /// What a look finds of the tasks' checks.
    fn judge(&mut self) {
        let keys: Vec<TaskKey> = self.tasks.keys().copied().collect();
        for key in keys {
            let task = self.tasks[&key];
            let (healthy, ill) = (self.healthy(&task), self.ill(&task));
            let healed = healthy && !task.was_healthy;
            let failed = ill && !task.failed && !task.told;
            let own = task.seen.deployment.0 == self.primary && !self.count.tripped;
            if own && healed && self.count.ran {
                self.count.failures = 0;
            }
            if own && failed && self.count.ran {
                self.fail();
            }
            let task = self.tasks.get_mut(&key).expect("one of the keys");
            task.was_healthy |= healed;
            task.failed = (task.failed || failed) && !healthy;
        }
    }

    /// Polls until there is nothing to do, and checks every answer.
    pub(crate) fn look(&mut self, updated: bool) {
        self.judge();
        let bounds = self.service.bounds();
        let mut starts = 0;
        let mut told_healthy = 0;
        while let Some(action) = self.service.poll_action() {
            match action {
                Told::Start { order, place, .. } => {
                    assert!(self.orders.iter().all(|(open, _)| *open != order));
                    assert!(!self.done, "a deleted service starts nothing");
                    self.orders.push((order, place));
                    starts += 1;
                }
                Told::Stop { task, reason } => {
                    let known = self.tasks.get_mut(&task).expect("a task that is there");
                    assert!(!known.stop, "told to stop twice");
                    assert_eq!(self.service.told(task), Some(reason));
                    known.stop = true;
                }
                Told::Register { task } => {
                    assert_eq!(self.settings.checks, Checks::Target);
                    self.tasks.get(&task).expect("a task that is there");
                }
                Told::Deregister { .. } => assert_eq!(self.settings.checks, Checks::Target),
            }
        }
        let keys: Vec<TaskKey> = self.tasks.keys().copied().collect();
        for key in keys {
            let Some(reason) = self.service.told(key) else { continue };
            let known = self.tasks[&key];
            if !known.told {
                told_healthy += u32::from(self.healthy(&known));
                self.check_reason(&known, reason);
            }
            self.tasks.get_mut(&key).expect("one of the keys").told = true;
        }
        if starts > 0 {
            let counted = self.tasks.values().filter(|task| task.seen.status.counts()).count();
            let counted = counted + self.orders.len();
            let ceiling = bounds.ceiling as usize;
            assert!(counted <= ceiling || self.settings.daemon, "{counted} {bounds:?}");
        }
        let left = self.tasks.values().filter(|task| !task.told && self.healthy(task)).count();
        if told_healthy > 0 && !self.done && !self.daemon_left() {
            assert!(left >= bounds.floor as usize, "{left} healthy are left of {bounds:?}");
        }
        self.check_daemons();
        self.check_breaker(updated);
        // Nothing new: nothing to do.
        self.service.handle_timer(self.now);
        assert_eq!(self.service.poll_action(), None);
        assert!(self.service.next_deadline().is_none_or(|at| at > self.now));
    }

    /// Whether an instance wants no daemon: those that leave keep no floor.
    fn daemon_left(&self) -> bool {
        self.settings.daemon && self.sites.values().any(|site| !site.active)
    }

    fn check_reason(&self, known: &Known, reason: StopReason) {
        let protected = known.protected_until.is_some_and(|until| until > self.now);
        let shielded = matches!(reason, StopReason::ScaleIn | StopReason::Replaced);
        assert!(!(protected && shielded), "{known:?} {reason:?}");
        assert_eq!(reason == StopReason::Deleted, self.done);
        if reason == StopReason::Unhealthy {
            assert!(self.ill(known), "{known:?}");
        }
    }

    fn check_daemons(&self) {
        if !self.settings.daemon {
            return;
        }
        for at in self.sites.keys() {
            let here = |task: &&Known| task.seen.instance == Some(*at) && task.seen.status.counts();
            let tasks = self.tasks.values().filter(here).count();
            let orders = self.orders.iter().filter(|(_, to)| *to == Where::Instance(*at)).count();
            assert!(tasks + orders <= 1, "{tasks} tasks and {orders} orders on one instance");
        }
    }

    fn check_breaker(&mut self, updated: bool) {
        let (key, rollout) = {
            let primary = self.service.primary().expect("there is one");
            (primary.key.0, primary.rollout)
        };
        if self.count.tripped {
            // An update replaces a failed deployment as a rollback does.
            let replaced = key != self.primary && (self.settings.rollback || updated);
            assert!(replaced || rollout == Rollout::Failed, "it should have tripped");
        } else {
            assert!(key == self.primary || updated, "a rollback without cause");
            let failed = rollout == Rollout::Failed;
            assert!(!failed, "tripped after {} failures", self.count.failures);
        }
        if key != self.primary {
            self.primary = key;
            self.count = Count::default();
        }
    }

    // ---- a host that does all it is told --------------------------------------

    pub(crate) fn calm(&mut self) {
        let keys: Vec<InstanceKey> = self.sites.keys().copied().collect();
        for key in keys {
            let ample = Site { slots: 60, active: true, connected: true };
            self.sites.insert(key, ample);
            self.tell_site(key);
            self.look(false);
        }
        for _ in 0..9 {
            self.join(60);
            self.look(false);
        }
        self.settings.static_port = false;
        if self.done {
            self.settle(400);
            assert_eq!(self.service.status(), ServiceStatus::Inactive);
            return;
        }
        let failed = self.service.primary().expect("there is one").rollout == Rollout::Failed;
        let outlook = self.outlook();
        if !failed && verdict(&outlook) == Verdict::Progresses {
            assert!(self.settle(400), "not steady, though {outlook:?}");
        }
    }

    /// What a deployment of now would begin with, were the service steady.
    pub(crate) fn outlook(&self) -> Outlook {
        let places = |key: &InstanceKey| {
            let own = u32::from(self.on(*key));
            let slots = u32::from(self.sites[key].slots);
            let free = slots.saturating_sub(own);
            let free = Resources::new(free * SIZE.cpu_units, free * SIZE.memory_mib);
            Places::of(free, own, SIZE, SIZE, self.settings.static_port, false)
        };
        let mut instances: Vec<Places> = self.sites.keys().map(places).collect();
        if self.settings.daemon {
            // One on each, whatever the room.
            for at in &mut instances {
                (at.now, at.alone) = (0, at.alone.min(1));
            }
        }
        let bounds = self.service.bounds();
        let static_ports = if self.settings.static_port { vec![80] } else { vec![] };
        Outlook { bounds, old: bounds.desired, instances, static_ports }
    }

    /// Rounds until the service is steady (or gone), at most so many.
    pub(crate) fn settle(&mut self, rounds: u32) -> bool {
        for _ in 0..rounds {
            for _ in 0..self.orders.len() {
                self.place();
            }
            self.look(false);
            let keys: Vec<TaskKey> = self.tasks.keys().copied().collect();
            for key in keys {
                let task = self.tasks[&key];
                if task.stop {
                    self.end(key, true);
                } else if task.seen.status.is_pending() {
                    self.run(key);
                    self.look(false);
                }
                if self.tasks.contains_key(&key) {
                    self.check(key, Health::Healthy);
                }
                self.look(false);
            }
            let gone = self.service.status() == ServiceStatus::Inactive;
            if gone || self.service.is_steady() {
                return true;
            }
            let soon = self.now.after(Duration::from_secs(1));
            self.now = self.service.next_deadline().unwrap_or(soon);
            self.service.handle_timer(self.now);
            self.look(false);
        }
        false
    }
}
