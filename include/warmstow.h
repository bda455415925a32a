/*
 * warmstow: the scheduling core for functions and containers, from C.
 *
 * Generated from the Rust sources (`make header`); this file is the manual.
 *
 * A host opens a region, adds nodes and functions to it, and asks for every
 * request warmstow_invoke(): may it run, and on which instance. The library
 * starts and stops nothing itself: it answers what the host is to do, and the
 * host reports what it did.
 *
 *   answer                                  the host             then reports
 *   WARMSTOW_START_WARM                     runs the request     complete or fail
 *   WARMSTOW_START_COLD                     starts the instance  started, then as above; or fail
 *   an instance from complete, fail, drain
 *   or reap                                 stops the instance   stopped
 *
 * Functions with versions, aliases and provisioned concurrency
 * (warmstow_versioned_add()) and keep-alive policies (warmstow_keeper_keep())
 * want instances started ahead of requests and stopped: warmstow_poll() says
 * which, and warmstow_advance() is called as time passes. A host that uses
 * neither calls neither.
 *
 * A backlog (warmstow_backlog_open()) holds requests that would be refused. What
 * calls functions is there too, for any platform: asynchronous invocation
 * (warmstow_async_queue_open()), a polled source (warmstow_polled_source_open())
 * and a front end with a rate of its own (warmstow_front_end_open()).
 *
 * A scaler (warmstow_scaler_open()) decides how much capacity is desired: the
 * host gives it metrics and what runs, and polls its decisions.
 *
 * A view (warmstow_view_open()) places tasks of containers by all rules of Amazon
 * ECS, for a host that runs services itself; warmstow_ecs_open() is the whole of
 * Amazon ECS's calls.
 *
 * TIME. Calls take now_ns, nanoseconds of the host's monotonic clock from any
 * origin; the library reads no clock. A time before an earlier one is taken as
 * it is and harms nothing: an idle time counts from the latest end of a request.
 *
 * STATUS. Functions that can fail return a warmstow_status as int32_t:
 * WARMSTOW_OK or a negative number. In "Errors" below, NULL stands for
 * WARMSTOW_ERROR_NULL and so on. A call that answers an error has changed
 * nothing, not even its results, but where it says otherwise. warmstow_last_error()
 * says what was wrong. No call aborts, exits, throws or prints; but as in any
 * Rust library, memory that cannot be had aborts the process, and a bug that
 * ends in WARMSTOW_ERROR_PANIC leaves a line on stderr.
 *
 * HANDLES are plain values: copy, compare and store them freely. One that is
 * null, closed, used up, of another region or mere garbage is refused by its
 * status and harms nothing. They are of one process.
 *
 * POINTERS are the one thing that cannot be checked: each is NULL (and refused,
 * but where it says otherwise) or points to as many readable objects as the
 * call says (results: writable), which no other thread changes during the call.
 * Nothing is kept past the call. Results do not overlap.
 *
 * STRUCTS that the program fills begin with struct_size, which their default
 * function sets (warmstow_trace, warmstow_poisson and warmstow_routing have
 * none: the program sets it); those that the library fills are passed with their size. So a
 * program meets a library of another version with an error and not with
 * damage. Fields named reserved_field are 0, or the call answers NOT_ZERO.
 *
 * THREADS. Every function can be called from any thread at any time, on the
 * same region too. "Lock-free" calls never wait for another thread and
 * allocate nothing but a thread's own record at its first call. "Control plane"
 * calls on one region wait for each other, never for requests. None may be
 * called from a signal handler.
 */


#ifndef WARMSTOW_H
#define WARMSTOW_H

#include <stdint.h>
#include <stddef.h>

/**
 * Version of the ABI, major in the upper 16 bits, minor in the lower.
 *
 * A program works with a library of the same major version and the same or a
 * higher minor version; see warmstow_abi_version(). A higher minor version has
 * more calls or more numbers in an enumeration; within a major version no
 * struct changes its size or layout, and no number its meaning.
 */
#define WARMSTOW_ABI_VERSION 1

/**
 * Length of an array of refusal counts, indexed by warmstow_refusal; with room
 * for reasons to come, which read 0.
 */
#define WARMSTOW_REFUSAL_COUNT 16

/**
 * The most regions that are open at a time.
 */
#define WARMSTOW_MAX_REGIONS 1024

/**
 * The index of a null handle.
 */
#define WARMSTOW_NO_INDEX 4294967295

/**
 * As a reserved concurrency: none, the function shares the account's
 * unreserved concurrency.
 */
#define WARMSTOW_UNRESERVED 4294967295

/**
 * As a version: $LATEST, the one that can be changed.
 */
#define WARMSTOW_LATEST 0

/**
 * The weight of an alias's other version that takes all requests: 10,000
 * ten-thousandths.
 */
#define WARMSTOW_WEIGHT_ONE 10000

/**
 * The most backlogs that are open at a time.
 */
#define WARMSTOW_MAX_BACKLOGS 65536

/**
 * The most asynchronous queues that are open at a time.
 */
#define WARMSTOW_MAX_ASYNC_QUEUES 65536

/**
 * The most polled sources that are open at a time.
 */
#define WARMSTOW_MAX_POLLED_SOURCES 65536

/**
 * The most front ends that are open at a time.
 */
#define WARMSTOW_MAX_FRONT_ENDS 65536

/**
 * Requests a second of Amazon API Gateway, for an account in most regions.
 */
#define WARMSTOW_API_GATEWAY_RATE 10000

/**
 * Its burst.
 */
#define WARMSTOW_API_GATEWAY_BURST 5000

/**
 * The most scalers that are open at a time.
 */
#define WARMSTOW_MAX_SCALERS 65536

/**
 * Steps out of policies are suspended; see warmstow_scaler_suspend().
 */
#define WARMSTOW_SUSPEND_SCALE_OUT 1

/**
 * Steps in of policies are suspended.
 */
#define WARMSTOW_SUSPEND_SCALE_IN 2

/**
 * Scheduled actions are suspended: those due meanwhile are lost.
 */
#define WARMSTOW_SUSPEND_SCHEDULED 4

/**
 * The most accounts that are open at a time.
 */
#define WARMSTOW_MAX_ECS 65536

/**
 * The most scenarios that are open at a time.
 */
#define WARMSTOW_MAX_SCENARIOS 65536

/**
 * The most views that are open at a time.
 */
#define WARMSTOW_MAX_VIEWS 65536

/**
 * The most packers that are open at a time.
 */
#define WARMSTOW_MAX_PACKERS 65536

/**
 * The most consolidators that are open at a time.
 */
#define WARMSTOW_MAX_CONSOLIDATORS 65536

/**
 * What a call answers. Negative numbers are errors, in a fixed block for each
 * object; a number is never used again for something else.
 */
typedef enum warmstow_status {
    /**
     * Done.
     */
    WARMSTOW_OK = 0,
    /**
     * A pointer is NULL that must not be.
     */
    WARMSTOW_ERROR_NULL = -1,
    /**
     * A pointer is not aligned for what it points to.
     */
    WARMSTOW_ERROR_MISALIGNED = -2,
    /**
     * A struct's size is not one that this library knows: it was not
     * initialised, or the program was built against another version.
     */
    WARMSTOW_ERROR_STRUCT_SIZE = -3,
    /**
     * A length or count is out of range.
     */
    WARMSTOW_ERROR_LENGTH = -4,
    /**
     * A number is none of its enumeration.
     */
    WARMSTOW_ERROR_ENUM = -5,
    /**
     * A text is not UTF-8.
     */
    WARMSTOW_ERROR_TEXT = -6,
    /**
     * A bug in warmstow. What was asked may be half done; a region or scaler in
     * whose call it happened refuses every further call but its closing.
     */
    WARMSTOW_ERROR_PANIC = -7,
    /**
     * The region or scaler had a WARMSTOW_ERROR_PANIC before: close it.
     */
    WARMSTOW_ERROR_POISONED = -8,
    /**
     * A reserved_field is not 0.
     */
    WARMSTOW_ERROR_NOT_ZERO = -9,
    /**
     * The region's handle is null, closed, or was never given out.
     */
    WARMSTOW_ERROR_REGION_STALE = -100,
    /**
     * As many regions are open as there can be: WARMSTOW_MAX_REGIONS.
     */
    WARMSTOW_ERROR_REGIONS_FULL = -101,
    /**
     * A setting of the region is out of range.
     */
    WARMSTOW_ERROR_REGION_CONFIG = -102,
    /**
     * The account limit does not cover the reservations and the unreserved
     * minimum.
     */
    WARMSTOW_ERROR_ACCOUNT_LIMIT = -103,
    /**
     * The node's handle is null, of another region, or was never given out.
     */
    WARMSTOW_ERROR_NODE_STALE = -200,
    /**
     * A node without CPU or memory, too large a one, or a zone out of range.
     */
    WARMSTOW_ERROR_NODE_SPEC = -201,
    /**
     * The region has as many nodes as it was opened for.
     */
    WARMSTOW_ERROR_NODES_FULL = -202,
    /**
     * The function's handle is null, of another region, or was never given
     * out.
     */
    WARMSTOW_ERROR_FUNCTION_STALE = -300,
    /**
     * The function's name is empty.
     */
    WARMSTOW_ERROR_NAME_EMPTY = -301,
    /**
     * The region has a function of that name.
     */
    WARMSTOW_ERROR_NAME_TAKEN = -302,
    /**
     * The region has no function of that name.
     */
    WARMSTOW_ERROR_NAME_UNKNOWN = -303,
    /**
     * A setting of the function is out of range.
     */
    WARMSTOW_ERROR_FUNCTION_SPEC = -304,
    /**
     * An instance of the function is larger than any node of the region.
     */
    WARMSTOW_ERROR_FUNCTION_TOO_LARGE = -305,
    /**
     * The region has as many functions as it was opened for.
     */
    WARMSTOW_ERROR_FUNCTIONS_FULL = -306,
    /**
     * The reservation does not leave the account its unreserved minimum.
     */
    WARMSTOW_ERROR_RESERVED = -307,
    /**
     * The function is one of a function with versions: what is reserved is of
     * all of them, see warmstow_versioned_set_reserved().
     */
    WARMSTOW_ERROR_FUNCTION_VERSIONED = -308,
    /**
     * Refused: a concurrency limit is reached. AWS Lambda answers 429.
     */
    WARMSTOW_ERROR_THROTTLED = -400,
    /**
     * Refused: every instance that the function may have is busy.
     */
    WARMSTOW_ERROR_INSTANCE_LIMIT = -401,
    /**
     * Refused: no instance is idle and no node has room for another one.
     */
    WARMSTOW_ERROR_NO_CAPACITY = -402,
    /**
     * The lease is null, was completed or failed before, or is of another
     * region.
     */
    WARMSTOW_ERROR_LEASE_STALE = -403,
    /**
     * The instance has not started: call warmstow_started() first.
     */
    WARMSTOW_ERROR_NOT_STARTED = -404,
    /**
     * warmstow_started() was called before for this instance.
     */
    WARMSTOW_ERROR_ALREADY_STARTED = -405,
    /**
     * The instance's handle is null, it has stopped, or it is of another
     * region; for warmstow_drain() also that it was told to stop.
     */
    WARMSTOW_ERROR_INSTANCE_STALE = -500,
    /**
     * The instance was not told to stop, so it cannot have stopped.
     */
    WARMSTOW_ERROR_NOT_STOPPING = -501,
    /**
     * A row of the trace is wrong: out of order, out of range, no number.
     */
    WARMSTOW_ERROR_TRACE = -600,
    /**
     * A setting of the replay is out of range.
     */
    WARMSTOW_ERROR_REPLAY_CONFIG = -601,
    /**
     * A distribution's mean or coefficient of variation is out of range.
     */
    WARMSTOW_ERROR_DISTRIBUTION = -602,
    /**
     * A bug in warmstow: the replay's books do not balance.
     */
    WARMSTOW_ERROR_REPLAY_INCONSISTENT = -603,
    /**
     * The scaler's handle is null, closed, or was never given out.
     */
    WARMSTOW_ERROR_SCALER_STALE = -900,
    /**
     * As many scalers are open as there can be: WARMSTOW_MAX_SCALERS.
     */
    WARMSTOW_ERROR_SCALERS_FULL = -901,
    /**
     * A scaler's configuration is no JSON of its form, or a setting is out of
     * range.
     */
    WARMSTOW_ERROR_SCALER_CONFIG = -902,
    /**
     * No policy of the scaler reads that metric.
     */
    WARMSTOW_ERROR_METRIC_UNKNOWN = -903,
    /**
     * A datum is no finite number.
     */
    WARMSTOW_ERROR_DATUM = -904,
    /**
     * The account's handle is null, closed, or was never given out.
     */
    WARMSTOW_ERROR_ECS_STALE = -950,
    /**
     * As many accounts are open as there can be: WARMSTOW_MAX_ECS.
     */
    WARMSTOW_ERROR_ECS_FULL = -951,
    /**
     * Amazon ECS refuses the call: its code and what is wrong are
     * warmstow_last_error().
     */
    WARMSTOW_ERROR_ECS_REFUSED = -952,
    /**
     * The scenario's handle is null, closed, or was never given out.
     */
    WARMSTOW_ERROR_SCENARIO_STALE = -970,
    /**
     * As many scenarios are open as there can be: WARMSTOW_MAX_SCENARIOS.
     */
    WARMSTOW_ERROR_SCENARIOS_FULL = -971,
    /**
     * A scenario is no TOML or JSON of its form, or a setting is out of range.
     */
    WARMSTOW_ERROR_SCENARIO_CONFIG = -972,
    /**
     * The packer's handle is null, closed, or was never given out.
     */
    WARMSTOW_ERROR_PACKER_STALE = -980,
    /**
     * As many packers are open as there can be: WARMSTOW_MAX_PACKERS.
     */
    WARMSTOW_ERROR_PACKERS_FULL = -981,
    /**
     * A packing problem is no JSON of its form, or a value cannot hold.
     */
    WARMSTOW_ERROR_PACKING_PROBLEM = -982,
    /**
     * The consolidator's handle is null, closed, or was never given out.
     */
    WARMSTOW_ERROR_CONSOLIDATOR_STALE = -990,
    /**
     * As many consolidators are open as there can be:
     * WARMSTOW_MAX_CONSOLIDATORS.
     */
    WARMSTOW_ERROR_CONSOLIDATORS_FULL = -991,
    /**
     * A running cluster is no JSON of its form, or a value cannot hold.
     */
    WARMSTOW_ERROR_RUNNING_CLUSTER = -992,
    /**
     * The handle of a function with versions is null, of another region, or
     * was never given out.
     */
    WARMSTOW_ERROR_VERSIONED_STALE = -1000,
    /**
     * The version was never published, or is deleted.
     */
    WARMSTOW_ERROR_VERSION_UNKNOWN = -1001,
    /**
     * An alias points to the version, or it has provisioned concurrency.
     */
    WARMSTOW_ERROR_VERSION_IN_USE = -1002,
    /**
     * The alias's handle is null, it is deleted, or it is of another region.
     */
    WARMSTOW_ERROR_ALIAS_STALE = -1010,
    /**
     * An alias's name is not 1 to 128 letters, digits, - and _, or is a number.
     */
    WARMSTOW_ERROR_ALIAS_NAME = -1011,
    /**
     * The function has an alias of that name.
     */
    WARMSTOW_ERROR_ALIAS_TAKEN = -1012,
    /**
     * The function has no alias of that name.
     */
    WARMSTOW_ERROR_ALIAS_UNKNOWN = -1013,
    /**
     * The region has as many aliases as it was opened for.
     */
    WARMSTOW_ERROR_ALIASES_FULL = -1014,
    /**
     * An alias points to one version twice, or its weight is out of range.
     */
    WARMSTOW_ERROR_ROUTING = -1015,
    /**
     * Concurrency cannot be provisioned so: on $LATEST or on an alias of two
     * versions, none of it, or more than there may be.
     */
    WARMSTOW_ERROR_PROVISIONED = -1020,
    /**
     * The version has provisioned concurrency already, asked for elsewhere.
     */
    WARMSTOW_ERROR_VERSION_PROVISIONED = -1021,
    /**
     * The start ahead is null, was reported before, or is of another region.
     */
    WARMSTOW_ERROR_PRESTART_STALE = -1030,
    /**
     * The text is no keep-alive policy.
     */
    WARMSTOW_ERROR_KEEP_ALIVE_POLICY = -1100,
    /**
     * No node would have room if its idle instances were stopped.
     */
    WARMSTOW_ERROR_NO_ROOM = -1101,
    /**
     * The function of tenants is null or of another region.
     */
    WARMSTOW_ERROR_TENANTS_STALE = -1040,
    /**
     * A tenant's identifier is not 1 to 256 letters, digits, spaces and ._:/=+-@
     */
    WARMSTOW_ERROR_TENANT_ID = -1041,
    /**
     * The backlog is null, was closed, or was never given out.
     */
    WARMSTOW_ERROR_BACKLOG_STALE = -1200,
    /**
     * As many backlogs are open as there can be: WARMSTOW_MAX_BACKLOGS.
     */
    WARMSTOW_ERROR_BACKLOGS_FULL = -1201,
    /**
     * A setting of a backlog is out of range.
     */
    WARMSTOW_ERROR_BACKLOG_CONFIG = -1202,
    /**
     * As many requests wait as may; this one does not.
     */
    WARMSTOW_ERROR_BACKLOG_FULL = -1203,
    /**
     * The queue is null, was closed, or was never given out.
     */
    WARMSTOW_ERROR_ASYNC_QUEUE_STALE = -1210,
    /**
     * As many queues are open as there can be: WARMSTOW_MAX_ASYNC_QUEUES.
     */
    WARMSTOW_ERROR_ASYNC_QUEUES_FULL = -1211,
    /**
     * A setting of an asynchronous queue is out of range.
     */
    WARMSTOW_ERROR_ASYNC_CONFIG = -1212,
    /**
     * The queue holds as many events as it may; this one was not taken.
     */
    WARMSTOW_ERROR_ASYNC_QUEUE_FULL = -1213,
    /**
     * The event is not in flight.
     */
    WARMSTOW_ERROR_EVENT_UNKNOWN = -1214,
    /**
     * The source is null, was closed, or was never given out.
     */
    WARMSTOW_ERROR_POLLED_SOURCE_STALE = -1220,
    /**
     * As many sources are open as there can be: WARMSTOW_MAX_POLLED_SOURCES.
     */
    WARMSTOW_ERROR_POLLED_SOURCES_FULL = -1221,
    /**
     * A setting of a polled source is out of range.
     */
    WARMSTOW_ERROR_POLLED_CONFIG = -1222,
    /**
     * The batch is not in flight.
     */
    WARMSTOW_ERROR_BATCH_UNKNOWN = -1223,
    /**
     * The front end is null, was closed, or was never given out.
     */
    WARMSTOW_ERROR_FRONT_END_STALE = -1230,
    /**
     * As many front ends are open as there can be: WARMSTOW_MAX_FRONT_ENDS.
     */
    WARMSTOW_ERROR_FRONT_ENDS_FULL = -1231,
    /**
     * The rate of a front end is none.
     */
    WARMSTOW_ERROR_FRONT_END_RATE = -1232,
    /**
     * The front end answers 429: the function was not asked.
     */
    WARMSTOW_ERROR_RATE_EXCEEDED = -1233,
    /**
     * The view is null, was closed, or was never given out.
     */
    WARMSTOW_ERROR_VIEW_STALE = -1300,
    /**
     * As many views are open as there can be: WARMSTOW_MAX_VIEWS.
     */
    WARMSTOW_ERROR_VIEWS_FULL = -1301,
    /**
     * The node is null, was removed, or is of another view.
     */
    WARMSTOW_ERROR_VIEW_NODE_STALE = -1302,
    /**
     * A node of a view is no JSON of its form, or a value cannot hold.
     */
    WARMSTOW_ERROR_VIEW_NODE = -1303,
    /**
     * The request is null, was forgotten, or is of another view.
     */
    WARMSTOW_ERROR_PLACEMENT_REQUEST_STALE = -1304,
    /**
     * A request is no JSON of its form, or a value cannot hold.
     */
    WARMSTOW_ERROR_PLACEMENT_REQUEST = -1305,
    /**
     * The hold is null, was given back, went with its node, or is of another
     * view.
     */
    WARMSTOW_ERROR_HOLD_STALE = -1306,
    /**
     * No node of the view may take the task.
     */
    WARMSTOW_ERROR_UNPLACED = -1307,
    /**
     * The node named is short of something that the task needs.
     */
    WARMSTOW_ERROR_VIEW_NO_ROOM = -1308,
} warmstow_status;

/**
 * Why an invocation was refused; the index into an array of refusal counts.
 */
typedef enum warmstow_refusal {
    /**
     * It was not refused.
     */
    WARMSTOW_REFUSAL_NONE = 0,
    /**
     * The account's unreserved concurrency is all in use.
     */
    WARMSTOW_REFUSAL_CONCURRENT_INVOCATION_LIMIT = 1,
    /**
     * The function's reserved concurrency is all in use, or is 0.
     */
    WARMSTOW_REFUSAL_RESERVED_CONCURRENT_INVOCATION_LIMIT = 2,
    /**
     * The account's requests per second, met by an unreserved function.
     */
    WARMSTOW_REFUSAL_INVOCATION_RATE_LIMIT = 3,
    /**
     * The requests per second of a function with reserved concurrency.
     */
    WARMSTOW_REFUSAL_RESERVED_INVOCATION_RATE_LIMIT = 4,
    /**
     * The caller's own request rate.
     */
    WARMSTOW_REFUSAL_CALLER_RATE_LIMIT = 5,
    /**
     * Too many snapshots are being created at once.
     */
    WARMSTOW_REFUSAL_SNAPSHOT_CREATE_LIMIT = 6,
    /**
     * Every instance that the function may have is busy.
     */
    WARMSTOW_REFUSAL_INSTANCE_LIMIT = 7,
    /**
     * Most nodes are short of CPU.
     */
    WARMSTOW_REFUSAL_NO_CPU = 8,
    /**
     * Most nodes are short of memory.
     */
    WARMSTOW_REFUSAL_NO_MEMORY = 9,
    /**
     * No instance is idle and the next may not be started yet.
     */
    WARMSTOW_REFUSAL_SCALING_RATE = 10,
} warmstow_refusal;

/**
 * Which node a new instance goes to, of those with room. Ties go to the node
 * that was added first.
 */
typedef enum warmstow_strategy {
    /**
     * The node with the least memory left: few nodes, well filled.
     */
    WARMSTOW_STRATEGY_BINPACK_MEMORY = 0,
    /**
     * The node with the least CPU left.
     */
    WARMSTOW_STRATEGY_BINPACK_CPU = 1,
    /**
     * The zone with the fewest instances, in it the node with the fewest.
     */
    WARMSTOW_STRATEGY_SPREAD_ZONE = 2,
    /**
     * The node with the fewest instances.
     */
    WARMSTOW_STRATEGY_SPREAD_NODE = 3,
    /**
     * Any, each as likely; drawn from the seed.
     */
    WARMSTOW_STRATEGY_RANDOM = 4,
    /**
     * The smallest of the larger leftovers: CPU and memory filled alike.
     */
    WARMSTOW_STRATEGY_BINPACK_BALANCED = 5,
} warmstow_strategy;

/**
 * Which idle instance a warm start takes.
 */
typedef enum warmstow_pick {
    /**
     * The lowest-numbered one: the load packs onto few instances. O(1).
     */
    WARMSTOW_PICK_PACKED = 0,
    /**
     * The one used most recently. O(instances).
     */
    WARMSTOW_PICK_MOST_RECENT = 1,
    /**
     * The one used least recently. O(instances).
     */
    WARMSTOW_PICK_LEAST_RECENT = 2,
} warmstow_pick;

/**
 * How an invocation found its instance.
 */
typedef enum warmstow_start {
    /**
     * An idle instance took it: run the request in it.
     */
    WARMSTOW_START_WARM = 0,
    /**
     * Start this instance for it, report warmstow_started(), run the request.
     */
    WARMSTOW_START_COLD = 1,
} warmstow_start;

/**
 * What warmstow_reap_instance() found.
 */
typedef enum warmstow_reaped {
    /**
     * It was idle for its keep-alive: stop it, then report warmstow_stopped().
     */
    WARMSTOW_REAPED_STOP = 0,
    /**
     * It starts, serves a request, or is being stopped already.
     */
    WARMSTOW_REAPED_BUSY = 1,
    /**
     * It is idle and may stay until the time given, if no request comes.
     */
    WARMSTOW_REAPED_UNTIL = 2,
} warmstow_reaped;

/**
 * The shape of a random length of time.
 */
typedef enum warmstow_distribution_kind {
    /**
     * None given: it takes no time, but where it says otherwise.
     */
    WARMSTOW_DISTRIBUTION_NONE = 0,
    /**
     * Always the mean.
     */
    WARMSTOW_DISTRIBUTION_DETERMINISTIC = 1,
    /**
     * Exponential.
     */
    WARMSTOW_DISTRIBUTION_EXPONENTIAL = 2,
    /**
     * Lognormal.
     */
    WARMSTOW_DISTRIBUTION_LOGNORMAL = 3,
} warmstow_distribution_kind;

/**
 * Who asked for a decision.
 */
typedef enum warmstow_cause {
    /**
     * There was no decision left.
     */
    WARMSTOW_CAUSE_NONE = 0,
    /**
     * A policy.
     */
    WARMSTOW_CAUSE_POLICY = 1,
    /**
     * A scheduled action.
     */
    WARMSTOW_CAUSE_SCHEDULED = 2,
    /**
     * Bounds that were set.
     */
    WARMSTOW_CAUSE_BOUNDS = 3,
} warmstow_cause;

/**
 * Why a step that was wanted was not taken.
 */
typedef enum warmstow_suppression {
    /**
     * It was taken.
     */
    WARMSTOW_SUPPRESSION_NONE = 0,
    /**
     * A cooldown runs; of a step out, as much was added within it.
     */
    WARMSTOW_SUPPRESSION_COOLDOWN = 1,
    /**
     * Nothing is scaled in during a deployment.
     */
    WARMSTOW_SUPPRESSION_DEPLOYMENT = 2,
    /**
     * It is suspended.
     */
    WARMSTOW_SUPPRESSION_SUSPENDED = 3,
    /**
     * The capacity is at its bound.
     */
    WARMSTOW_SUPPRESSION_AT_BOUND = 4,
    /**
     * As much is desired already.
     */
    WARMSTOW_SUPPRESSION_ALREADY_DESIRED = 5,
    /**
     * A policy that must agree to a step in did not.
     */
    WARMSTOW_SUPPRESSION_VETOED = 6,
    /**
     * Another policy wanted more capacity.
     */
    WARMSTOW_SUPPRESSION_LARGER_WINS = 7,
    /**
     * The bounds of a scheduled action would cross.
     */
    WARMSTOW_SUPPRESSION_BOUNDS_CROSS = 8,
    /**
     * Another reason, of a later version: see the text.
     */
    WARMSTOW_SUPPRESSION_OTHER = 9,
} warmstow_suppression;

/**
 * A region's rates as a whole; see warmstow_region_model_default().
 */
typedef enum warmstow_profile {
    /**
     * No rates, as warmstow_region_open() has it.
     */
    WARMSTOW_PROFILE_OFF = 0,
    /**
     * AWS Lambda's since November 2023: 1000 new instances in 10 s for each
     * function, and 10 requests a second for each unit of concurrency.
     */
    WARMSTOW_PROFILE_LAMBDA = 1,
    /**
     * AWS Lambda's before: a burst of 3000 instances of all functions together
     * (1000 or 500 in smaller regions: set scaling_burst), then 500 a minute.
     */
    WARMSTOW_PROFILE_LAMBDA_2019 = 2,
} warmstow_profile;

/**
 * Whose starts a scaling rate counts.
 */
typedef enum warmstow_scaling {
    /**
     * Instances are started as fast as requests come.
     */
    WARMSTOW_SCALING_UNLIMITED = 0,
    /**
     * Those of each function, whatever the others do.
     */
    WARMSTOW_SCALING_EACH_FUNCTION = 1,
    /**
     * Those of all functions together.
     */
    WARMSTOW_SCALING_TOGETHER = 2,
} warmstow_scaling;

/**
 * How provisioned concurrency is prepared, as a whole; see
 * warmstow_provisioning_default().
 */
typedef enum warmstow_provisioning_profile {
    /**
     * As fast as the host initialises, and kept for good.
     */
    WARMSTOW_PROVISIONING_AT_ONCE = 0,
    /**
     * AWS Lambda's: 90 s of preparation, then up to 6000 instances a minute for
     * each function; replaced after 4 hours.
     */
    WARMSTOW_PROVISIONING_LAMBDA = 1,
    /**
     * AWS Lambda's of 2022: by the burst of the region, which requests use too.
     */
    WARMSTOW_PROVISIONING_LAMBDA_2022 = 2,
} warmstow_provisioning_profile;

/**
 * How fast provisioned instances are started.
 */
typedef enum warmstow_pace {
    /**
     * All at once.
     */
    WARMSTOW_PACE_UNLIMITED = 0,
    /**
     * Those of each function at the rate pace_count in pace_per_ns.
     */
    WARMSTOW_PACE_EACH_FUNCTION = 1,
    /**
     * By the region's scaling rate, where that is of all functions together:
     * from the same tokens as requests.
     */
    WARMSTOW_PACE_WITH_REQUESTS = 2,
} warmstow_pace;

/**
 * Where a configuration of provisioned concurrency stands.
 */
typedef enum warmstow_provisioned_status {
    /**
     * There is none.
     */
    WARMSTOW_PROVISIONED_NONE = 0,
    /**
     * AWS's IN_PROGRESS: the batch is not ready.
     */
    WARMSTOW_PROVISIONED_IN_PROGRESS = 1,
    /**
     * AWS's READY: all that was asked for can be used.
     */
    WARMSTOW_PROVISIONED_READY = 2,
    /**
     * AWS's FAILED: a start failed. What was ready before can be used; the rest
     * has been given back, and nothing is tried again until the next put.
     */
    WARMSTOW_PROVISIONED_FAILED = 3,
} warmstow_provisioned_status;

/**
 * What the host is to do.
 */
typedef enum warmstow_action_kind {
    /**
     * Nothing is left to do.
     */
    WARMSTOW_ACTION_NONE = 0,
    /**
     * Start this instance, then report warmstow_prepared() or
     * warmstow_unprepared().
     */
    WARMSTOW_ACTION_START = 1,
    /**
     * Stop this instance, then report warmstow_stopped().
     */
    WARMSTOW_ACTION_STOP = 2,
} warmstow_action_kind;

/**
 * What becomes of a request that finds a backlog full.
 */
typedef enum warmstow_overflow {
    /**
     * It is refused.
     */
    WARMSTOW_OVERFLOW_REFUSE = 0,
    /**
     * It waits, and the oldest is dropped.
     */
    WARMSTOW_OVERFLOW_DROP_OLDEST = 1,
} warmstow_overflow;

/**
 * What is to be done with a request that waited.
 */
typedef enum warmstow_backlog_action_kind {
    /**
     * Nothing is left to do.
     */
    WARMSTOW_BACKLOG_NONE = 0,
    /**
     * Run it, as after warmstow_invoke().
     */
    WARMSTOW_BACKLOG_RUN = 1,
    /**
     * Answer it: it waited for the longest that it may.
     */
    WARMSTOW_BACKLOG_TOO_LATE = 2,
    /**
     * Answer it: it was the oldest when one more came.
     */
    WARMSTOW_BACKLOG_PUSHED_OUT = 3,
    /**
     * Answer it: the version or alias that it would run on was deleted.
     */
    WARMSTOW_BACKLOG_GONE = 4,
} warmstow_backlog_action_kind;

/**
 * Where an event goes in the end. In a configuration a sum of them.
 */
typedef enum warmstow_destination {
    /**
     * Nowhere.
     */
    WARMSTOW_DESTINATION_NONE = 0,
    /**
     * The destination for those that succeeded.
     */
    WARMSTOW_DESTINATION_ON_SUCCESS = 1,
    /**
     * The destination for those that failed.
     */
    WARMSTOW_DESTINATION_ON_FAILURE = 2,
    /**
     * The dead-letter queue.
     */
    WARMSTOW_DESTINATION_DEAD_LETTER = 4,
} warmstow_destination;

/**
 * How an attempt went.
 */
typedef enum warmstow_outcome {
    /**
     * The function returned.
     */
    WARMSTOW_OUTCOME_SUCCEEDED = 0,
    /**
     * The function failed, or ran into its timeout.
     */
    WARMSTOW_OUTCOME_FAILED = 1,
    /**
     * It was not run: throttled (429), or an error of the platform (5xx).
     */
    WARMSTOW_OUTCOME_THROTTLED = 2,
} warmstow_outcome;

/**
 * Why an event has left its queue.
 */
typedef enum warmstow_condition {
    /**
     * It has not.
     */
    WARMSTOW_CONDITION_NONE = 0,
    /**
     * It succeeded.
     */
    WARMSTOW_CONDITION_SUCCESS = 1,
    /**
     * All of its attempts failed.
     */
    WARMSTOW_CONDITION_RETRIES_EXHAUSTED = 2,
    /**
     * It is older than it may be.
     */
    WARMSTOW_CONDITION_EVENT_AGE_EXCEEDED = 3,
    /**
     * The function is stopped by a reservation of 0.
     */
    WARMSTOW_CONDITION_ZERO_RESERVED_CONCURRENCY = 4,
} warmstow_condition;

/**
 * What is to be done with an event.
 */
typedef enum warmstow_async_action_kind {
    /**
     * Nothing is left to do.
     */
    WARMSTOW_ASYNC_NONE = 0,
    /**
     * Invoke the function for it, then warmstow_async_queue_report().
     */
    WARMSTOW_ASYNC_INVOKE = 1,
    /**
     * Deliver it; it has left the queue.
     */
    WARMSTOW_ASYNC_DELIVER = 2,
    /**
     * It has left the queue and goes nowhere: forget it.
     */
    WARMSTOW_ASYNC_FORGET = 3,
} warmstow_async_action_kind;

/**
 * How a batch went.
 */
typedef enum warmstow_batch_end {
    /**
     * The function returned; of a partial failure too.
     */
    WARMSTOW_BATCH_SUCCEEDED = 0,
    /**
     * The function failed.
     */
    WARMSTOW_BATCH_FAILED = 1,
    /**
     * It was throttled: its messages become visible again.
     */
    WARMSTOW_BATCH_THROTTLED = 2,
} warmstow_batch_end;

/**
 * The settings of a region; initialise by warmstow_region_config_default().
 */
typedef struct warmstow_region_config {
    /**
     * sizeof(warmstow_region_config), as the program was compiled.
     */
    uint32_t struct_size;
    /**
     * The most requests in flight over all functions; default 1000, as AWS.
     */
    uint32_t account_limit;
    /**
     * What reservations must leave of it to functions without one; default
     * 100, as AWS.
     */
    uint32_t unreserved_minimum;
    /**
     * How many functions can be added, 1 to 2^24; default 1024.
     */
    uint32_t max_functions;
    /**
     * How many nodes can be added, up to 2^20; default 0: no fleet, instances
     * take no room.
     */
    uint32_t max_nodes;
    /**
     * A warmstow_strategy; default WARMSTOW_STRATEGY_BINPACK_MEMORY.
     */
    uint32_t strategy;
    /**
     * What WARMSTOW_STRATEGY_RANDOM draws from; default 0.
     */
    uint64_t seed;
} warmstow_region_config;

/**
 * An open region: the functions of one account and the nodes they run on.
 *
 * From warmstow_region_open() until warmstow_region_close(). All-zero is no
 * region.
 */
typedef struct warmstow_region {
    /**
     * For warmstow to read; store and compare it as it is.
     */
    uint64_t bits;
} warmstow_region;

/**
 * What a region holds at one moment; see warmstow_region_view_read().
 */
typedef struct warmstow_region_view {
    /**
     * The account limit in force.
     */
    uint32_t account_limit;
    /**
     * The sum of all reservations, and of what is provisioned of functions
     * without one.
     */
    uint32_t reserved_sum;
    /**
     * What reservations must leave to functions without one.
     */
    uint32_t unreserved_minimum;
    /**
     * Requests in flight of functions without a reservation.
     */
    uint32_t unreserved_in_flight;
    /**
     * Claimed concurrency, as AWS counts it: unreserved requests in flight
     * and every reservation, used or not.
     */
    uint64_t claimed_concurrency;
    /**
     * Nodes added.
     */
    uint32_t nodes;
    /**
     * Always 0.
     */
    uint32_t reserved_field;
} warmstow_region_view;

/**
 * What a region has of AWS Lambda's model beside its limits; initialise by
 * warmstow_region_model_default().
 */
typedef struct warmstow_region_model {
    /**
     * sizeof(warmstow_region_model), as the program was compiled.
     */
    uint32_t struct_size;
    /**
     * Requests a second for each unit of concurrency: so many times the
     * account limit for all functions, and so many times its reservation for
     * one that has one. AWS: 10. 0: no such limit.
     */
    uint32_t requests_per_concurrency;
    /**
     * A warmstow_scaling: of whom instances are started at the rate
     * scaling_count in scaling_per_ns.
     */
    uint32_t scaling;
    /**
     * So many instances in each period; 1 or more but with
     * WARMSTOW_SCALING_UNLIMITED, where it is not looked at.
     */
    uint32_t scaling_count;
    /**
     * The most at once after a rest; as scaling_count.
     */
    uint32_t scaling_burst;
    /**
     * How many aliases of versions there can be in the life of the region, up
     * to 2^24; default 1024.
     */
    uint32_t max_aliases;
    /**
     * The period, in nanoseconds.
     */
    uint64_t scaling_per_ns;
    /**
     * About how many threads invoke at the same time, 1 to 256: the lanes that
     * warmstow_invoke_in() folds its lane over. Default 16.
     */
    uint32_t lanes;
    /**
     * Always 0.
     */
    uint32_t reserved_field;
} warmstow_region_model;

/**
 * A node as it is added; initialise by warmstow_node_spec_default().
 */
typedef struct warmstow_node_spec {
    /**
     * sizeof(warmstow_node_spec), as the program was compiled.
     */
    uint32_t struct_size;
    /**
     * CPU units that instances can have of it; 1024 are one vCPU. 1 to
     * 2^24 - 1; default 0: to be set.
     */
    uint32_t cpu_units;
    /**
     * Memory that instances can have of it, in MiB. 1 to 2^24 - 1; default 0:
     * to be set.
     */
    uint32_t memory_mib;
    /**
     * The host's number for the availability zone, 0 to 63; default 0.
     */
    uint32_t zone;
} warmstow_node_spec;

/**
 * A node of a region, for the life of the region. All-zero is no node.
 */
typedef struct warmstow_node {
    /**
     * For warmstow to read; store and compare it as it is.
     */
    uint64_t bits;
} warmstow_node;

/**
 * A node at one moment; see warmstow_node_view_read().
 */
typedef struct warmstow_node_view {
    /**
     * CPU units of the node; 1024 are one vCPU.
     */
    uint32_t cpu_units;
    /**
     * Memory of the node in MiB.
     */
    uint32_t memory_mib;
    /**
     * CPU units that no instance holds.
     */
    uint32_t free_cpu_units;
    /**
     * Memory that no instance holds, in MiB.
     */
    uint32_t free_memory_mib;
    /**
     * Instances on it, from starting to stopping.
     */
    uint32_t instances;
    /**
     * The zone it was added with.
     */
    uint32_t zone;
} warmstow_node_view;

/**
 * The settings of a function; initialise by warmstow_function_spec_default().
 */
typedef struct warmstow_function_spec {
    /**
     * sizeof(warmstow_function_spec), as the program was compiled.
     */
    uint32_t struct_size;
    /**
     * Memory of an instance in MiB, 1 to 2^24 - 1; default 128.
     */
    uint32_t memory_mib;
    /**
     * CPU units of an instance; 1024 are one vCPU. Up to 2^24 - 1; default 0:
     * in proportion to memory as AWS Lambda has it, one vCPU at 1769 MiB.
     */
    uint32_t cpu_units;
    /**
     * The most instances at a time, at least 1; default 1000. An instance
     * takes about 26 bytes, whether it runs or not.
     */
    uint32_t max_instances;
    /**
     * The most requests at a time in one instance, 1 to 1600; default 1.
     */
    uint32_t instance_concurrency;
    /**
     * Reserved concurrency: what the function can always reach and never
     * exceed; 0 stops it. Default WARMSTOW_UNRESERVED.
     */
    uint32_t reserved_concurrency;
    /**
     * A warmstow_pick; default WARMSTOW_PICK_PACKED.
     */
    uint32_t pick;
    /**
     * Always 0.
     */
    uint32_t reserved_field;
    /**
     * How long an instance stays idle before it is reaped, in nanoseconds;
     * default 600 s.
     */
    uint64_t keep_alive_ns;
} warmstow_function_spec;

/**
 * A function of a region, for the life of the region. All-zero is no function.
 */
typedef struct warmstow_function {
    /**
     * For warmstow to read; store and compare it as it is.
     */
    uint64_t bits;
} warmstow_function;

/**
 * An instance of a function (Lambda's execution environment), from the
 * invocation that starts it until warmstow_stopped(). All-zero is no instance.
 */
typedef struct warmstow_instance {
    /**
     * For warmstow to read; store and compare it as it is.
     */
    uint64_t bits[2];
} warmstow_instance;

/**
 * One request's hold of an instance and of a unit of concurrency, from
 * warmstow_invoke() until it is completed or failed. All-zero is no lease.
 */
typedef struct warmstow_lease {
    /**
     * For warmstow to read; store and compare it as it is.
     */
    uint64_t bits[2];
} warmstow_lease;

/**
 * What warmstow_invoke() answers.
 */
typedef struct warmstow_invocation {
    /**
     * The hold; null where refused.
     */
    struct warmstow_lease lease;
    /**
     * The instance that serves it; null where refused.
     */
    struct warmstow_instance instance;
    /**
     * Cold start: the node to start the instance on. Null for a warm start,
     * where the region has no fleet, and where refused.
     */
    struct warmstow_node node;
    /**
     * A warmstow_start.
     */
    uint32_t start;
    /**
     * A warmstow_refusal; WARMSTOW_REFUSAL_NONE where admitted.
     */
    uint32_t refusal;
} warmstow_invocation;

/**
 * An alias of a function with versions, until it is deleted. All-zero is no
 * alias.
 */
typedef struct warmstow_alias {
    /**
     * For warmstow to read; store and compare it as it is.
     */
    uint64_t bits;
} warmstow_alias;

/**
 * Counts since a function was added; each only rises, but for the last three,
 * which are of this moment.
 */
typedef struct warmstow_counters {
    /**
     * Invocations that an idle instance took.
     */
    uint64_t warm_starts;
    /**
     * Invocations that started an instance.
     */
    uint64_t cold_starts;
    /**
     * Invocations completed.
     */
    uint64_t completions;
    /**
     * Invocations failed.
     */
    uint64_t failures;
    /**
     * Invocations refused, indexed by warmstow_refusal.
     */
    uint64_t refusals[WARMSTOW_REFUSAL_COUNT];
    /**
     * Requests in flight.
     */
    uint64_t in_flight;
    /**
     * Instances, from starting to stopping.
     */
    uint32_t instances;
    /**
     * Started instances without a request.
     */
    uint32_t idle_instances;
} warmstow_counters;

/**
 * How provisioned concurrency of a function is prepared; initialise by
 * warmstow_provisioning_default().
 */
typedef struct warmstow_provisioning {
    /**
     * sizeof(warmstow_provisioning), as the program was compiled.
     */
    uint32_t struct_size;
    /**
     * A warmstow_pace.
     */
    uint32_t pace;
    /**
     * With WARMSTOW_PACE_EACH_FUNCTION: so many starts in each period, at least
     * 1. Else not looked at.
     */
    uint32_t pace_count;
    /**
     * With WARMSTOW_PACE_EACH_FUNCTION: the most starts at once, at least 1.
     */
    uint32_t pace_burst;
    /**
     * With WARMSTOW_PACE_EACH_FUNCTION: the period, in nanoseconds.
     */
    uint64_t pace_per_ns;
    /**
     * From the request to the first start, in nanoseconds.
     */
    uint64_t preparation_ns;
    /**
     * The age at which an instance is replaced, in nanoseconds; UINT64_MAX:
     * never.
     */
    uint64_t recycle_after_ns;
} warmstow_provisioning;

/**
 * A function with versions, for the life of the region. All-zero is none.
 *
 * Each version is a warmstow_function of its own, which requests name in
 * warmstow_invoke_version(). All share one reservation and one request rate.
 */
typedef struct warmstow_versioned {
    /**
     * For warmstow to read; store and compare it as it is.
     */
    uint64_t bits;
} warmstow_versioned;

/**
 * What all versions of a function have done and do, in AWS's words: sums since
 * it was added, and levels now; see warmstow_versioned_metrics_read().
 */
typedef struct warmstow_versioned_metrics {
    /**
     * Invocations: requests admitted; throttled ones are not among them.
     */
    uint64_t invocations;
    /**
     * Of these, those that started an instance.
     */
    uint64_t cold_starts;
    /**
     * ProvisionedConcurrencyInvocations.
     */
    uint64_t provisioned_invocations;
    /**
     * ProvisionedConcurrencySpilloverInvocations: admitted on demand because
     * what is provisioned was all in use.
     */
    uint64_t spillover_invocations;
    /**
     * Requests refused, for whatever reason.
     */
    uint64_t throttles;
    /**
     * Requests that failed and their instance with them.
     */
    uint64_t failures;
    /**
     * ConcurrentExecutions: requests in flight.
     */
    uint64_t concurrent_executions;
    /**
     * ProvisionedConcurrentExecutions: of these, on provisioned concurrency.
     */
    uint64_t provisioned_executions;
    /**
     * Provisioned concurrency that can be used now.
     */
    uint64_t provisioned_available;
    /**
     * ProvisionedConcurrencyUtilization: the share of it in use, 0 to 1; 0 of
     * nothing. What a scaler's target tracking reads.
     */
    double provisioned_utilization;
} warmstow_versioned_metrics;

/**
 * Where an alias points; the program sets struct_size.
 */
typedef struct warmstow_routing {
    /**
     * sizeof(warmstow_routing), as the program was compiled.
     */
    uint32_t struct_size;
    /**
     * The version that requests go to: a published one.
     */
    uint32_t version;
    /**
     * Another published version for some of them; 0: none.
     */
    uint32_t other_version;
    /**
     * Its share of the requests in ten-thousandths, 0 to WARMSTOW_WEIGHT_ONE;
     * 0 without another version.
     */
    uint32_t other_weight;
} warmstow_routing;

/**
 * A configuration of provisioned concurrency as it is now; see
 * warmstow_provisioned_read().
 */
typedef struct warmstow_provisioned_view {
    /**
     * The version that it is for.
     */
    uint32_t version;
    /**
     * What was asked for.
     */
    uint32_t requested;
    /**
     * Instances that are ready.
     */
    uint32_t allocated;
    /**
     * What can be used: all of a batch or none of it.
     */
    uint32_t available;
    /**
     * A warmstow_provisioned_status; WARMSTOW_PROVISIONED_NONE where there is
     * none, and then the rest is 0.
     */
    uint32_t status;
    /**
     * Always 0.
     */
    uint32_t reserved_field;
    /**
     * The function that serves it, for warmstow_counters_read(). Requests name
     * the version or the alias, not this.
     */
    struct warmstow_function pool;
} warmstow_provisioned_view;

/**
 * A function of tenants, for the life of the region. All-zero is none.
 *
 * An instance of it serves requests of one tenant only, for all its life, as in
 * AWS Lambda's tenant isolation mode PER_TENANT. Each tenant is a
 * warmstow_function of its own, which requests name in
 * warmstow_invoke_version(). All share one reservation and one request rate.
 */
typedef struct warmstow_tenants {
    /**
     * For warmstow to read; store and compare it as it is.
     */
    uint64_t bits;
} warmstow_tenants;

/**
 * The hold of an instance that is started ahead of requests, from
 * warmstow_poll() or warmstow_start_ahead() until warmstow_prepared() or
 * warmstow_unprepared(). It is no lease. All-zero is none.
 */
typedef struct warmstow_prestart {
    /**
     * For warmstow to read; store and compare it as it is.
     */
    uint64_t bits[2];
} warmstow_prestart;

/**
 * An action; see warmstow_poll().
 */
typedef struct warmstow_action {
    /**
     * A warmstow_action_kind.
     */
    uint32_t kind;
    /**
     * Always 0.
     */
    uint32_t reserved_field;
    /**
     * With WARMSTOW_ACTION_START the hold of the instance; else null.
     */
    struct warmstow_prestart prestart;
    /**
     * The instance; null with WARMSTOW_ACTION_NONE.
     */
    struct warmstow_instance instance;
    /**
     * With WARMSTOW_ACTION_START the node to start it on; else, and in a region
     * without a fleet, null.
     */
    struct warmstow_node node;
} warmstow_action;

/**
 * How a backlog behaves; initialise by warmstow_backlog_config_default().
 */
typedef struct warmstow_backlog_config {
    /**
     * sizeof(warmstow_backlog_config), as the program was compiled.
     */
    uint32_t struct_size;
    /**
     * The most that wait, 1 to 2^20.
     */
    uint32_t capacity;
    /**
     * A warmstow_overflow.
     */
    uint32_t overflow;
    /**
     * Always 0.
     */
    uint32_t reserved_field;
    /**
     * The longest that one waits, in nanoseconds; above 0.
     */
    uint64_t max_wait_ns;
} warmstow_backlog_config;

/**
 * A bounded queue before a function, a version, a tenant or an alias, for hosts
 * that let a request wait where AWS Lambda would refuse it: first in, first out.
 * From warmstow_backlog_open() until warmstow_backlog_close(). All-zero is none.
 *
 * Requests that find room at once may go to warmstow_invoke() beside it as long
 * as none waits; else they would overtake those that do.
 */
typedef struct warmstow_backlog {
    /**
     * For warmstow to read; store and compare it as it is.
     */
    uint64_t bits;
} warmstow_backlog;

/**
 * An action; see warmstow_backlog_poll().
 */
typedef struct warmstow_backlog_action {
    /**
     * A warmstow_backlog_action_kind.
     */
    uint32_t kind;
    /**
     * Always 0.
     */
    uint32_t reserved_field;
    /**
     * The host's number of the request.
     */
    uint64_t request;
    /**
     * How long it waited.
     */
    uint64_t waited_ns;
    /**
     * With WARMSTOW_BACKLOG_RUN what it holds; else null.
     */
    struct warmstow_invocation invocation;
} warmstow_backlog_action;

/**
 * What a backlog has seen: offered is the sum of all others.
 */
typedef struct warmstow_backlog_counts {
    /**
     * Requests offered, but those that were taken back.
     */
    uint64_t offered;
    /**
     * Admitted at once.
     */
    uint64_t admitted;
    /**
     * Admitted after they waited.
     */
    uint64_t waited;
    /**
     * Refused when they were offered.
     */
    uint64_t refused;
    /**
     * Dropped after the longest wait.
     */
    uint64_t too_late;
    /**
     * Dropped for one more.
     */
    uint64_t pushed_out;
    /**
     * Dropped because what they would run on was deleted.
     */
    uint64_t gone;
    /**
     * Waiting now.
     */
    uint64_t waiting;
} warmstow_backlog_counts;

/**
 * How a queue behaves; initialise by warmstow_async_config_default().
 */
typedef struct warmstow_async_config {
    /**
     * sizeof(warmstow_async_config), as the program was compiled.
     */
    uint32_t struct_size;
    /**
     * The most events that wait or are in flight, at least 1; default 100,000.
     */
    uint32_t capacity;
    /**
     * Retries after function errors, 0 to 2; default 2.
     */
    uint32_t retries;
    /**
     * A sum of warmstow_destination; default none.
     */
    uint32_t destinations;
    /**
     * The greatest age in nanoseconds, 60 s to 6 h; default 6 h.
     */
    uint64_t max_age_ns;
} warmstow_async_config;

/**
 * The queue of a function's asynchronous invocations, by AWS Lambda's rules: two
 * retries, after one and two minutes; throttled ones from 1 s on, doubled up to 5
 * minutes, which costs no retry. It knows no function: any platform can be
 * behind it. From warmstow_async_queue_open() until warmstow_async_queue_close().
 * All-zero is none.
 */
typedef struct warmstow_async_queue {
    /**
     * For warmstow to read; store and compare it as it is.
     */
    uint64_t bits;
} warmstow_async_queue;

/**
 * An action; see warmstow_async_queue_poll().
 */
typedef struct warmstow_async_action {
    /**
     * A warmstow_async_action_kind.
     */
    uint32_t kind;
    /**
     * With WARMSTOW_ASYNC_INVOKE which attempt it is, from 1; throttled ones do
     * not count. Else 0.
     */
    uint32_t attempt;
    /**
     * The event; 0 with WARMSTOW_ASYNC_NONE.
     */
    uint64_t event;
    /**
     * With WARMSTOW_ASYNC_DELIVER a warmstow_destination; else 0.
     */
    uint32_t destination;
    /**
     * A warmstow_condition.
     */
    uint32_t condition;
} warmstow_async_action;

/**
 * What a queue has done, as sums by AWS CloudWatch's names, and holds.
 */
typedef struct warmstow_async_metrics {
    /**
     * AsyncEventsReceived.
     */
    uint64_t received;
    /**
     * Events that succeeded.
     */
    uint64_t succeeded;
    /**
     * AsyncEventsDropped: events that left without having succeeded.
     */
    uint64_t dropped;
    /**
     * DeadLetterErrors.
     */
    uint64_t dead_letter_errors;
    /**
     * DestinationDeliveryFailures.
     */
    uint64_t delivery_failures;
    /**
     * AsyncEventAge: how long the oldest event is in the queue; 0 without one.
     */
    uint64_t oldest_age_ns;
    /**
     * Events that it holds, in flight or waiting.
     */
    uint64_t events;
} warmstow_async_metrics;

/**
 * How a source is polled; initialise by warmstow_polled_config_default().
 */
typedef struct warmstow_polled_config {
    /**
     * sizeof(warmstow_polled_config), as the program was compiled.
     */
    uint32_t struct_size;
    /**
     * Messages in a batch, 1 to 10,000, above 10 with a window of 1 s or more;
     * default 10.
     */
    uint32_t batch_size;
    /**
     * Batches at a time, 2 to 1,000; default 0: as many as there are pollers.
     */
    uint32_t maximum_concurrency;
    /**
     * Pollers at first, at least 1; default 5.
     */
    uint32_t initial_pollers;
    /**
     * So many more each minute; default 300 (until late 2023: 60).
     */
    uint32_t pollers_per_minute;
    /**
     * Pollers at most; default 1,250 (until late 2023: 1,000).
     */
    uint32_t max_pollers;
    /**
     * How long a batch waits to be full, in nanoseconds, up to 300 s; default 0.
     */
    uint64_t window_ns;
} warmstow_polled_config;

/**
 * A queue that is polled in batches for a function, as AWS Lambda polls Amazon
 * SQS. From warmstow_polled_source_open() until warmstow_polled_source_close().
 * All-zero is none.
 */
typedef struct warmstow_polled_source {
    /**
     * For warmstow to read; store and compare it as it is.
     */
    uint64_t bits;
} warmstow_polled_source;

/**
 * A source as it is now.
 */
typedef struct warmstow_polled_view {
    /**
     * Batches in flight.
     */
    uint64_t in_flight;
    /**
     * Batches that may be in flight now.
     */
    uint64_t concurrency;
} warmstow_polled_view;

/**
 * A front end with a rate of its own, as Amazon API Gateway's: it answers 429 by
 * itself, before a function is asked. From warmstow_front_end_open() until
 * warmstow_front_end_close(). All-zero is none.
 */
typedef struct warmstow_front_end {
    /**
     * For warmstow to read; store and compare it as it is.
     */
    uint64_t bits;
} warmstow_front_end;

/**
 * A random length of time. All-zero is none.
 */
typedef struct warmstow_distribution {
    /**
     * A warmstow_distribution_kind.
     */
    uint32_t kind;
    /**
     * Always 0.
     */
    uint32_t reserved_field;
    /**
     * The mean in seconds, 0 to 1e9 (exponential, lognormal: above 0).
     */
    double mean_s;
    /**
     * Standard deviation over mean; lognormal only.
     */
    double cv;
} warmstow_distribution;

/**
 * What a replay simulates; initialise by warmstow_replay_config_default().
 */
typedef struct warmstow_replay_config {
    /**
     * sizeof(warmstow_replay_config), as the program was compiled.
     */
    uint32_t struct_size;
    /**
     * The most requests in flight over all functions; default 1000, as AWS.
     */
    uint32_t account_limit;
    /**
     * What reservations must leave of it; default 100, as AWS.
     */
    uint32_t unreserved_minimum;
    /**
     * A warmstow_strategy; default WARMSTOW_STRATEGY_BINPACK_MEMORY.
     */
    uint32_t strategy;
    /**
     * What cold starts, crashes, arrivals and WARMSTOW_STRATEGY_RANDOM are
     * drawn from; default 0.
     */
    uint64_t seed;
    /**
     * The nodes that instances are placed on; default NULL: no placement.
     */
    const struct warmstow_node_spec *nodes;
    /**
     * How many nodes; default 0.
     */
    size_t node_count;
    /**
     * The functions: a request names one by its position. Default NULL: to be
     * set.
     */
    const struct warmstow_function_spec *functions;
    /**
     * How many functions; default 0: to be set.
     */
    size_t function_count;
    /**
     * How long the environment of a cold start takes; default none.
     */
    struct warmstow_distribution cold_start_environment;
    /**
     * How long the function's own initialisation takes after that; default
     * none.
     */
    struct warmstow_distribution cold_start_code;
    /**
     * How long a request may run, cold start not counted, in nanoseconds;
     * default 0: as long as it likes. One that would run longer ends then and
     * its instance with it.
     */
    uint64_t timeout_ns;
    /**
     * The share of requests served that crash, 0 to 1; default 0.
     */
    double crash_rate;
    /**
     * 1: functions run on Arm and are charged so; default 0: x86.
     */
    uint32_t arm;
    /**
     * 1: as on AWS Lambda, an instance is reset by a crash or a timeout, and
     * initialised again within its next request, under the timeout; an init of
     * more than 10 s is tried again within the first one. Default 0: it ends.
     */
    uint32_t resets;
} warmstow_replay_config;

/**
 * A trace: columns of equal length, sorted by arrival.
 */
typedef struct warmstow_trace {
    /**
     * sizeof(warmstow_trace), as the program was compiled.
     */
    uint32_t struct_size;
    /**
     * Always 0.
     */
    uint32_t reserved_field;
    /**
     * How many requests, 1 to 1e9.
     */
    size_t rows;
    /**
     * When each arrives, in nanoseconds from the start; never before the one
     * before it.
     */
    const uint64_t *arrival_ns;
    /**
     * The function of each: its position in the configuration.
     */
    const uint32_t *function;
    /**
     * How long each runs, in nanoseconds.
     */
    const uint64_t *duration_ns;
    /**
     * How long each would initialise if it met no idle instance, in
     * nanoseconds; NULL: drawn as the configuration says.
     */
    const uint64_t *cold_start_ns;
    /**
     * Where the observed time ends, in nanoseconds, at or after the last
     * arrival. 0: where the last request to end would if each ran on arrival,
     * after its own cold_start_ns where that column is given; a cold start
     * drawn as the configuration says is not in it.
     */
    uint64_t horizon_ns;
} warmstow_trace;

/**
 * What a replay found, of all functions or of one. Means are averages over the
 * observed time; requests in flight at its end are counted, timed and charged
 * to their own end.
 */
typedef struct warmstow_report {
    /**
     * Requests that arrived: warm_starts + cold_starts + all refusals.
     */
    uint64_t invocations;
    /**
     * Requests that an idle instance served.
     */
    uint64_t warm_starts;
    /**
     * Requests that started an instance.
     */
    uint64_t cold_starts;
    /**
     * Requests refused, indexed by warmstow_refusal.
     */
    uint64_t refusals[WARMSTOW_REFUSAL_COUNT];
    /**
     * Requests that reached their timeout.
     */
    uint64_t timeouts;
    /**
     * Requests that crashed.
     */
    uint64_t errors;
    /**
     * The most requests in flight at a time.
     */
    uint64_t peak_concurrency;
    /**
     * The most instances at a time.
     */
    uint64_t peak_instances;
    /**
     * Instances that had stopped by the end of the observed time.
     */
    uint64_t stopped_instances;
    /**
     * Cold starts among the requests served; 0 where none was.
     */
    double cold_start_probability;
    /**
     * The mean number of instances.
     */
    double mean_instances;
    /**
     * The mean number of instances with a request, starting or running.
     */
    double mean_busy_instances;
    /**
     * The mean number of instances without a request.
     */
    double mean_idle_instances;
    /**
     * The mean life of an instance in seconds, over all that started: one that
     * has not stopped by the end of the observed time counts with its life so
     * far. 0 where none started.
     */
    double mean_instance_lifespan_s;
    /**
     * Median latency of the requests served, cold start included, in
     * milliseconds. Exact, nearest rank; 0 where none was served.
     */
    double latency_p50_ms;
    /**
     * The 90th percentile.
     */
    double latency_p90_ms;
    /**
     * The 95th percentile.
     */
    double latency_p95_ms;
    /**
     * The 99th percentile.
     */
    double latency_p99_ms;
    /**
     * The longest.
     */
    double latency_max_ms;
    /**
     * Memory of instances that run a request, in GB-seconds (1024 MiB).
     */
    double busy_gb_seconds;
    /**
     * Memory of instances that wait for a request.
     */
    double idle_gb_seconds;
    /**
     * Memory of instances that start.
     */
    double init_gb_seconds;
    /**
     * What the requests cost, in US dollars, at AWS Lambda's prices.
     */
    double cost_requests_usd;
    /**
     * What the time they ran costs.
     */
    double cost_duration_usd;
    /**
     * What provisioned concurrency costs.
     */
    double cost_provisioned_usd;
    /**
     * The sum.
     */
    double cost_total_usd;
    /**
     * Nodes configured. This and what follows is of the fleet, and 0 in a
     * function's report and where there are no nodes.
     */
    uint64_t nodes;
    /**
     * The most nodes with an instance at a time.
     */
    uint64_t peak_nodes_used;
    /**
     * The mean number of nodes with an instance.
     */
    double mean_nodes_used;
    /**
     * The mean share of the fleet's CPU that instances hold, 0 to 1.
     */
    double mean_cpu_share;
    /**
     * The mean share of the fleet's memory that instances hold, 0 to 1.
     */
    double mean_memory_share;
} warmstow_report;

/**
 * Requests of one function that arrive at random (a Poisson process).
 */
typedef struct warmstow_poisson {
    /**
     * sizeof(warmstow_poisson), as the program was compiled.
     */
    uint32_t struct_size;
    /**
     * Always 0.
     */
    uint32_t reserved_field;
    /**
     * Arrivals a second, above 0.
     */
    double rate_per_s;
    /**
     * The observed time in seconds, above 0.
     */
    double duration_s;
    /**
     * How long a request runs in an instance that was idle.
     */
    struct warmstow_distribution warm;
    /**
     * How long a request that starts an instance takes in all; none: the
     * configuration's cold start, then as a warm one.
     */
    struct warmstow_distribution cold;
} warmstow_poisson;

/**
 * An open scaler. From warmstow_scaler_open() until warmstow_scaler_close().
 * All-zero is no scaler.
 */
typedef struct warmstow_scaler {
    /**
     * For warmstow to read; store and compare it as it is.
     */
    uint64_t bits;
} warmstow_scaler;

/**
 * A decision; see warmstow_scaler_poll().
 */
typedef struct warmstow_decision {
    /**
     * When.
     */
    uint64_t at_ns;
    /**
     * The metric, of a policy's decision; else 0.
     */
    double value;
    /**
     * The threshold that it breaches.
     */
    double threshold;
    /**
     * A warmstow_cause; WARMSTOW_CAUSE_NONE where there was no decision.
     */
    uint32_t cause;
    /**
     * The number of the policy or of the scheduled action, in the order of the
     * configuration, from 0.
     */
    uint32_t index;
    /**
     * 1: a policy wants more; -1: less; 0: no policy's decision.
     */
    int32_t direction;
    /**
     * The capacity that the policy wanted; else 0.
     */
    uint32_t wanted;
    /**
     * What ran.
     */
    uint32_t running;
    /**
     * The desired capacity before.
     */
    uint32_t from;
    /**
     * The desired capacity now: set it, where it differs.
     */
    uint32_t to;
    /**
     * A warmstow_suppression.
     */
    uint32_t suppression;
    /**
     * The bounds in force.
     */
    uint32_t min;
    /**
     * The bounds in force.
     */
    uint32_t max;
} warmstow_decision;

/**
 * The clusters, task definitions and services of one account in one region.
 * From warmstow_ecs_open() until warmstow_ecs_close(). All-zero is none.
 */
typedef struct warmstow_ecs {
    /**
     * For warmstow to read; store and compare it as it is.
     */
    uint64_t bits;
} warmstow_ecs;

/**
 * A scenario that was played. From warmstow_scenario_play() until
 * warmstow_scenario_close(). All-zero is none.
 */
typedef struct warmstow_scenario {
    /**
     * For warmstow to read; store and compare it as it is.
     */
    uint64_t bits;
} warmstow_scenario;

/**
 * Sums over the whole time and all services.
 */
typedef struct warmstow_scenario_totals {
    /**
     * Requests asked for.
     */
    double requests;
    /**
     * Of these, requests that no running task could serve.
     */
    double lost;
    /**
     * Hours of running tasks.
     */
    double task_hours;
    /**
     * What the instances cost, US dollars; not a number where their type has no
     * price for Spot.
     */
    double instances_usd;
    /**
     * Tasks that were placed.
     */
    uint64_t tasks_started;
    /**
     * Tasks that ended by their own fault.
     */
    uint64_t tasks_failed;
    /**
     * Tasks that ended with their instance.
     */
    uint64_t tasks_lost;
    /**
     * Instances that were launched.
     */
    uint64_t instances_launched;
    /**
     * Spot interruptions.
     */
    uint64_t interruptions;
    /**
     * Steps of the scaler that were taken.
     */
    uint64_t scaled;
    /**
     * The most tasks that ran at a time.
     */
    uint64_t peak_running;
    /**
     * What the scenario expected and did not come; the sentences are in
     * warmstow_scenario_report().
     */
    uint64_t unmet;
    /**
     * How many minutes there are for warmstow_scenario_minutes().
     */
    uint64_t minutes;
} warmstow_scenario_totals;

/**
 * The state at the end of a minute, of all services together.
 */
typedef struct warmstow_scenario_minute {
    /**
     * Its end, seconds from the start.
     */
    double at_s;
    /**
     * Requests per second asked for.
     */
    double load_per_s;
    /**
     * Requests per second that the running tasks can serve.
     */
    double capacity_per_s;
    /**
     * Requests asked for within the minute.
     */
    double requests;
    /**
     * Of these, requests that no running task could serve.
     */
    double lost;
    /**
     * CPU that the running tasks use of what they have, percent.
     */
    double cpu_percent;
    /**
     * And memory.
     */
    double memory_percent;
    /**
     * CapacityProviderReservation, percent.
     */
    double reservation_percent;
    /**
     * What the instances have cost until then, US dollars; not a number where
     * their type has no price for Spot.
     */
    double instances_usd;
    /**
     * Tasks desired.
     */
    uint32_t desired;
    /**
     * Tasks that run.
     */
    uint32_t running;
    /**
     * Tasks on their way.
     */
    uint32_t pending;
    /**
     * Of these, tasks that wait for room on an instance.
     */
    uint32_t waiting;
    /**
     * Instances that take tasks.
     */
    uint32_t instances;
    /**
     * Instances on their way.
     */
    uint32_t booting;
} warmstow_scenario_minute;

/**
 * A cluster's container instances (here: nodes) and the tasks on them, by all
 * that Amazon ECS places by: CPU, memory, GPUs, ports, network interfaces,
 * attributes, constraints and strategies; with priorities and gangs, which
 * Amazon ECS does not have. (A region's nodes know CPU and memory, and many
 * threads place on them at once.) From warmstow_view_open() until
 * warmstow_view_close(). All-zero is none.
 */
typedef struct warmstow_view {
    /**
     * For warmstow to read; store and compare it as it is.
     */
    uint64_t bits;
} warmstow_view;

/**
 * A node of a view. From warmstow_view_add_node() until
 * warmstow_view_remove_node(). All-zero is none.
 */
typedef struct warmstow_view_node {
    /**
     * For warmstow to read; store and compare it as it is. Texts name the node
     * by the second.
     */
    uint64_t bits[2];
} warmstow_view_node;

/**
 * A node of a view at one moment.
 */
typedef struct warmstow_view_node_state {
    /**
     * CPU units that it has, 1,024 a vCPU.
     */
    uint32_t cpu_units;
    /**
     * Memory that it has, MiB.
     */
    uint32_t memory_mib;
    /**
     * CPU units that no task holds.
     */
    uint32_t free_cpu_units;
    /**
     * Memory that no task holds, MiB.
     */
    uint32_t free_memory_mib;
    /**
     * GPUs that it has.
     */
    uint32_t gpus;
    /**
     * GPUs that no task holds.
     */
    uint32_t free_gpus;
    /**
     * Network interfaces that it has for tasks.
     */
    uint32_t enis;
    /**
     * Network interfaces that no task holds.
     */
    uint32_t free_enis;
    /**
     * Host ports that are taken, by tasks or by the node itself.
     */
    uint32_t ports_taken;
    /**
     * Tasks that hold room.
     */
    uint32_t tasks;
    /**
     * Of these, the ones that were reported as running.
     */
    uint32_t running_tasks;
    /**
     * 1 where it takes new tasks (active, its agent connected), else 0.
     */
    uint32_t open;
} warmstow_view_node_state;

/**
 * What a task needs and how it is placed, prepared once for many tasks. From
 * warmstow_view_prepare() until warmstow_view_forget(). All-zero is none.
 */
typedef struct warmstow_placement_request {
    /**
     * For warmstow to read; store and compare it as it is.
     */
    uint64_t bits[2];
} warmstow_placement_request;

/**
 * What one task holds on one node. From warmstow_view_commit() or
 * warmstow_view_assign() until warmstow_view_release(), or until the node is
 * removed. All-zero is none.
 */
typedef struct warmstow_hold {
    /**
     * For warmstow to read; store and compare it as it is.
     */
    uint64_t bits[2];
} warmstow_hold;

/**
 * Where a task went, and what it holds there.
 */
typedef struct warmstow_assigned {
    /**
     * The node.
     */
    struct warmstow_view_node node;
    /**
     * Given back by warmstow_view_release().
     */
    struct warmstow_hold hold;
} warmstow_assigned;

/**
 * A search for a good packing. From warmstow_packer_open() until
 * warmstow_packer_close(). All-zero is none.
 */
typedef struct warmstow_packer {
    /**
     * For warmstow to read; store and compare it as it is.
     */
    uint64_t bits;
} warmstow_packer;

/**
 * The best packing so far.
 */
typedef struct warmstow_packing {
    /**
     * Bins that are used.
     */
    uint64_t bins;
    /**
     * What they cost.
     */
    uint64_t cost;
    /**
     * No packing of all that fits anywhere costs less: proven, and grows with
     * the work.
     */
    uint64_t lower_bound;
    /**
     * Items in no bin, each as often as it is left out.
     */
    uint64_t unplaced;
    /**
     * What was spent so far.
     */
    uint64_t work;
    /**
     * 1 where the packing is proven to be one of the best, else 0.
     */
    uint64_t optimal;
} warmstow_packing;

/**
 * A search for the moves that free nodes. From warmstow_consolidator_open()
 * until warmstow_consolidator_close(). All-zero is none.
 */
typedef struct warmstow_consolidator {
    /**
     * For warmstow to read; store and compare it as it is.
     */
    uint64_t bits;
} warmstow_consolidator;

/**
 * The best plan so far: "you run 14 nodes, the bound is 11, these 3 moves free
 * 2".
 */
typedef struct warmstow_plan {
    /**
     * Nodes that run something now.
     */
    uint64_t nodes_used;
    /**
     * These tasks cannot run on fewer of them: proven.
     */
    uint64_t lower_bound;
    /**
     * Nodes that the plan frees.
     */
    uint64_t freed;
    /**
     * Its moves.
     */
    uint64_t moves;
    /**
     * What they cost.
     */
    uint64_t cost;
} warmstow_plan;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The library's ABI version, in the form of WARMSTOW_ABI_VERSION.
 *
 * A program that loads the library at run time compares the upper 16 bits
 * with those it was compiled with. Any thread; never fails.
 */
uint32_t warmstow_abi_version(void);

/**
 * The library's version, such as "0.1.0". Static text; any thread.
 */
const char *warmstow_version(void);

/**
 * The name of a status, such as "WARMSTOW_ERROR_NULL"; "WARMSTOW_UNKNOWN" for
 * a number that is none. Static text, never NULL; any thread.
 */
const char *warmstow_status_name(int32_t status);

/**
 * The key of a refusal in reports: AWS Lambda's throttle reason, such as
 * "ConcurrentInvocationLimitExceeded", "InstanceLimitExceeded",
 * "ScalingRateExceeded", or Amazon ECS's "RESOURCE:CPU" or "RESOURCE:MEMORY"; "None" for
 * WARMSTOW_REFUSAL_NONE, "Unknown" for a number that is none.
 *
 * Static text, never NULL; any thread.
 */
const char *warmstow_refusal_name(uint32_t refusal);

/**
 * What was wrong with the last call of this thread that did not answer
 * WARMSTOW_OK: one sentence. Of a wrong value it names the argument, the value
 * and what is possible; of a refusal, the reason. Empty before any such call;
 * a call that succeeds does not clear it.
 *
 * Never NULL. The text is this thread's and holds until its next call of
 * warmstow that fails, or of warmstow_last_error(); copy it to keep it. It is
 * at most 511 bytes of UTF-8, for people: programs look at the status.
 */
const char *warmstow_last_error(void);

/**
 * Fills in the defaults, struct_size among them.
 *
 * struct_size: sizeof *config. Errors: NULL, MISALIGNED, STRUCT_SIZE; then
 * *config is untouched. Any thread.
 */
int32_t warmstow_region_config_default(struct warmstow_region_config *config, size_t struct_size);

/**
 * Opens a region without nodes or functions. The host owns it until
 * warmstow_region_close().
 *
 * Errors: NULL, MISALIGNED, STRUCT_SIZE, ENUM (strategy), REGION_CONFIG,
 * REGIONS_FULL; then *region is untouched. Any thread;
 * allocates.
 */
int32_t warmstow_region_open(const struct warmstow_region_config *config,
                             struct warmstow_region *region);

/**
 * Closes a region. Its handle and all that it gave out are stale from now on;
 * requests in flight are forgotten.
 *
 * Other threads may be inside calls on the region: those finish as if they
 * had come before, and the memory is freed when the last one has.
 *
 * Errors: REGION_STALE, also when closed twice. Any thread.
 */
int32_t warmstow_region_close(struct warmstow_region region);

/**
 * Sets the account limit. Requests in flight above it go on; none is admitted
 * until enough have ended.
 *
 * Errors: REGION_STALE, POISONED, ACCOUNT_LIMIT; then the limit is as it was.
 * Any thread: control-plane calls on one region come one after the other.
 */
int32_t warmstow_region_set_account_limit(struct warmstow_region region, uint32_t account_limit);

/**
 * Writes what the region holds now to *view.
 *
 * struct_size: sizeof *view. While other threads work, the numbers can be one
 * call apart. Errors: REGION_STALE, POISONED, NULL, MISALIGNED, STRUCT_SIZE;
 * then *view is untouched. Any thread, control plane.
 */
int32_t warmstow_region_view_read(struct warmstow_region region,
                                  struct warmstow_region_view *view,
                                  size_t struct_size);

/**
 * Fills in the rates of a profile and the other defaults, struct_size among
 * them.
 *
 * profile: a warmstow_profile. struct_size: sizeof *model. Errors: NULL,
 * MISALIGNED, STRUCT_SIZE, ENUM; then *model is untouched. Any thread.
 */
int32_t warmstow_region_model_default(uint32_t profile,
                                      struct warmstow_region_model *model,
                                      size_t struct_size);

/**
 * As warmstow_region_open(), with rates and aliases, which that call leaves
 * out. A request that a rate refuses answers THROTTLED; its refusal says which
 * rate.
 *
 * Errors: NULL, MISALIGNED, STRUCT_SIZE, NOT_ZERO, ENUM, REGION_CONFIG,
 * REGIONS_FULL; then *region is untouched. Any thread; allocates.
 */
int32_t warmstow_region_open_model(const struct warmstow_region_config *config,
                                   const struct warmstow_region_model *model,
                                   struct warmstow_region *region);

/**
 * Fills in the defaults, struct_size among them.
 *
 * struct_size: sizeof *spec. Errors: NULL, MISALIGNED, STRUCT_SIZE; then *spec
 * is untouched. Any thread.
 */
int32_t warmstow_node_spec_default(struct warmstow_node_spec *spec, size_t struct_size);

/**
 * Adds a node. Instances can be placed on it from now on; it stays for the
 * life of the region. Add nodes before functions.
 *
 * Errors: REGION_STALE, POISONED, NULL, MISALIGNED, STRUCT_SIZE, NODE_SPEC,
 * NODES_FULL; then *node is untouched and the region as it was. Any thread,
 * control plane.
 */
int32_t warmstow_node_add(struct warmstow_region region,
                          const struct warmstow_node_spec *spec,
                          struct warmstow_node *node);

/**
 * Writes what a node has and what is free on it now to *view.
 *
 * struct_size: sizeof *view. Errors: REGION_STALE, POISONED, NODE_STALE, NULL,
 * MISALIGNED, STRUCT_SIZE; then *view is untouched. Any thread; lock-free.
 */
int32_t warmstow_node_view_read(struct warmstow_region region,
                                struct warmstow_node node,
                                struct warmstow_node_view *view,
                                size_t struct_size);

/**
 * The node's number in its region, in the order of their adding, from 0: an
 * index for a table of the host's. WARMSTOW_NO_INDEX for a null handle. Any
 * thread; the handle is not checked.
 */
uint32_t warmstow_node_index(struct warmstow_node node);

/**
 * Fills in the defaults, struct_size among them.
 *
 * struct_size: sizeof *spec. Errors: NULL, MISALIGNED, STRUCT_SIZE; then *spec
 * is untouched. Any thread.
 */
int32_t warmstow_function_spec_default(struct warmstow_function_spec *spec, size_t struct_size);

/**
 * Adds a function. It can be invoked from now on and stays for the life of the
 * region; a reserved concurrency of 0 stops it.
 *
 * name: NUL-terminated UTF-8 of 1 to 255 bytes, copied. Errors: REGION_STALE,
 * POISONED, NULL, MISALIGNED, STRUCT_SIZE, NOT_ZERO, LENGTH and TEXT (name),
 * ENUM (pick), NAME_EMPTY, NAME_TAKEN, FUNCTION_SPEC, FUNCTION_TOO_LARGE,
 * FUNCTIONS_FULL, RESERVED; then *function is untouched and the region as it
 * was. Any thread, control plane; allocates the function's instances.
 */
int32_t warmstow_function_add(struct warmstow_region region,
                              const char *name,
                              const struct warmstow_function_spec *spec,
                              struct warmstow_function *function);

/**
 * Writes the handle of the function of that name to *function.
 *
 * name: as in warmstow_function_add(). Errors: REGION_STALE, POISONED, NULL,
 * MISALIGNED, LENGTH, TEXT, NAME_UNKNOWN; then *function is untouched. Any
 * thread, control plane.
 */
int32_t warmstow_function_find(struct warmstow_region region,
                               const char *name,
                               struct warmstow_function *function);

/**
 * Writes a function's settings as they are now to *spec.
 *
 * struct_size: sizeof *spec. Errors: REGION_STALE, POISONED, FUNCTION_STALE,
 * NULL, MISALIGNED, STRUCT_SIZE; then *spec is untouched. Any thread;
 * lock-free.
 */
int32_t warmstow_function_spec_read(struct warmstow_region region,
                                    struct warmstow_function function,
                                    struct warmstow_function_spec *spec,
                                    size_t struct_size);

/**
 * Sets a function's reserved concurrency; WARMSTOW_UNRESERVED removes it.
 * Requests in flight above it go on.
 *
 * Errors: REGION_STALE, POISONED, FUNCTION_STALE, FUNCTION_VERSIONED,
 * RESERVED; then nothing has changed. Any thread, control plane; requests are
 * admitted meanwhile.
 */
int32_t warmstow_function_set_reserved(struct warmstow_region region,
                                       struct warmstow_function function,
                                       uint32_t reserved_concurrency);

/**
 * Sets how long a function's instances stay idle, in nanoseconds; holds from
 * the next reap on.
 *
 * Errors: REGION_STALE, POISONED, FUNCTION_STALE. Any thread, control plane.
 */
int32_t warmstow_function_set_keep_alive(struct warmstow_region region,
                                         struct warmstow_function function,
                                         uint64_t keep_alive_ns);

/**
 * The function's number in its region, in the order of their adding, from 0:
 * an index for a table of the host's. WARMSTOW_NO_INDEX for a null handle. Any
 * thread; the handle is not checked.
 */
uint32_t warmstow_function_index(struct warmstow_function function);

/**
 * Takes an instance out of service: it gets no more requests and those in
 * flight finish. Draining it again while it serves any changes nothing.
 *
 * *stop: the instance if it serves no request: the host stops it, then reports
 * warmstow_stopped(); else null, and the end of its last request names it.
 *
 * Errors: REGION_STALE, POISONED, INSTANCE_STALE (also once a call has named
 * it for stopping: draining it is done), NULL, MISALIGNED; then *stop is
 * untouched. Any thread; lock-free.
 */
int32_t warmstow_drain(struct warmstow_region region,
                       uint64_t now_ns,
                       struct warmstow_instance instance,
                       struct warmstow_instance *stop);

/**
 * Writes instances of a function that are to be stopped now to instances, up
 * to capacity of them, and their number to *count: those idle for the
 * keep-alive or longer, and those drained that no call has named. For each
 * the host stops it, then reports warmstow_stopped().
 *
 * Where *count is capacity there may be more: call again. None is taken that
 * is not written. Entries past *count are untouched. O(instances).
 *
 * Errors: REGION_STALE, POISONED, FUNCTION_STALE, NULL, MISALIGNED, LENGTH
 * (capacity 0); then instances and *count are untouched. Any thread;
 * lock-free.
 */
int32_t warmstow_reap(struct warmstow_region region,
                      uint64_t now_ns,
                      struct warmstow_function function,
                      struct warmstow_instance *instances,
                      size_t capacity,
                      size_t *count);

/**
 * Takes one instance out of service if it was idle for its keep-alive; else
 * says until when it may stay. For hosts with a timer for each instance. O(1).
 *
 * *answer: a warmstow_reaped. *until_ns: with WARMSTOW_REAPED_UNTIL the time
 * at which to ask again; else 0. Errors: REGION_STALE, POISONED,
 * INSTANCE_STALE, NULL, MISALIGNED; then both are untouched. Any thread;
 * lock-free.
 */
int32_t warmstow_reap_instance(struct warmstow_region region,
                               uint64_t now_ns,
                               struct warmstow_instance instance,
                               uint32_t *answer,
                               uint64_t *until_ns);

/**
 * Reports that the host has stopped an instance: its room on the node is free
 * again and its handle stale.
 *
 * Errors: REGION_STALE, POISONED, INSTANCE_STALE, NOT_STOPPING; then nothing
 * has changed. Any thread; lock-free.
 */
int32_t warmstow_stopped(struct warmstow_region region,
                         uint64_t now_ns,
                         struct warmstow_instance instance);

/**
 * Writes the node that an instance is on to *node; null where the region has
 * no fleet.
 *
 * Errors: REGION_STALE, POISONED, INSTANCE_STALE, NULL, MISALIGNED; then *node
 * is untouched. Any thread; lock-free.
 */
int32_t warmstow_instance_node(struct warmstow_region region,
                               struct warmstow_instance instance,
                               struct warmstow_node *node);

/**
 * The instance's number within its function, 0 to max_instances - 1: an index
 * for a table of the host's. No two instances of a function have the same at
 * one time; the next after warmstow_stopped() may. WARMSTOW_NO_INDEX for a
 * null handle. Any thread; the handle is not checked.
 *
 * What one thread wrote to that entry of the host's table before it completed
 * a request is visible to the thread whose warmstow_invoke() then gets the
 * instance.
 */
uint32_t warmstow_instance_index(struct warmstow_instance instance);

/**
 * Admits a request of a function and says which instance serves it. The host
 * owns the lease: it ends it by warmstow_complete() or warmstow_fail(), once.
 *
 * now_ns: the host's clock, see above. With an idle instance O(1), else
 * O(nodes).
 *
 * Errors: REGION_STALE, POISONED, FUNCTION_STALE, NULL, MISALIGNED; then
 * *invocation is untouched. THROTTLED, INSTANCE_LIMIT, NO_CAPACITY: refused;
 * then nothing is held and *invocation is null but for its refusal. Any
 * thread; lock-free.
 */
int32_t warmstow_invoke(struct warmstow_region region,
                        uint64_t now_ns,
                        struct warmstow_function function,
                        struct warmstow_invocation *invocation);

/**
 * As warmstow_invoke(), for a host of several threads: give each that invokes
 * a lane of its own, from 0. Threads of different lanes share no cache line as
 * long as each finds an idle instance in its lane and the limits are far.
 *
 * lane: any number; beyond the 16 that a region has they fold over. It is a
 * hint about cost: every lane finds every instance and every unit.
 * warmstow_invoke() is lane 0.
 *
 * Errors: as warmstow_invoke(). Any thread; lock-free.
 */
int32_t warmstow_invoke_in(struct warmstow_region region,
                           uint64_t now_ns,
                           struct warmstow_function function,
                           uint32_t lane,
                           struct warmstow_invocation *invocation);

/**
 * Admits a request of a version of a function: its provisioned concurrency
 * first, else on demand. Otherwise as warmstow_invoke_in(), one read dearer; a
 * function without versions can be named too.
 *
 * version: of warmstow_versioned_version(). Errors: as warmstow_invoke();
 * FUNCTION_STALE also where the version was deleted. Any thread; lock-free.
 */
int32_t warmstow_invoke_version(struct warmstow_region region,
                                uint64_t now_ns,
                                struct warmstow_function version,
                                uint32_t lane,
                                struct warmstow_invocation *invocation);

/**
 * Admits a request of the version that an alias points to; of two, draw says
 * which: any number, such as that of the request, each as good as a random
 * one, and the same one always the same. Otherwise as
 * warmstow_invoke_version().
 *
 * Errors: as warmstow_invoke_version(); ALIAS_STALE: the alias's handle is
 * null, it was deleted, or it is of another region. Any thread; lock-free.
 */
int32_t warmstow_invoke_alias(struct warmstow_region region,
                              uint64_t now_ns,
                              struct warmstow_alias alias,
                              uint64_t draw,
                              uint32_t lane,
                              struct warmstow_invocation *invocation);

/**
 * As warmstow_invoke_version(), whatever the rates of requests: of the function,
 * of the account, and of provisioned concurrency. Every limit of concurrency
 * holds, and so does the scaling rate. For events that AWS services send
 * asynchronously, which AWS Lambda holds to no rate.
 *
 * Errors: as warmstow_invoke_version(). Any thread; lock-free.
 */
int32_t warmstow_invoke_unmetered(struct warmstow_region region,
                                  uint64_t now_ns,
                                  struct warmstow_function version,
                                  uint32_t lane,
                                  struct warmstow_invocation *invocation);

/**
 * As warmstow_invoke_alias(), whatever the rates of requests: see
 * warmstow_invoke_unmetered().
 *
 * Errors: as warmstow_invoke_alias(). Any thread; lock-free.
 */
int32_t warmstow_invoke_alias_unmetered(struct warmstow_region region,
                                        uint64_t now_ns,
                                        struct warmstow_alias alias,
                                        uint64_t draw,
                                        uint32_t lane,
                                        struct warmstow_invocation *invocation);

/**
 * Reports that the instance of a cold start has initialised; its request goes
 * on.
 *
 * Errors: REGION_STALE, POISONED, LEASE_STALE, ALREADY_STARTED; then nothing
 * has changed. Any thread; lock-free.
 */
int32_t warmstow_started(struct warmstow_region region,
                         uint64_t now_ns,
                         struct warmstow_lease lease);

/**
 * Reports that a request is done, well or with an error that its instance
 * survives, and ends its lease. The instance's idle time starts at now_ns.
 *
 * *stop: null, or an instance that was draining and is now empty: the host
 * stops it, then reports warmstow_stopped(). It is named once.
 *
 * Errors: REGION_STALE, POISONED, LEASE_STALE, NOT_STARTED, NULL, MISALIGNED;
 * then *stop is untouched and the lease as it was. Any thread; lock-free.
 */
int32_t warmstow_complete(struct warmstow_region region,
                          uint64_t now_ns,
                          struct warmstow_lease lease,
                          struct warmstow_instance *stop);

/**
 * Reports that a request failed in a way that its instance does not survive
 * (crash, timeout, failed start), and ends its lease. The instance takes no
 * more requests.
 *
 * *stop: the instance once it serves no other request: the host stops it, then
 * reports warmstow_stopped(); else null. It is named once.
 *
 * Errors: REGION_STALE, POISONED, LEASE_STALE, NULL, MISALIGNED; then *stop is
 * untouched and the lease as it was. Any thread; lock-free.
 */
int32_t warmstow_fail(struct warmstow_region region,
                      uint64_t now_ns,
                      struct warmstow_lease lease,
                      struct warmstow_instance *stop);

/**
 * Writes what a function has done to *counters. O(instances).
 *
 * struct_size: sizeof *counters. While other threads work, counts can be one
 * call apart; at rest they are exact: warm_starts + cold_starts = completions
 * + failures + in_flight.
 *
 * Errors: REGION_STALE, POISONED, FUNCTION_STALE, NULL, MISALIGNED,
 * STRUCT_SIZE; then *counters is untouched. Any thread; lock-free.
 */
int32_t warmstow_counters_read(struct warmstow_region region,
                               struct warmstow_function function,
                               struct warmstow_counters *counters,
                               size_t struct_size);

/**
 * Adds a function of which versions can be published. It has $LATEST alone,
 * which can be invoked from now on. Its reservation, if spec has one, is of
 * all its versions together.
 *
 * It takes one of the region's functions for each version ever published, for
 * each update of $LATEST and for each version with provisioned concurrency.
 *
 * name: as in warmstow_function_add(); the functions of its versions are named
 * "name:$LATEST", "name:1" and so on. provisioning: how provisioned concurrency
 * of it is prepared.
 *
 * Errors: REGION_STALE, POISONED, NULL, MISALIGNED, STRUCT_SIZE, NOT_ZERO,
 * LENGTH and TEXT (name), ENUM, NAME_EMPTY, NAME_TAKEN, FUNCTION_SPEC (also a
 * pace out of range), FUNCTION_TOO_LARGE, FUNCTIONS_FULL, RESERVED; then
 * *versioned is untouched and the region as it was. Any thread, control plane;
 * allocates the instances of $LATEST.
 */
int32_t warmstow_versioned_add(struct warmstow_region region,
                               const char *name,
                               const struct warmstow_function_spec *spec,
                               const struct warmstow_provisioning *provisioning,
                               struct warmstow_versioned *versioned);

/**
 * Writes the handle of the function with versions of that name to *versioned.
 *
 * Errors: REGION_STALE, POISONED, NULL, MISALIGNED, LENGTH, TEXT,
 * NAME_UNKNOWN; then *versioned is untouched. O(such functions). Any thread,
 * control plane.
 */
int32_t warmstow_versioned_find(struct warmstow_region region,
                                const char *name,
                                struct warmstow_versioned *versioned);

/**
 * Gives $LATEST new code or settings; a reservation in spec is not looked at.
 * Requests from now on start new instances; those in flight finish in the old
 * ones, which are then stopped: see warmstow_poll(). None is dropped, and the
 * handle of $LATEST stays good.
 *
 * Errors: REGION_STALE, POISONED, VERSIONED_STALE, NULL, MISALIGNED,
 * STRUCT_SIZE, NOT_ZERO, ENUM, FUNCTION_SPEC, FUNCTION_TOO_LARGE,
 * FUNCTIONS_FULL; then $LATEST is as it was. Any thread, control plane;
 * allocates.
 */
int32_t warmstow_versioned_update(struct warmstow_region region,
                                  uint64_t now_ns,
                                  struct warmstow_versioned versioned,
                                  const struct warmstow_function_spec *spec);

/**
 * Publishes $LATEST as a version, which nobody can change, and writes its
 * number, from 1, to *version. Where nothing was updated since the last one,
 * that is the answer and nothing is published, as at AWS.
 *
 * Errors: REGION_STALE, POISONED, VERSIONED_STALE, NULL, MISALIGNED,
 * FUNCTIONS_FULL; then *version is untouched. Any thread, control plane;
 * allocates the version's instances.
 */
int32_t warmstow_versioned_publish(struct warmstow_region region,
                                   struct warmstow_versioned versioned,
                                   uint32_t *version);

/**
 * Writes what requests of a version name to *function: for
 * warmstow_invoke_version(), warmstow_reap(), warmstow_counters_read() and so
 * on. version: its number, or WARMSTOW_LATEST.
 *
 * Errors: REGION_STALE, POISONED, VERSIONED_STALE, NULL, MISALIGNED,
 * VERSION_UNKNOWN; then *function is untouched. Any thread, control plane.
 */
int32_t warmstow_versioned_version(struct warmstow_region region,
                                   struct warmstow_versioned versioned,
                                   uint32_t version,
                                   struct warmstow_function *function);

/**
 * Writes the settings of a version to *spec: those of $LATEST when it was
 * published, with the reservation of all versions together. version: its
 * number, or WARMSTOW_LATEST.
 *
 * struct_size: sizeof *spec. Errors: REGION_STALE, POISONED, VERSIONED_STALE,
 * NULL, MISALIGNED, STRUCT_SIZE, VERSION_UNKNOWN; then *spec is untouched. Any
 * thread, control plane.
 */
int32_t warmstow_versioned_spec_read(struct warmstow_region region,
                                     struct warmstow_versioned versioned,
                                     uint32_t version,
                                     struct warmstow_function_spec *spec,
                                     size_t struct_size);

/**
 * Writes the numbers of the versions that are published and not deleted, in
 * order, to versions, up to capacity of them, and how many there are to
 * *count: where that is more than capacity, some are not written.
 *
 * Errors: REGION_STALE, POISONED, VERSIONED_STALE, NULL, MISALIGNED, LENGTH
 * (capacity 0); then versions and *count are untouched. Any thread, control
 * plane.
 */
int32_t warmstow_versioned_list(struct warmstow_region region,
                                struct warmstow_versioned versioned,
                                uint32_t *versions,
                                size_t capacity,
                                size_t *count);

/**
 * Deletes a version: requests of it are refused from now on, those in flight
 * finish, and its instances are stopped, see warmstow_poll(). Its number is
 * not used again.
 *
 * Errors: REGION_STALE, POISONED, VERSIONED_STALE, VERSION_UNKNOWN (also
 * WARMSTOW_LATEST), VERSION_IN_USE; then nothing has changed. Any thread,
 * control plane.
 */
int32_t warmstow_versioned_delete(struct warmstow_region region,
                                  uint64_t now_ns,
                                  struct warmstow_versioned versioned,
                                  uint32_t version);

/**
 * Sets the reservation of all versions together; WARMSTOW_UNRESERVED removes
 * it. What is provisioned counts as used of it.
 *
 * Errors: REGION_STALE, POISONED, VERSIONED_STALE, RESERVED (more than the
 * account can give, or less than is provisioned); then nothing has changed.
 * Any thread, control plane.
 */
int32_t warmstow_versioned_set_reserved(struct warmstow_region region,
                                        struct warmstow_versioned versioned,
                                        uint32_t reserved_concurrency);

/**
 * Writes what all versions of a function have done and do to *metrics.
 *
 * struct_size: sizeof *metrics. A moment's view; at rest it is exact:
 * invocations are those on provisioned concurrency, those that spilled over
 * it, and those of versions without any. O(instances of all versions).
 *
 * Errors: REGION_STALE, POISONED, VERSIONED_STALE, NULL, MISALIGNED,
 * STRUCT_SIZE; then *metrics is untouched. Any thread, control plane.
 */
int32_t warmstow_versioned_metrics_read(struct warmstow_region region,
                                        struct warmstow_versioned versioned,
                                        struct warmstow_versioned_metrics *metrics,
                                        size_t struct_size);

/**
 * Makes an alias of a function and writes what requests of it name to *alias:
 * for warmstow_invoke_alias().
 *
 * name: NUL-terminated, 1 to 128 letters, digits, - and _, and no number;
 * copied. routing: published versions, never WARMSTOW_LATEST. How many aliases
 * a region can have is said when it is opened: warmstow_region_open_model().
 *
 * Errors: REGION_STALE, POISONED, VERSIONED_STALE, NULL, MISALIGNED,
 * STRUCT_SIZE, LENGTH and TEXT (name), ALIAS_NAME, ALIAS_TAKEN,
 * VERSION_UNKNOWN, ROUTING, ALIASES_FULL; then *alias is untouched and nothing
 * has changed. Any thread, control plane.
 */
int32_t warmstow_alias_create(struct warmstow_region region,
                              struct warmstow_versioned versioned,
                              const char *name,
                              const struct warmstow_routing *routing,
                              struct warmstow_alias *alias);

/**
 * Points an alias elsewhere: requests from now on go there, and its handle
 * stays good. What is provisioned through it moves: the old version's is
 * released, the new one's prepared (warmstow_poll()), and until that is ready
 * its requests run on demand.
 *
 * Errors: REGION_STALE, POISONED, VERSIONED_STALE, NULL, MISALIGNED,
 * STRUCT_SIZE, LENGTH, TEXT, ALIAS_UNKNOWN, VERSION_UNKNOWN, ROUTING, and
 * where it has provisioned concurrency VERSION_PROVISIONED (so has its new
 * version), PROVISIONED, FUNCTIONS_FULL; then nothing has changed. Any thread,
 * control plane.
 */
int32_t warmstow_alias_update(struct warmstow_region region,
                              uint64_t now_ns,
                              struct warmstow_versioned versioned,
                              const char *name,
                              const struct warmstow_routing *routing);

/**
 * Deletes an alias and what is provisioned through it. Requests of it are
 * refused from now on as ALIAS_STALE; those in flight finish. The region can
 * have no other alias in its place.
 *
 * Errors: REGION_STALE, POISONED, VERSIONED_STALE, NULL, LENGTH, TEXT,
 * ALIAS_UNKNOWN; then nothing has changed. Any thread, control plane.
 */
int32_t warmstow_alias_delete(struct warmstow_region region,
                              uint64_t now_ns,
                              struct warmstow_versioned versioned,
                              const char *name);

/**
 * Writes the handle of the alias of that name to *alias and where it points to
 * *routing.
 *
 * struct_size: sizeof *routing. Errors: REGION_STALE, POISONED,
 * VERSIONED_STALE, NULL, MISALIGNED, STRUCT_SIZE, LENGTH, TEXT, ALIAS_UNKNOWN;
 * then *alias and *routing are untouched. Any thread, control plane.
 */
int32_t warmstow_alias_read(struct warmstow_region region,
                            struct warmstow_versioned versioned,
                            const char *name,
                            struct warmstow_alias *alias,
                            struct warmstow_routing *routing,
                            size_t struct_size);

/**
 * Fills in the settings of a profile, struct_size among them.
 *
 * profile: a warmstow_provisioning_profile. struct_size: sizeof *provisioning.
 * Errors: NULL, MISALIGNED, STRUCT_SIZE, ENUM; then *provisioning is untouched.
 * Any thread.
 */
int32_t warmstow_provisioning_default(uint32_t profile,
                                      struct warmstow_provisioning *provisioning,
                                      size_t struct_size);

/**
 * Asks for provisioned concurrency, or for another number of it: so many
 * instances that are ready before their requests. What is asked for is claimed
 * at once, of the function's reservation or else of the account's unreserved
 * concurrency. Carry out warmstow_poll() until it is ready; all of a batch can
 * be used once all of it is.
 *
 * qualifier: as at AWS, a text: a version's number ("3") or an alias. At
 * $LATEST there can be none, nor on an alias that points to two versions.
 *
 * Errors: REGION_STALE, POISONED, VERSIONED_STALE, NULL, LENGTH, TEXT,
 * VERSION_UNKNOWN, ALIAS_UNKNOWN, VERSION_PROVISIONED, PROVISIONED (0, above
 * the function's instances or its reservation, more than the account can give),
 * FUNCTIONS_FULL; then nothing has changed. Any thread, control plane.
 */
int32_t warmstow_provisioned_put(struct warmstow_region region,
                                 uint64_t now_ns,
                                 struct warmstow_versioned versioned,
                                 const char *qualifier,
                                 uint32_t requested);

/**
 * Takes provisioned concurrency away. Requests in flight finish, and its
 * instances are stopped: see warmstow_poll(). Where there is none, nothing
 * changes, as at AWS.
 *
 * Errors: as of warmstow_provisioned_put(), about the qualifier.
 */
int32_t warmstow_provisioned_delete(struct warmstow_region region,
                                    uint64_t now_ns,
                                    struct warmstow_versioned versioned,
                                    const char *qualifier);

/**
 * Writes what is provisioned on a qualifier to *view.
 *
 * struct_size: sizeof *view. reason, of capacity bytes: why it has failed, cut
 * where it is longer, with its NUL; empty where it has not. NULL where that is
 * not asked for, and then capacity is 0.
 *
 * Errors: REGION_STALE, POISONED, VERSIONED_STALE, NULL, MISALIGNED,
 * STRUCT_SIZE, LENGTH, TEXT; then *view and reason are untouched. Any thread,
 * control plane.
 */
int32_t warmstow_provisioned_read(struct warmstow_region region,
                                  struct warmstow_versioned versioned,
                                  const char *qualifier,
                                  struct warmstow_provisioned_view *view,
                                  size_t struct_size,
                                  char *reason,
                                  size_t capacity);

/**
 * Adds a function without tenants yet. Its reservation, if spec has one, is of
 * all tenants together; its max_instances bound those of each.
 *
 * name: NUL-terminated, 1 to 255 bytes of UTF-8; the functions of its tenants are
 * named "name:tenant#0" and so on.
 *
 * Errors: REGION_STALE, POISONED, NULL, MISALIGNED, STRUCT_SIZE, NOT_ZERO, LENGTH
 * and TEXT (name), ENUM, NAME_EMPTY, NAME_TAKEN (for the life of the region),
 * FUNCTION_SPEC, FUNCTION_TOO_LARGE, RESERVED; then *tenants is untouched and the
 * region as it was. Any thread, control plane.
 */
int32_t warmstow_tenants_add(struct warmstow_region region,
                             const char *name,
                             const struct warmstow_function_spec *spec,
                             struct warmstow_tenants *tenants);

/**
 * Writes what requests of a tenant name to *function, from its first request on
 * and for ever: keep it. A new tenant takes one of the region's functions, for
 * the life of the region, and one more for each update.
 *
 * tenant: NUL-terminated, 1 to 255 letters, digits, spaces and ._:/=+-@
 *
 * Errors: REGION_STALE, POISONED, TENANTS_STALE, NULL, MISALIGNED, LENGTH, TEXT,
 * TENANT_ID, FUNCTION_SPEC, FUNCTION_TOO_LARGE, FUNCTIONS_FULL; then *function is
 * untouched and nothing has changed. O(log tenants), and for a new one as
 * warmstow_function_add(). Any thread, control plane.
 */
int32_t warmstow_tenants_tenant(struct warmstow_region region,
                                struct warmstow_tenants tenants,
                                const char *tenant,
                                struct warmstow_function *function);

/**
 * Replaces code and settings for every tenant; a reservation in spec is not
 * looked at. Requests in flight finish in the old instances, which are then
 * stopped: see warmstow_poll(). None is dropped, and handles stay good.
 *
 * Errors: REGION_STALE, POISONED, TENANTS_STALE, NULL, MISALIGNED, STRUCT_SIZE,
 * NOT_ZERO, ENUM, FUNCTION_SPEC, FUNCTION_TOO_LARGE, FUNCTIONS_FULL; then all go
 * on as they are. O(tenants), each as warmstow_function_add(). Any thread,
 * control plane; allocates.
 */
int32_t warmstow_tenants_update(struct warmstow_region region,
                                uint64_t now_ns,
                                struct warmstow_tenants tenants,
                                const struct warmstow_function_spec *spec);

/**
 * Sets the reservation of all tenants together; WARMSTOW_UNRESERVED removes it.
 *
 * Errors: REGION_STALE, POISONED, TENANTS_STALE, RESERVED (more than the account
 * can give); then nothing has changed. Any thread, control plane.
 */
int32_t warmstow_tenants_set_reserved(struct warmstow_region region,
                                      struct warmstow_tenants tenants,
                                      uint32_t reserved_concurrency);

/**
 * Writes the next thing to do to *action, or WARMSTOW_ACTION_NONE in
 * action->kind: call until then after each control-plane call on a function
 * with versions, after warmstow_advance(), and after reports to the keeper.
 * Each action is given once.
 *
 *   kind                    the host                 then reports
 *   WARMSTOW_ACTION_START   initialises the instance warmstow_prepared() or
 *                                                    warmstow_unprepared()
 *   WARMSTOW_ACTION_STOP    stops the instance       warmstow_stopped(), and
 *                                                    warmstow_keeper_stopped()
 *                                                    if its function is kept
 *
 * struct_size: sizeof *action. Errors: REGION_STALE, POISONED, NULL,
 * MISALIGNED, STRUCT_SIZE; then no action is lost. Any thread, control plane.
 */
int32_t warmstow_poll(struct warmstow_region region,
                      uint64_t now_ns,
                      struct warmstow_action *action,
                      size_t struct_size);

/**
 * Time has passed: provisioned instances are started at their pace, those that
 * are old or have crashed replaced, instances of replaced code stopped; then
 * warmstow_poll(). *next_ns is when to call this at the latest, UINT64_MAX for
 * never; NULL where that is not asked for. Call it too when a request of a
 * version has failed and its instance with it.
 *
 * Errors: REGION_STALE, POISONED, MISALIGNED. O(functions with versions, and
 * their instances that are at work). Any thread, control plane.
 */
int32_t warmstow_advance(struct warmstow_region region, uint64_t now_ns, uint64_t *next_ns);

/**
 * Starts an instance of a function ahead of requests, by the host's own wish.
 * It takes room on a node, no unit of concurrency and no token of the scaling
 * rate.
 *
 * *action: WARMSTOW_ACTION_START, as of warmstow_poll(). struct_size: sizeof
 * *action. Errors: REGION_STALE, POISONED, FUNCTION_STALE, NULL, MISALIGNED,
 * STRUCT_SIZE; INSTANCE_LIMIT, NO_CAPACITY: refused; then *action is untouched
 * and nothing is held. O(nodes). Any thread; lock-free.
 */
int32_t warmstow_start_ahead(struct warmstow_region region,
                             uint64_t now_ns,
                             struct warmstow_function function,
                             struct warmstow_action *action,
                             size_t struct_size);

/**
 * Reports that an instance started ahead has initialised: it is idle from
 * now_ns on, and whoever wanted it (provisioned concurrency, the keeper) knows.
 *
 * *stop: null, or the instance where it was drained meanwhile: the host stops
 * it, then reports warmstow_stopped(). Then warmstow_poll().
 *
 * Errors: REGION_STALE, POISONED, PRESTART_STALE, NULL, MISALIGNED; then *stop
 * is untouched and nothing has changed. Any thread, control plane.
 */
int32_t warmstow_prepared(struct warmstow_region region,
                          uint64_t now_ns,
                          struct warmstow_prestart prestart,
                          struct warmstow_instance *stop);

/**
 * Reports that an instance started ahead has not come up. A batch of
 * provisioned concurrency that it was of has failed.
 *
 * reason: why, NUL-terminated UTF-8 of at most 255 bytes, for
 * warmstow_provisioned_read(). *stop: null, or the instance, of which what is
 * left is to be stopped: then report warmstow_stopped(). Of provisioned
 * concurrency that is an action instead: warmstow_poll().
 *
 * Errors: REGION_STALE, POISONED, PRESTART_STALE, NULL, MISALIGNED, LENGTH,
 * TEXT; then *stop is untouched and nothing has changed. Any thread, control
 * plane.
 */
int32_t warmstow_unprepared(struct warmstow_region region,
                            uint64_t now_ns,
                            struct warmstow_prestart prestart,
                            const char *reason,
                            struct warmstow_instance *stop);

/**
 * Keeps a function by a policy from now on, in place of its keep-alive; it may
 * be called again with another policy at any time. Functions of one policy
 * share what it learns. Of a function that has instances, idle ones are taken
 * over as if they had become idle now, busy ones when they end. Then
 * warmstow_poll().
 *
 * policy: NUL-terminated, one of
 *
 *   fixed:600s     each idle instance for that time; in ms, s, m or h
 *   histogram      by the function's idle times (Shahrad et al., ATC 2020)
 *   greedy-dual    until memory is short (FaasCache, ASPLOS 2021)
 *   lru, lru:1h    until memory is short, or for that time
 *   adaptive:100   while the chance of use pays for the memory; a cold start
 *                  is worth so many GB-seconds
 *
 * cold_start_ns: how long a cold start of the function is expected to take.
 *
 * The host reports what happens to the function's instances:
 * warmstow_keeper_invoked(), _ended() and _stopped(); from any thread, a late
 * report costs accuracy and never a request. It calls warmstow_advance() when
 * that says, and carries warmstow_poll() out. Functions that are not kept cost
 * nothing and need no reports.
 *
 * Errors: REGION_STALE, POISONED, FUNCTION_STALE, NULL, LENGTH, TEXT,
 * KEEP_ALIVE_POLICY; then nothing has changed. O(instances of the function).
 * Any thread; calls on one region's keeper wait for each other.
 */
int32_t warmstow_keeper_keep(struct warmstow_region region,
                             uint64_t now_ns,
                             struct warmstow_function function,
                             const char *policy,
                             uint64_t cold_start_ns);

/**
 * Gives a function back to the region's own fixed keep-alive, keep_alive_ns.
 *
 * Errors: REGION_STALE, POISONED, FUNCTION_STALE. Any thread; as
 * warmstow_keeper_keep().
 */
int32_t warmstow_keeper_release(struct warmstow_region region,
                                struct warmstow_function function,
                                uint64_t keep_alive_ns);

/**
 * Writes the policy that keeps a function to policy, capacity bytes with its
 * NUL, cut where it is longer (64 bytes hold any): as warmstow_keeper_keep()
 * reads it; empty where the function is not kept.
 *
 * Errors: REGION_STALE, POISONED, FUNCTION_STALE, NULL, LENGTH; then policy is
 * untouched. Any thread; as warmstow_keeper_keep().
 */
int32_t warmstow_keeper_policy(struct warmstow_region region,
                               struct warmstow_function function,
                               char *policy,
                               size_t capacity);

/**
 * Reports that a request has got an instance: warmstow_invocation's. One of a
 * function that is not kept changes nothing.
 *
 * Errors: REGION_STALE, POISONED, INSTANCE_STALE (null, or of no function of
 * the region). O(1), and O(levels) at times. Any thread; as
 * warmstow_keeper_keep().
 */
int32_t warmstow_keeper_invoked(struct warmstow_region region,
                                uint64_t now_ns,
                                struct warmstow_instance instance);

/**
 * Reports that a request of an instance has ended. stopping: not 0 where
 * warmstow_complete() or warmstow_fail() named the instance for stopping.
 *
 * Errors: REGION_STALE, POISONED, INSTANCE_STALE (null, or of no function of
 * the region). O(log of the levels that wait). Any thread; as
 * warmstow_keeper_keep().
 */
int32_t warmstow_keeper_ended(struct warmstow_region region,
                              uint64_t now_ns,
                              struct warmstow_instance instance,
                              uint32_t stopping);

/**
 * Reports that an instance has stopped, for whatever reason, beside
 * warmstow_stopped().
 *
 * Errors: REGION_STALE, POISONED, INSTANCE_STALE (null, or of no function of
 * the region). O(levels). Any thread; as warmstow_keeper_keep().
 */
int32_t warmstow_keeper_stopped(struct warmstow_region region,
                                uint64_t now_ns,
                                struct warmstow_instance instance);

/**
 * An instance of a function found no room (NO_CAPACITY): plans which idle
 * instances of kept functions are stopped for it, no more than it needs and
 * those worth least first. warmstow_poll() names them; once they have stopped,
 * invoke again. Without a fleet there is nothing to do.
 *
 * Errors: REGION_STALE, POISONED, FUNCTION_STALE, NO_ROOM (no node would have
 * room without its idle instances); then nothing is to be stopped.
 * O(instances x log instances). Any thread; as warmstow_keeper_keep().
 */
int32_t warmstow_keeper_make_room(struct warmstow_region region,
                                  uint64_t now_ns,
                                  struct warmstow_function function);

/**
 * Writes the default settings to *config, as of Knative's queue-proxy: ten times
 * instance_concurrency wait, for up to 300 s, and one more is refused.
 *
 * struct_size: sizeof *config. Errors: NULL, MISALIGNED, STRUCT_SIZE. Any thread.
 */
int32_t warmstow_backlog_config_default(uint32_t instance_concurrency,
                                        struct warmstow_backlog_config *config,
                                        size_t struct_size);

/**
 * Opens a backlog before a function, a version or a tenant. Close it before its
 * region: after that its calls answer REGION_STALE.
 *
 * Errors: REGION_STALE, POISONED, FUNCTION_STALE, NULL, MISALIGNED, STRUCT_SIZE,
 * NOT_ZERO, ENUM, BACKLOG_CONFIG, BACKLOGS_FULL; then *backlog is untouched. Any
 * thread; allocates.
 */
int32_t warmstow_backlog_open(struct warmstow_region region,
                              struct warmstow_function function,
                              const struct warmstow_backlog_config *config,
                              struct warmstow_backlog *backlog);

/**
 * Opens a backlog before an alias; a request's number is its draw between the
 * alias's two versions.
 *
 * Errors: as warmstow_backlog_open(), with ALIAS_STALE for FUNCTION_STALE: a null
 * alias. Of one that was deleted, or is of another region, offers answer so. Any
 * thread; allocates.
 */
int32_t warmstow_backlog_open_alias(struct warmstow_region region,
                                    struct warmstow_alias alias,
                                    const struct warmstow_backlog_config *config,
                                    struct warmstow_backlog *backlog);

/**
 * Closes a backlog; those that wait in it are forgotten. Poll it to its end
 * before: what a WARMSTOW_BACKLOG_RUN holds that nobody polled stays held.
 *
 * Errors: BACKLOG_STALE, also when closed twice. Any thread.
 */
int32_t warmstow_backlog_close(struct warmstow_backlog backlog);

/**
 * Changes how a backlog behaves. Those that wait do so on the new terms; those
 * that are more than the new capacity are let stay. Then warmstow_backlog_poll().
 *
 * Errors: BACKLOG_STALE, REGION_STALE, POISONED, NULL, MISALIGNED, STRUCT_SIZE,
 * NOT_ZERO, ENUM, BACKLOG_CONFIG; then it is as it was. Any thread; calls on one
 * backlog wait for each other.
 */
int32_t warmstow_backlog_configure(struct warmstow_backlog backlog,
                                   uint64_t now_ns,
                                   const struct warmstow_backlog_config *config);

/**
 * Admits a request, or lets it wait behind those that do. request: the host's own
 * number of it.
 *
 * *place: 0 where it is admitted: *invocation is as of warmstow_invoke(). Else
 * its place among those that wait, from 1, and *invocation is null:
 * warmstow_backlog_poll() says what becomes of it. What is due by now_ns happens
 * first, so poll in any case.
 *
 * Errors: BACKLOG_STALE, REGION_STALE, POISONED, NULL, MISALIGNED; BACKLOG_FULL,
 * FUNCTION_STALE, ALIAS_STALE: refused. Then *invocation and *place are
 * untouched. O(1) beside warmstow_invoke(). Any thread; calls on one backlog wait
 * for each other.
 */
int32_t warmstow_backlog_offer(struct warmstow_backlog backlog,
                               uint64_t now_ns,
                               uint64_t request,
                               struct warmstow_invocation *invocation,
                               uint32_t *place);

/**
 * Reports that something may be free: a request ended, an instance stopped, a
 * limit was raised. Those that wait are admitted, the oldest first, until one
 * is refused; then warmstow_backlog_poll().
 *
 * Errors: BACKLOG_STALE, REGION_STALE, POISONED. O(admitted). Any thread; calls
 * on one backlog wait for each other.
 */
int32_t warmstow_backlog_freed(struct warmstow_backlog backlog, uint64_t now_ns);

/**
 * Takes back a request that waits, such as one whose client has gone. *found: 1
 * where it waited, else 0.
 *
 * Errors: BACKLOG_STALE, REGION_STALE, POISONED, NULL, MISALIGNED. O(waiting).
 * Any thread; calls on one backlog wait for each other.
 */
int32_t warmstow_backlog_withdraw(struct warmstow_backlog backlog,
                                  uint64_t request,
                                  uint32_t *found);

/**
 * Time has passed: those that waited too long are dropped, and the oldest is
 * tried again; then warmstow_backlog_poll(). *next_ns is when to call this at the
 * latest, UINT64_MAX where none waits; NULL where that is not asked for.
 *
 * Errors: BACKLOG_STALE, REGION_STALE, POISONED, MISALIGNED. Any thread; calls on
 * one backlog wait for each other.
 */
int32_t warmstow_backlog_advance(struct warmstow_backlog backlog,
                                 uint64_t now_ns,
                                 uint64_t *next_ns);

/**
 * Writes the next thing to do to *action, or WARMSTOW_BACKLOG_NONE in
 * action->kind: call until then after each call above. Each is given once.
 *
 * struct_size: sizeof *action. Errors: BACKLOG_STALE, REGION_STALE, POISONED,
 * NULL, MISALIGNED, STRUCT_SIZE; then no action is lost. Any thread; calls on one
 * backlog wait for each other.
 */
int32_t warmstow_backlog_poll(struct warmstow_backlog backlog,
                              struct warmstow_backlog_action *action,
                              size_t struct_size);

/**
 * Writes what a backlog has seen to *counts.
 *
 * struct_size: sizeof *counts. Errors: BACKLOG_STALE, REGION_STALE, POISONED,
 * NULL, MISALIGNED, STRUCT_SIZE; then *counts is untouched. Any thread; calls on
 * one backlog wait for each other.
 */
int32_t warmstow_backlog_counts_read(struct warmstow_backlog backlog,
                                     struct warmstow_backlog_counts *counts,
                                     size_t struct_size);

/**
 * Writes AWS Lambda's settings to *config: 6 hours, two retries, no destination;
 * 100,000 events.
 *
 * struct_size: sizeof *config. Errors: NULL, MISALIGNED, STRUCT_SIZE. Any thread.
 */
int32_t warmstow_async_config_default(struct warmstow_async_config *config, size_t struct_size);

/**
 * Opens a queue without events.
 *
 * Errors: NULL, MISALIGNED, STRUCT_SIZE, ENUM, ASYNC_CONFIG, ASYNC_QUEUES_FULL;
 * then *queue is untouched. Any thread; allocates.
 */
int32_t warmstow_async_queue_open(const struct warmstow_async_config *config,
                                  struct warmstow_async_queue *queue);

/**
 * Closes a queue; its events are forgotten.
 *
 * Errors: ASYNC_QUEUE_STALE, also when closed twice. Any thread.
 */
int32_t warmstow_async_queue_close(struct warmstow_async_queue queue);

/**
 * Changes how a queue behaves, for the events that it holds too; then
 * warmstow_async_queue_poll().
 *
 * Errors: ASYNC_QUEUE_STALE, POISONED, NULL, MISALIGNED, STRUCT_SIZE, ENUM,
 * ASYNC_CONFIG; then it is as it was. O(events log events). Any thread; calls on
 * one queue wait for each other.
 */
int32_t warmstow_async_queue_configure(struct warmstow_async_queue queue,
                                       uint64_t now_ns,
                                       const struct warmstow_async_config *config);

/**
 * Takes an event, due at once, and writes its number, from 1, to *event; then
 * warmstow_async_queue_poll().
 *
 * Errors: ASYNC_QUEUE_STALE, POISONED, NULL, MISALIGNED, ASYNC_QUEUE_FULL; then
 * *event is untouched. O(log events). Any thread; calls on one queue wait for
 * each other.
 */
int32_t warmstow_async_queue_accept(struct warmstow_async_queue queue,
                                    uint64_t now_ns,
                                    uint64_t *event);

/**
 * Reports how an attempt went, a warmstow_outcome; then
 * warmstow_async_queue_poll().
 *
 * Errors: ASYNC_QUEUE_STALE, POISONED, ENUM, EVENT_UNKNOWN; then nothing has
 * changed. O(log events). Any thread; calls on one queue wait for each other.
 */
int32_t warmstow_async_queue_report(struct warmstow_async_queue queue,
                                    uint64_t now_ns,
                                    uint64_t event,
                                    uint32_t outcome);

/**
 * Reports that a delivery did not succeed: the event is lost to that
 * warmstow_destination.
 *
 * Errors: ASYNC_QUEUE_STALE, POISONED, ENUM. Any thread; calls on one queue wait
 * for each other.
 */
int32_t warmstow_async_queue_undelivered(struct warmstow_async_queue queue, uint32_t to);

/**
 * Says whether the function is stopped by a reservation of 0 (stopped: not 0):
 * then events that are due go to where failures go, without an attempt; see
 * warmstow_async_queue_poll().
 *
 * Errors: ASYNC_QUEUE_STALE, POISONED. Any thread; calls on one queue wait for
 * each other.
 */
int32_t warmstow_async_queue_set_stopped(struct warmstow_async_queue queue,
                                         uint64_t now_ns,
                                         uint32_t stopped);

/**
 * Time has passed: what is due happens; then warmstow_async_queue_poll().
 * *next_ns is when to call this at the latest, UINT64_MAX for never; NULL where
 * that is not asked for.
 *
 * Errors: ASYNC_QUEUE_STALE, POISONED, MISALIGNED. O(due log events). Any thread;
 * calls on one queue wait for each other.
 */
int32_t warmstow_async_queue_advance(struct warmstow_async_queue queue,
                                     uint64_t now_ns,
                                     uint64_t *next_ns);

/**
 * Writes the next thing to do to *action, or WARMSTOW_ASYNC_NONE in
 * action->kind: call until then after each call above. Each is given once.
 *
 * struct_size: sizeof *action. Errors: ASYNC_QUEUE_STALE, POISONED, NULL,
 * MISALIGNED, STRUCT_SIZE; then no action is lost. Any thread; calls on one queue
 * wait for each other.
 */
int32_t warmstow_async_queue_poll(struct warmstow_async_queue queue,
                                  struct warmstow_async_action *action,
                                  size_t struct_size);

/**
 * Writes what a queue has done and holds to *metrics.
 *
 * struct_size: sizeof *metrics. Errors: ASYNC_QUEUE_STALE, POISONED, NULL,
 * MISALIGNED, STRUCT_SIZE; then *metrics is untouched. O(events). Any thread;
 * calls on one queue wait for each other.
 */
int32_t warmstow_async_metrics_read(struct warmstow_async_queue queue,
                                    uint64_t now_ns,
                                    struct warmstow_async_metrics *metrics,
                                    size_t struct_size);

/**
 * Writes AWS Lambda's settings for Amazon SQS to *config.
 *
 * struct_size: sizeof *config. Errors: NULL, MISALIGNED, STRUCT_SIZE. Any thread.
 */
int32_t warmstow_polled_config_default(struct warmstow_polled_config *config, size_t struct_size);

/**
 * Opens a source without messages.
 *
 * Errors: NULL, MISALIGNED, STRUCT_SIZE, POLLED_CONFIG, POLLED_SOURCES_FULL; then
 * *source is untouched. Any thread; allocates.
 */
int32_t warmstow_polled_source_open(const struct warmstow_polled_config *config,
                                    struct warmstow_polled_source *source);

/**
 * Closes a source.
 *
 * Errors: POLLED_SOURCE_STALE, also when closed twice. Any thread.
 */
int32_t warmstow_polled_source_close(struct warmstow_polled_source source);

/**
 * Changes how a source is polled; batches in flight go on. Then
 * warmstow_polled_source_poll().
 *
 * Errors: POLLED_SOURCE_STALE, POISONED, NULL, MISALIGNED, STRUCT_SIZE,
 * POLLED_CONFIG; then it is as it was. Any thread; calls on one source wait for
 * each other.
 */
int32_t warmstow_polled_source_configure(struct warmstow_polled_source source,
                                         uint64_t now_ns,
                                         const struct warmstow_polled_config *config);

/**
 * Reports how many messages are visible now, those in flight not among them; then
 * warmstow_polled_source_poll().
 *
 * Errors: POLLED_SOURCE_STALE, POISONED. Any thread; calls on one source wait for
 * each other.
 */
int32_t warmstow_polled_source_messages(struct warmstow_polled_source source,
                                        uint64_t now_ns,
                                        uint64_t visible);

/**
 * Reports how a batch went, a warmstow_batch_end; then
 * warmstow_polled_source_poll().
 *
 * Errors: POLLED_SOURCE_STALE, POISONED, ENUM, BATCH_UNKNOWN; then nothing has
 * changed. Any thread; calls on one source wait for each other.
 */
int32_t warmstow_polled_source_ended(struct warmstow_polled_source source,
                                     uint64_t now_ns,
                                     uint64_t batch,
                                     uint32_t end);

/**
 * Time has passed: pollers are added and batches begun that waited to be full;
 * then warmstow_polled_source_poll(). *next_ns is when to call this at the
 * latest, UINT64_MAX for never; NULL where that is not asked for.
 *
 * Errors: POLLED_SOURCE_STALE, POISONED, MISALIGNED. Any thread; calls on one
 * source wait for each other.
 */
int32_t warmstow_polled_source_advance(struct warmstow_polled_source source,
                                       uint64_t now_ns,
                                       uint64_t *next_ns);

/**
 * Writes the next batch to begin to *batch, from 1, and to *messages how many
 * messages to receive at most for it: invoke the function with them, then
 * warmstow_polled_source_ended(). 0 and 0: nothing is left to do. Call until then
 * after each call above; each batch is given once.
 *
 * Errors: POLLED_SOURCE_STALE, POISONED, NULL, MISALIGNED; then no batch is lost.
 * Any thread; calls on one source wait for each other.
 */
int32_t warmstow_polled_source_poll(struct warmstow_polled_source source,
                                    uint64_t *batch,
                                    uint32_t *messages);

/**
 * Writes how a source is now to *view.
 *
 * struct_size: sizeof *view. Errors: POLLED_SOURCE_STALE, POISONED, NULL,
 * MISALIGNED, STRUCT_SIZE; then *view is untouched. Any thread; calls on one
 * source wait for each other.
 */
int32_t warmstow_polled_view_read(struct warmstow_polled_source source,
                                  struct warmstow_polled_view *view,
                                  size_t struct_size);

/**
 * Opens a front end of so many requests a second, and up to burst at once.
 *
 * Errors: NULL, MISALIGNED, FRONT_END_RATE, FRONT_ENDS_FULL; then *front_end is
 * untouched. Any thread; allocates.
 */
int32_t warmstow_front_end_open(uint32_t rate_per_s,
                                uint32_t burst,
                                struct warmstow_front_end *front_end);

/**
 * Closes a front end.
 *
 * Errors: FRONT_END_STALE, also when closed twice. Any thread.
 */
int32_t warmstow_front_end_close(struct warmstow_front_end front_end);

/**
 * Changes the rate, for all threads at once.
 *
 * Errors: FRONT_END_STALE, POISONED, FRONT_END_RATE; then the one before stays.
 * Any thread.
 */
int32_t warmstow_front_end_set_rate(struct warmstow_front_end front_end,
                                    uint32_t rate_per_s,
                                    uint32_t burst);

/**
 * Lets a request pass to the function, or not.
 *
 * *retry_after_ns: 0 where it passes; with RATE_EXCEEDED, in how long the next
 * one may, if no other takes its place.
 *
 * Errors: FRONT_END_STALE, POISONED, NULL, MISALIGNED; then *retry_after_ns is
 * untouched. RATE_EXCEEDED: answer the request 429. O(1). Any thread; calls on
 * one front end wait for each other.
 */
int32_t warmstow_front_end_admit(struct warmstow_front_end front_end,
                                 uint64_t now_ns,
                                 uint64_t *retry_after_ns);

/**
 * Opens a region as a settings file describes it, with its nodes and
 * functions: those by warmstow_function_find(), and those with provisioned
 * concurrency by warmstow_versioned_find() too, whose requests go through
 * warmstow_invoke_version(). Where a function has provisioned concurrency or a
 * policy, warmstow_poll(). The host owns the region until
 * warmstow_region_close().
 *
 * now_ns: when policies and provisioned concurrency begin.
 * settings: length bytes of UTF-8, TOML or JSON; no NUL needed. What can be
 * in it: the documentation of the crate warmstow-core, module `settings`.
 * Errors: NULL, LENGTH, TEXT, REGIONS_FULL, REGION_CONFIG: the line, the key
 * and what is wrong there are warmstow_last_error(); then *region is
 * untouched. Any thread; allocates.
 */
int32_t warmstow_region_open_settings(const char *settings,
                                      size_t length,
                                      uint64_t now_ns,
                                      struct warmstow_region *region);

/**
 * What a settings file asks for that works and is not wise, such as a network
 * in one zone: a line of text each, all ended by one NUL.
 *
 * settings: as warmstow_region_open_settings(). warnings: room for capacity
 * bytes, 1 or more; a longer text is cut there. *needed is what all of it
 * takes, its NUL too: 1 for no warnings. Errors: NULL, MISALIGNED, LENGTH,
 * TEXT, REGION_CONFIG; then warnings and *needed are untouched. Any thread;
 * allocates.
 */
int32_t warmstow_settings_warnings(const char *settings,
                                   size_t length,
                                   char *warnings,
                                   size_t capacity,
                                   size_t *needed);

/**
 * Fills in the defaults, struct_size among them.
 *
 * struct_size: sizeof *config. Errors: NULL, MISALIGNED, STRUCT_SIZE; then
 * *config is untouched. Any thread.
 */
int32_t warmstow_replay_config_default(struct warmstow_replay_config *config, size_t struct_size);

/**
 * Replays a trace and writes what it found to *total and, by function, to
 * functions (NULL: not wanted; else as many as the configuration has).
 *
 * struct_size: sizeof *total. Works in this thread until it is done, on a
 * copy of the trace; opens no region of the host's. The same arguments give
 * the same report, bit for bit.
 *
 * Errors: NULL, MISALIGNED, STRUCT_SIZE, NOT_ZERO, LENGTH, ENUM, TRACE (the
 * message names the row, from 0), DISTRIBUTION, REPLAY_CONFIG, NODE_SPEC,
 * FUNCTION_SPEC, FUNCTION_TOO_LARGE, RESERVED; then *total and
 * functions are untouched. Any thread; allocates.
 */
int32_t warmstow_replay_trace(const struct warmstow_replay_config *config,
                              const struct warmstow_trace *trace,
                              struct warmstow_report *total,
                              struct warmstow_report *functions,
                              size_t struct_size);

/**
 * Replays requests that arrive at random, all of function 0, and writes what
 * it found as warmstow_replay_trace() does.
 *
 * Requests are drawn from the configuration's seed, as the replay goes.
 *
 * Errors: as of warmstow_replay_trace(); REPLAY_CONFIG also for the rate and
 * the duration. Any thread; allocates.
 */
int32_t warmstow_replay_poisson(const struct warmstow_replay_config *config,
                                const struct warmstow_poisson *poisson,
                                struct warmstow_report *total,
                                struct warmstow_report *functions,
                                size_t struct_size);

/**
 * Opens a scaler from its configuration, a text in JSON of `length` bytes:
 *
 *     {"min": 2, "max": 20, "running": 4, "unix_s_at_origin": 1767571200,
 *      "policies": [
 *       {"name": "cpu", "metric": "cpu", "rule": {"target_tracking":
 *         {"target": 50, "scale_out_cooldown_s": 300, "scale_in_cooldown_s": 300,
 *          "disable_scale_in": false, "period_s": 60}}},
 *       {"name": "queue", "metric": "depth", "rule": {"step":
 *         {"alarm": {"comparison": "greater_or_equal", "threshold": 100, "periods": 1},
 *          "adjustment_type": "ChangeInCapacity", "cooldown_s": 300,
 *          "steps": [{"lower": 0, "adjustment": 2}]}}},
 *       {"name": "kpa", "metric": "concurrency", "rule": {"concurrency_based": {}}}],
 *      "scheduled": [
 *       {"name": "night", "schedule": "cron(0 22 * * ? *)", "min": 2, "max": 4}]}
 *
 * What has a default may be left out; a name that is none is an error. `min`,
 * `max` and `running` have none.
 *
 * Errors: NULL, TEXT, SCALER_CONFIG, SCALERS_FULL; then *scaler is untouched.
 * Any thread; allocates.
 */
int32_t warmstow_scaler_open(const char *config,
                             size_t length,
                             uint64_t now_ns,
                             struct warmstow_scaler *scaler);

/**
 * Closes a scaler. Its handle is stale from now on.
 *
 * Errors: SCALER_STALE, also when closed twice. Any thread.
 */
int32_t warmstow_scaler_close(struct warmstow_scaler scaler);

/**
 * The number of the metric of that name, for warmstow_scaler_observe().
 *
 * Errors: SCALER_STALE, POISONED, NULL, LENGTH, TEXT, METRIC_UNKNOWN. Any
 * thread.
 */
int32_t warmstow_scaler_metric(struct warmstow_scaler scaler, const char *name, uint32_t *metric);

/**
 * A datum of a metric, as of now_ns. Periods that have ended are evaluated
 * first; then warmstow_scaler_poll().
 *
 * Errors: SCALER_STALE, POISONED, METRIC_UNKNOWN, DATUM (no finite number);
 * then nothing has changed. Any thread; calls on one scaler wait for each
 * other.
 */
int32_t warmstow_scaler_observe(struct warmstow_scaler scaler,
                                uint64_t now_ns,
                                uint32_t metric,
                                double value);

/**
 * So much runs now (tasks, or provisioned concurrency allocated).
 *
 * Errors: SCALER_STALE, POISONED. Any thread.
 */
int32_t warmstow_scaler_running(struct warmstow_scaler scaler, uint64_t now_ns, uint32_t running);

/**
 * Someone else set the desired capacity.
 *
 * Errors: SCALER_STALE, POISONED. Any thread.
 */
int32_t warmstow_scaler_desired(struct warmstow_scaler scaler, uint64_t now_ns, uint32_t desired);

/**
 * A deployment is under way (not 0) or has ended (0): nothing is scaled in
 * during one.
 *
 * Errors: SCALER_STALE, POISONED. Any thread.
 */
int32_t warmstow_scaler_deployment(struct warmstow_scaler scaler,
                                   uint64_t now_ns,
                                   uint32_t under_way);

/**
 * Suspends activities: a sum of WARMSTOW_SUSPEND_...; 0 resumes all.
 *
 * Errors: SCALER_STALE, POISONED, ENUM (another bit). Any thread.
 */
int32_t warmstow_scaler_suspend(struct warmstow_scaler scaler,
                                uint64_t now_ns,
                                uint32_t activities);

/**
 * Sets the bounds; a desired capacity beyond them is brought to them at once.
 *
 * Errors: SCALER_STALE, POISONED, SCALER_CONFIG (min above max); then the
 * bounds are as they were. Any thread.
 */
int32_t warmstow_scaler_bounds(struct warmstow_scaler scaler,
                               uint64_t now_ns,
                               uint32_t min,
                               uint32_t max);

/**
 * Time has passed: what is scheduled is carried out and policies whose
 * periods have ended decide; then warmstow_scaler_poll(). *next_ns is when to
 * call this next, UINT64_MAX for never; NULL where that is not asked for.
 *
 * Errors: SCALER_STALE, POISONED, MISALIGNED. Any thread.
 */
int32_t warmstow_scaler_advance(struct warmstow_scaler scaler, uint64_t now_ns, uint64_t *next_ns);

/**
 * The next decision that was not polled, or WARMSTOW_CAUSE_NONE in
 * decision->cause: call until then after each call above. One that was
 * suppressed is reported once, until something else is decided.
 *
 * struct_size: sizeof *decision. text, of `capacity` bytes: a sentence that
 * says who wanted what and why, cut where it is longer, with its NUL; NULL
 * where it is not asked for, and then `capacity` is 0.
 *
 * Errors: SCALER_STALE, POISONED, NULL, MISALIGNED, STRUCT_SIZE, LENGTH; then
 * the decision is not lost. Any thread.
 */
int32_t warmstow_scaler_poll(struct warmstow_scaler scaler,
                             struct warmstow_decision *decision,
                             size_t struct_size,
                             char *text,
                             size_t capacity);

/**
 * Opens an account without clusters and task definitions. region and account
 * (NUL-terminated) are in its ARNs.
 *
 * Errors: NULL, LENGTH, TEXT, ECS_FULL; then *ecs is untouched. Any thread;
 * allocates.
 */
int32_t warmstow_ecs_open(const char *region, const char *account, struct warmstow_ecs *ecs);

/**
 * Closes an account. Its handle is stale from now on.
 *
 * Errors: ECS_STALE, also when closed twice. Any thread.
 */
int32_t warmstow_ecs_close(struct warmstow_ecs ecs);

/**
 * Carries out one operation of Amazon ECS: "RunTask" or "run-task". request:
 * length bytes of AWS's JSON; 0 bytes are {}. What is due by now_ns happens
 * first. *needed is what the answer takes with its NUL; read it with
 * warmstow_ecs_answer().
 *
 * Errors: ECS_STALE, POISONED, NULL, LENGTH, TEXT, ECS_REFUSED (the operation
 * or the request is none, or AWS would refuse the call: its code, a colon and
 * what is wrong are warmstow_last_error()); then *needed and the answer before
 * are untouched, and so are clusters and services. Any thread; calls on one
 * account wait for each other; allocates.
 */
int32_t warmstow_ecs_call(struct warmstow_ecs ecs,
                          uint64_t now_ns,
                          const char *operation,
                          const char *request,
                          size_t length,
                          size_t *needed);

/**
 * The text that the last warmstow_ecs_call() or warmstow_ecs_poll() of the
 * account gave, into capacity bytes with its NUL; a longer one is cut there, at
 * a character. It stays until the next of them.
 *
 * Errors: ECS_STALE, POISONED, NULL, LENGTH. Any thread; where several threads
 * call one account, each must keep the others out between call and answer.
 */
int32_t warmstow_ecs_answer(struct warmstow_ecs ecs, char *answer, size_t capacity);

/**
 * The next thing that the host shall do, as JSON for warmstow_ecs_answer();
 * *needed is what it takes with its NUL, 0 where that was all. Such as
 *
 *   {"action":"StartContainer","cluster":"c","task":"arn:...","container":"web"}
 *
 * The actions are AttachTrunk, DetachTrunk (instance), Provision (task, maybe
 * instance), Deprovision, Activate, Deactivate (task), StartContainer,
 * StopContainer, KillContainer (task, container), RegisterTarget,
 * DeregisterTarget (service, task), and the news TaskChanged (task, from, to)
 * and InstanceChanged (instance, to). How each is answered:
 * warmstow_ecs_report().
 *
 * Errors: ECS_STALE, POISONED, NULL; then nothing was taken. Any thread;
 * allocates.
 */
int32_t warmstow_ecs_poll(struct warmstow_ecs ecs, size_t *needed);

/**
 * Takes in what happened in a cluster: length bytes of JSON, such as
 *
 *   {"event":"ContainerStarted","cluster":"c","task":"arn:...","container":"web"}
 *
 * The events are AgentConnected, AgentDisconnected, TrunkAttached,
 * TrunkDetached (instance), TrunkFailed, InstanceLost (instance, reason),
 * Provisioned, Deprovisioned, Activated, Deactivated, SpotInterruption (task),
 * ProvisionFailed (task, reason), ContainerStarted (task, container),
 * ContainerFailed (task, container, reason), ContainerExited (task, container,
 * exitCode), ContainerHealth (task, container, health), MemoryUsed (task,
 * container, memoryMib), TargetHealth (service, task, health) and TargetIdle
 * (service, task). Tasks and instances are ARNs or the ids in them; health is
 * HEALTHY, UNHEALTHY or UNKNOWN.
 *
 * Errors: ECS_STALE, POISONED, NULL, LENGTH, TEXT, ECS_REFUSED (no such event,
 * or it cannot be; also an answer given twice); then nothing has changed. Any
 * thread; allocates.
 */
int32_t warmstow_ecs_report(struct warmstow_ecs ecs,
                            uint64_t now_ns,
                            const char *event,
                            size_t length);

/**
 * Lets everything happen that is due by now_ns.
 *
 * Errors: ECS_STALE, POISONED. Any thread; allocates.
 */
int32_t warmstow_ecs_advance(struct warmstow_ecs ecs, uint64_t now_ns);

/**
 * When warmstow_ecs_advance() is due at the latest; UINT64_MAX for never.
 *
 * Errors: ECS_STALE, POISONED, NULL; then *deadline_ns is untouched. Any
 * thread.
 */
int32_t warmstow_ecs_next_deadline(struct warmstow_ecs ecs, uint64_t *deadline_ns);

/**
 * Plays a host that does at once all that it is asked, step by step up to
 * now_ns: containers start, and stop when they are told to; targets are healthy
 * as soon as they are registered. In place of warmstow_ecs_poll() and
 * warmstow_ecs_report(), for who only wants to see what would happen.
 *
 * Errors: ECS_STALE, POISONED. Any thread; allocates.
 */
int32_t warmstow_ecs_settle(struct warmstow_ecs ecs, uint64_t now_ns);

/**
 * Says which availability zone a subnet is in (both NUL-terminated), so that
 * tasks with awsvpc that name it run there. A subnet that was not told of is in
 * any zone.
 *
 * Errors: ECS_STALE, POISONED, NULL, LENGTH, TEXT. Any thread; allocates.
 */
int32_t warmstow_ecs_put_subnet(struct warmstow_ecs ecs, const char *subnet, const char *zone);

/**
 * Plays a scenario to its end in virtual time: deployments, autoscaling,
 * placement, instances and the bill, as `warmstow simulate` does. What
 * can be in it: the documentation of the crate warmstow-core, module
 * `sim::containers`.
 *
 * scenario: length bytes of UTF-8, TOML or JSON; no NUL needed. seed replaces
 * the scenario's own; NULL: that one. The same scenario and seed give the same
 * figures on every machine. The host owns *played until
 * warmstow_scenario_close().
 *
 * Errors: NULL, MISALIGNED, LENGTH, TEXT, SCENARIOS_FULL, SCENARIO_CONFIG: the
 * line, the key and what is wrong there are warmstow_last_error(); then *played
 * is untouched. Any thread; allocates; a week with some hundred tasks takes some
 * tenths of a second.
 */
int32_t warmstow_scenario_play(const char *scenario,
                               size_t length,
                               const uint64_t *seed,
                               struct warmstow_scenario *played);

/**
 * Gives what a scenario came to back to the library. Its handle is stale from
 * now on.
 *
 * Errors: SCENARIO_STALE, also when closed twice. Any thread.
 */
int32_t warmstow_scenario_close(struct warmstow_scenario played);

/**
 * The sums over the whole time.
 *
 * struct_size: sizeof(warmstow_scenario_totals), as the program was compiled.
 * Errors: SCENARIO_STALE, NULL, MISALIGNED, STRUCT_SIZE; then *totals is
 * untouched. Any thread.
 */
int32_t warmstow_scenario_totals_read(struct warmstow_scenario played,
                                      struct warmstow_scenario_totals *totals,
                                      size_t struct_size);

/**
 * The minutes from the one numbered `first` (0 is the first) on, as many as
 * there are and as `capacity` (1 or more) has room for; *count is how many that
 * were, 0 past the end.
 *
 * struct_size: sizeof(warmstow_scenario_minute), as the program was compiled.
 * Errors: SCENARIO_STALE, NULL, MISALIGNED, LENGTH, STRUCT_SIZE; then minutes
 * and *count are untouched. Any thread.
 */
int32_t warmstow_scenario_minutes_read(struct warmstow_scenario played,
                                       size_t first,
                                       struct warmstow_scenario_minute *minutes,
                                       size_t capacity,
                                       size_t struct_size,
                                       size_t *count);

/**
 * The whole report as one JSON object, with events, deployments, what launch
 * types would have cost, zones, and the totals and minutes of each service: into
 * capacity bytes with its NUL; a longer one is cut there, at a character. *needed
 * is what all of it takes.
 *
 * Errors: SCENARIO_STALE, NULL, MISALIGNED, LENGTH; then report and *needed are
 * untouched. Any thread.
 */
int32_t warmstow_scenario_report(struct warmstow_scenario played,
                                 char *report,
                                 size_t capacity,
                                 size_t *needed);

/**
 * Opens a view without nodes. seed is what the strategy "random" draws from:
 * equal calls give equal answers.
 *
 * Errors: NULL, MISALIGNED, VIEWS_FULL; then *view is untouched. Any thread;
 * allocates.
 */
int32_t warmstow_view_open(uint64_t seed, struct warmstow_view *view);

/**
 * Closes a view. Its handle and all of its nodes, requests and holds are stale
 * from now on.
 *
 * Errors: VIEW_STALE, also when closed twice. Any thread.
 */
int32_t warmstow_view_close(struct warmstow_view view);

/**
 * Registers a node.
 *
 * info: length bytes of JSON, such as
 *
 *     {"cpu_units": 2048, "memory_mib": 7985, "gpus": 0, "enis": 1,
 *      "attributes": {"ecs.availability-zone": "us-east-1a"},
 *      "reserved_tcp_ports": [22], "reserved_udp_ports": [], "active": true,
 *      "agent_connected": true, "agent_version": "1.75.0",
 *      "ec2_instance_id": "i-1", "registered_at_unix_s": 0}
 *
 * All but the first two may be left out: no GPUs, interfaces and attributes,
 * the ports that the container agent reserves, active and connected.
 *
 * Errors: VIEW_STALE, POISONED, NULL, MISALIGNED, LENGTH, TEXT, VIEW_NODE: what
 * is wrong is warmstow_last_error(); then *node is untouched. Any thread; calls
 * on one view wait for each other; allocates.
 */
int32_t warmstow_view_add_node(struct warmstow_view view,
                               const char *info,
                               size_t length,
                               struct warmstow_view_node *node);

/**
 * Registers a node anew: its tasks keep what they hold. info: as
 * warmstow_view_add_node() takes it. So a node is drained ("active": false), and
 * its agent reported as disconnected.
 *
 * Errors: VIEW_STALE, POISONED, NULL, LENGTH, TEXT, VIEW_NODE_STALE, VIEW_NODE
 * (also where it has less than its tasks hold); then nothing has changed. Any
 * thread; allocates.
 */
int32_t warmstow_view_update_node(struct warmstow_view view,
                                  struct warmstow_view_node node,
                                  const char *info,
                                  size_t length);

/**
 * Takes a node away with its tasks: their holds are stale from now on.
 *
 * Errors: VIEW_STALE, POISONED, VIEW_NODE_STALE. Any thread.
 */
int32_t warmstow_view_remove_node(struct warmstow_view view, struct warmstow_view_node node);

/**
 * The node at this moment.
 *
 * struct_size: sizeof(warmstow_view_node_state), as the program was compiled.
 * Errors: VIEW_STALE, POISONED, NULL, MISALIGNED, STRUCT_SIZE, VIEW_NODE_STALE;
 * then *state is untouched. Any thread.
 */
int32_t warmstow_view_node_read(struct warmstow_view view,
                                struct warmstow_view_node node,
                                struct warmstow_view_node_state *state,
                                size_t struct_size);

/**
 * Prepares a request.
 *
 * request: length bytes of JSON, such as
 *
 *     {"group": "service:web", "cpu_units": 256, "memory_mib": 512, "gpus": 0,
 *      "enis": 0, "tcp_ports": [8080], "udp_ports": [],
 *      "attributes": {"disk": "ssd", "gpu.model": null}, "zones": ["us-east-1a"],
 *      "constraints": ["memberOf:attribute:disk == ssd", "distinctInstance",
 *                      "maxSkew:zone=1"],
 *      "strategies": ["spread:zone", "binpack:memory"], "priority": 0}
 *
 * All but the first three may be left out: no needs, no constraints, priority 0,
 * and the strategies of a service (zone by zone, node by node). "attributes" are
 * those that a node must have, of any value where it is null; "zones" those of
 * the task's subnets. Strategies, up to five, each among the ties of the one
 * before: "binpack:cpu", "binpack:memory", "spread:zone", "spread:node",
 * "spread:attribute:NAME", "random", and the scores of other schedulers:
 * "score:least-allocated", "score:most-allocated", "score:balanced-allocation",
 * "score:requested-to-capacity-ratio" (Kubernetes), "score:best-fit" (Nomad),
 * "score:dot-product" (Tetris).
 *
 * Errors: VIEW_STALE, POISONED, NULL, MISALIGNED, LENGTH, TEXT,
 * PLACEMENT_REQUEST: what is wrong is warmstow_last_error(); then *prepared is
 * untouched. Any thread; allocates.
 */
int32_t warmstow_view_prepare(struct warmstow_view view,
                              const char *request,
                              size_t length,
                              struct warmstow_placement_request *prepared);

/**
 * Forgets a request. Its tasks keep their room.
 *
 * Errors: VIEW_STALE, POISONED, PLACEMENT_REQUEST_STALE. Any thread.
 */
int32_t warmstow_view_forget(struct warmstow_view view, struct warmstow_placement_request request);

/**
 * Chooses the node for one task of a request and takes nothing: see
 * warmstow_view_commit(). About as long as the logarithm of the nodes for each
 * node that changed since the request was placed last, and nodes for the first
 * time.
 *
 * Errors: VIEW_STALE, POISONED, NULL, MISALIGNED, PLACEMENT_REQUEST_STALE,
 * UNPLACED (no node may take it: warmstow_view_why() has each node's reasons);
 * then *node is untouched. Any thread; may allocate.
 */
int32_t warmstow_view_place(struct warmstow_view view,
                            struct warmstow_placement_request request,
                            struct warmstow_view_node *node);

/**
 * Takes the room for one task on a named node. Asks for room alone: agent,
 * attributes and constraints are looked at by warmstow_view_place() and
 * warmstow_view_reasons().
 *
 * Errors: VIEW_STALE, POISONED, NULL, MISALIGNED, PLACEMENT_REQUEST_STALE,
 * VIEW_NODE_STALE, VIEW_NO_ROOM (what it is short of is warmstow_last_error());
 * then nothing was taken and *hold is untouched. Any thread; may allocate.
 */
int32_t warmstow_view_commit(struct warmstow_view view,
                             struct warmstow_placement_request request,
                             struct warmstow_view_node node,
                             struct warmstow_hold *hold);

/**
 * Places one task of each of count requests and takes the room, or takes
 * nothing: a gang. One after the other in the order given, each by its own
 * strategies. assigned: room for count. With count 1, warmstow_view_place() and
 * warmstow_view_commit() in one.
 *
 * Errors: VIEW_STALE, POISONED, NULL, MISALIGNED, LENGTH (0 included),
 * PLACEMENT_REQUEST_STALE, UNPLACED (the first that found no node is
 * warmstow_last_error(), each node's reasons against it warmstow_view_why());
 * then *assigned is untouched, and only draws of "random" are spent. Any thread;
 * allocates.
 */
int32_t warmstow_view_assign(struct warmstow_view view,
                             const struct warmstow_placement_request *requests,
                             size_t count,
                             struct warmstow_assigned *assigned);

/**
 * Gives the room of a task back, once it has stopped: a task that is asked to
 * stop holds it until then.
 *
 * Errors: VIEW_STALE, POISONED, HOLD_STALE (given back before, or gone with its
 * node). Any thread.
 */
int32_t warmstow_view_release(struct warmstow_view view, struct warmstow_hold hold);

/**
 * Reports whether a task runs (1) or not (0): "runningTasksCount" counts those
 * that do.
 *
 * Errors: VIEW_STALE, POISONED, ENUM, HOLD_STALE. Any thread.
 */
int32_t warmstow_view_set_running(struct warmstow_view view,
                                  struct warmstow_hold hold,
                                  uint32_t running);

/**
 * The tasks of a lower priority that have to make way for one of that request,
 * by the rule of kube-scheduler's default preemption; *count is 0 where none
 * has to. Up to capacity of them, the least important first, into victims, which
 * may be NULL where capacity is 0; *count is how many there are. Nothing is
 * stopped: the host stops them, releases each, and commits to *node.
 *
 * Errors: VIEW_STALE, POISONED, NULL, MISALIGNED, LENGTH,
 * PLACEMENT_REQUEST_STALE, UNPLACED (no victims would make room); then *node,
 * *victims and *count are untouched. Any thread; allocates.
 */
int32_t warmstow_view_preempt(struct warmstow_view view,
                              struct warmstow_placement_request request,
                              struct warmstow_view_node *node,
                              struct warmstow_hold *victims,
                              size_t capacity,
                              size_t *count);

/**
 * Why a named node cannot take a task of a request, one reason a line, in
 * Amazon ECS's words, into capacity bytes with its NUL; empty where it can. A
 * longer text is cut there, at a character; *needed is what all of it takes.
 *
 * Errors: VIEW_STALE, POISONED, NULL, MISALIGNED, LENGTH,
 * PLACEMENT_REQUEST_STALE, VIEW_NODE_STALE; then text and *needed are untouched.
 * Any thread; allocates.
 */
int32_t warmstow_view_reasons(struct warmstow_view view,
                              struct warmstow_placement_request request,
                              struct warmstow_view_node node,
                              char *text,
                              size_t capacity,
                              size_t *needed);

/**
 * Why the last warmstow_view_place(), warmstow_view_assign() or
 * warmstow_view_preempt() of the view that chose or refused did so, as one JSON
 * object into capacity bytes with its NUL; a longer one is cut there, at a
 * character; *needed is what all of it takes. Of a node chosen, what each
 * strategy found; of a gang, its last:
 *
 *     {"because": ["only 256 memory_mib left"], "node": 4294967296}
 *
 * Of a refusal each node's reasons, with Amazon ECS's code, and the closest:
 *
 *     {"closest": 4294967296, "nodes": [{"node": 4294967296, "reasons":
 *      [{"code": "RESOURCE:PORTS", "text": "RESOURCE:PORTS: tcp port 80 is taken"}]}],
 *      "unplaced": "none of 1 nodes meets all requirements; closest is ..."}
 *
 * Nodes are their handles' second word. Before any such call it is null.
 * Errors: VIEW_STALE, POISONED, NULL, MISALIGNED, LENGTH; then json and *needed
 * are untouched. Any thread; allocates.
 */
int32_t warmstow_view_why(struct warmstow_view view, char *json, size_t capacity, size_t *needed);

/**
 * Opens a search for a packing.
 *
 * problem: length bytes of JSON, such as
 *
 *     {"kinds": [{"capacity": [4, 8], "cost": 3, "count": 2}],
 *      "items": [{"choices": [[2, 2], [1, 4]], "demand": 5, "kinds": [0]}]}
 *
 * kinds of bins: whole numbers in up to 32 dimensions, what a bin costs (left
 * out: 1) and how many there are (left out: as many as are needed). items: the
 * sizes of which the packing chooses one, how many such items there are (left
 * out: 1) and the kinds that they may go into, by place (left out: any). seed:
 * the same problem, seed and work give the same packing on every machine.
 *
 * Errors: NULL, MISALIGNED, LENGTH, TEXT, PACKERS_FULL, PACKING_PROBLEM: what
 * is wrong is warmstow_last_error(); then *packer is untouched. Any thread;
 * allocates.
 */
int32_t warmstow_packer_open(const char *problem,
                             size_t length,
                             uint64_t seed,
                             struct warmstow_packer *packer);

/**
 * Closes a search. Its handle is stale from now on.
 *
 * Errors: PACKER_STALE, also when closed twice. Any thread.
 */
int32_t warmstow_packer_close(struct warmstow_packer packer);

/**
 * Searches for about so much work, each about a comparison of an item with a
 * bin; *more is 1 where more can be gained by going on, else 0. The host looks
 * at its clock in between. The first call makes a packing however little work
 * it is given.
 *
 * Errors: PACKER_STALE, POISONED, NULL, MISALIGNED. Any thread; calls on one
 * packer wait for each other; allocates.
 */
int32_t warmstow_packer_advance(struct warmstow_packer packer, uint64_t work, uint32_t *more);

/**
 * The figures of the best packing so far.
 *
 * struct_size: sizeof(warmstow_packing), as the program was compiled. Errors:
 * PACKER_STALE, POISONED, NULL, MISALIGNED, STRUCT_SIZE; then *packing is
 * untouched. Any thread.
 */
int32_t warmstow_packing_read(struct warmstow_packer packer,
                              struct warmstow_packing *packing,
                              size_t struct_size);

/**
 * The best packing so far as one JSON object, into capacity bytes with its NUL;
 * a longer one is cut there, at a character. *needed is what all of it takes.
 * Such as
 *
 *     {"bins":[{"items":[[0,1],[0,1]],"kind":0}],"cost":3,"lower_bound":3,
 *      "optimal":true,"unplaced":[],"work":21}
 *
 * Each bin has its kind and its items, each with the size that was chosen, all
 * by place from 0. Errors: PACKER_STALE, POISONED, NULL, MISALIGNED, LENGTH;
 * then json and *needed are untouched. Any thread; allocates.
 */
int32_t warmstow_packing_json(struct warmstow_packer packer,
                              char *json,
                              size_t capacity,
                              size_t *needed);

/**
 * Opens a search for moves that free nodes.
 *
 * cluster: length bytes of JSON, such as
 *
 *     {"nodes": [{"capacity": [4, 8], "may_be_freed": true, "takes_tasks": true}],
 *      "tasks": [{"node": 0, "size": [1, 2], "movable": true, "move_cost": 1,
 *                 "service": 0, "nodes": [0]}],
 *      "services": [{"floor": 0, "distinct": false}]}
 *
 * with amounts in up to 32 dimensions, nodes and services by place from 0. But
 * for nodes, tasks, capacity, node and size all may be left out, and is then as
 * shown; a task is then of no service, and may go to any node. Of a service
 * `floor` tasks run at any time (a task that moves stops before it starts
 * elsewhere); of a distinct one no two share a node. A daemon's task, which ends
 * with its node, is left out, and what it takes is off the capacity.
 *
 * Errors: NULL, MISALIGNED, LENGTH, TEXT, CONSOLIDATORS_FULL, RUNNING_CLUSTER:
 * what is wrong is warmstow_last_error(); then *consolidator is untouched. Any
 * thread; allocates.
 */
int32_t warmstow_consolidator_open(const char *cluster,
                                   size_t length,
                                   uint64_t seed,
                                   struct warmstow_consolidator *consolidator);

/**
 * Closes a search. Its handle is stale from now on.
 *
 * Errors: CONSOLIDATOR_STALE, also when closed twice. Any thread.
 */
int32_t warmstow_consolidator_close(struct warmstow_consolidator consolidator);

/**
 * Searches for about so much work, each a comparison of a task with a node;
 * *more is 1 where it is worth going on, else 0. The first call tries every node
 * once however little work it is given.
 *
 * Errors: CONSOLIDATOR_STALE, POISONED, NULL, MISALIGNED. Any thread; calls on
 * one consolidator wait for each other; allocates.
 */
int32_t warmstow_consolidator_advance(struct warmstow_consolidator consolidator,
                                      uint64_t work,
                                      uint32_t *more);

/**
 * The figures of the best plan so far.
 *
 * struct_size: sizeof(warmstow_plan), as the program was compiled. Errors:
 * CONSOLIDATOR_STALE, POISONED, NULL, MISALIGNED, STRUCT_SIZE; then *plan is
 * untouched. Any thread.
 */
int32_t warmstow_plan_read(struct warmstow_consolidator consolidator,
                           struct warmstow_plan *plan,
                           size_t struct_size);

/**
 * The best plan so far as one JSON object, into capacity bytes with its NUL; a
 * longer one is cut there, at a character. *needed is what all of it takes. Such
 * as
 *
 *     {"cost":2,"freed":[{"after_moves":2,"cost":2,"node":2}],"lower_bound":2,
 *      "moves":[{"from":2,"task":2,"to":0},{"from":2,"task":3,"to":1}],
 *      "nodes_after":2,"nodes_used":3}
 *
 * The moves are in an order in which each can be made, the cheapest node first;
 * the plan may end after any of them. Errors: CONSOLIDATOR_STALE, POISONED,
 * NULL, MISALIGNED, LENGTH; then json and *needed are untouched. Any thread;
 * allocates.
 */
int32_t warmstow_plan_json(struct warmstow_consolidator consolidator,
                           char *json,
                           size_t capacity,
                           size_t *needed);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* WARMSTOW_H */
