//! An event source that is polled: batches, pollers, their scaling.

use warmstow_core::time::{Duration, Instant};
use warmstow_core::trigger::{
    BatchEnd, BatchKey, PolledAction, PolledConfig, PolledSource, PollerScaling, UnknownBatch,
};

use crate::boundary::{self, Caller, Growing};
use crate::status::warmstow_status as S;
use crate::table::Table;

/// The most polled sources that are open at a time.
pub const WARMSTOW_MAX_POLLED_SOURCES: u32 = 65_536;

/// A queue that is polled in batches for a function, as AWS Lambda polls Amazon
/// SQS. From warmstow_polled_source_open() until warmstow_polled_source_close().
/// All-zero is none.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_polled_source {
    /// For warmstow to read; store and compare it as it is.
    pub bits: u64,
}

/// How a source is polled; initialise by warmstow_polled_config_default().
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct warmstow_polled_config {
    /// sizeof(warmstow_polled_config), as the program was compiled.
    pub struct_size: u32,
    /// Messages in a batch, 1 to 10,000, above 10 with a window of 1 s or more;
    /// default 10.
    pub batch_size: u32,
    /// Batches at a time, 2 to 1,000; default 0: as many as there are pollers.
    pub maximum_concurrency: u32,
    /// Pollers at first, at least 1; default 5.
    pub initial_pollers: u32,
    /// So many more each minute; default 300 (until late 2023: 60).
    pub pollers_per_minute: u32,
    /// Pollers at most; default 1,250 (until late 2023: 1,000).
    pub max_pollers: u32,
    /// How long a batch waits to be full, in nanoseconds, up to 300 s; default 0.
    pub window_ns: u64,
}

// SAFETY: repr(C) of integers, its size first.
unsafe impl Growing for warmstow_polled_config {}

impl warmstow_polled_config {
    fn of_core(config: &PolledConfig) -> Self {
        let PollerScaling { initial, per_minute, most } = config.scaling;
        Self {
            struct_size: Self::STRUCT_SIZE,
            batch_size: config.batch_size,
            maximum_concurrency: config.maximum_concurrency.unwrap_or(0),
            initial_pollers: initial,
            pollers_per_minute: per_minute,
            max_pollers: most,
            window_ns: config.window.as_nanos(),
        }
    }

    fn to_core(self) -> PolledConfig {
        let (initial, most) = (self.initial_pollers, self.max_pollers);
        PolledConfig {
            batch_size: self.batch_size,
            window: Duration::from_nanos(self.window_ns),
            maximum_concurrency: (self.maximum_concurrency != 0)
                .then_some(self.maximum_concurrency),
            scaling: PollerScaling { initial, per_minute: self.pollers_per_minute, most },
        }
    }
}

/// How a batch went.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum warmstow_batch_end {
    /// The function returned; of a partial failure too.
    WARMSTOW_BATCH_SUCCEEDED = 0,
    /// The function failed.
    WARMSTOW_BATCH_FAILED = 1,
    /// It was throttled: its messages become visible again.
    WARMSTOW_BATCH_THROTTLED = 2,
}

/// By warmstow_batch_end's numbers.
const ENDS: [BatchEnd; 3] = [BatchEnd::Succeeded, BatchEnd::Failed, BatchEnd::Throttled];

/// A source as it is now.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct warmstow_polled_view {
    /// Batches in flight.
    pub in_flight: u64,
    /// Batches that may be in flight now.
    pub concurrency: u64,
}

static TABLE: Table<PolledSource> =
    Table::new("polled source", S::WARMSTOW_ERROR_POLLED_SOURCE_STALE);

/// Writes AWS Lambda's settings for Amazon SQS to *config.
///
/// struct_size: sizeof *config. Errors: NULL, MISALIGNED, STRUCT_SIZE. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_polled_config_default(
    config: *mut warmstow_polled_config,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::call(|| {
        let out = caller.out_sized(config, struct_size, "config")?;
        out.set(warmstow_polled_config::of_core(&PolledConfig::default()));
        Ok(())
    })
}

/// Opens a source without messages.
///
/// Errors: NULL, MISALIGNED, STRUCT_SIZE, POLLED_CONFIG, POLLED_SOURCES_FULL; then
/// *source is untouched. Any thread; allocates.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_polled_source_open(
    config: *const warmstow_polled_config,
    source: *mut warmstow_polled_source,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    boundary::call(|| {
        let config = caller.read(config, "config")?.to_core();
        let out = caller.out(source, "source")?;
        let made = PolledSource::new(config)
            .map_err(|error| boundary::written(S::WARMSTOW_ERROR_POLLED_CONFIG, error))?;
        let full = S::WARMSTOW_ERROR_POLLED_SOURCES_FULL;
        let bits = TABLE.open(made, WARMSTOW_MAX_POLLED_SOURCES, full)?;
        out.set(warmstow_polled_source { bits });
        Ok(())
    })
}

/// Closes a source.
///
/// Errors: POLLED_SOURCE_STALE, also when closed twice. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_polled_source_close(source: warmstow_polled_source) -> i32 {
    boundary::call(|| TABLE.close(source.bits))
}

/// Changes how a source is polled; batches in flight go on. Then
/// warmstow_polled_source_poll().
///
/// Errors: POLLED_SOURCE_STALE, POISONED, NULL, MISALIGNED, STRUCT_SIZE,
/// POLLED_CONFIG; then it is as it was. Any thread; calls on one source wait for
/// each other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_polled_source_configure(
    source: warmstow_polled_source,
    now_ns: u64,
    config: *const warmstow_polled_config,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(source.bits, |source| {
        let config = caller.read(config, "config")?.to_core();
        let set = source.set_config(Instant::from_nanos(now_ns), config);
        set.map_err(|error| boundary::written(S::WARMSTOW_ERROR_POLLED_CONFIG, error))
    })
}

/// Reports how many messages are visible now, those in flight not among them; then
/// warmstow_polled_source_poll().
///
/// Errors: POLLED_SOURCE_STALE, POISONED. Any thread; calls on one source wait for
/// each other.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_polled_source_messages(
    source: warmstow_polled_source,
    now_ns: u64,
    visible: u64,
) -> i32 {
    TABLE.on(source.bits, |source| {
        source.handle_messages(Instant::from_nanos(now_ns), visible);
        Ok(())
    })
}

/// Reports how a batch went, a warmstow_batch_end; then
/// warmstow_polled_source_poll().
///
/// Errors: POLLED_SOURCE_STALE, POISONED, ENUM, BATCH_UNKNOWN; then nothing has
/// changed. Any thread; calls on one source wait for each other.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_polled_source_ended(
    source: warmstow_polled_source,
    now_ns: u64,
    batch: u64,
    end: u32,
) -> i32 {
    TABLE.on(source.bits, |source| {
        let end = boundary::choose(end, &ENDS, "end")?;
        let ended = source.handle_end(Instant::from_nanos(now_ns), BatchKey(batch), end);
        ended.map_err(|error: UnknownBatch| {
            boundary::written(S::WARMSTOW_ERROR_BATCH_UNKNOWN, error)
        })
    })
}

/// Time has passed: pollers are added and batches begun that waited to be full;
/// then warmstow_polled_source_poll(). *next_ns is when to call this at the
/// latest, UINT64_MAX for never; NULL where that is not asked for.
///
/// Errors: POLLED_SOURCE_STALE, POISONED, MISALIGNED. Any thread; calls on one
/// source wait for each other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_polled_source_advance(
    source: warmstow_polled_source,
    now_ns: u64,
    next_ns: *mut u64,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(source.bits, |source| {
        let next = caller.out_or_none(next_ns, "next_ns")?;
        source.handle_time(Instant::from_nanos(now_ns));
        if let Some(next) = next {
            next.set(source.next_deadline().map_or(u64::MAX, Instant::as_nanos));
        }
        Ok(())
    })
}

/// Writes the next batch to begin to *batch, from 1, and to *messages how many
/// messages to receive at most for it: invoke the function with them, then
/// warmstow_polled_source_ended(). 0 and 0: nothing is left to do. Call until then
/// after each call above; each batch is given once.
///
/// Errors: POLLED_SOURCE_STALE, POISONED, NULL, MISALIGNED; then no batch is lost.
/// Any thread; calls on one source wait for each other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_polled_source_poll(
    source: warmstow_polled_source,
    batch: *mut u64,
    messages: *mut u32,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(source.bits, |source| {
        let (batch, messages) = (caller.out(batch, "batch")?, caller.out(messages, "messages")?);
        let next = source.poll_action();
        let next = next.map(|PolledAction::Invoke { batch, messages }| (batch.0, messages));
        let (key, most) = next.unwrap_or((0, 0));
        batch.set(key);
        messages.set(most);
        Ok(())
    })
}

/// Writes how a source is now to *view.
///
/// struct_size: sizeof *view. Errors: POLLED_SOURCE_STALE, POISONED, NULL,
/// MISALIGNED, STRUCT_SIZE; then *view is untouched. Any thread; calls on one
/// source wait for each other.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn warmstow_polled_view_read(
    source: warmstow_polled_source,
    view: *mut warmstow_polled_view,
    struct_size: usize,
) -> i32 {
    // SAFETY: the host keeps the header's rule for pointers.
    let caller = unsafe { Caller::promise() };
    TABLE.on(source.bits, |source| {
        let out = caller.out_sized(view, struct_size, "view")?;
        out.set(warmstow_polled_view {
            in_flight: source.in_flight() as u64,
            concurrency: source.concurrency().into(),
        });
        Ok(())
    })
}
