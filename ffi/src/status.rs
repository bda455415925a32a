//! Status codes, refusal reasons, versions and the last error's message.

use core::ffi::{CStr, c_char};

use warmstow_core::concurrency::ThrottleReason;
use warmstow_core::function::InvokeError;
use warmstow_core::resources::Resource;

use crate::boundary;

/// Version of the ABI, major in the upper 16 bits, minor in the lower.
///
/// A program works with a library of the same major version and the same or a
/// higher minor version; see warmstow_abi_version(). A higher minor version has
/// more calls or more numbers in an enumeration; within a major version no
/// struct changes its size or layout, and no number its meaning.
pub const WARMSTOW_ABI_VERSION: u32 = 0x0000_0001;

/// What a call answers. Negative numbers are errors, in a fixed block for each
/// object; a number is never used again for something else.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum warmstow_status {
    /// Done.
    WARMSTOW_OK = 0,

    /// A pointer is NULL that must not be.
    WARMSTOW_ERROR_NULL = -1,
    /// A pointer is not aligned for what it points to.
    WARMSTOW_ERROR_MISALIGNED = -2,
    /// A struct's size is not one that this library knows: it was not
    /// initialised, or the program was built against another version.
    WARMSTOW_ERROR_STRUCT_SIZE = -3,
    /// A length or count is out of range.
    WARMSTOW_ERROR_LENGTH = -4,
    /// A number is none of its enumeration.
    WARMSTOW_ERROR_ENUM = -5,
    /// A text is not UTF-8.
    WARMSTOW_ERROR_TEXT = -6,
    /// A bug in warmstow. What was asked may be half done; a region or scaler in
    /// whose call it happened refuses every further call but its closing.
    WARMSTOW_ERROR_PANIC = -7,
    /// The region or scaler had a WARMSTOW_ERROR_PANIC before: close it.
    WARMSTOW_ERROR_POISONED = -8,
    /// A reserved_field is not 0.
    WARMSTOW_ERROR_NOT_ZERO = -9,

    /// The region's handle is null, closed, or was never given out.
    WARMSTOW_ERROR_REGION_STALE = -100,
    /// As many regions are open as there can be: WARMSTOW_MAX_REGIONS.
    WARMSTOW_ERROR_REGIONS_FULL = -101,
    /// A setting of the region is out of range.
    WARMSTOW_ERROR_REGION_CONFIG = -102,
    /// The account limit does not cover the reservations and the unreserved
    /// minimum.
    WARMSTOW_ERROR_ACCOUNT_LIMIT = -103,

    /// The node's handle is null, of another region, or was never given out.
    WARMSTOW_ERROR_NODE_STALE = -200,
    /// A node without CPU or memory, too large a one, or a zone out of range.
    WARMSTOW_ERROR_NODE_SPEC = -201,
    /// The region has as many nodes as it was opened for.
    WARMSTOW_ERROR_NODES_FULL = -202,

    /// The function's handle is null, of another region, or was never given
    /// out.
    WARMSTOW_ERROR_FUNCTION_STALE = -300,
    /// The function's name is empty.
    WARMSTOW_ERROR_NAME_EMPTY = -301,
    /// The region has a function of that name.
    WARMSTOW_ERROR_NAME_TAKEN = -302,
    /// The region has no function of that name.
    WARMSTOW_ERROR_NAME_UNKNOWN = -303,
    /// A setting of the function is out of range.
    WARMSTOW_ERROR_FUNCTION_SPEC = -304,
    /// An instance of the function is larger than any node of the region.
    WARMSTOW_ERROR_FUNCTION_TOO_LARGE = -305,
    /// The region has as many functions as it was opened for.
    WARMSTOW_ERROR_FUNCTIONS_FULL = -306,
    /// The reservation does not leave the account its unreserved minimum.
    WARMSTOW_ERROR_RESERVED = -307,
    /// The function is one of a function with versions: what is reserved is of
    /// all of them, see warmstow_versioned_set_reserved().
    WARMSTOW_ERROR_FUNCTION_VERSIONED = -308,

    /// Refused: a concurrency limit is reached. AWS Lambda answers 429.
    WARMSTOW_ERROR_THROTTLED = -400,
    /// Refused: every instance that the function may have is busy.
    WARMSTOW_ERROR_INSTANCE_LIMIT = -401,
    /// Refused: no instance is idle and no node has room for another one.
    WARMSTOW_ERROR_NO_CAPACITY = -402,
    /// The lease is null, was completed or failed before, or is of another
    /// region.
    WARMSTOW_ERROR_LEASE_STALE = -403,
    /// The instance has not started: call warmstow_started() first.
    WARMSTOW_ERROR_NOT_STARTED = -404,
    /// warmstow_started() was called before for this instance.
    WARMSTOW_ERROR_ALREADY_STARTED = -405,

    /// The instance's handle is null, it has stopped, or it is of another
    /// region; for warmstow_drain() also that it was told to stop.
    WARMSTOW_ERROR_INSTANCE_STALE = -500,
    /// The instance was not told to stop, so it cannot have stopped.
    WARMSTOW_ERROR_NOT_STOPPING = -501,

    /// A row of the trace is wrong: out of order, out of range, no number.
    WARMSTOW_ERROR_TRACE = -600,
    /// A setting of the replay is out of range.
    WARMSTOW_ERROR_REPLAY_CONFIG = -601,
    /// A distribution's mean or coefficient of variation is out of range.
    WARMSTOW_ERROR_DISTRIBUTION = -602,
    /// A bug in warmstow: the replay's books do not balance.
    WARMSTOW_ERROR_REPLAY_INCONSISTENT = -603,

    /// The scaler's handle is null, closed, or was never given out.
    WARMSTOW_ERROR_SCALER_STALE = -900,
    /// As many scalers are open as there can be: WARMSTOW_MAX_SCALERS.
    WARMSTOW_ERROR_SCALERS_FULL = -901,
    /// A scaler's configuration is no JSON of its form, or a setting is out of
    /// range.
    WARMSTOW_ERROR_SCALER_CONFIG = -902,
    /// No policy of the scaler reads that metric.
    WARMSTOW_ERROR_METRIC_UNKNOWN = -903,
    /// A datum is no finite number.
    WARMSTOW_ERROR_DATUM = -904,

    /// The account's handle is null, closed, or was never given out.
    WARMSTOW_ERROR_ECS_STALE = -950,
    /// As many accounts are open as there can be: WARMSTOW_MAX_ECS.
    WARMSTOW_ERROR_ECS_FULL = -951,
    /// Amazon ECS refuses the call: its code and what is wrong are
    /// warmstow_last_error().
    WARMSTOW_ERROR_ECS_REFUSED = -952,

    /// The scenario's handle is null, closed, or was never given out.
    WARMSTOW_ERROR_SCENARIO_STALE = -970,
    /// As many scenarios are open as there can be: WARMSTOW_MAX_SCENARIOS.
    WARMSTOW_ERROR_SCENARIOS_FULL = -971,
    /// A scenario is no TOML or JSON of its form, or a setting is out of range.
    WARMSTOW_ERROR_SCENARIO_CONFIG = -972,

    /// The packer's handle is null, closed, or was never given out.
    WARMSTOW_ERROR_PACKER_STALE = -980,
    /// As many packers are open as there can be: WARMSTOW_MAX_PACKERS.
    WARMSTOW_ERROR_PACKERS_FULL = -981,
    /// A packing problem is no JSON of its form, or a value cannot hold.
    WARMSTOW_ERROR_PACKING_PROBLEM = -982,

    /// The consolidator's handle is null, closed, or was never given out.
    WARMSTOW_ERROR_CONSOLIDATOR_STALE = -990,
    /// As many consolidators are open as there can be:
    /// WARMSTOW_MAX_CONSOLIDATORS.
    WARMSTOW_ERROR_CONSOLIDATORS_FULL = -991,
    /// A running cluster is no JSON of its form, or a value cannot hold.
    WARMSTOW_ERROR_RUNNING_CLUSTER = -992,

    /// The handle of a function with versions is null, of another region, or
    /// was never given out.
    WARMSTOW_ERROR_VERSIONED_STALE = -1000,
    /// The version was never published, or is deleted.
    WARMSTOW_ERROR_VERSION_UNKNOWN = -1001,
    /// An alias points to the version, or it has provisioned concurrency.
    WARMSTOW_ERROR_VERSION_IN_USE = -1002,
    /// The alias's handle is null, it is deleted, or it is of another region.
    WARMSTOW_ERROR_ALIAS_STALE = -1010,
    /// An alias's name is not 1 to 128 letters, digits, - and _, or is a number.
    WARMSTOW_ERROR_ALIAS_NAME = -1011,
    /// The function has an alias of that name.
    WARMSTOW_ERROR_ALIAS_TAKEN = -1012,
    /// The function has no alias of that name.
    WARMSTOW_ERROR_ALIAS_UNKNOWN = -1013,
    /// The region has as many aliases as it was opened for.
    WARMSTOW_ERROR_ALIASES_FULL = -1014,
    /// An alias points to one version twice, or its weight is out of range.
    WARMSTOW_ERROR_ROUTING = -1015,
    /// Concurrency cannot be provisioned so: on $LATEST or on an alias of two
    /// versions, none of it, or more than there may be.
    WARMSTOW_ERROR_PROVISIONED = -1020,
    /// The version has provisioned concurrency already, asked for elsewhere.
    WARMSTOW_ERROR_VERSION_PROVISIONED = -1021,
    /// The start ahead is null, was reported before, or is of another region.
    WARMSTOW_ERROR_PRESTART_STALE = -1030,

    /// The text is no keep-alive policy.
    WARMSTOW_ERROR_KEEP_ALIVE_POLICY = -1100,
    /// No node would have room if its idle instances were stopped.
    WARMSTOW_ERROR_NO_ROOM = -1101,

    /// The function of tenants is null or of another region.
    WARMSTOW_ERROR_TENANTS_STALE = -1040,
    /// A tenant's identifier is not 1 to 256 letters, digits, spaces and ._:/=+-@
    WARMSTOW_ERROR_TENANT_ID = -1041,

    /// The backlog is null, was closed, or was never given out.
    WARMSTOW_ERROR_BACKLOG_STALE = -1200,
    /// As many backlogs are open as there can be: WARMSTOW_MAX_BACKLOGS.
    WARMSTOW_ERROR_BACKLOGS_FULL = -1201,
    /// A setting of a backlog is out of range.
    WARMSTOW_ERROR_BACKLOG_CONFIG = -1202,
    /// As many requests wait as may; this one does not.
    WARMSTOW_ERROR_BACKLOG_FULL = -1203,

    /// The queue is null, was closed, or was never given out.
    WARMSTOW_ERROR_ASYNC_QUEUE_STALE = -1210,
    /// As many queues are open as there can be: WARMSTOW_MAX_ASYNC_QUEUES.
    WARMSTOW_ERROR_ASYNC_QUEUES_FULL = -1211,
    /// A setting of an asynchronous queue is out of range.
    WARMSTOW_ERROR_ASYNC_CONFIG = -1212,
    /// The queue holds as many events as it may; this one was not taken.
    WARMSTOW_ERROR_ASYNC_QUEUE_FULL = -1213,
    /// The event is not in flight.
    WARMSTOW_ERROR_EVENT_UNKNOWN = -1214,

    /// The source is null, was closed, or was never given out.
    WARMSTOW_ERROR_POLLED_SOURCE_STALE = -1220,
    /// As many sources are open as there can be: WARMSTOW_MAX_POLLED_SOURCES.
    WARMSTOW_ERROR_POLLED_SOURCES_FULL = -1221,
    /// A setting of a polled source is out of range.
    WARMSTOW_ERROR_POLLED_CONFIG = -1222,
    /// The batch is not in flight.
    WARMSTOW_ERROR_BATCH_UNKNOWN = -1223,

    /// The front end is null, was closed, or was never given out.
    WARMSTOW_ERROR_FRONT_END_STALE = -1230,
    /// As many front ends are open as there can be: WARMSTOW_MAX_FRONT_ENDS.
    WARMSTOW_ERROR_FRONT_ENDS_FULL = -1231,
    /// The rate of a front end is none.
    WARMSTOW_ERROR_FRONT_END_RATE = -1232,
    /// The front end answers 429: the function was not asked.
    WARMSTOW_ERROR_RATE_EXCEEDED = -1233,

    /// The view is null, was closed, or was never given out.
    WARMSTOW_ERROR_VIEW_STALE = -1300,
    /// As many views are open as there can be: WARMSTOW_MAX_VIEWS.
    WARMSTOW_ERROR_VIEWS_FULL = -1301,
    /// The node is null, was removed, or is of another view.
    WARMSTOW_ERROR_VIEW_NODE_STALE = -1302,
    /// A node of a view is no JSON of its form, or a value cannot hold.
    WARMSTOW_ERROR_VIEW_NODE = -1303,
    /// The request is null, was forgotten, or is of another view.
    WARMSTOW_ERROR_PLACEMENT_REQUEST_STALE = -1304,
    /// A request is no JSON of its form, or a value cannot hold.
    WARMSTOW_ERROR_PLACEMENT_REQUEST = -1305,
    /// The hold is null, was given back, went with its node, or is of another
    /// view.
    WARMSTOW_ERROR_HOLD_STALE = -1306,
    /// No node of the view may take the task.
    WARMSTOW_ERROR_UNPLACED = -1307,
    /// The node named is short of something that the task needs.
    WARMSTOW_ERROR_VIEW_NO_ROOM = -1308,
}

use warmstow_status as S;

/// Every status with its name.
const STATUS_NAMES: [(S, &CStr); 97] = [
    (S::WARMSTOW_OK, c"WARMSTOW_OK"),
    (S::WARMSTOW_ERROR_NULL, c"WARMSTOW_ERROR_NULL"),
    (S::WARMSTOW_ERROR_MISALIGNED, c"WARMSTOW_ERROR_MISALIGNED"),
    (S::WARMSTOW_ERROR_STRUCT_SIZE, c"WARMSTOW_ERROR_STRUCT_SIZE"),
    (S::WARMSTOW_ERROR_LENGTH, c"WARMSTOW_ERROR_LENGTH"),
    (S::WARMSTOW_ERROR_ENUM, c"WARMSTOW_ERROR_ENUM"),
    (S::WARMSTOW_ERROR_TEXT, c"WARMSTOW_ERROR_TEXT"),
    (S::WARMSTOW_ERROR_PANIC, c"WARMSTOW_ERROR_PANIC"),
    (S::WARMSTOW_ERROR_POISONED, c"WARMSTOW_ERROR_POISONED"),
    (S::WARMSTOW_ERROR_NOT_ZERO, c"WARMSTOW_ERROR_NOT_ZERO"),
    (S::WARMSTOW_ERROR_REGION_STALE, c"WARMSTOW_ERROR_REGION_STALE"),
    (S::WARMSTOW_ERROR_REGIONS_FULL, c"WARMSTOW_ERROR_REGIONS_FULL"),
    (S::WARMSTOW_ERROR_REGION_CONFIG, c"WARMSTOW_ERROR_REGION_CONFIG"),
    (S::WARMSTOW_ERROR_ACCOUNT_LIMIT, c"WARMSTOW_ERROR_ACCOUNT_LIMIT"),
    (S::WARMSTOW_ERROR_NODE_STALE, c"WARMSTOW_ERROR_NODE_STALE"),
    (S::WARMSTOW_ERROR_NODE_SPEC, c"WARMSTOW_ERROR_NODE_SPEC"),
    (S::WARMSTOW_ERROR_NODES_FULL, c"WARMSTOW_ERROR_NODES_FULL"),
    (S::WARMSTOW_ERROR_FUNCTION_STALE, c"WARMSTOW_ERROR_FUNCTION_STALE"),
    (S::WARMSTOW_ERROR_NAME_EMPTY, c"WARMSTOW_ERROR_NAME_EMPTY"),
    (S::WARMSTOW_ERROR_NAME_TAKEN, c"WARMSTOW_ERROR_NAME_TAKEN"),
    (S::WARMSTOW_ERROR_NAME_UNKNOWN, c"WARMSTOW_ERROR_NAME_UNKNOWN"),
    (S::WARMSTOW_ERROR_FUNCTION_SPEC, c"WARMSTOW_ERROR_FUNCTION_SPEC"),
    (S::WARMSTOW_ERROR_FUNCTION_TOO_LARGE, c"WARMSTOW_ERROR_FUNCTION_TOO_LARGE"),
    (S::WARMSTOW_ERROR_FUNCTIONS_FULL, c"WARMSTOW_ERROR_FUNCTIONS_FULL"),
    (S::WARMSTOW_ERROR_RESERVED, c"WARMSTOW_ERROR_RESERVED"),
    (S::WARMSTOW_ERROR_FUNCTION_VERSIONED, c"WARMSTOW_ERROR_FUNCTION_VERSIONED"),
    (S::WARMSTOW_ERROR_THROTTLED, c"WARMSTOW_ERROR_THROTTLED"),
    (S::WARMSTOW_ERROR_INSTANCE_LIMIT, c"WARMSTOW_ERROR_INSTANCE_LIMIT"),
    (S::WARMSTOW_ERROR_NO_CAPACITY, c"WARMSTOW_ERROR_NO_CAPACITY"),
    (S::WARMSTOW_ERROR_LEASE_STALE, c"WARMSTOW_ERROR_LEASE_STALE"),
    (S::WARMSTOW_ERROR_NOT_STARTED, c"WARMSTOW_ERROR_NOT_STARTED"),
    (S::WARMSTOW_ERROR_ALREADY_STARTED, c"WARMSTOW_ERROR_ALREADY_STARTED"),
    (S::WARMSTOW_ERROR_INSTANCE_STALE, c"WARMSTOW_ERROR_INSTANCE_STALE"),
    (S::WARMSTOW_ERROR_NOT_STOPPING, c"WARMSTOW_ERROR_NOT_STOPPING"),
    (S::WARMSTOW_ERROR_TRACE, c"WARMSTOW_ERROR_TRACE"),
    (S::WARMSTOW_ERROR_REPLAY_CONFIG, c"WARMSTOW_ERROR_REPLAY_CONFIG"),
    (S::WARMSTOW_ERROR_DISTRIBUTION, c"WARMSTOW_ERROR_DISTRIBUTION"),
    (S::WARMSTOW_ERROR_REPLAY_INCONSISTENT, c"WARMSTOW_ERROR_REPLAY_INCONSISTENT"),
    (S::WARMSTOW_ERROR_SCALER_STALE, c"WARMSTOW_ERROR_SCALER_STALE"),
    (S::WARMSTOW_ERROR_SCALERS_FULL, c"WARMSTOW_ERROR_SCALERS_FULL"),
    (S::WARMSTOW_ERROR_SCALER_CONFIG, c"WARMSTOW_ERROR_SCALER_CONFIG"),
    (S::WARMSTOW_ERROR_METRIC_UNKNOWN, c"WARMSTOW_ERROR_METRIC_UNKNOWN"),
    (S::WARMSTOW_ERROR_DATUM, c"WARMSTOW_ERROR_DATUM"),
    (S::WARMSTOW_ERROR_ECS_STALE, c"WARMSTOW_ERROR_ECS_STALE"),
    (S::WARMSTOW_ERROR_ECS_FULL, c"WARMSTOW_ERROR_ECS_FULL"),
    (S::WARMSTOW_ERROR_ECS_REFUSED, c"WARMSTOW_ERROR_ECS_REFUSED"),
    (S::WARMSTOW_ERROR_SCENARIO_STALE, c"WARMSTOW_ERROR_SCENARIO_STALE"),
    (S::WARMSTOW_ERROR_SCENARIOS_FULL, c"WARMSTOW_ERROR_SCENARIOS_FULL"),
    (S::WARMSTOW_ERROR_SCENARIO_CONFIG, c"WARMSTOW_ERROR_SCENARIO_CONFIG"),
    (S::WARMSTOW_ERROR_PACKER_STALE, c"WARMSTOW_ERROR_PACKER_STALE"),
    (S::WARMSTOW_ERROR_PACKERS_FULL, c"WARMSTOW_ERROR_PACKERS_FULL"),
    (S::WARMSTOW_ERROR_PACKING_PROBLEM, c"WARMSTOW_ERROR_PACKING_PROBLEM"),
    (S::WARMSTOW_ERROR_CONSOLIDATOR_STALE, c"WARMSTOW_ERROR_CONSOLIDATOR_STALE"),
    (S::WARMSTOW_ERROR_CONSOLIDATORS_FULL, c"WARMSTOW_ERROR_CONSOLIDATORS_FULL"),
    (S::WARMSTOW_ERROR_RUNNING_CLUSTER, c"WARMSTOW_ERROR_RUNNING_CLUSTER"),
    (S::WARMSTOW_ERROR_VERSIONED_STALE, c"WARMSTOW_ERROR_VERSIONED_STALE"),
    (S::WARMSTOW_ERROR_VERSION_UNKNOWN, c"WARMSTOW_ERROR_VERSION_UNKNOWN"),
    (S::WARMSTOW_ERROR_VERSION_IN_USE, c"WARMSTOW_ERROR_VERSION_IN_USE"),
    (S::WARMSTOW_ERROR_ALIAS_STALE, c"WARMSTOW_ERROR_ALIAS_STALE"),
    (S::WARMSTOW_ERROR_ALIAS_NAME, c"WARMSTOW_ERROR_ALIAS_NAME"),
    (S::WARMSTOW_ERROR_ALIAS_TAKEN, c"WARMSTOW_ERROR_ALIAS_TAKEN"),
    (S::WARMSTOW_ERROR_ALIAS_UNKNOWN, c"WARMSTOW_ERROR_ALIAS_UNKNOWN"),
    (S::WARMSTOW_ERROR_ALIASES_FULL, c"WARMSTOW_ERROR_ALIASES_FULL"),
    (S::WARMSTOW_ERROR_ROUTING, c"WARMSTOW_ERROR_ROUTING"),
    (S::WARMSTOW_ERROR_PROVISIONED, c"WARMSTOW_ERROR_PROVISIONED"),
    (S::WARMSTOW_ERROR_VERSION_PROVISIONED, c"WARMSTOW_ERROR_VERSION_PROVISIONED"),
    (S::WARMSTOW_ERROR_PRESTART_STALE, c"WARMSTOW_ERROR_PRESTART_STALE"),
    (S::WARMSTOW_ERROR_KEEP_ALIVE_POLICY, c"WARMSTOW_ERROR_KEEP_ALIVE_POLICY"),
    (S::WARMSTOW_ERROR_NO_ROOM, c"WARMSTOW_ERROR_NO_ROOM"),
    (S::WARMSTOW_ERROR_TENANTS_STALE, c"WARMSTOW_ERROR_TENANTS_STALE"),
    (S::WARMSTOW_ERROR_TENANT_ID, c"WARMSTOW_ERROR_TENANT_ID"),
    (S::WARMSTOW_ERROR_BACKLOG_STALE, c"WARMSTOW_ERROR_BACKLOG_STALE"),
    (S::WARMSTOW_ERROR_BACKLOGS_FULL, c"WARMSTOW_ERROR_BACKLOGS_FULL"),
    (S::WARMSTOW_ERROR_BACKLOG_CONFIG, c"WARMSTOW_ERROR_BACKLOG_CONFIG"),
    (S::WARMSTOW_ERROR_BACKLOG_FULL, c"WARMSTOW_ERROR_BACKLOG_FULL"),
    (S::WARMSTOW_ERROR_ASYNC_QUEUE_STALE, c"WARMSTOW_ERROR_ASYNC_QUEUE_STALE"),
    (S::WARMSTOW_ERROR_ASYNC_QUEUES_FULL, c"WARMSTOW_ERROR_ASYNC_QUEUES_FULL"),
    (S::WARMSTOW_ERROR_ASYNC_CONFIG, c"WARMSTOW_ERROR_ASYNC_CONFIG"),
    (S::WARMSTOW_ERROR_ASYNC_QUEUE_FULL, c"WARMSTOW_ERROR_ASYNC_QUEUE_FULL"),
    (S::WARMSTOW_ERROR_EVENT_UNKNOWN, c"WARMSTOW_ERROR_EVENT_UNKNOWN"),
    (S::WARMSTOW_ERROR_POLLED_SOURCE_STALE, c"WARMSTOW_ERROR_POLLED_SOURCE_STALE"),
    (S::WARMSTOW_ERROR_POLLED_SOURCES_FULL, c"WARMSTOW_ERROR_POLLED_SOURCES_FULL"),
    (S::WARMSTOW_ERROR_POLLED_CONFIG, c"WARMSTOW_ERROR_POLLED_CONFIG"),
    (S::WARMSTOW_ERROR_BATCH_UNKNOWN, c"WARMSTOW_ERROR_BATCH_UNKNOWN"),
    (S::WARMSTOW_ERROR_FRONT_END_STALE, c"WARMSTOW_ERROR_FRONT_END_STALE"),
    (S::WARMSTOW_ERROR_FRONT_ENDS_FULL, c"WARMSTOW_ERROR_FRONT_ENDS_FULL"),
    (S::WARMSTOW_ERROR_FRONT_END_RATE, c"WARMSTOW_ERROR_FRONT_END_RATE"),
    (S::WARMSTOW_ERROR_RATE_EXCEEDED, c"WARMSTOW_ERROR_RATE_EXCEEDED"),
    (S::WARMSTOW_ERROR_VIEW_STALE, c"WARMSTOW_ERROR_VIEW_STALE"),
    (S::WARMSTOW_ERROR_VIEWS_FULL, c"WARMSTOW_ERROR_VIEWS_FULL"),
    (S::WARMSTOW_ERROR_VIEW_NODE_STALE, c"WARMSTOW_ERROR_VIEW_NODE_STALE"),
    (S::WARMSTOW_ERROR_VIEW_NODE, c"WARMSTOW_ERROR_VIEW_NODE"),
    (S::WARMSTOW_ERROR_PLACEMENT_REQUEST_STALE, c"WARMSTOW_ERROR_PLACEMENT_REQUEST_STALE"),
    (S::WARMSTOW_ERROR_PLACEMENT_REQUEST, c"WARMSTOW_ERROR_PLACEMENT_REQUEST"),
    (S::WARMSTOW_ERROR_HOLD_STALE, c"WARMSTOW_ERROR_HOLD_STALE"),
    (S::WARMSTOW_ERROR_UNPLACED, c"WARMSTOW_ERROR_UNPLACED"),
    (S::WARMSTOW_ERROR_VIEW_NO_ROOM, c"WARMSTOW_ERROR_VIEW_NO_ROOM"),
];

/// Why an invocation was refused; the index into an array of refusal counts.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum warmstow_refusal {
    /// It was not refused.
    WARMSTOW_REFUSAL_NONE = 0,
    /// The account's unreserved concurrency is all in use.
    WARMSTOW_REFUSAL_CONCURRENT_INVOCATION_LIMIT = 1,
    /// The function's reserved concurrency is all in use, or is 0.
    WARMSTOW_REFUSAL_RESERVED_CONCURRENT_INVOCATION_LIMIT = 2,
    /// The account's requests per second, met by an unreserved function.
    WARMSTOW_REFUSAL_INVOCATION_RATE_LIMIT = 3,
    /// The requests per second of a function with reserved concurrency.
    WARMSTOW_REFUSAL_RESERVED_INVOCATION_RATE_LIMIT = 4,
    /// The caller's own request rate.
    WARMSTOW_REFUSAL_CALLER_RATE_LIMIT = 5,
    /// Too many snapshots are being created at once.
    WARMSTOW_REFUSAL_SNAPSHOT_CREATE_LIMIT = 6,
    /// Every instance that the function may have is busy.
    WARMSTOW_REFUSAL_INSTANCE_LIMIT = 7,
    /// Most nodes are short of CPU.
    WARMSTOW_REFUSAL_NO_CPU = 8,
    /// Most nodes are short of memory.
    WARMSTOW_REFUSAL_NO_MEMORY = 9,
    /// No instance is idle and the next may not be started yet.
    WARMSTOW_REFUSAL_SCALING_RATE = 10,
}

/// Length of an array of refusal counts, indexed by warmstow_refusal; with room
/// for reasons to come, which read 0.
pub const WARMSTOW_REFUSAL_COUNT: usize = 16;

use warmstow_refusal as R;

/// Every refusal, at its number, with the key that reports use.
const REFUSAL_NAMES: [(R, &CStr); 11] = [
    (R::WARMSTOW_REFUSAL_NONE, c"None"),
    (R::of_throttle(ThrottleReason::ALL[0]), c"ConcurrentInvocationLimitExceeded"),
    (R::of_throttle(ThrottleReason::ALL[1]), c"ReservedFunctionConcurrentInvocationLimitExceeded"),
    (R::of_throttle(ThrottleReason::ALL[2]), c"FunctionInvocationRateLimitExceeded"),
    (R::of_throttle(ThrottleReason::ALL[3]), c"ReservedFunctionInvocationRateLimitExceeded"),
    (R::of_throttle(ThrottleReason::ALL[4]), c"CallerRateLimitExceeded"),
    (R::of_throttle(ThrottleReason::ALL[5]), c"ConcurrentSnapshotCreateLimitExceeded"),
    (R::WARMSTOW_REFUSAL_INSTANCE_LIMIT, c"InstanceLimitExceeded"),
    (R::WARMSTOW_REFUSAL_NO_CPU, c"RESOURCE:CPU"),
    (R::WARMSTOW_REFUSAL_NO_MEMORY, c"RESOURCE:MEMORY"),
    (R::WARMSTOW_REFUSAL_SCALING_RATE, c"ScalingRateExceeded"),
];

impl warmstow_refusal {
    pub(crate) const fn of_throttle(reason: ThrottleReason) -> Self {
        match reason {
            ThrottleReason::ConcurrentInvocationLimitExceeded => {
                Self::WARMSTOW_REFUSAL_CONCURRENT_INVOCATION_LIMIT
            }
            ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded => {
                Self::WARMSTOW_REFUSAL_RESERVED_CONCURRENT_INVOCATION_LIMIT
            }
            ThrottleReason::FunctionInvocationRateLimitExceeded => {
                Self::WARMSTOW_REFUSAL_INVOCATION_RATE_LIMIT
            }
            ThrottleReason::ReservedFunctionInvocationRateLimitExceeded => {
                Self::WARMSTOW_REFUSAL_RESERVED_INVOCATION_RATE_LIMIT
            }
            ThrottleReason::CallerRateLimitExceeded => Self::WARMSTOW_REFUSAL_CALLER_RATE_LIMIT,
            ThrottleReason::ConcurrentSnapshotCreateLimitExceeded => {
                Self::WARMSTOW_REFUSAL_SNAPSHOT_CREATE_LIMIT
            }
        }
    }

    /// Why `error` refuses; none where it is no refusal but a wrong call.
    pub(crate) const fn of(error: &InvokeError) -> Self {
        match error {
            InvokeError::Throttled(reason) => Self::of_throttle(*reason),
            InvokeError::InstanceLimit { .. } => Self::WARMSTOW_REFUSAL_INSTANCE_LIMIT,
            InvokeError::ScalingRate { .. } => Self::WARMSTOW_REFUSAL_SCALING_RATE,
            InvokeError::NoCapacity(refusal) => match refusal.resource {
                Resource::Memory => Self::WARMSTOW_REFUSAL_NO_MEMORY,
                _ => Self::WARMSTOW_REFUSAL_NO_CPU,
            },
            _ => Self::WARMSTOW_REFUSAL_NONE,
        }
    }

    /// The index of the refusal with that key.
    pub(crate) fn index_of(name: &str) -> Option<usize> {
        REFUSAL_NAMES.iter().position(|(_, known)| known.to_bytes() == name.as_bytes())
    }
}

/// The library's ABI version, in the form of WARMSTOW_ABI_VERSION.
///
/// A program that loads the library at run time compares the upper 16 bits
/// with those it was compiled with. Any thread; never fails.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_abi_version() -> u32 {
    WARMSTOW_ABI_VERSION
}

/// The library's version, such as "0.1.0". Static text; any thread.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}

/// The name of a status, such as "WARMSTOW_ERROR_NULL"; "WARMSTOW_UNKNOWN" for
/// a number that is none. Static text, never NULL; any thread.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_status_name(status: i32) -> *const c_char {
    let known = STATUS_NAMES.iter().find(|(known, _)| *known as i32 == status);
    known.map_or(c"WARMSTOW_UNKNOWN", |(_, name)| name).as_ptr()
}

/// The key of a refusal in reports: AWS Lambda's throttle reason, such as
/// "ConcurrentInvocationLimitExceeded", "InstanceLimitExceeded",
/// "ScalingRateExceeded", or Amazon ECS's "RESOURCE:CPU" or "RESOURCE:MEMORY"; "None" for
/// WARMSTOW_REFUSAL_NONE, "Unknown" for a number that is none.
///
/// Static text, never NULL; any thread.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_refusal_name(refusal: u32) -> *const c_char {
    let known = REFUSAL_NAMES.iter().find(|(known, _)| *known as u32 == refusal);
    known.map_or(c"Unknown", |(_, name)| name).as_ptr()
}

/// What was wrong with the last call of this thread that did not answer
/// WARMSTOW_OK: one sentence. Of a wrong value it names the argument, the value
/// and what is possible; of a refusal, the reason. Empty before any such call;
/// a call that succeeds does not clear it.
///
/// Never NULL. The text is this thread's and holds until its next call of
/// warmstow that fails, or of warmstow_last_error(); copy it to keep it. It is
/// at most 511 bytes of UTF-8, for people: programs look at the status.
#[unsafe(no_mangle)]
pub extern "C" fn warmstow_last_error() -> *const c_char {
    boundary::last_error()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_the_key_of_its_error() {
        for reason in ThrottleReason::ALL {
            let error = InvokeError::Throttled(reason);
            let index = warmstow_refusal::of(&error) as usize;
            assert_eq!(warmstow_refusal::index_of(error.reason()), Some(index));
        }
        let limit = InvokeError::InstanceLimit { max_instances: 1 };
        assert_eq!(warmstow_refusal::index_of(limit.reason()), Some(7));
        let retry_after = warmstow_core::time::Duration::ZERO;
        let rate = InvokeError::ScalingRate { reserved: false, retry_after };
        assert_eq!(warmstow_refusal::index_of(rate.reason()), Some(10));
        assert_eq!(warmstow_refusal::of(&rate) as usize, 10);
        assert_eq!(warmstow_refusal::index_of(Resource::Cpu.reason()), Some(8));
        assert_eq!(warmstow_refusal::index_of(Resource::Memory.reason()), Some(9));
        assert!(REFUSAL_NAMES.len() <= WARMSTOW_REFUSAL_COUNT);
    }

    #[test]
    fn refusals_stand_at_their_number() {
        for (index, (refusal, _)) in REFUSAL_NAMES.iter().enumerate() {
            assert_eq!(*refusal as usize, index);
        }
    }
}
