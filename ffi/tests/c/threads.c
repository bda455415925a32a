/* Several threads on one region: a region closed under their hands, calls of
 * the control plane from all of them, each thread its own last error. */
#include <pthread.h>
#include <stdlib.h>
#include "check.h"

enum { THREADS = 4, ROUNDS = 40, CALLS = 2000 };

static warmstow_region region;
static warmstow_function function;
static int ready, wrong;

/* C99 has no atomics; these are the compiler's. */
static void add_one(int *count) { __atomic_fetch_add(count, 1, __ATOMIC_SEQ_CST); }
static int get(int *count) { return __atomic_load_n(count, __ATOMIC_SEQ_CST); }
static void set_zero(int *count) { __atomic_store_n(count, 0, __ATOMIC_SEQ_CST); }

static void open_region(void) {
    warmstow_region_config config;
    warmstow_function_spec spec;
    OK(warmstow_region_config_default(&config, sizeof config));
    config.max_functions = 64;
    OK(warmstow_region_open(&config, &region));
    OK(warmstow_function_spec_default(&spec, sizeof spec));
    spec.max_instances = 16;
    OK(warmstow_function_add(region, "f", &spec, &function));
}

/* Works until the region is closed; anything but OK or REGION_STALE is wrong. */
static void *until_closed(void *unused) {
    (void)unused;
    add_one(&ready);
    for (uint64_t now = 0;; now++) {
        warmstow_invocation request;
        warmstow_instance stop;
        int32_t status = warmstow_invoke_in(region, now, function, (uint32_t)now, &request);
        if (status == WARMSTOW_OK && request.start == WARMSTOW_START_COLD) {
            status = warmstow_started(region, now, request.lease);
        }
        if (status == WARMSTOW_OK) {
            status = warmstow_complete(region, now, request.lease, &stop);
        }
        if (status == WARMSTOW_ERROR_REGION_STALE) {
            return NULL;
        }
        if (status != WARMSTOW_OK) {
            add_one(&wrong);
            return NULL;
        }
    }
}

static void close_under_calls(void) {
    for (int round = 0; round < ROUNDS; round++) {
        pthread_t threads[THREADS];
        open_region();
        set_zero(&ready);
        for (int i = 0; i < THREADS; i++) {
            CHECK(pthread_create(&threads[i], NULL, until_closed, NULL) == 0);
        }
        while (get(&ready) < THREADS) {
        }
        OK(warmstow_region_close(region));
        for (int i = 0; i < THREADS; i++) {
            pthread_join(threads[i], NULL);
        }
    }
    CHECK(get(&wrong) == 0);
}

static int closed;

static void *close_once(void *unused) {
    (void)unused;
    add_one(&ready);
    while (get(&ready) < THREADS) {
    }
    if (warmstow_region_close(region) == WARMSTOW_OK) {
        add_one(&closed);
    }
    return NULL;
}

static void closed_by_one_only(void) {
    for (int round = 0; round < ROUNDS; round++) {
        pthread_t threads[THREADS];
        open_region();
        set_zero(&ready);
        set_zero(&closed);
        for (int i = 0; i < THREADS; i++) {
            CHECK(pthread_create(&threads[i], NULL, close_once, NULL) == 0);
        }
        for (int i = 0; i < THREADS; i++) {
            pthread_join(threads[i], NULL);
        }
        CHECK(get(&closed) == 1);
    }
}

static int ended;

/* All threads end the same leases: one wins each. */
static void *end_all(void *leases) {
    for (int i = 0; i < CALLS; i++) {
        warmstow_instance stop;
        int32_t status = warmstow_complete(region, 1, ((warmstow_lease *)leases)[i], &stop);
        if (status == WARMSTOW_OK) {
            add_one(&ended);
        } else if (status != WARMSTOW_ERROR_LEASE_STALE) {
            add_one(&wrong);
        }
    }
    return NULL;
}

static void a_lease_ends_once(void) {
    warmstow_lease *leases = malloc(CALLS * sizeof *leases);
    warmstow_function_spec spec;
    warmstow_counters counters;
    pthread_t threads[THREADS];
    CHECK(leases != NULL);
    open_region();
    OK(warmstow_region_set_account_limit(region, CALLS));
    OK(warmstow_function_spec_default(&spec, sizeof spec));
    spec.max_instances = CALLS;
    OK(warmstow_function_add(region, "many", &spec, &function));
    for (int i = 0; i < CALLS; i++) {
        warmstow_invocation request;
        OK(warmstow_invoke(region, 0, function, &request));
        OK(warmstow_started(region, 0, request.lease));
        leases[i] = request.lease;
    }
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, end_all, leases) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK(get(&ended) == CALLS && get(&wrong) == 0);
    OK(warmstow_counters_read(region, function, &counters, sizeof counters));
    CHECK(counters.completions == CALLS && counters.in_flight == 0);
    OK(warmstow_region_close(region));
    free(leases);
}

#ifndef WITHOUT_LOCKS
/* Adds functions and moves limits from several threads at a time. */
static void *control(void *number) {
    const int self = *(int *)number;
    warmstow_function_spec spec;
    warmstow_function_spec_default(&spec, sizeof spec);
    spec.max_instances = 1;
    for (int i = 0; i < 8; i++) {
        char name[32];
        warmstow_function mine, found;
        snprintf(name, sizeof name, "%d.%d", self, i);
        int32_t status = warmstow_function_add(region, name, &spec, &mine);
        status |= warmstow_function_find(region, name, &found);
        status |= warmstow_function_set_reserved(region, mine, 5);
        status |= warmstow_region_set_account_limit(region, 1000 + (uint32_t)i);
        if (status != WARMSTOW_OK || mine.bits != found.bits) {
            add_one(&wrong);
        }
        /* The message is this thread's own. */
        warmstow_function_find(region, self % 2 ? NULL : "none", &found);
        const char *message = warmstow_last_error();
        if (strcmp(message, self % 2 ? "name is NULL"
                                     : "the region has no function of that name") != 0) {
            add_one(&wrong);
        }
    }
    return NULL;
}

static void control_from_all(void) {
    pthread_t threads[THREADS];
    int numbers[THREADS];
    warmstow_region_view view;
    open_region();
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        CHECK(pthread_create(&threads[i], NULL, control, &numbers[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    OK(warmstow_region_view_read(region, &view, sizeof view));
    CHECK(view.reserved_sum == THREADS * 8 * 5 && view.account_limit == 1007);
    CHECK(get(&wrong) == 0);
    OK(warmstow_region_close(region));
}
#endif

int main(void) {
    close_under_calls();
    closed_by_one_only();
    a_lease_ends_once();
#ifndef WITHOUT_LOCKS
    control_from_all();
#endif
    return check_end();
}
