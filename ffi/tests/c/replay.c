/* Replays from C: the counts of a small trace, the published model, and every
 * wrong argument. */
#include <math.h>
#include "check.h"

#define MS UINT64_C(1000000)
#define SECOND (1000 * MS)

static warmstow_report out[2], untouched[2];

#define REFUSED(status, call)                                                 \
    do {                                                                      \
        memset(out, 0xA5, sizeof out);                                        \
        memset(untouched, 0xA5, sizeof untouched);                            \
        ANSWERS(status, call);                                                \
        CHECK(warmstow_last_error()[0] != '\0');                              \
        CHECK(memcmp(out, untouched, sizeof out) == 0);                       \
    } while (0)

static warmstow_function_spec functions[2];
static warmstow_node_spec nodes[2];
static warmstow_replay_config config;

static const uint64_t arrival_ns[] = {0, 1 * SECOND, 1 * SECOND, 700 * SECOND};
static const uint32_t which[] = {0, 0, 1, 0};
static const uint64_t duration_ns[] = {500 * MS, 500 * MS, 100 * MS, 500 * MS};
static const uint64_t cold_start_ns[] = {200 * MS, 200 * MS, 200 * MS, 200 * MS};

static warmstow_trace good_trace(void) {
    warmstow_trace trace = {0};
    trace.struct_size = sizeof trace;
    trace.rows = 4;
    trace.arrival_ns = arrival_ns;
    trace.function = which;
    trace.duration_ns = duration_ns;
    trace.cold_start_ns = cold_start_ns;
    trace.horizon_ns = 1400 * SECOND;
    return trace;
}

static void set_up(void) {
    OK(warmstow_replay_config_default(&config, sizeof config));
    for (int i = 0; i < 2; i++) {
        OK(warmstow_function_spec_default(&functions[i], sizeof functions[i]));
        functions[i].memory_mib = 1024;
        OK(warmstow_node_spec_default(&nodes[i], sizeof nodes[i]));
        nodes[i].cpu_units = 4096;
        nodes[i].memory_mib = 2048;
    }
    config.functions = functions;
    config.function_count = 2;
}

static void a_small_trace(void) {
    warmstow_trace trace = good_trace();
    warmstow_report total, each[2], again;
    OK(warmstow_replay_trace(&config, &trace, &total, each, sizeof total));
    CHECK(total.invocations == 4 && total.cold_starts == 3 && total.warm_starts == 1);
    CHECK(total.cold_start_probability == 0.75);
    CHECK(each[0].invocations == 3 && each[0].cold_starts == 2);
    CHECK(each[1].invocations == 1 && each[1].cold_starts == 1);
    CHECK(total.latency_max_ms == 700.0 && each[1].latency_p50_ms == 300.0);
    CHECK(total.peak_concurrency == 2 && total.peak_instances == 2);
    CHECK(total.nodes == 0 && total.mean_memory_share == 0.0);
    /* Function 1's instance lives 300 ms, then idles 600 s. */
    CHECK(fabs(each[1].idle_gb_seconds - 600.0) < 1e-9);
    CHECK(fabs(each[1].init_gb_seconds - 0.2) < 1e-9);
    CHECK(fabs(each[1].busy_gb_seconds - 0.1) < 1e-9);
    CHECK(total.cost_total_usd > 0.0);
    OK(warmstow_replay_trace(&config, &trace, &again, NULL, sizeof again));
    CHECK(memcmp(&total, &again, sizeof total) == 0); /* the same twice */

    warmstow_replay_config small = config;
    small.nodes = nodes;
    small.node_count = 1; /* room for two instances */
    small.account_limit = 1;
    OK(warmstow_replay_trace(&small, &trace, &total, NULL, sizeof total));
    CHECK(total.refusals[WARMSTOW_REFUSAL_CONCURRENT_INVOCATION_LIMIT] == 1);
    CHECK(total.nodes == 1 && total.mean_nodes_used > 0.5);
    CHECK(total.invocations == 4 && total.warm_starts + total.cold_starts == 3);
}

/* Where the observed time ends when nobody says: each request warm, after the
 * trace's own cold start where it has one, never after a drawn one. */
static void the_horizon_left_out(void) {
    static const uint64_t at[] = {0}, ten_seconds[] = {10 * SECOND};
    static const uint32_t first[] = {0};
    warmstow_trace trace = {0};
    warmstow_replay_config drawn = config;
    warmstow_report total;
    trace.struct_size = sizeof trace;
    trace.rows = 1;
    trace.arrival_ns = at;
    trace.function = first;
    trace.duration_ns = ten_seconds;
    drawn.cold_start_code.kind = WARMSTOW_DISTRIBUTION_DETERMINISTIC;
    drawn.cold_start_code.mean_s = 10.0;
    OK(warmstow_replay_trace(&drawn, &trace, &total, NULL, sizeof total));
    CHECK(total.init_gb_seconds == 10.0 && total.busy_gb_seconds == 0.0); /* 10 s */
    trace.cold_start_ns = ten_seconds;
    OK(warmstow_replay_trace(&drawn, &trace, &total, NULL, sizeof total));
    CHECK(total.init_gb_seconds == 10.0 && total.busy_gb_seconds == 10.0); /* 20 s */
}

/* Of two instances one stops after 2 s and one is there at the end, 100 s on:
 * both count. */
static void the_mean_life(void) {
    static const uint64_t at[] = {0, 0}, second[] = {SECOND, SECOND};
    warmstow_function_spec two[2] = {functions[0], functions[1]};
    warmstow_trace trace = good_trace();
    warmstow_replay_config short_lived = config;
    warmstow_report total;
    two[0].keep_alive_ns = 1 * SECOND;
    short_lived.functions = two;
    trace.rows = 2;
    trace.arrival_ns = at;
    trace.duration_ns = second;
    trace.function = which + 1; /* 0, 1 */
    trace.cold_start_ns = NULL;
    trace.horizon_ns = 100 * SECOND;
    OK(warmstow_replay_trace(&short_lived, &trace, &total, NULL, sizeof total));
    CHECK(total.stopped_instances == 1);
    CHECK(fabs(total.mean_instance_lifespan_s - (2.0 + 100.0) / 2) < 1e-9);
}

/* SimFaaS's published model: 0.9 requests a second, keep-alive 600 s. */
static void the_published_model(void) {
    warmstow_poisson poisson = {0};
    warmstow_report total;
    warmstow_replay_config one = config;
    one.function_count = 1;
    one.seed = 1;
    poisson.struct_size = sizeof poisson;
    poisson.rate_per_s = 0.9;
    poisson.duration_s = 1e5;
    poisson.warm.kind = WARMSTOW_DISTRIBUTION_EXPONENTIAL;
    poisson.warm.mean_s = 1.991;
    poisson.cold.kind = WARMSTOW_DISTRIBUTION_EXPONENTIAL;
    poisson.cold.mean_s = 2.244;
    OK(warmstow_replay_poisson(&one, &poisson, &total, NULL, sizeof total));
    CHECK(fabs((double)total.invocations - 90000.0) < 1500.0);
    CHECK(fabs(total.mean_busy_instances - 1.792) < 0.05);
    CHECK(total.cold_start_probability > 0.0005 && total.cold_start_probability < 0.004);

    warmstow_poisson bad = poisson;
    bad.rate_per_s = 0.0;
    REFUSED(WARMSTOW_ERROR_REPLAY_CONFIG,
            warmstow_replay_poisson(&one, &bad, out, NULL, sizeof *out));
    bad.rate_per_s = NAN;
    REFUSED(WARMSTOW_ERROR_REPLAY_CONFIG,
            warmstow_replay_poisson(&one, &bad, out, NULL, sizeof *out));
    bad = poisson;
    bad.duration_s = -1.0;
    REFUSED(WARMSTOW_ERROR_REPLAY_CONFIG,
            warmstow_replay_poisson(&one, &bad, out, NULL, sizeof *out));
    bad = poisson;
    bad.warm.mean_s = -1.0;
    REFUSED(WARMSTOW_ERROR_DISTRIBUTION,
            warmstow_replay_poisson(&one, &bad, out, NULL, sizeof *out));
    bad.warm.kind = WARMSTOW_DISTRIBUTION_LOGNORMAL;
    bad.warm.mean_s = 1.0;
    bad.warm.cv = NAN;
    REFUSED(WARMSTOW_ERROR_DISTRIBUTION,
            warmstow_replay_poisson(&one, &bad, out, NULL, sizeof *out));
    bad.warm.kind = 4;
    REFUSED(WARMSTOW_ERROR_ENUM, warmstow_replay_poisson(&one, &bad, out, NULL, sizeof *out));
    SAYS("warm.kind is 4: it must be 0 to 3");
    bad = poisson;
    bad.warm.reserved_field = 1;
    REFUSED(WARMSTOW_ERROR_NOT_ZERO,
            warmstow_replay_poisson(&one, &bad, out, NULL, sizeof *out));
    bad = poisson;
    bad.cold.kind = WARMSTOW_DISTRIBUTION_NONE;
    bad.cold.reserved_field = 1;
    REFUSED(WARMSTOW_ERROR_NOT_ZERO,
            warmstow_replay_poisson(&one, &bad, out, NULL, sizeof *out));
    SAYS("cold.reserved_field is 1");
    bad = poisson;
    bad.cold.kind = UINT32_MAX;
    REFUSED(WARMSTOW_ERROR_ENUM, warmstow_replay_poisson(&one, &bad, out, NULL, sizeof *out));
    bad = poisson;
    bad.struct_size = 8;
    REFUSED(WARMSTOW_ERROR_STRUCT_SIZE,
            warmstow_replay_poisson(&one, &bad, out, NULL, sizeof *out));
    REFUSED(WARMSTOW_ERROR_NULL, warmstow_replay_poisson(&one, NULL, out, NULL, sizeof *out));
    REFUSED(WARMSTOW_ERROR_NULL, warmstow_replay_poisson(NULL, &poisson, out, NULL, sizeof *out));
}

#define TRACE(status, change)                                                 \
    do {                                                                      \
        warmstow_trace bad = good_trace();                                    \
        change;                                                               \
        REFUSED(status, warmstow_replay_trace(&config, &bad, &out[0], NULL,   \
                                              sizeof *out));                  \
    } while (0)

#define CONFIG(status, change)                                                \
    do {                                                                      \
        warmstow_replay_config bad = config;                                  \
        warmstow_trace good_ = good_trace();                                  \
        change;                                                               \
        REFUSED(status, warmstow_replay_trace(&bad, &good_, &out[0], NULL,    \
                                              sizeof *out));                  \
    } while (0)

static void wrong_arguments(void) {
    static const uint64_t backwards[] = {0, 2 * SECOND, 1 * SECOND, 700 * SECOND};
    static const uint32_t unknown[] = {0, 2, 0, 0};
    const size_t size = sizeof *out;
    warmstow_trace trace = good_trace();
    REFUSED(WARMSTOW_ERROR_NULL, warmstow_replay_trace(NULL, &trace, out, NULL, size));
    REFUSED(WARMSTOW_ERROR_NULL, warmstow_replay_trace(&config, NULL, out, NULL, size));
    REFUSED(WARMSTOW_ERROR_NULL, warmstow_replay_trace(&config, &trace, NULL, out, size));
    REFUSED(WARMSTOW_ERROR_STRUCT_SIZE,
            warmstow_replay_trace(&config, &trace, out, NULL, size - 1));
    TRACE(WARMSTOW_ERROR_STRUCT_SIZE, bad.struct_size = 1);
    TRACE(WARMSTOW_ERROR_NULL, bad.arrival_ns = NULL);
    TRACE(WARMSTOW_ERROR_NULL, bad.function = NULL);
    TRACE(WARMSTOW_ERROR_NULL, bad.duration_ns = NULL);
    TRACE(WARMSTOW_ERROR_LENGTH, bad.rows = SIZE_MAX);
    TRACE(WARMSTOW_ERROR_LENGTH, bad.rows = SIZE_MAX / 4 + 1);
    TRACE(WARMSTOW_ERROR_LENGTH, bad.rows = 1000000001);
    SAYS("rows is 1000000001: it must be 1 to 1000000000");
    TRACE(WARMSTOW_ERROR_LENGTH, bad.rows = 0);
    SAYS("rows is 0: it must be 1 to ");
    TRACE(WARMSTOW_ERROR_NOT_ZERO, bad.reserved_field = 9);
    SAYS("trace.reserved_field is 9: it must be 0");
    TRACE(WARMSTOW_ERROR_TRACE, bad.arrival_ns = backwards);
    CHECK(strstr(warmstow_last_error(), "2") != NULL); /* the row */
    TRACE(WARMSTOW_ERROR_TRACE, bad.function = unknown);
    TRACE(WARMSTOW_ERROR_TRACE, bad.horizon_ns = 1);
    CONFIG(WARMSTOW_ERROR_STRUCT_SIZE, bad.struct_size = 0);
    CONFIG(WARMSTOW_ERROR_ENUM, bad.strategy = 6);
    CONFIG(WARMSTOW_ERROR_ENUM, bad.arm = 2);
    CONFIG(WARMSTOW_ERROR_REPLAY_CONFIG, bad.function_count = 0);
    CONFIG(WARMSTOW_ERROR_NULL, bad.functions = NULL);
    CONFIG(WARMSTOW_ERROR_LENGTH, bad.function_count = SIZE_MAX);
    SAYS("function_count is ");
    CONFIG(WARMSTOW_ERROR_NULL, bad.node_count = 1);
    SAYS("nodes is NULL");
    CONFIG(WARMSTOW_ERROR_LENGTH, bad.node_count = SIZE_MAX);
    SAYS("node_count is ");
    CONFIG(WARMSTOW_ERROR_ENUM, bad.resets = 3);
    SAYS("resets is 3: it must be 0 to 1");
    CONFIG(WARMSTOW_ERROR_NOT_ZERO, bad.cold_start_environment.reserved_field = 1);
    SAYS("cold_start_environment.reserved_field is 1");
    CONFIG(WARMSTOW_ERROR_REPLAY_CONFIG, bad.crash_rate = 1.5);
    CONFIG(WARMSTOW_ERROR_REPLAY_CONFIG, bad.crash_rate = NAN);
    CONFIG(WARMSTOW_ERROR_DISTRIBUTION,
           (bad.cold_start_code.kind = WARMSTOW_DISTRIBUTION_DETERMINISTIC,
            bad.cold_start_code.mean_s = -1.0));
    CONFIG(WARMSTOW_ERROR_ENUM, bad.cold_start_environment.kind = 9);
    CONFIG(WARMSTOW_ERROR_ENUM, bad.cold_start_code.kind = 9);
    SAYS("cold_start_code.kind is 9: it must be 0 to 3");

    warmstow_node_spec no_memory = nodes[0];
    no_memory.memory_mib = 0;
    CONFIG(WARMSTOW_ERROR_NODE_SPEC, (bad.nodes = &no_memory, bad.node_count = 1));
    warmstow_node_spec small = nodes[0];
    small.memory_mib = 512;
    CONFIG(WARMSTOW_ERROR_FUNCTION_TOO_LARGE, (bad.nodes = &small, bad.node_count = 1));
    warmstow_function_spec two[2] = {functions[0], functions[1]};
    two[1].struct_size = 4;
    CONFIG(WARMSTOW_ERROR_STRUCT_SIZE, bad.functions = two);
    two[1] = functions[1];
    two[1].reserved_field = 7;
    CONFIG(WARMSTOW_ERROR_NOT_ZERO, bad.functions = two);
    SAYS("functions[1].reserved_field is 7");
    two[1] = functions[1];
    two[1].pick = 3;
    CONFIG(WARMSTOW_ERROR_ENUM, bad.functions = two);
    SAYS("functions[1].pick is 3");
    two[1] = functions[1];
    two[1].max_instances = 0;
    CONFIG(WARMSTOW_ERROR_FUNCTION_SPEC, bad.functions = two);
    two[1].max_instances = 1;
    two[1].reserved_concurrency = 950;
    CONFIG(WARMSTOW_ERROR_RESERVED, bad.functions = two);
}

int main(void) {
    set_up();
    a_small_trace();
    the_horizon_left_out();
    the_mean_life();
    the_published_model();
    wrong_arguments();
    return check_end();
}
