/* Keep-alive policies of a live region: windows, starts ahead, change of
 * policy, room for others; and every call used wrongly. */
#include "versions.h"

static warmstow_region with_nodes(uint32_t memory_mib) {
    warmstow_region_config config;
    warmstow_node_spec spec;
    warmstow_node node;
    warmstow_region region = {0};
    OK(warmstow_region_config_default(&config, sizeof config));
    config.max_nodes = 1;
    OK(warmstow_region_open(&config, &region));
    OK(warmstow_node_spec_default(&spec, sizeof spec));
    spec.cpu_units = 65536;
    spec.memory_mib = memory_mib;
    OK(warmstow_node_add(region, &spec, &node));
    return region;
}

static warmstow_function add(warmstow_region region, const char *name, uint32_t memory_mib) {
    warmstow_function_spec spec = spec_of(memory_mib);
    warmstow_function function = {0};
    OK(warmstow_function_add(region, name, &spec, &function));
    return function;
}

/* A request from begin to end, told to the keeper. */
static warmstow_invocation served(warmstow_region region, uint64_t from_ns, uint64_t to_ns,
                                  warmstow_function function) {
    warmstow_invocation request = begin(region, from_ns, function);
    OK(warmstow_keeper_invoked(region, from_ns, request.instance));
    end(region, to_ns, request);
    OK(warmstow_keeper_ended(region, to_ns, request.instance, 0));
    return request;
}

static uint64_t advance(warmstow_region region, uint64_t now_ns) {
    uint64_t next = 0;
    OK(warmstow_advance(region, now_ns, &next));
    return next;
}

static void keeps_for_a_time(void) {
    warmstow_region region = with_nodes(1024);
    warmstow_function f = add(region, "f", 128);
    warmstow_invocation request;
    char policy[64];
    int stopped = 0;
    CHECK(advance(region, 0) == UINT64_MAX);
    OK(warmstow_keeper_policy(region, f, policy, sizeof policy));
    CHECK(policy[0] == '\0');
    OK(warmstow_keeper_keep(region, 0, f, "fixed:60s", SECOND));
    OK(warmstow_keeper_policy(region, f, policy, sizeof policy));
    CHECK(strcmp(policy, "fixed:60s") == 0);
    OK(warmstow_keeper_policy(region, f, policy, 4));
    CHECK(strcmp(policy, "fix") == 0);
    request = served(region, 0, 2 * SECOND, f);
    CHECK(poll_one(region, 2 * SECOND).kind == WARMSTOW_ACTION_NONE);
    CHECK(advance(region, 2 * SECOND) == 62 * SECOND);
    CHECK(carry_out(region, 61 * SECOND, &stopped) == 0 && stopped == 0);
    /* Busy when its time is up: left as it is. */
    {
        warmstow_invocation late = begin(region, 61 * SECOND, f);
        CHECK(late.instance.bits[1] == request.instance.bits[1]);
        CHECK(carry_out(region, 62 * SECOND, &stopped) == 0 && stopped == 0);
        OK(warmstow_keeper_invoked(region, 62 * SECOND, late.instance));
        end(region, 63 * SECOND, late);
        OK(warmstow_keeper_ended(region, 63 * SECOND, late.instance, 0));
    }
    CHECK(advance(region, 63 * SECOND) == 123 * SECOND);
    /* Another policy from now on: the idle one is taken over. */
    OK(warmstow_keeper_keep(region, 70 * SECOND, f, "fixed:5s", SECOND));
    CHECK(carry_out(region, 75 * SECOND, &stopped) == 0 && stopped == 1);
    /* Back to the region's own. */
    OK(warmstow_keeper_release(region, f, 3 * SECOND));
    OK(warmstow_keeper_policy(region, f, policy, sizeof policy));
    CHECK(policy[0] == '\0');
    served(region, 80 * SECOND, 81 * SECOND, f);
    CHECK(carry_out(region, 100 * SECOND, &stopped) == 0 && stopped == 1);
    {
        warmstow_instance idle[2];
        size_t count;
        OK(warmstow_reap(region, 84 * SECOND, f, idle, 2, &count));
        CHECK(count == 1);
        OK(warmstow_stopped(region, 84 * SECOND, idle[0]));
    }
    OK(warmstow_region_close(region));
}

/* Every 20 minutes a request: the histogram unloads it and starts it ahead. */
static void starts_ahead(void) {
    warmstow_region region = with_nodes(1024);
    warmstow_function f = add(region, "f", 128);
    uint64_t now = 0;
    int started = 0, stopped = 0, cold = 0;
    OK(warmstow_keeper_keep(region, 0, f, "histogram", SECOND));
    for (int request = 0; request < 40; request++) {
        uint64_t arrives = (uint64_t)(request + 1) * 1200 * SECOND;
        for (;;) {
            uint64_t next = advance(region, now);
            started += carry_out(region, now, &stopped);
            if (next >= arrives || next <= now) {
                next = advance(region, now);
                if (next >= arrives) {
                    break;
                }
            }
            now = next;
        }
        now = arrives;
        started += carry_out(region, now, &stopped);
        if (request >= 20) {
            cold += served(region, now, now + SECOND, f).start == WARMSTOW_START_COLD;
        } else {
            served(region, now, now + SECOND, f);
        }
        now += SECOND;
    }
    CHECK(started > 10 && stopped > 10 && cold == 0);
    OK(warmstow_region_close(region));
}

static void a_refused_start_ahead_is_given_up(void) {
    warmstow_region region = with_nodes(128);
    warmstow_function f = add(region, "f", 128);
    warmstow_action action;
    warmstow_instance stop;
    OK(warmstow_keeper_keep(region, 0, f, "fixed:60s", SECOND));
    OK(warmstow_start_ahead(region, 0, f, &action, sizeof action));
    CHECK(action.node.bits != 0);
    {
        warmstow_action second;
        ANSWERS(WARMSTOW_ERROR_NO_CAPACITY,
                warmstow_start_ahead(region, 0, f, &second, sizeof second));
    }
    OK(warmstow_unprepared(region, 1, action.prestart, "no image", &stop));
    CHECK(stop.bits[0] != 0);
    OK(warmstow_stopped(region, 1, stop));
    OK(warmstow_keeper_stopped(region, 1, stop));
    CHECK(poll_one(region, 2).kind == WARMSTOW_ACTION_NONE);
    OK(warmstow_region_close(region));
}

static void makes_room(void) {
    warmstow_region region = with_nodes(512);
    warmstow_function old = add(region, "old", 128), young = add(region, "young", 128);
    warmstow_function large = add(region, "large", 300), huge = add(region, "huge", 512);
    warmstow_invocation first, second, refused;
    int stopped = 0;
    OK(warmstow_keeper_keep(region, 0, old, "lru", SECOND));
    OK(warmstow_keeper_keep(region, 0, young, "lru", SECOND));
    first = served(region, 0, SECOND, old);
    second = served(region, 2 * SECOND, 3 * SECOND, young);
    ANSWERS(WARMSTOW_ERROR_NO_CAPACITY, warmstow_invoke(region, 4 * SECOND, large, &refused));
    OK(warmstow_keeper_make_room(region, 4 * SECOND, large));
    {
        warmstow_action victim = poll_one(region, 4 * SECOND);
        CHECK(victim.kind == WARMSTOW_ACTION_STOP);
        CHECK(victim.instance.bits[0] == first.instance.bits[0]);
        OK(warmstow_stopped(region, 4 * SECOND, victim.instance));
        OK(warmstow_keeper_stopped(region, 4 * SECOND, victim.instance));
    }
    CHECK(carry_out(region, 4 * SECOND, &stopped) == 0 && stopped == 0);
    first = begin(region, 5 * SECOND, large);
    CHECK(first.start == WARMSTOW_START_COLD);
    ANSWERS(WARMSTOW_ERROR_NO_ROOM, warmstow_keeper_make_room(region, 5 * SECOND, huge));
    SAYS("512 MiB");
    CHECK(poll_one(region, 5 * SECOND).kind == WARMSTOW_ACTION_NONE);
    end(region, 6 * SECOND, first);
    CHECK(second.instance.bits[0] == young.bits);
    OK(warmstow_region_close(region));
}

static void refuses(void) {
    static const char *const texts[] = {"",       "fix",      "fixed:",      "fixed:-1s",
                                        "lru:1",  "adaptive:0", "histogram:1", "fixed:1e99s"};
    warmstow_region region = with_nodes(512), other = with_nodes(512), none = {0};
    warmstow_function f = add(region, "f", 128), foreign = add(other, "f", 128), null = {0};
    warmstow_instance nobody = {{0, 0}};
    char policy[4] = "abc";
    add(region, "g", 128);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        ANSWERS(WARMSTOW_ERROR_KEEP_ALIVE_POLICY,
                warmstow_keeper_keep(region, 0, f, texts[i], SECOND));
    }
    SAYS("policy is \"fixed:1e99s\": needs a time");
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_keeper_keep(region, 0, f, NULL, SECOND));
    ANSWERS(WARMSTOW_ERROR_TEXT, warmstow_keeper_keep(region, 0, f, "\xff", SECOND));
    ANSWERS(WARMSTOW_ERROR_FUNCTION_STALE, warmstow_keeper_keep(region, 0, null, "lru", SECOND));
    ANSWERS(WARMSTOW_ERROR_FUNCTION_STALE,
            warmstow_keeper_keep(region, 0, foreign, "lru", SECOND));
    ANSWERS(WARMSTOW_ERROR_REGION_STALE, warmstow_keeper_keep(none, 0, f, "lru", SECOND));
    ANSWERS(WARMSTOW_ERROR_FUNCTION_STALE, warmstow_keeper_release(region, foreign, 0));
    ANSWERS(WARMSTOW_ERROR_FUNCTION_STALE, warmstow_keeper_make_room(region, 0, foreign));
    ANSWERS(WARMSTOW_ERROR_FUNCTION_STALE,
            warmstow_keeper_policy(region, foreign, policy, sizeof policy));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_keeper_policy(region, f, NULL, 3));
    ANSWERS(WARMSTOW_ERROR_LENGTH, warmstow_keeper_policy(region, f, policy, 0));
    CHECK(strcmp(policy, "abc") == 0);
    ANSWERS(WARMSTOW_ERROR_INSTANCE_STALE, warmstow_keeper_invoked(region, 0, nobody));
    ANSWERS(WARMSTOW_ERROR_INSTANCE_STALE, warmstow_keeper_ended(region, 0, nobody, 0));
    ANSWERS(WARMSTOW_ERROR_INSTANCE_STALE, warmstow_keeper_stopped(region, 0, nobody));
    ANSWERS(WARMSTOW_ERROR_REGION_STALE, warmstow_keeper_stopped(none, 0, nobody));
    /* What it does not keep changes nothing; garbage is refused. */
    OK(warmstow_keeper_keep(region, 0, f, "fixed:0s", SECOND));
    {
        warmstow_instance garbage = {{f.bits, UINT64_MAX}}, unknown = {{f.bits + 1, 1}};
        unknown.bits[1] = UINT64_C(1) << 32;
        OK(warmstow_keeper_invoked(region, 0, unknown));
        OK(warmstow_keeper_ended(region, 1, unknown, 0));
        OK(warmstow_keeper_stopped(region, 1, unknown));
        ANSWERS(WARMSTOW_ERROR_INSTANCE_STALE, warmstow_keeper_invoked(region, 1, garbage));
        ANSWERS(WARMSTOW_ERROR_INSTANCE_STALE, warmstow_keeper_ended(region, 1, garbage, 0));
        ANSWERS(WARMSTOW_ERROR_INSTANCE_STALE, warmstow_keeper_stopped(region, 1, garbage));
        garbage.bits[0] = foreign.bits;
        ANSWERS(WARMSTOW_ERROR_INSTANCE_STALE, warmstow_keeper_stopped(region, 1, garbage));
        CHECK(poll_one(region, 1).kind == WARMSTOW_ACTION_NONE);
    }
    OK(warmstow_region_close(region));
    OK(warmstow_region_close(other));
}

int main(void) {
    keeps_for_a_time();
    starts_ahead();
    a_refused_start_ahead_is_given_up();
    makes_room();
    refuses();
    return check_end();
}
