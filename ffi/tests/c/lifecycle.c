/* Every call used rightly, in one thread: what it answers and what it counts. */
#include "check.h"

#define MS UINT64_C(1000000)

static warmstow_region region;

static warmstow_function add(const char *name, uint32_t memory_mib, uint32_t max_instances) {
    warmstow_function_spec spec;
    warmstow_function function = {0};
    OK(warmstow_function_spec_default(&spec, sizeof spec));
    spec.memory_mib = memory_mib;
    spec.cpu_units = 100;
    spec.max_instances = max_instances;
    spec.keep_alive_ns = 10 * MS;
    OK(warmstow_function_add(region, name, &spec, &function));
    return function;
}

static warmstow_counters counters(warmstow_function function) {
    warmstow_counters counters;
    OK(warmstow_counters_read(region, function, &counters, sizeof counters));
    return counters;
}

static int is_null(warmstow_instance instance) {
    return instance.bits[0] == 0 && instance.bits[1] == 0;
}

/* A request that starts an instance and ends at once. */
static warmstow_instance run(warmstow_function function, uint64_t now_ns) {
    warmstow_invocation request = {0};
    warmstow_instance stop;
    OK(warmstow_invoke(region, now_ns, function, &request));
    if (request.start == WARMSTOW_START_COLD) {
        OK(warmstow_started(region, now_ns, request.lease));
    }
    OK(warmstow_complete(region, now_ns, request.lease, &stop));
    CHECK(is_null(stop));
    return request.instance;
}

static void opens(void) {
    warmstow_region_config config;
    warmstow_region_view view;
    OK(warmstow_region_config_default(&config, sizeof config));
    CHECK(config.struct_size == sizeof config);
    CHECK(config.account_limit == 1000 && config.unreserved_minimum == 100);
    CHECK(config.max_nodes == 0);
    config.max_nodes = 2;
    config.max_functions = 8;
    OK(warmstow_region_open(&config, &region));
    OK(warmstow_region_view_read(region, &view, sizeof view));
    CHECK(view.account_limit == 1000 && view.reserved_sum == 0 && view.nodes == 0);
}

static warmstow_node nodes(void) {
    warmstow_node_spec spec;
    warmstow_node node, second;
    warmstow_node_view view;
    OK(warmstow_node_spec_default(&spec, sizeof spec));
    spec.cpu_units = 1000;
    spec.memory_mib = 1024;
    spec.zone = 3;
    OK(warmstow_node_add(region, &spec, &node));
    spec.cpu_units = 150;
    OK(warmstow_node_add(region, &spec, &second));
    CHECK(warmstow_node_index(node) == 0 && warmstow_node_index(second) == 1);
    OK(warmstow_node_view_read(region, node, &view, sizeof view));
    CHECK(view.cpu_units == 1000 && view.free_cpu_units == 1000);
    CHECK(view.memory_mib == 1024 && view.free_memory_mib == 1024);
    CHECK(view.instances == 0 && view.zone == 3);
    return node;
}

static void warm_and_cold(warmstow_node first) {
    warmstow_function function = add("resize", 512, 10);
    warmstow_function found;
    warmstow_function_spec spec;
    warmstow_invocation cold, warm;
    warmstow_instance stop = {{1, 1}};
    warmstow_node node;
    warmstow_node_view view;
    uint32_t answer;
    uint64_t until;

    OK(warmstow_function_find(region, "resize", &found));
    CHECK(found.bits == function.bits && warmstow_function_index(found) == 0);
    OK(warmstow_function_spec_read(region, function, &spec, sizeof spec));
    CHECK(spec.memory_mib == 512 && spec.cpu_units == 100 && spec.max_instances == 10);
    CHECK(spec.reserved_concurrency == WARMSTOW_UNRESERVED && spec.keep_alive_ns == 10 * MS);

    OK(warmstow_invoke(region, 0, function, &cold));
    CHECK(cold.start == WARMSTOW_START_COLD && cold.refusal == WARMSTOW_REFUSAL_NONE);
    CHECK(cold.node.bits != 0);
    OK(warmstow_instance_node(region, cold.instance, &node));
    CHECK(node.bits == cold.node.bits && node.bits == first.bits);
    OK(warmstow_node_view_read(region, node, &view, sizeof view));
    CHECK(view.free_memory_mib == 512 && view.free_cpu_units == 900 && view.instances == 1);
    OK(warmstow_started(region, 1, cold.lease));
    OK(warmstow_reap_instance(region, 1, cold.instance, &answer, &until));
    CHECK(answer == WARMSTOW_REAPED_BUSY && until == 0);
    OK(warmstow_complete(region, 1 * MS, cold.lease, &stop));
    CHECK(is_null(stop));

    OK(warmstow_invoke(region, 2 * MS, function, &warm));
    CHECK(warm.start == WARMSTOW_START_WARM && warm.node.bits == 0);
    CHECK(memcmp(&warm.instance, &cold.instance, sizeof warm.instance) == 0);
    CHECK(warmstow_instance_index(warm.instance) == 0);
    OK(warmstow_complete(region, 3 * MS, warm.lease, &stop));
    OK(warmstow_reap_instance(region, 4 * MS, warm.instance, &answer, &until));
    CHECK(answer == WARMSTOW_REAPED_UNTIL && until == 13 * MS);
    OK(warmstow_reap_instance(region, until, warm.instance, &answer, &until));
    CHECK(answer == WARMSTOW_REAPED_STOP && until == 0);
    OK(warmstow_stopped(region, 13 * MS, warm.instance));
    OK(warmstow_node_view_read(region, node, &view, sizeof view));
    CHECK(view.free_memory_mib == 1024 && view.instances == 0);

    warmstow_counters counted = counters(function);
    CHECK(counted.warm_starts == 1 && counted.cold_starts == 1);
    CHECK(counted.completions == 2 && counted.failures == 0);
    CHECK(counted.in_flight == 0 && counted.instances == 0 && counted.idle_instances == 0);
}

static void failing_and_draining(void) {
    warmstow_function function = add("crash", 16, 10);
    warmstow_invocation request;
    warmstow_instance stop;
    OK(warmstow_invoke(region, 0, function, &request));
    OK(warmstow_fail(region, 1, request.lease, &stop)); /* a start that failed */
    CHECK(memcmp(&stop, &request.instance, sizeof stop) == 0);
    OK(warmstow_stopped(region, 1, stop));

    OK(warmstow_invoke(region, 2, function, &request));
    OK(warmstow_started(region, 2, request.lease));
    OK(warmstow_drain(region, 2, request.instance, &stop));
    CHECK(is_null(stop)); /* busy: its end names it */
    OK(warmstow_drain(region, 2, request.instance, &stop));
    CHECK(is_null(stop));
    OK(warmstow_complete(region, 3, request.lease, &stop));
    CHECK(memcmp(&stop, &request.instance, sizeof stop) == 0);
    OK(warmstow_stopped(region, 3, stop));

    warmstow_instance idle = run(function, 4);
    OK(warmstow_drain(region, 5, idle, &stop));
    CHECK(memcmp(&stop, &idle, sizeof stop) == 0);
    /* It was handed over to be stopped: draining it is done. */
    ANSWERS(WARMSTOW_ERROR_INSTANCE_STALE, warmstow_drain(region, 5, idle, &stop));
    CHECK(memcmp(&stop, &idle, sizeof stop) == 0); /* untouched */
    OK(warmstow_stopped(region, 5, stop));

    warmstow_counters counted = counters(function);
    CHECK(counted.failures == 1 && counted.completions == 2 && counted.cold_starts == 3);
    CHECK(counted.instances == 0);
}

/* A buffer smaller than what is to be reaped loses none. */
static void reaping(void) {
    enum { INSTANCES = 10, ROOM = 3 };
    warmstow_function function = add("many", 16, INSTANCES);
    warmstow_invocation requests[INSTANCES];
    warmstow_instance stop, reaped[ROOM + 1];
    size_t count, all = 0;
    int seen[INSTANCES] = {0};
    for (int i = 0; i < INSTANCES; i++) {
        OK(warmstow_invoke(region, 0, function, &requests[i]));
        OK(warmstow_started(region, 0, requests[i].lease));
    }
    for (int i = 0; i < INSTANCES; i++) {
        OK(warmstow_complete(region, 0, requests[i].lease, &stop));
    }
    OK(warmstow_reap(region, 10 * MS - 1, function, reaped, ROOM, &count));
    CHECK(count == 0);
    do {
        memset(reaped, 0xA5, sizeof reaped);
        warmstow_instance beyond = reaped[ROOM];
        OK(warmstow_reap(region, 10 * MS, function, reaped, ROOM, &count));
        CHECK(memcmp(&beyond, &reaped[ROOM], sizeof beyond) == 0);
        for (size_t i = 0; i < count; i++) {
            seen[warmstow_instance_index(reaped[i])]++;
            OK(warmstow_stopped(region, 10 * MS, reaped[i]));
        }
        all += count;
    } while (count == ROOM);
    CHECK(all == INSTANCES);
    for (int i = 0; i < INSTANCES; i++) {
        CHECK(seen[i] == 1);
    }
    OK(warmstow_function_set_keep_alive(region, function, 0));
    run(function, 11 * MS);
    OK(warmstow_reap(region, 11 * MS, function, reaped, ROOM, &count));
    CHECK(count == 1);
    OK(warmstow_stopped(region, 11 * MS, reaped[0]));
}

/* Refuses a request and checks what it says. */
static void refused(warmstow_function function, int32_t status, uint32_t refusal) {
    static const warmstow_instance null_instance = {{0, 0}};
    warmstow_invocation request;
    memset(&request, 0xA5, sizeof request);
    uint64_t before = counters(function).refusals[refusal];
    ANSWERS(status, warmstow_invoke(region, 0, function, &request));
    CHECK(request.refusal == refusal);
    CHECK(request.lease.bits[0] == 0 && request.lease.bits[1] == 0 && request.node.bits == 0);
    CHECK(memcmp(&request.instance, &null_instance, sizeof null_instance) == 0);
    CHECK(warmstow_last_error()[0] != '\0');
    CHECK(counters(function).refusals[refusal] == before + 1);
}

static void refusals(void) {
    warmstow_function small = add("small", 16, 2);
    warmstow_function large = add("large", 800, 10);
    warmstow_function cpu = add("none", 16, 10);
    warmstow_invocation first, second;
    warmstow_instance stop;
    OK(warmstow_invoke(region, 0, small, &first));
    OK(warmstow_invoke(region, 0, small, &second));
    refused(small, WARMSTOW_ERROR_INSTANCE_LIMIT, WARMSTOW_REFUSAL_INSTANCE_LIMIT);
    OK(warmstow_region_set_account_limit(region, 2));
    refused(cpu, WARMSTOW_ERROR_THROTTLED, WARMSTOW_REFUSAL_CONCURRENT_INVOCATION_LIMIT);
    OK(warmstow_region_set_account_limit(region, 1000));
    OK(warmstow_function_set_reserved(region, cpu, 0));
    refused(cpu, WARMSTOW_ERROR_THROTTLED, WARMSTOW_REFUSAL_RESERVED_CONCURRENT_INVOCATION_LIMIT);
    OK(warmstow_function_set_reserved(region, cpu, 7));
    warmstow_region_view view;
    OK(warmstow_region_view_read(region, &view, sizeof view));
    CHECK(view.reserved_sum == 7 && view.unreserved_in_flight == 2);
    CHECK(view.claimed_concurrency == 9);
    OK(warmstow_function_set_reserved(region, cpu, WARMSTOW_UNRESERVED));
    OK(warmstow_fail(region, 0, first.lease, &stop));
    OK(warmstow_stopped(region, 0, stop));
    OK(warmstow_fail(region, 0, second.lease, &stop));
    OK(warmstow_stopped(region, 0, stop));

    OK(warmstow_invoke(region, 0, large, &first));
    OK(warmstow_invoke(region, 0, large, &second)); /* one on each node */
    refused(large, WARMSTOW_ERROR_NO_CAPACITY, WARMSTOW_REFUSAL_NO_MEMORY);
    CHECK(strcmp(warmstow_refusal_name(WARMSTOW_REFUSAL_NO_MEMORY), "RESOURCE:MEMORY") == 0);
    OK(warmstow_fail(region, 0, first.lease, &stop));
    OK(warmstow_stopped(region, 0, stop));
    OK(warmstow_fail(region, 0, second.lease, &stop));
    OK(warmstow_stopped(region, 0, stop));
}

int main(void) {
    CHECK(warmstow_abi_version() >> 16 == (uint32_t)WARMSTOW_ABI_VERSION >> 16);
    CHECK(warmstow_version()[0] != '\0');
    CHECK(warmstow_last_error()[0] == '\0');
    opens();
    warmstow_node first = nodes();
    warm_and_cold(first);
    failing_and_draining();
    reaping();
    refusals();
    OK(warmstow_region_close(region));
    return check_end();
}
