#include <inttypes.h>
#include <stdio.h>
#include "warmstow.h"

#define SECOND UINT64_C(1000000000)

int main(void) {
    warmstow_region_config config;
    warmstow_region region;
    warmstow_region_config_default(&config, sizeof config); /* AWS's limits */
    if (warmstow_region_open(&config, &region) != WARMSTOW_OK) {
        fprintf(stderr, "%s\n", warmstow_last_error());
        return 1;
    }
    warmstow_function_spec spec;
    warmstow_function resize;
    warmstow_function_spec_default(&spec, sizeof spec);
    spec.memory_mib = 512;
    warmstow_function_add(region, "resize", &spec, &resize);

    for (uint64_t second = 0; second < 3; second++) {
        uint64_t now = second * SECOND; /* your monotonic clock */
        warmstow_invocation request;
        warmstow_instance stop;
        if (warmstow_invoke(region, now, resize, &request) != WARMSTOW_OK) {
            printf("refused: %s\n", warmstow_refusal_name(request.refusal));
            continue;
        }
        if (request.start == WARMSTOW_START_COLD) { /* start the instance, then: */
            warmstow_started(region, now, request.lease);
        }
        printf("%" PRIu64 " s: %s start on instance %" PRIu32 "\n", second,
               request.start == WARMSTOW_START_COLD ? "cold" : "warm",
               warmstow_instance_index(request.instance));
        warmstow_complete(region, now + SECOND / 2, request.lease, &stop);
    }
    return warmstow_region_close(region) == WARMSTOW_OK ? 0 : 1;
}
