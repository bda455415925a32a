//! A whole region against sums: whatever is invoked, completed, failed,
//! drained, reaped and set, no limit is passed and nothing is lost.

mod settings;

use core::fmt;
use std::sync::Arc;

use warmstow_core::concurrency::ThrottleReason;
use warmstow_core::function::{
    Control, Function, InvokeError, Lease, LeaseError, Region, SettingError, Start,
};
use warmstow_core::id::{FunctionId, InstanceId};
use warmstow_core::placement::NodeSpec;
use warmstow_core::pool::Reaped;
use warmstow_core::sync::AtomicU64;
use warmstow_core::time::{Duration, Instant};

pub use self::settings::Settings;
use crate::{actions, head, limits_model, print_test};

/// One call, or a step of the clock. A first number picks a function, a held
/// lease or an instance, whichever the call takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Invokes a function; a cold start is reported as started at once or not.
    Invoke(u8, bool),
    /// Reports the instance of a request as started.
    Started(u8),
    /// Completes a request.
    Complete(u8),
    /// Fails a request.
    Fail(u8),
    /// Uses a lease that was given back before.
    Stale(u8),
    /// Uses a held lease with another bit.
    Forge(u8, u8),
    /// Drains an instance.
    Drain(u8),
    /// Reaps a function.
    Reap(u8),
    /// Reaps one instance.
    ReapOne(u8),
    /// Reports the instances that were told to stop as stopped.
    Stop,
    /// Lets so many seconds pass.
    Wait(u8),
    /// Sets the clock forward by so many years, or back.
    Jump(i8),
    /// Adds a node, where the fleet has room for one.
    AddNode,
    /// Sets the account's limit.
    SetAccountLimit(u32),
    /// Sets or removes a reservation.
    SetReserved(u8, Option<u32>),
    /// Sets a keep-alive, in seconds.
    SetKeepAlive(u8, u64),
}

impl Action {
    /// The action that three bytes stand for; all of them are one.
    fn from_bytes([kind, number, other]: [u8; 3]) -> Self {
        match kind % 26 {
            0..=6 => Self::Invoke(number, other.is_multiple_of(2)),
            7 => Self::Started(number),
            8..=10 => Self::Complete(number),
            11 => Self::Fail(number),
            12 => Self::Stale(number),
            13 => Self::Forge(number, other),
            14 => Self::Drain(number),
            15 => Self::Reap(number),
            16 => Self::ReapOne(number),
            17 | 18 => Self::Stop,
            19 => Self::Wait(number),
            20 => Self::SetAccountLimit(limits_model::units(other)),
            21 => Self::SetReserved(number, Some(limits_model::units(other))),
            22 => Self::SetReserved(number, None),
            24 => Self::Jump(other.cast_signed()),
            25 => Self::AddNode,
            _ => Self::SetKeepAlive(number, if other == 255 { u64::MAX } else { other.into() }),
        }
    }
}

/// An input of the target `region`.
pub struct Case {
    settings: Settings,
    actions: Vec<Action>,
}

impl crate::Case for Case {
    fn from_bytes(data: &[u8]) -> Self {
        let (settings, rest) = head(data);
        let settings = Settings::from_bytes(settings);
        Self { settings, actions: actions(rest, Action::from_bytes) }
    }

    fn check(&self) {
        check(self.settings, &self.actions);
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let imports = [
            "warmstow_core::{placement::{SpreadBy::*, Strategy::*}, pool::{Pick::*, PoolConfig}}",
            "warmstow_core::resources::{Resource::*, Resources}",
            "warmstow_fuzz::region::{Action::*, Settings, check}",
        ];
        print_test(f, "fuzz/tests/replay.rs", &imports, &self.settings, &self.actions)
    }
}

struct World {
    region: Arc<Region>,
    control: Control,
    functions: Vec<FunctionId>,
    now: Instant,
    leases: Vec<Held>,
    used_leases: Vec<[u64; 2]>,
    /// Instances that are neither told to stop nor stopped.
    live: Vec<InstanceId>,
    /// Of these, those that take no more requests.
    draining: Vec<InstanceId>,
    told_to_stop: Vec<InstanceId>,
    /// Requests admitted, and refused, by function.
    admitted: Vec<u64>,
    refused: Vec<u64>,
}

#[derive(Clone, Copy)]
struct Held {
    lease: [u64; 2],
    instance: InstanceId,
    started: bool,
}

/// Plays `actions` on a region of these settings and on its model.
///
/// # Panics
///
/// Where the two differ.
pub fn check(settings: Settings, actions: &[Action]) {
    let Some((region, control, functions)) = settings.build() else { return };
    let mut world = World {
        region,
        control,
        admitted: vec![0; functions.len()],
        refused: vec![0; functions.len()],
        functions,
        now: Instant::ZERO,
        leases: vec![],
        used_leases: vec![],
        live: vec![],
        draining: vec![],
        told_to_stop: vec![],
    };
    for &action in actions {
        world.act(action);
        world.compare();
    }
}

/// An element of a list that an action names by any number.
fn pick<T>(list: &[T], number: u8) -> Option<usize> {
    (!list.is_empty()).then(|| usize::from(number) % list.len())
}

impl World {
    fn act(&mut self, action: Action) {
        match action {
            Action::Invoke(number, started) => self.invoke(number, started),
            Action::Started(number) => self.report_started(number),
            Action::Complete(number) => self.complete(number),
            Action::Fail(number) => self.fail(number),
            Action::Stale(number) => {
                if let Some(at) = pick(&self.used_leases, number) {
                    self.refuses(self.used_leases[at]);
                }
            }
            Action::Forge(number, bit) => self.forge(number, bit),
            Action::Drain(number) => self.drain(number),
            Action::Reap(number) => self.reap(number),
            Action::ReapOne(number) => self.reap_one(number),
            Action::Stop => self.stop(),
            Action::Wait(seconds) => {
                self.now = self.now.after(Duration::from_secs(u64::from(seconds)));
            }
            Action::Jump(years) => self.jump(years),
            Action::AddNode => self.add_node(),
            Action::SetAccountLimit(limit) => {
                // A refused setting changes nothing: `compare` looks.
                let _ = self.control.set_account_limit(limit);
            }
            Action::SetReserved(number, reserved) => self.set_reserved(number, reserved),
            Action::SetKeepAlive(number, seconds) => {
                let Some(function) = self.function(number) else { return };
                let set = self.control.set_keep_alive(function, Duration::from_secs(seconds));
                set.expect("the handle is the region's");
            }
        }
    }

    /// A clock that goes back is clamped: nothing may be lost by it.
    fn jump(&mut self, years: i8) {
        let by = Duration::from_secs(u64::from(years.unsigned_abs()) * 365 * 86_400);
        self.now = if years < 0 {
            Instant::ZERO.after(self.now.since(Instant::ZERO.after(by)))
        } else {
            self.now.after(by)
        };
    }

    fn add_node(&mut self) {
        let fleet = self.region.fleet();
        let (nodes, most) = fleet.map_or((0, 0), |fleet| (fleet.len(), fleet.max_nodes()));
        let added = self.control.add_node(NodeSpec::new(Settings::node(nodes), 0));
        assert_eq!(added.is_ok(), nodes < most, "{added:?}");
    }

    fn function(&self, number: u8) -> Option<FunctionId> {
        pick(&self.functions, number).map(|at| self.functions[at])
    }

    /// A refused setting changes nothing: `compare` looks.
    fn set_reserved(&mut self, number: u8, reserved: Option<u32>) {
        let Some(function) = self.function(number) else { return };
        let set = self.control.set_reserved_concurrency(function, reserved);
        assert!(!matches!(set, Err(SettingError::UnknownFunction(_))));
    }

    fn in_flight(&self, function: FunctionId) -> u32 {
        self.leases.iter().filter(|held| held.instance.function == function).count() as u32
    }

    fn count(&self, list: &[InstanceId], function: FunctionId) -> usize {
        list.iter().filter(|instance| instance.function == function).count()
    }

    fn part(&self, function: FunctionId) -> &Function<Box<[AtomicU64]>> {
        self.region.function(function).expect("the handle is the region's")
    }

    /// Whether an instance of the function can take one more request.
    fn has_free_seat(&self, function: FunctionId) -> bool {
        let concurrency = self.part(function).spec().instance_concurrency as usize;
        self.live.iter().any(|instance| {
            let mut held = self.leases.iter().filter(|held| held.instance == *instance);
            let started = held.clone().all(|held| held.started);
            let serving = instance.function == function && !self.draining.contains(instance);
            serving && started && held.by_ref().count() < concurrency
        })
    }

    fn invoke(&mut self, number: u8, report_started: bool) {
        let Some(function) = self.function(number) else { return };
        let at = function.index() as usize;
        match self.region.invoke(self.now, function) {
            Ok(invocation) => {
                self.admitted[at] += 1;
                self.holds_its_limit(function);
                let cold = matches!(invocation.start, Start::Cold { .. });
                assert_eq!(cold, !self.has_free_seat(function), "a cold start beside a free seat");
                assert_eq!(cold, !self.live.contains(&invocation.instance));
                if cold {
                    assert!(!self.told_to_stop.contains(&invocation.instance));
                    self.live.push(invocation.instance);
                }
                let started = !cold || report_started;
                if cold && report_started {
                    self.region.started(self.now, &invocation.lease).expect("it is held");
                }
                let instance = invocation.instance;
                let lease = invocation.lease.into_bits();
                self.leases.push(Held { lease, instance, started });
            }
            Err(error) => {
                self.refused[at] += 1;
                self.is_right(error, function);
            }
        }
    }

    /// Before the admitted request is in the model: there was room for it.
    fn holds_its_limit(&self, function: FunctionId) {
        if let Some(reserved) = self.part(function).gate().reserved() {
            assert!(self.in_flight(function) < reserved, "above its reservation");
        } else {
            let account = self.region.account();
            assert!(account.in_flight() <= account.limit(), "above the account's limit");
        }
    }

    /// Whether a refusal's reason holds, and no other came before it.
    fn is_right(&self, error: InvokeError, function: FunctionId) {
        let part = self.part(function);
        let account = self.region.account();
        let instances = self.count(&self.live, function) + self.count(&self.told_to_stop, function);
        let most = part.spec().max_instances as usize;
        match (error, part.gate().reserved()) {
            (InvokeError::Throttled(reason), Some(reserved)) => {
                let expected = ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded;
                assert_eq!(reason, expected);
                assert!(self.in_flight(function) >= reserved);
            }
            (InvokeError::Throttled(reason), None) => {
                assert_eq!(reason, ThrottleReason::ConcurrentInvocationLimitExceeded);
                assert!(self.region.unreserved_in_flight() >= account.limit());
            }
            (InvokeError::InstanceLimit { max_instances }, _) => {
                assert_eq!(max_instances as usize, most);
                assert_eq!(instances, most, "refused below the instance limit");
                assert!(!self.has_free_seat(function), "refused beside a free seat");
            }
            (InvokeError::NoCapacity(refusal), _) => {
                assert!(instances < most && !self.has_free_seat(function));
                let needed = part.spec().resources;
                assert_eq!(refusal.needed, needed);
                let fleet = self.region.fleet().expect("without a fleet there is room");
                assert!(fleet.nodes().all(|node| {
                    node.free.cpu_units < needed.cpu_units
                        || node.free.memory_mib < needed.memory_mib
                }));
            }
            (error, _) => panic!("{error}"),
        }
    }

    fn take(&mut self, number: u8) -> Option<(Held, Lease)> {
        let at = pick(&self.leases, number)?;
        let held = self.leases[at];
        Some((held, Lease::from_bits(held.lease).expect("a lease is never zero")))
    }

    fn report_started(&mut self, number: u8) {
        let Some((held, lease)) = self.take(number) else { return };
        let started = self.region.started(self.now, &lease);
        let twice = held.started && !self.draining.contains(&held.instance);
        assert_eq!(started, if twice { Err(LeaseError::AlreadyStarted) } else { Ok(()) });
        let ours = self.leases.iter_mut().find(|other| other.lease == held.lease);
        ours.expect("the lease is held").started = true;
    }

    fn complete(&mut self, number: u8) {
        let Some((held, lease)) = self.take(number) else { return };
        match self.region.complete(self.now, lease) {
            Ok(stop) => self.gave_back(held, stop),
            Err(error) => {
                assert_eq!(error, LeaseError::NotStarted);
                assert!(!held.started);
            }
        }
    }

    fn fail(&mut self, number: u8) {
        let Some((held, lease)) = self.take(number) else { return };
        let stop = self.region.fail(self.now, lease).expect("the lease is held");
        self.draining.push(held.instance);
        self.gave_back(held, stop);
    }

    fn gave_back(&mut self, held: Held, stop: Option<InstanceId>) {
        self.leases.retain(|other| other.lease != held.lease);
        self.used_leases.push(held.lease);
        if let Some(instance) = stop {
            assert_eq!(instance, held.instance);
            self.tell_to_stop(instance);
        }
    }

    fn tell_to_stop(&mut self, instance: InstanceId) {
        let busy = self.leases.iter().any(|held| held.instance == instance);
        assert!(!busy, "an instance is stopped under a request");
        let at = self.live.iter().position(|live| *live == instance);
        self.told_to_stop.push(self.live.swap_remove(at.expect("told to stop twice")));
    }

    fn forge(&self, number: u8, bit: u8) {
        let Some(at) = pick(&self.leases, number) else { return };
        let [mut function, mut seat] = self.leases[at].lease;
        let flipped = 1_u64 << (bit % 64);
        *(if bit < 128 { &mut seat } else { &mut function }) ^= flipped;
        if self.leases.iter().all(|held| held.lease != [function, seat]) {
            self.refuses([function, seat]);
        }
    }

    fn refuses(&self, bits: [u64; 2]) {
        let lease = || Lease::from_bits(bits);
        let Some(stale) = lease() else { return };
        assert_eq!(self.region.started(self.now, &stale), Err(LeaseError::Stale));
        assert_eq!(self.region.complete(self.now, stale), Err(LeaseError::Stale));
        let failed = lease().map(|stale| self.region.fail(self.now, stale));
        assert_eq!(failed, Some(Err(LeaseError::Stale)));
    }

    fn drain(&mut self, number: u8) {
        let Some(at) = pick(&self.live, number) else { return };
        let drained = self.region.drain(self.now, self.live[at]).expect("it is live");
        self.draining.push(self.live[at]);
        if let Some(instance) = drained {
            self.tell_to_stop(instance);
        }
    }

    fn reap(&mut self, number: u8) {
        let Some(function) = self.function(number) else { return };
        let reaped = self.region.reap(self.now, function);
        let reaped: Vec<_> = reaped.expect("the handle is the region's").collect();
        reaped.into_iter().for_each(|instance| self.tell_to_stop(instance));
    }

    fn reap_one(&mut self, number: u8) {
        let Some(at) = pick(&self.live, number) else { return };
        let instance = self.live[at];
        match self.region.reap_instance(self.now, instance).expect("it is live") {
            Reaped::Stop => self.tell_to_stop(instance),
            // At the end of time, where sums saturate, nothing expires later.
            Reaped::Until(expiry) => assert!(self.now < expiry || expiry == Instant::MAX),
            Reaped::Busy => {}
        }
    }

    fn stop(&mut self) {
        for instance in core::mem::take(&mut self.told_to_stop) {
            self.region.stopped(self.now, instance).expect("it was told to stop");
            assert!(self.region.stopped(self.now, instance).is_err(), "stopped twice");
        }
    }

    /// Every unit, instance and node adds up.
    fn compare(&self) {
        let mut charged = 0;
        for (at, &function) in self.functions.iter().enumerate() {
            let part = self.part(function);
            let counters = part.counters();
            let in_flight = self.in_flight(function);
            let instances =
                self.count(&self.live, function) + self.count(&self.told_to_stop, function);
            assert_eq!(part.in_flight(), in_flight);
            assert_eq!(counters.in_flight, u64::from(in_flight));
            assert_eq!(counters.instances as usize, instances);
            assert!(counters.instances <= part.spec().max_instances);
            assert_eq!(counters.invocations(), self.admitted[at]);
            assert_eq!(counters.refusals(), self.refused[at]);
            charged += in_flight.saturating_sub(part.gate().reserved().unwrap_or(0));
        }
        assert_eq!(self.region.unreserved_in_flight(), charged);
        self.compare_nodes();
    }

    fn compare_nodes(&self) {
        let Some(fleet) = self.region.fleet() else { return };
        let placed = self.live.iter().chain(&self.told_to_stop);
        for view in fleet.nodes() {
            let is_here = |instance| self.region.node_of(instance) == Ok(Some(view.id));
            let here: Vec<_> = placed.clone().filter(|instance| is_here(**instance)).collect();
            assert_eq!(view.instances as usize, here.len());
            let needs = here.iter().map(|i| self.part(i.function).spec().resources);
            let cpu: u32 = needs.clone().map(|needs| needs.cpu_units).sum();
            let memory: u32 = needs.map(|needs| needs.memory_mib).sum();
            assert_eq!(view.free.cpu_units + cpu, view.spec.resources.cpu_units);
            assert_eq!(view.free.memory_mib + memory, view.spec.resources.memory_mib);
        }
    }
}
