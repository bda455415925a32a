//! The keeper: which idle instances are worth their memory, by a policy for each
//! function.

use alloc::sync::Arc;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use warmstow_core::function::keep_alive::KeepAlivePolicy;
use warmstow_core::function::{self, KeeperAction, NoRoom};
use warmstow_core::pool::Reaped;
use warmstow_core::time::{Duration, Instant};

use crate::actions::{Action, Prestart};
use crate::arguments::named;
use crate::errors;
use crate::handles::{Function, Instance};
use crate::region::{Region, Shared};

/// The keep-alive policies of a region's functions.
///
/// Report what happens to the instances of the functions that are kept here
/// (:meth:`invoked`, :meth:`ended`, :meth:`stopped`), carry out
/// :meth:`actions`, and come back at :attr:`next_deadline_ns`. A report that
/// comes late costs accuracy and never a request. Functions that are not kept
/// here stay with the region's own fixed keep-alive. Thread-safe: calls wait for
/// one another.
///
/// >>> region = Region()
/// >>> resize = region.add_function("resize")
/// >>> keeper = Keeper(region)
/// >>> keeper.keep(0, resize, "fixed:60s", cold_start_s=0.3)
/// >>> request = region.invoke(0, resize)
/// >>> region.started(0, request.lease)
/// >>> keeper.invoked(0, request.instance)
/// >>> region.complete(2, request.lease)
/// >>> keeper.ended(2, request.instance)
/// >>> [action.kind for action in keeper.actions(60_000_000_002)]
/// ['stop']
#[pyclass(frozen, module = "warmstow")]
pub(crate) struct Keeper {
    shared: Arc<Shared>,
    inner: Mutex<function::Keeper>,
}

impl Keeper {
    pub(crate) const fn of(shared: Arc<Shared>, inner: function::Keeper) -> Self {
        Self { shared, inner: Mutex::new(inner) }
    }

    fn lock(&self) -> MutexGuard<'_, function::Keeper> {
        // Core leaves its state whole even where a caller's thread ends in it.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Keeper {
    #[new]
    fn new(region: &Bound<'_, Region>) -> Self {
        let shared = region.get().shared();
        Self::of(shared.clone(), function::Keeper::new(shared.core().clone()))
    }

    /// Keep a function by a policy from now on, in place of its keep-alive:
    /// :attr:`Settings.keep_alive` lists them. ``cold_start_s`` is how long a cold
    /// start of it is expected to take. Functions of one policy share what it
    /// learns.
    ///
    /// Raises:
    ///     ConfigError: a policy that is none.
    ///     StaleHandleError: the function is of another region.
    #[pyo3(signature = (now_ns, function, policy, *, cold_start_s))]
    fn keep(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        function: Function,
        #[pyo3(from_py_with = named::policy)] policy: KeepAlivePolicy,
        #[pyo3(from_py_with = named::cold_start_s)] cold_start_s: Duration,
    ) -> PyResult<()> {
        let now = Instant::from_nanos(now_ns);
        let set = self.lock().set_policy(now, function.0, policy, cold_start_s);
        set.map_err(errors::unknown)
    }

    /// Give a function back to the region's own keep-alive, of so many seconds.
    ///
    /// Raises:
    ///     StaleHandleError: the function is of another region.
    fn release(
        &self,
        function: Function,
        #[pyo3(from_py_with = named::keep_alive_s)] keep_alive_s: Duration,
    ) -> PyResult<()> {
        self.lock().release(function.0, keep_alive_s).map_err(errors::unknown)
    }

    /// The policy that keeps a function, as :meth:`keep` reads it; ``None``: none.
    fn policy(&self, function: Function) -> Option<String> {
        self.lock().policy_of(function.0).map(|policy| policy.to_string())
    }

    /// Report that a request has got an instance.
    fn invoked(&self, #[pyo3(from_py_with = named::now_ns)] now_ns: u64, instance: Instance) {
        self.lock().handle_invoked(Instant::from_nanos(now_ns), instance.0);
    }

    /// Report that a request of an instance has ended; ``stopping`` where
    /// :meth:`Region.complete` or :meth:`Region.fail` gave the instance back to be
    /// stopped.
    #[pyo3(signature = (now_ns, instance, *, stopping = false))]
    fn ended(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        instance: Instance,
        #[pyo3(from_py_with = named::stopping)] stopping: bool,
    ) {
        self.lock().handle_ended(Instant::from_nanos(now_ns), instance.0, stopping);
    }

    /// Report that an instance has stopped, for whatever reason, beside
    /// :meth:`Region.stopped`.
    fn stopped(&self, #[pyo3(from_py_with = named::now_ns)] now_ns: u64, instance: Instance) {
        self.lock().handle_stopped(Instant::from_nanos(now_ns), instance.0);
    }

    /// Report that an instance of a ``"start"`` has initialised.
    ///
    /// Returns it where it was drained meanwhile: stop it, then report that.
    ///
    /// Raises:
    ///     StaleHandleError: it was reported before, or is foreign.
    fn prepared(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        prestart: Prestart,
    ) -> PyResult<Option<Instance>> {
        let lease = prestart.to_core().ok_or_else(errors::no_lease)?;
        let (now, region) = (Instant::from_nanos(now_ns), self.shared.core());
        let instance = region.instance_of(&lease).map_err(errors::lease)?;
        let stop = region.prepared(now, lease).map_err(errors::lease)?;
        self.lock().handle_prepared(now, instance);
        Ok(stop.map(Instance))
    }

    /// Report that an instance of a ``"start"`` has not come up.
    ///
    /// Returns it where something is left of it: stop it, then report that.
    ///
    /// Raises:
    ///     StaleHandleError: it was reported before, or is foreign.
    fn unprepared(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        prestart: Prestart,
    ) -> PyResult<Option<Instance>> {
        let lease = prestart.to_core().ok_or_else(errors::no_lease)?;
        let (now, function) = (Instant::from_nanos(now_ns), lease.function());
        let stop = self.shared.core().unprepared(now, lease).map_err(errors::lease)?;
        self.lock().handle_unprepared(now, function);
        Ok(stop.map(Instance))
    }

    /// An instance of a function found no room: plan which idle instances of kept
    /// functions are stopped for it, no more than it needs and those worth least
    /// first. Once those of :meth:`actions` have stopped, invoke again.
    ///
    /// Raises:
    ///     ExhaustedError: no node would have room without its idle instances.
    ///     StaleHandleError: the function is of another region.
    fn make_room(
        &self,
        #[pyo3(from_py_with = named::now_ns)] now_ns: u64,
        function: Function,
    ) -> PyResult<()> {
        let made = self.lock().make_room(Instant::from_nanos(now_ns), function.0);
        made.map_err(|error| match error {
            NoRoom::UnknownFunction(error) => errors::unknown(error),
            _ => errors::exhausted(&error, "RESOURCE:MEMORY"),
        })
    }

    /// What is to be done now. Those to stop take no more requests from here on;
    /// those to start are held.
    fn actions(&self, #[pyo3(from_py_with = named::now_ns)] now_ns: u64) -> Vec<Action> {
        let (now, region) = (Instant::from_nanos(now_ns), self.shared.core());
        let mut keeper = self.lock();
        let mut actions = Vec::new();
        while let Some(action) = keeper.poll_action(now) {
            match action {
                // Busy since, or gone: the next report sets the keeper right.
                KeeperAction::Stop { instance } => {
                    if region.evict(now, instance) == Ok(Reaped::Stop) {
                        actions.push(Action::stop(instance));
                    }
                }
                KeeperAction::Prestart { function } => match region.prestart(now, function) {
                    Ok(prestart) => actions.push(Action::start(prestart)),
                    Err(_) => keeper.handle_unprepared(now, function),
                },
            }
        }
        actions
    }

    /// When to ask for :meth:`actions` at the latest; ``None`` for never.
    #[getter]
    fn next_deadline_ns(&self) -> Option<u64> {
        self.lock().next_deadline().map(Instant::as_nanos)
    }
}
