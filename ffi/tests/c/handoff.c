/* What a thread writes to an instance's record before it completes a request is
 * there for the thread that gets the instance next, without a lock: for the
 * thread sanitizer to watch. With BROKEN the record is touched once more after
 * the lease has ended, which the sanitizer must report. */
#include <pthread.h>
#include <stdlib.h>
#include "check.h"

enum { THREADS = 4, REQUESTS = 20000, INSTANCES = 2 };

static warmstow_region region;
static warmstow_function function;
static uint64_t records[INSTANCES];
static uint64_t served[THREADS], wrong[THREADS];

static void *work(void *number) {
    const int self = *(int *)number;
    for (uint64_t now = 0; now < REQUESTS; now++) {
        warmstow_invocation request;
        warmstow_instance stop = {{0, 0}};
        int32_t status = warmstow_invoke(region, now, function, &request);
        if (status != WARMSTOW_OK) {
            wrong[self] += status != WARMSTOW_ERROR_INSTANCE_LIMIT;
            continue;
        }
        uint64_t *record = &records[warmstow_instance_index(request.instance)];
        if (request.start == WARMSTOW_START_COLD) {
            wrong[self] += warmstow_started(region, now, request.lease) != WARMSTOW_OK;
        }
        *record += 1;
        served[self]++;
        /* Now and then the instance stops and its place goes to another one. */
        status = now % 64 == 0 ? warmstow_fail(region, now, request.lease, &stop)
                               : warmstow_complete(region, now, request.lease, &stop);
#ifdef BROKEN
        *record += 1;
#endif
        wrong[self] += status != WARMSTOW_OK;
        if (stop.bits[0] != 0) {
            wrong[self] += warmstow_stopped(region, now, stop) != WARMSTOW_OK;
        }
    }
    return NULL;
}

int main(void) {
    warmstow_region_config config;
    warmstow_function_spec spec;
    pthread_t threads[THREADS];
    int numbers[THREADS];
    uint64_t all = 0, recorded = 0, errors = 0;
    OK(warmstow_region_config_default(&config, sizeof config));
    OK(warmstow_region_open(&config, &region));
    OK(warmstow_function_spec_default(&spec, sizeof spec));
    spec.max_instances = INSTANCES;
    OK(warmstow_function_add(region, "f", &spec, &function));
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        CHECK(pthread_create(&threads[i], NULL, work, &numbers[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        all += served[i];
        errors += wrong[i];
    }
    for (int i = 0; i < INSTANCES; i++) {
        recorded += records[i];
    }
    CHECK(errors == 0);
    CHECK(recorded == all && all > 0); /* no increment was lost */
    OK(warmstow_region_close(region));
    return check_end();
}
