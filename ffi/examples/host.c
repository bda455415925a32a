/*
 * A host in C: several threads serve requests of three functions in one region,
 * while a control thread reaps idle instances and moves the limits.
 *
 *   make ffi
 *   cc -std=c99 -I include ffi/examples/host.c -L target/release -lwarmstow \
 *      -Wl,-rpath,$PWD/target/release -pthread -o target/host
 *   target/host [threads] [requests a thread]
 *
 * The host keeps a record of its own for each instance, without a lock: who
 * holds the lease owns the record. At the end it checks its own counts against
 * the library's and prints both.
 */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "warmstow.h"

enum { FUNCTIONS = 3, NODES = 4, MAX_INSTANCES = 24, MAX_THREADS = 64 };

#define MS UINT64_C(1000000)

static const char *const names[FUNCTIONS] = {"resize", "checkout", "report"};
static const uint32_t memory_mib[FUNCTIONS] = {256, 512, 1024};

/* An environment that the host has started, in the place of its instance. */
typedef struct {
    int running;
    uint64_t requests;
} environment;

/* What one thread has seen; added up at the end. */
typedef struct {
    uint64_t warm, cold, completed, failed, stopped;
    uint64_t refused[WARMSTOW_REFUSAL_COUNT];
} tally;

typedef struct {
    pthread_t thread;
    uint32_t number;
    uint64_t requests;
    tally tallies[FUNCTIONS];
} worker;

static warmstow_region region;
static warmstow_function functions[FUNCTIONS];
static warmstow_node nodes[NODES];
static environment environments[FUNCTIONS][MAX_INSTANCES];
static int stop_control;

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 * MS + (uint64_t)now.tv_nsec;
}

/* A mistake of the host's: says which and ends. */
static void must(int32_t status, const char *call) {
    if (status != WARMSTOW_OK) {
        fprintf(stderr, "%s: %s: %s\n", call, warmstow_status_name(status), warmstow_last_error());
        exit(1);
    }
}

#define MUST(call) must((call), #call)

static environment *environment_of(int function, warmstow_instance instance) {
    return &environments[function][warmstow_instance_index(instance)];
}

/* Stops an instance's environment, then says so. */
static void stop_instance(int function, warmstow_instance instance, tally *seen) {
    environment *record = environment_of(function, instance);
    record->running = 0;
    record->requests = 0;
    seen->stopped++;
    MUST(warmstow_stopped(region, now_ns(), instance));
}

static void serve(int function, int fails, tally *seen) {
    warmstow_invocation request;
    warmstow_instance stop;
    int32_t status = warmstow_invoke(region, now_ns(), functions[function], &request);
    if (request.refusal != WARMSTOW_REFUSAL_NONE) {
        seen->refused[request.refusal]++;
        return;
    }
    must(status, "warmstow_invoke");
    environment *record = environment_of(function, request.instance);
    if (request.start == WARMSTOW_START_COLD) {
        seen->cold++;
        record->running = 1; /* a real host starts it on request.node */
        MUST(warmstow_started(region, now_ns(), request.lease));
    } else {
        seen->warm++;
    }
    record->requests++; /* ours alone: we hold the lease */
    if (fails) {
        seen->failed++;
        MUST(warmstow_fail(region, now_ns(), request.lease, &stop));
    } else {
        seen->completed++;
        MUST(warmstow_complete(region, now_ns(), request.lease, &stop));
    }
    if (stop.bits[0] != 0) {
        stop_instance(function, stop, seen);
    }
}

static void *work(void *argument) {
    worker *self = argument;
    uint64_t random = self->number + 1;
    for (uint64_t i = 0; i < self->requests; i++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        int function = (int)((random >> 33) % FUNCTIONS);
        int fails = (random >> 40) % 50 == 0;
        serve(function, fails, &self->tallies[function]);
    }
    return NULL;
}

/* Reaps what was idle for its keep-alive; a small buffer loses none. */
static void reap(int function, uint64_t at_ns, tally *seen) {
    warmstow_instance instances[4];
    size_t count;
    do {
        MUST(warmstow_reap(region, at_ns, functions[function], instances, 4, &count));
        for (size_t i = 0; i < count; i++) {
            stop_instance(function, instances[i], seen);
        }
    } while (count == 4);
}

static void *control(void *argument) {
    worker *self = argument;
    const struct timespec pause = {0, 200000};
    for (uint32_t round = 0; !__atomic_load_n(&stop_control, __ATOMIC_ACQUIRE); round++) {
        for (int function = 0; function < FUNCTIONS; function++) {
            reap(function, now_ns(), &self->tallies[function]);
        }
        MUST(warmstow_region_set_account_limit(region, round % 2 ? 105 : 2));
        MUST(warmstow_function_set_reserved(
            region, functions[1], round % 4 == 3 ? 2 : WARMSTOW_UNRESERVED));
        nanosleep(&pause, NULL);
        /* Below 100 only with nothing reserved: AWS's unreserved minimum. */
        MUST(warmstow_function_set_reserved(region, functions[1], WARMSTOW_UNRESERVED));
    }
    return NULL;
}

static void set_up(void) {
    warmstow_region_config config;
    warmstow_node_spec node;
    warmstow_function_spec spec;
    MUST(warmstow_region_config_default(&config, sizeof config));
    config.max_functions = FUNCTIONS;
    config.max_nodes = NODES;
    config.strategy = WARMSTOW_STRATEGY_SPREAD_NODE;
    MUST(warmstow_region_open(&config, &region));
    for (uint32_t i = 0; i < NODES; i++) {
        MUST(warmstow_node_spec_default(&node, sizeof node));
        node.cpu_units = 4096;
        node.memory_mib = 2048;
        node.zone = i % 2;
        MUST(warmstow_node_add(region, &node, &nodes[i]));
    }
    for (int i = 0; i < FUNCTIONS; i++) {
        MUST(warmstow_function_spec_default(&spec, sizeof spec));
        spec.memory_mib = memory_mib[i];
        spec.max_instances = MAX_INSTANCES;
        spec.keep_alive_ns = MS / 10;
        MUST(warmstow_function_add(region, names[i], &spec, &functions[i]));
    }
}

static int passed, failed;

static void check(int holds, const char *what) {
    holds ? passed++ : failed++;
    if (!holds) {
        fprintf(stderr, "failed: %s\n", what);
    }
}

static void add(tally *sum, const tally *part) {
    sum->warm += part->warm;
    sum->cold += part->cold;
    sum->completed += part->completed;
    sum->failed += part->failed;
    sum->stopped += part->stopped;
    for (int i = 0; i < WARMSTOW_REFUSAL_COUNT; i++) {
        sum->refused[i] += part->refused[i];
    }
}

/* Prints a function's counts and checks them against the threads' own. */
static uint64_t settle(int function, const tally *seen) {
    warmstow_counters counted;
    uint64_t refused = 0;
    int same = 1;
    MUST(warmstow_counters_read(region, functions[function], &counted, sizeof counted));
    for (uint32_t i = 0; i < WARMSTOW_REFUSAL_COUNT; i++) {
        same = same && counted.refusals[i] == seen->refused[i];
        refused += counted.refusals[i];
    }
    printf("%-10s %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 "\n",
           names[function], counted.warm_starts, counted.cold_starts, counted.completions,
           counted.failures, refused);
    for (uint32_t i = 0; i < WARMSTOW_REFUSAL_COUNT; i++) {
        if (counted.refusals[i] != 0) {
            printf("    refused %9" PRIu64 "  %s\n", counted.refusals[i], warmstow_refusal_name(i));
        }
    }
    check(same, "refusals: the library's counts are the threads'");
    check(counted.warm_starts == seen->warm, "warm starts");
    check(counted.cold_starts == seen->cold, "cold starts");
    check(counted.completions == seen->completed, "completions");
    check(counted.failures == seen->failed, "failures");
    check(counted.in_flight == 0, "no request is left in flight");
    check(counted.instances == 0, "no instance is left");
    check(seen->cold == seen->stopped, "every instance that started was stopped");
    return counted.warm_starts + counted.cold_starts + refused;
}

int main(int argc, char **argv) {
    static worker workers[MAX_THREADS + 1];
    uint32_t threads = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 4;
    uint64_t requests = argc > 2 ? strtoull(argv[2], NULL, 10) : 250000;
    if (threads == 0 || threads > MAX_THREADS) {
        fprintf(stderr, "threads: 1 to %d\n", MAX_THREADS);
        return 2;
    }
    set_up();
    uint64_t began = now_ns();
    for (uint32_t i = 0; i <= threads; i++) {
        workers[i].number = i;
        workers[i].requests = requests;
        if (pthread_create(&workers[i].thread, NULL, i < threads ? work : control, &workers[i])) {
            fprintf(stderr, "pthread_create failed\n");
            return 1;
        }
    }
    for (uint32_t i = 0; i < threads; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    uint64_t took = now_ns() - began;
    __atomic_store_n(&stop_control, 1, __ATOMIC_RELEASE);
    pthread_join(workers[threads].thread, NULL);

    uint64_t arrived = 0;
    printf("%-10s %9s %9s %9s %9s %9s\n", "function", "warm", "cold", "completed", "failed",
           "refused");
    for (int function = 0; function < FUNCTIONS; function++) {
        tally sum = workers[threads].tallies[function];
        reap(function, UINT64_MAX, &sum);
        for (uint32_t i = 0; i < threads; i++) {
            add(&sum, &workers[i].tallies[function]);
        }
        arrived += settle(function, &sum);
    }
    check(arrived == threads * requests, "every request was served or refused");
    for (int i = 0; i < NODES; i++) {
        warmstow_node_view view;
        MUST(warmstow_node_view_read(region, nodes[i], &view, sizeof view));
        check(view.instances == 0 && view.free_memory_mib == view.memory_mib &&
                  view.free_cpu_units == view.cpu_units, "every node is empty again");
    }
    MUST(warmstow_region_close(region));
    printf("%" PRIu32 " threads, %" PRIu64 " requests, %.0f ns a request in each thread\n", threads, arrived,
           (double)took / (double)requests);
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}
