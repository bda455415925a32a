/* Every call used wrongly in every way there is: each answers its error with a
 * message, writes no result and changes nothing. */
#include <stdlib.h>
#include "check.h"

static warmstow_region region, other, closed;
static warmstow_node node, other_node;
static warmstow_function function, other_function;
static warmstow_invocation running, idle, other_running;
static warmstow_lease ended;
static warmstow_instance gone;

/* All that can be seen of both regions. */
typedef struct {
    warmstow_region_view views[2];
    warmstow_counters counters[2];
    warmstow_function_spec specs[2];
    warmstow_node_view nodes[2];
} snapshot;

static snapshot look(void) {
    const warmstow_region regions[2] = {region, other};
    const warmstow_function functions[2] = {function, other_function};
    const warmstow_node all[2] = {node, other_node};
    snapshot now;
    memset(&now, 0, sizeof now);
    for (int i = 0; i < 2; i++) {
        int32_t worst = 0;
        worst |= warmstow_region_view_read(regions[i], &now.views[i], sizeof now.views[i]);
        worst |= warmstow_counters_read(regions[i], functions[i], &now.counters[i],
                                        sizeof now.counters[i]);
        worst |= warmstow_function_spec_read(regions[i], functions[i], &now.specs[i],
                                             sizeof now.specs[i]);
        worst |= warmstow_node_view_read(regions[i], all[i], &now.nodes[i], sizeof now.nodes[i]);
        CHECK(worst == WARMSTOW_OK);
    }
    return now;
}

/* Where results would go; no wrong call may touch it. */
static union {
    warmstow_region_config region_config;
    warmstow_node_spec node_spec;
    warmstow_function_spec function_spec;
    warmstow_region region;
    warmstow_node node;
    warmstow_function function;
    warmstow_invocation invocation;
    warmstow_instance instances[4];
    warmstow_region_view region_view;
    warmstow_node_view node_view;
    warmstow_counters counters;
    warmstow_replay_config replay_config;
    warmstow_report report;
    uint32_t word;
    uint64_t until;
    size_t count;
    unsigned char bytes[1024];
} out;
static size_t count_out;
static uint64_t until_out;

/* A misaligned pointer of whatever type the call wants. */
#define ODD(type) ((type *)(void *)(out.bytes + 1))

#define REFUSED(status, call)                                                 \
    do {                                                                      \
        snapshot before_ = look(), after_;                                    \
        unsigned char untouched_[sizeof out];                                 \
        memset(untouched_, 0xA5, sizeof untouched_);                          \
        memset(&out, 0xA5, sizeof out);                                       \
        count_out = 77;                                                       \
        until_out = 77;                                                       \
        ANSWERS(status, call);                                                \
        CHECK(warmstow_last_error()[0] != '\0');                              \
        CHECK(memcmp(untouched_, &out, sizeof out) == 0);                     \
        CHECK(count_out == 77 && until_out == 77);                            \
        after_ = look();                                                      \
        CHECK(memcmp(&before_, &after_, sizeof before_) == 0);                \
    } while (0)

static warmstow_region open_region(void) {
    warmstow_region_config config;
    warmstow_region opened = {0};
    OK(warmstow_region_config_default(&config, sizeof config));
    config.max_nodes = 1;
    config.max_functions = 2;
    OK(warmstow_region_open(&config, &opened));
    return opened;
}

static warmstow_node_spec good_node(void) {
    warmstow_node_spec spec;
    OK(warmstow_node_spec_default(&spec, sizeof spec));
    spec.cpu_units = 1024;
    spec.memory_mib = 1024;
    return spec;
}

static warmstow_function_spec good_function(void) {
    warmstow_function_spec spec;
    OK(warmstow_function_spec_default(&spec, sizeof spec));
    spec.max_instances = 8;
    return spec;
}

static void set_up(void) {
    warmstow_instance stop;
    warmstow_invocation request;
    warmstow_node_spec node_spec = good_node();
    warmstow_function_spec spec = good_function();
    closed = open_region();
    OK(warmstow_region_close(closed));
    region = open_region();
    other = open_region();
    OK(warmstow_node_add(region, &node_spec, &node));
    OK(warmstow_node_add(other, &node_spec, &other_node));
    OK(warmstow_function_add(region, "f", &spec, &function));
    OK(warmstow_function_add(other, "f", &spec, &other_function));
    OK(warmstow_invoke(other, 0, other_function, &other_running));
    OK(warmstow_started(other, 0, other_running.lease));

    OK(warmstow_invoke(region, 0, function, &running));
    OK(warmstow_started(region, 0, running.lease));
    OK(warmstow_invoke(region, 0, function, &idle));
    OK(warmstow_started(region, 0, idle.lease));
    OK(warmstow_invoke(region, 0, function, &request));
    OK(warmstow_complete(region, 0, idle.lease, &stop));
    OK(warmstow_fail(region, 0, request.lease, &stop));
    OK(warmstow_stopped(region, 0, stop));
    ended = request.lease;
    gone = stop;
}

/* Calls that take a region, each with this one. */
static void all_with(warmstow_region bad) {
    warmstow_node_spec node_spec = good_node();
    warmstow_function_spec spec = good_function();
    const int32_t stale = WARMSTOW_ERROR_REGION_STALE;
    REFUSED(stale, warmstow_region_close(bad));
    REFUSED(stale, warmstow_region_set_account_limit(bad, 500));
    REFUSED(stale, warmstow_region_view_read(bad, &out.region_view, sizeof out.region_view));
    REFUSED(stale, warmstow_node_add(bad, &node_spec, &out.node));
    REFUSED(stale, warmstow_node_view_read(bad, node, &out.node_view, sizeof out.node_view));
    REFUSED(stale, warmstow_function_add(bad, "g", &spec, &out.function));
    REFUSED(stale, warmstow_function_find(bad, "f", &out.function));
    REFUSED(stale, warmstow_function_spec_read(bad, function, &out.function_spec,
                                               sizeof out.function_spec));
    REFUSED(stale, warmstow_function_set_reserved(bad, function, 1));
    REFUSED(stale, warmstow_function_set_keep_alive(bad, function, 1));
    REFUSED(stale, warmstow_counters_read(bad, function, &out.counters, sizeof out.counters));
    REFUSED(stale, warmstow_invoke(bad, 0, function, &out.invocation));
    REFUSED(stale, warmstow_invoke_in(bad, 0, function, 1, &out.invocation));
    REFUSED(stale, warmstow_started(bad, 0, running.lease));
    REFUSED(stale, warmstow_complete(bad, 0, running.lease, out.instances));
    REFUSED(stale, warmstow_fail(bad, 0, running.lease, out.instances));
    REFUSED(stale, warmstow_drain(bad, 0, running.instance, out.instances));
    REFUSED(stale, warmstow_reap(bad, 0, function, out.instances, 4, &count_out));
    REFUSED(stale, warmstow_reap_instance(bad, 0, idle.instance, &out.word, &until_out));
    REFUSED(stale, warmstow_stopped(bad, 0, gone));
    REFUSED(stale, warmstow_instance_node(bad, running.instance, &out.node));
}

static void regions(void) {
    const uint64_t garbage[] = {0,          1,           UINT64_MAX,        closed.bits,
                                1023,       region.bits + 1,  region.bits ^ 1024,
                                region.bits | UINT64_C(1) << 63, function.bits ^ 0xFFFF0000};
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        warmstow_region bad = {garbage[i]};
        all_with(bad);
    }
}

static void nodes_and_functions(void) {
    const uint64_t garbage[] = {0, 7, UINT64_MAX, UINT64_C(1) << 32, node.bits + 1,
                                other_node.bits, node.bits | UINT64_C(1) << 63};
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        warmstow_node bad = {garbage[i]};
        REFUSED(WARMSTOW_ERROR_NODE_STALE,
                warmstow_node_view_read(region, bad, &out.node_view, sizeof out.node_view));
    }
    const uint64_t functions[] = {0, 7, UINT64_MAX, UINT64_C(1) << 32, function.bits + 1,
                                  other_function.bits, function.bits | UINT64_C(1) << 63};
    const int32_t stale = WARMSTOW_ERROR_FUNCTION_STALE;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        warmstow_function bad = {functions[i]};
        REFUSED(stale, warmstow_function_spec_read(region, bad, &out.function_spec,
                                                   sizeof out.function_spec));
        REFUSED(stale, warmstow_function_set_reserved(region, bad, 1));
        REFUSED(stale, warmstow_function_set_keep_alive(region, bad, 1));
        REFUSED(stale, warmstow_counters_read(region, bad, &out.counters, sizeof out.counters));
        REFUSED(stale, warmstow_invoke(region, 0, bad, &out.invocation));
        REFUSED(stale, warmstow_invoke_in(region, 0, bad, UINT32_MAX, &out.invocation));
        REFUSED(stale, warmstow_reap(region, 0, bad, out.instances, 4, &count_out));
    }
    const warmstow_node no_node = {0};
    const warmstow_function no_function = {0};
    const warmstow_instance no_instance = {{0, 0}};
    CHECK(warmstow_node_index(no_node) == WARMSTOW_NO_INDEX);
    CHECK(warmstow_function_index(no_function) == WARMSTOW_NO_INDEX);
    CHECK(warmstow_instance_index(no_instance) == WARMSTOW_NO_INDEX);
}

static void leases(void) {
    const warmstow_lease garbage[] = {
        {{0, 0}},
        {{0, running.lease.bits[1]}},
        {{running.lease.bits[0], 0}},
        {{UINT64_MAX, UINT64_MAX}},
        {{running.lease.bits[0], UINT64_MAX}},
        {{running.lease.bits[0], running.lease.bits[1] + 1}},
        {{running.lease.bits[0], running.lease.bits[1] ^ UINT64_C(1) << 40}},
        {{running.lease.bits[0] + 1, running.lease.bits[1]}},
        other_running.lease, /* of another region */
        idle.lease,          /* completed before */
        ended,               /* failed before */
    };
    const int32_t stale = WARMSTOW_ERROR_LEASE_STALE;
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        REFUSED(stale, warmstow_started(region, 0, garbage[i]));
        REFUSED(stale, warmstow_complete(region, 0, garbage[i], out.instances));
        REFUSED(stale, warmstow_fail(region, 0, garbage[i], out.instances));
    }
    REFUSED(WARMSTOW_ERROR_ALREADY_STARTED, warmstow_started(region, 0, running.lease));
    warmstow_invocation cold, warm;
    warmstow_instance stop;
    OK(warmstow_invoke(region, 0, function, &warm)); /* the idle one */
    OK(warmstow_invoke(region, 0, function, &cold));
    CHECK(cold.start == WARMSTOW_START_COLD);
    REFUSED(WARMSTOW_ERROR_NOT_STARTED, warmstow_complete(region, 0, cold.lease, out.instances));
    REFUSED(WARMSTOW_ERROR_NULL, warmstow_fail(region, 0, cold.lease, NULL));
    OK(warmstow_fail(region, 0, cold.lease, &stop));
    OK(warmstow_stopped(region, 0, stop));
    OK(warmstow_complete(region, 0, warm.lease, &stop));
}

static void instances(void) {
    const warmstow_instance garbage[] = {
        {{0, 0}},
        {{0, running.instance.bits[1]}},
        {{running.instance.bits[0], 0}},
        {{UINT64_MAX, UINT64_MAX}},
        {{running.instance.bits[0], UINT64_MAX}},
        {{running.instance.bits[0], running.instance.bits[1] ^ UINT64_C(1) << 40}},
        {{running.instance.bits[0], running.instance.bits[1] + 7}},
        {{running.instance.bits[0] + 1, running.instance.bits[1]}},
        other_running.instance, /* of another region */
        gone,                   /* stopped before */
    };
    const int32_t stale = WARMSTOW_ERROR_INSTANCE_STALE;
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        REFUSED(stale, warmstow_drain(region, 0, garbage[i], out.instances));
        REFUSED(stale, warmstow_reap_instance(region, 0, garbage[i], &out.word, &until_out));
        REFUSED(stale, warmstow_stopped(region, 0, garbage[i]));
        REFUSED(stale, warmstow_instance_node(region, garbage[i], &out.node));
    }
    REFUSED(WARMSTOW_ERROR_NOT_STOPPING, warmstow_stopped(region, 0, running.instance));
    REFUSED(WARMSTOW_ERROR_NOT_STOPPING, warmstow_stopped(region, 0, idle.instance));
}

static void pointers(void) {
    const int32_t null = WARMSTOW_ERROR_NULL, odd = WARMSTOW_ERROR_MISALIGNED;
    warmstow_region_config config;
    warmstow_node_spec node_spec = good_node();
    warmstow_function_spec spec = good_function();
    OK(warmstow_region_config_default(&config, sizeof config));
    REFUSED(null, warmstow_region_config_default(NULL, sizeof config));
    REFUSED(odd, warmstow_region_config_default(ODD(warmstow_region_config), sizeof config));
    REFUSED(null, warmstow_region_open(NULL, &out.region));
    REFUSED(odd, warmstow_region_open(ODD(warmstow_region_config), &out.region));
    REFUSED(null, warmstow_region_open(&config, NULL));
    REFUSED(odd, warmstow_region_open(&config, ODD(warmstow_region)));
    REFUSED(null, warmstow_region_view_read(region, NULL, sizeof out.region_view));
    REFUSED(odd, warmstow_region_view_read(region, ODD(warmstow_region_view),
                                           sizeof out.region_view));
    REFUSED(null, warmstow_node_spec_default(NULL, sizeof node_spec));
    REFUSED(odd, warmstow_node_spec_default(ODD(warmstow_node_spec), sizeof node_spec));
    REFUSED(null, warmstow_node_add(region, NULL, &out.node));
    REFUSED(odd, warmstow_node_add(region, ODD(warmstow_node_spec), &out.node));
    REFUSED(null, warmstow_node_add(region, &node_spec, NULL));
    REFUSED(odd, warmstow_node_add(region, &node_spec, ODD(warmstow_node)));
    REFUSED(null, warmstow_node_view_read(region, node, NULL, sizeof out.node_view));
    REFUSED(odd, warmstow_node_view_read(region, node, ODD(warmstow_node_view),
                                         sizeof out.node_view));
    REFUSED(null, warmstow_function_spec_default(NULL, sizeof spec));
    REFUSED(odd, warmstow_function_spec_default(ODD(warmstow_function_spec), sizeof spec));
    REFUSED(null, warmstow_function_add(region, NULL, &spec, &out.function));
    REFUSED(null, warmstow_function_add(region, "g", NULL, &out.function));
    REFUSED(odd, warmstow_function_add(region, "g", ODD(warmstow_function_spec), &out.function));
    REFUSED(null, warmstow_function_add(region, "g", &spec, NULL));
    REFUSED(odd, warmstow_function_add(region, "g", &spec, ODD(warmstow_function)));
    REFUSED(null, warmstow_function_find(region, NULL, &out.function));
    REFUSED(null, warmstow_function_find(region, "f", NULL));
    REFUSED(odd, warmstow_function_find(region, "f", ODD(warmstow_function)));
    REFUSED(null, warmstow_function_spec_read(region, function, NULL, sizeof spec));
    REFUSED(odd, warmstow_function_spec_read(region, function, ODD(warmstow_function_spec),
                                             sizeof spec));
    REFUSED(null, warmstow_counters_read(region, function, NULL, sizeof out.counters));
    REFUSED(odd, warmstow_counters_read(region, function, ODD(warmstow_counters),
                                        sizeof out.counters));
    REFUSED(null, warmstow_invoke(region, 0, function, NULL));
    REFUSED(null, warmstow_invoke_in(region, 0, function, 1, NULL));
    REFUSED(odd, warmstow_invoke(region, 0, function, ODD(warmstow_invocation)));
    REFUSED(null, warmstow_complete(region, 0, running.lease, NULL));
    REFUSED(odd, warmstow_complete(region, 0, running.lease, ODD(warmstow_instance)));
    REFUSED(null, warmstow_fail(region, 0, running.lease, NULL));
    REFUSED(odd, warmstow_fail(region, 0, running.lease, ODD(warmstow_instance)));
    REFUSED(null, warmstow_drain(region, 0, idle.instance, NULL));
    REFUSED(odd, warmstow_drain(region, 0, idle.instance, ODD(warmstow_instance)));
    REFUSED(null, warmstow_reap(region, UINT64_MAX, function, NULL, 4, &count_out));
    SAYS("instances is NULL");
    REFUSED(odd, warmstow_reap(region, UINT64_MAX, function, ODD(warmstow_instance), 4,
                               &count_out));
    REFUSED(null, warmstow_reap(region, UINT64_MAX, function, out.instances, 4, NULL));
    REFUSED(odd, warmstow_reap(region, UINT64_MAX, function, out.instances, 4, ODD(size_t)));
    REFUSED(null, warmstow_reap_instance(region, UINT64_MAX, idle.instance, NULL, &until_out));
    REFUSED(null, warmstow_reap_instance(region, UINT64_MAX, idle.instance, &out.word, NULL));
    REFUSED(odd, warmstow_reap_instance(region, UINT64_MAX, idle.instance, ODD(uint32_t),
                                        &until_out));
    REFUSED(null, warmstow_instance_node(region, running.instance, NULL));
    REFUSED(odd, warmstow_instance_node(region, running.instance, ODD(warmstow_node)));
}

static void sizes_and_lengths(void) {
    const int32_t size = WARMSTOW_ERROR_STRUCT_SIZE, length = WARMSTOW_ERROR_LENGTH;
    const size_t sizes[] = {0, 1, 4, 8191, SIZE_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        warmstow_region_config config;
        warmstow_node_spec node_spec = good_node();
        warmstow_function_spec spec = good_function();
        OK(warmstow_region_config_default(&config, sizeof config));
        REFUSED(size, warmstow_region_config_default(&out.region_config, sizes[i]));
        REFUSED(size, warmstow_region_view_read(region, &out.region_view, sizes[i]));
        REFUSED(size, warmstow_node_spec_default(&out.node_spec, sizes[i]));
        REFUSED(size, warmstow_node_view_read(region, node, &out.node_view, sizes[i]));
        REFUSED(size, warmstow_function_spec_default(&out.function_spec, sizes[i]));
        REFUSED(size, warmstow_function_spec_read(region, function, &out.function_spec, sizes[i]));
        REFUSED(size, warmstow_counters_read(region, function, &out.counters, sizes[i]));
        SAYS("pass sizeof *counters");
        CHECK(strstr(warmstow_last_error(), "default") == NULL); /* it has none */
        REFUSED(size, warmstow_replay_config_default(&out.replay_config, sizes[i]));
        config.struct_size = (uint32_t)sizes[i];
        node_spec.struct_size = (uint32_t)sizes[i];
        spec.struct_size = (uint32_t)sizes[i];
        REFUSED(size, warmstow_region_open(&config, &out.region));
        SAYS("config.struct_size is ");
        SAYS("default function");
        REFUSED(size, warmstow_node_add(region, &node_spec, &out.node));
        REFUSED(size, warmstow_function_add(region, "g", &spec, &out.function));
    }
    REFUSED(length, warmstow_reap(region, UINT64_MAX, function, out.instances, 0, &count_out));
    SAYS("capacity is 0: it must be 1 to ");
    REFUSED(length, warmstow_reap(region, UINT64_MAX, function, out.instances, SIZE_MAX,
                                  &count_out));
    REFUSED(length, warmstow_reap(region, UINT64_MAX, function, out.instances, SIZE_MAX / 16,
                                  &count_out));
    warmstow_function_spec spec = good_function();
    char *name = malloc(256); /* not terminated: nothing past it is read */
    CHECK(name != NULL);
    memset(name, 'x', 256);
    REFUSED(length, warmstow_function_add(region, name, &spec, &out.function));
    REFUSED(length, warmstow_function_find(region, name, &out.function));
    name[255] = '\0';
    REFUSED(WARMSTOW_ERROR_NAME_UNKNOWN, warmstow_function_find(region, name, &out.function));
    free(name);
    REFUSED(WARMSTOW_ERROR_TEXT, warmstow_function_add(region, "a\xff", &spec, &out.function));
    REFUSED(WARMSTOW_ERROR_TEXT, warmstow_function_find(region, "\xc3", &out.function));
    REFUSED(WARMSTOW_ERROR_NAME_EMPTY, warmstow_function_add(region, "", &spec, &out.function));
    REFUSED(WARMSTOW_ERROR_NAME_UNKNOWN, warmstow_function_find(region, "", &out.function));
    REFUSED(WARMSTOW_ERROR_NAME_UNKNOWN, warmstow_function_find(region, "g", &out.function));
    REFUSED(WARMSTOW_ERROR_NAME_TAKEN, warmstow_function_add(region, "f", &spec, &out.function));
}

static void settings(void) {
    warmstow_region_config config;
    OK(warmstow_region_config_default(&config, sizeof config));
#define CONFIG(status, field, value)                                          \
    do {                                                                      \
        warmstow_region_config bad = config;                                  \
        bad.field = (value);                                                  \
        REFUSED(status, warmstow_region_open(&bad, &out.region));             \
    } while (0)
    CONFIG(WARMSTOW_ERROR_ENUM, strategy, 6);
    CONFIG(WARMSTOW_ERROR_ENUM, strategy, UINT32_MAX);
    CONFIG(WARMSTOW_ERROR_REGION_CONFIG, max_functions, 0);
    CONFIG(WARMSTOW_ERROR_REGION_CONFIG, max_functions, UINT32_MAX);
    CONFIG(WARMSTOW_ERROR_REGION_CONFIG, max_nodes, UINT32_MAX);

    warmstow_node_spec node_spec = good_node();
    REFUSED(WARMSTOW_ERROR_NODES_FULL, warmstow_node_add(region, &node_spec, &out.node));
#define NODE(field, value)                                                    \
    do {                                                                      \
        warmstow_node_spec bad = node_spec;                                   \
        bad.field = (value);                                                  \
        REFUSED(WARMSTOW_ERROR_NODE_SPEC,                                     \
                warmstow_node_add(region, &bad, &out.node));                  \
    } while (0)
    NODE(cpu_units, 0);
    NODE(memory_mib, 0);
    NODE(cpu_units, UINT32_C(1) << 24);
    NODE(memory_mib, UINT32_MAX);
    NODE(zone, 64);
    NODE(zone, 256);
    NODE(zone, UINT32_MAX);

    warmstow_function_spec spec = good_function();
#define FUNCTION(status, field, value)                                        \
    do {                                                                      \
        warmstow_function_spec bad = spec;                                    \
        bad.field = (value);                                                  \
        REFUSED(status,                                                       \
                warmstow_function_add(region, "g", &bad, &out.function));     \
    } while (0)
    FUNCTION(WARMSTOW_ERROR_ENUM, pick, 3);
    FUNCTION(WARMSTOW_ERROR_ENUM, pick, UINT32_MAX);
    SAYS("spec.pick is 4294967295: it must be 0 to 2");
    FUNCTION(WARMSTOW_ERROR_NOT_ZERO, reserved_field, 7);
    SAYS("spec.reserved_field is 7: it must be 0");
    FUNCTION(WARMSTOW_ERROR_FUNCTION_SPEC, memory_mib, 0);
    FUNCTION(WARMSTOW_ERROR_FUNCTION_SPEC, memory_mib, UINT32_MAX);
    FUNCTION(WARMSTOW_ERROR_FUNCTION_SPEC, cpu_units, UINT32_MAX);
    FUNCTION(WARMSTOW_ERROR_FUNCTION_SPEC, max_instances, 0);
    FUNCTION(WARMSTOW_ERROR_FUNCTION_SPEC, max_instances, UINT32_MAX);
    FUNCTION(WARMSTOW_ERROR_FUNCTION_SPEC, instance_concurrency, 0);
    FUNCTION(WARMSTOW_ERROR_FUNCTION_SPEC, instance_concurrency, 1601);
    FUNCTION(WARMSTOW_ERROR_FUNCTION_TOO_LARGE, memory_mib, 1025);
    FUNCTION(WARMSTOW_ERROR_RESERVED, reserved_concurrency, 901);
    REFUSED(WARMSTOW_ERROR_RESERVED, warmstow_function_set_reserved(region, function, 901));
    REFUSED(WARMSTOW_ERROR_RESERVED,
            warmstow_function_set_reserved(region, function, UINT32_MAX - 1));
    OK(warmstow_function_set_reserved(region, function, 10));
    REFUSED(WARMSTOW_ERROR_ACCOUNT_LIMIT, warmstow_region_set_account_limit(region, 109));
    CHECK(strstr(warmstow_last_error(), "109") != NULL);
    OK(warmstow_function_set_reserved(region, function, WARMSTOW_UNRESERVED));

    warmstow_function last;
    OK(warmstow_function_add(region, "last", &spec, &last));
    REFUSED(WARMSTOW_ERROR_FUNCTIONS_FULL,
            warmstow_function_add(region, "g", &spec, &out.function));
}

static void too_many_regions(void) {
    static warmstow_region opened[WARMSTOW_MAX_REGIONS];
    warmstow_region_config config;
    size_t count = 0;
    OK(warmstow_region_config_default(&config, sizeof config));
    config.max_functions = 1;
    while (count < WARMSTOW_MAX_REGIONS &&
           warmstow_region_open(&config, &opened[count]) == WARMSTOW_OK) {
        count++;
    }
    CHECK(count == WARMSTOW_MAX_REGIONS - 2); /* two are open */
    REFUSED(WARMSTOW_ERROR_REGIONS_FULL, warmstow_region_open(&config, &out.region));
    for (size_t i = 0; i < count; i++) {
        OK(warmstow_region_close(opened[i]));
    }
    /* Their places are used again; their handles are not. */
    warmstow_region again = open_region();
    for (size_t i = 0; i < count; i++) {
        CHECK(warmstow_region_close(opened[i]) == WARMSTOW_ERROR_REGION_STALE);
    }
    OK(warmstow_region_close(again));
}

int main(void) {
    set_up();
    regions();
    nodes_and_functions();
    leases();
    instances();
    pointers();
    sizes_and_lengths();
    settings();
    too_many_regions();
    CHECK(strcmp(warmstow_status_name(12345), "WARMSTOW_UNKNOWN") == 0);
    CHECK(strcmp(warmstow_refusal_name(12345), "Unknown") == 0);

    /* After all of it the region works, and closes once. */
    warmstow_instance stop;
    OK(warmstow_complete(region, 1, running.lease, &stop));
    warmstow_region was = region;
    OK(warmstow_region_close(region));
    ANSWERS(WARMSTOW_ERROR_REGION_STALE, warmstow_region_close(was));
    ANSWERS(WARMSTOW_ERROR_REGION_STALE, warmstow_started(was, 1, running.lease));
    OK(warmstow_region_close(other));
    return check_end();
}
