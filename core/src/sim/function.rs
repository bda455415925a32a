//! One function of a replay: its settings, what it draws from, its books.

use super::books::{Books, End};
use super::cold_start::ColdStart;
use super::config::{SimError, SimFunction};
use super::explain::StopCause;
use super::flights::Instances;
use super::life::Lifecycle;
use crate::function::keep_alive::KeepAlivePolicy;
use crate::function::{Control, FunctionSpec, InvokeError, Provisioning, VersionedFunction};
use crate::id::FunctionId;
use crate::rng::Rng;
use crate::time::{Duration, Instant};

/// Streams of the seed, above those of the workloads.
const COLD_STREAM: u64 = 1 << 32;
const CRASH_STREAM: u64 = 2 << 32;

#[derive(Debug)]
pub(super) struct FunctionState {
    pub(super) id: FunctionId,
    /// Whose books its instances and requests count in.
    pub(super) owner: usize,
    /// Where it has provisioned concurrency, and that pool's entry.
    pub(super) versioned: Option<VersionedFunction>,
    pub(super) config: SimFunction,
    pub(super) cold_start: ColdStart,
    /// Whether a keeper decides, not the region.
    pub(super) kept: bool,
    /// The region's keep-alive.
    pub(super) keep_alive: Duration,
    pub(super) timeout: Option<Duration>,
    /// Whether its instances outlive a crash or a timeout.
    pub(super) resets: bool,
    pub(super) cold_rng: Rng,
    pub(super) crash_rng: Rng,
    pub(super) instances: Instances,
    /// When the last instance that stopped did so, and why.
    pub(super) last_stop: Option<(Instant, StopCause)>,
    /// By what its last refused request was refused.
    pub(super) last_refusal: Option<InvokeError>,
    pub(super) books: Books,
}

/// What functions have that say nothing of their own.
pub(super) struct Defaults {
    pub(super) cold_start: ColdStart,
    pub(super) timeout: Option<Duration>,
    pub(super) seed: u64,
    pub(super) lifecycle: Lifecycle,
}

impl FunctionState {
    pub(super) fn new(
        control: &mut Control,
        index: usize,
        config: SimFunction,
        &Defaults { cold_start, timeout, seed, lifecycle }: &Defaults,
    ) -> Result<Self, SimError> {
        let spec: FunctionSpec = config.spec;
        let named = |error| SimError::Function { index, name: config.name.clone(), error };
        let (id, versioned) = if config.provisioned > 0 {
            let at_once = Provisioning::AT_ONCE;
            let versioned = VersionedFunction::published(control, &config.name, spec, at_once);
            let versioned = versioned.map_err(named)?;
            (versioned.latest(), Some(versioned))
        } else {
            (control.add_function(&config.name, spec).map_err(named)?, None)
        };
        let stream = u64::from(id.index());
        Ok(Self {
            id,
            owner: index,
            versioned,
            cold_start: config.cold_start.unwrap_or(cold_start),
            keep_alive: match config.keep_alive {
                Some(KeepAlivePolicy::Fixed { keep_alive }) => keep_alive,
                _ => spec.keep_alive,
            },
            kept: config.keep_alive.is_some_and(|it| !matches!(it, KeepAlivePolicy::Fixed { .. })),
            timeout: config.timeout.or(timeout),
            resets: lifecycle == Lifecycle::Resets && spec.instance_concurrency == 1,
            cold_rng: Rng::stream(seed, COLD_STREAM | stream),
            crash_rng: Rng::stream(seed, CRASH_STREAM | stream),
            instances: Instances::default(),
            last_stop: None,
            last_refusal: None,
            books: Books::default(),
            config,
        })
    }

    /// At which fraction of its run this request crashes, if it does. Drawn
    /// for every arrival, so that policies do not move each other's crashes.
    #[inline]
    pub(super) fn draw_crash(&mut self, rate: f64) -> Option<f64> {
        if rate == 0.0 {
            return None;
        }
        let (draw, fraction) = (self.crash_rng.uniform(), self.crash_rng.uniform());
        (draw < rate).then_some(fraction)
    }
}

/// How long a request that would run for `run` does run, and how it ends.
pub(super) fn fate(
    run: Duration,
    crash: Option<f64>,
    timeout: Option<Duration>,
) -> (Duration, End) {
    let (run, end) = match crash {
        Some(fraction) => (Duration::from_secs_f64(run.as_secs_f64() * fraction), End::Crash),
        None => (run, End::Complete),
    };
    match timeout {
        Some(timeout) if run > timeout => (timeout, End::Timeout),
        _ => (run, end),
    }
}
