/* Rates: Lambda's of today, of 2019, and the host's own. */
#include "versions.h"

static warmstow_function add(warmstow_region region, const char *name, uint32_t reserved) {
    warmstow_function_spec spec = spec_of(128);
    warmstow_function function = {0};
    spec.max_instances = 5000;
    spec.reserved_concurrency = reserved;
    OK(warmstow_function_add(region, name, &spec, &function));
    return function;
}

/* Cold starts until one is refused; at most `most`. */
static int starts(warmstow_region region, uint64_t now_ns, warmstow_function function, int most,
                  uint32_t *refusal) {
    warmstow_invocation request;
    int count = 0;
    *refusal = WARMSTOW_REFUSAL_NONE;
    while (count < most) {
        warmstow_instance stop;
        if (warmstow_invoke(region, now_ns, function, &request) != WARMSTOW_OK) {
            *refusal = request.refusal;
            break;
        }
        OK(warmstow_fail(region, now_ns, request.lease, &stop));
        OK(warmstow_stopped(region, now_ns, stop));
        count++;
    }
    return count;
}

static void of_lambda(void) {
    warmstow_region_model model;
    warmstow_region region;
    warmstow_function one, two;
    uint32_t refusal;
    OK(warmstow_region_model_default(WARMSTOW_PROFILE_LAMBDA, &model, sizeof model));
    CHECK(model.requests_per_concurrency == 10 && model.lanes == 16);
    CHECK(model.scaling == WARMSTOW_SCALING_EACH_FUNCTION && model.scaling_count == 1000);
    CHECK(model.scaling_per_ns == 10 * SECOND && model.scaling_burst == 1000);
    region = region_of(WARMSTOW_PROFILE_LAMBDA, 0);
    one = add(region, "one", WARMSTOW_UNRESERVED);
    two = add(region, "two", WARMSTOW_UNRESERVED);
    CHECK(starts(region, 0, one, 1500, &refusal) == 1000);
    CHECK(refusal == WARMSTOW_REFUSAL_SCALING_RATE);
    SAYS("instances are started too fast");
    CHECK(starts(region, 0, two, 1500, &refusal) == 1000 && refusal != WARMSTOW_REFUSAL_NONE);
    CHECK(starts(region, SECOND, one, 1500, &refusal) == 100);
    /* 10 requests a second of a reservation of 2, one unit in flight at most. */
    {
        warmstow_function few = add(region, "few", 2);
        CHECK(starts(region, 2 * SECOND, few, 100, &refusal) == 20);
        CHECK(refusal == WARMSTOW_REFUSAL_RESERVED_INVOCATION_RATE_LIMIT);
        /* Events of AWS services are held to concurrency alone. */
        warmstow_invocation events[3];
        for (int i = 0; i < 2; i++) {
            OK(warmstow_invoke_unmetered(region, 2 * SECOND, few, 0, &events[i]));
        }
        ANSWERS(WARMSTOW_ERROR_THROTTLED,
                warmstow_invoke_unmetered(region, 2 * SECOND, few, 0, &events[2]));
        CHECK(events[2].refusal == WARMSTOW_REFUSAL_RESERVED_CONCURRENT_INVOCATION_LIMIT);
        ANSWERS(WARMSTOW_ERROR_ALIAS_STALE,
                warmstow_invoke_alias_unmetered(region, 2 * SECOND, (warmstow_alias){0}, 0, 0,
                                                &events[2]));
    }
    OK(warmstow_region_close(region));
}

static void of_2019(void) {
    warmstow_region region = region_of(WARMSTOW_PROFILE_LAMBDA_2019, 0);
    warmstow_function one = add(region, "one", WARMSTOW_UNRESERVED);
    warmstow_function two = add(region, "two", WARMSTOW_UNRESERVED);
    uint32_t refusal;
    CHECK(starts(region, 0, one, 2000, &refusal) == 2000);
    CHECK(starts(region, 0, two, 2000, &refusal) == 1000);
    CHECK(refusal == WARMSTOW_REFUSAL_SCALING_RATE);
    CHECK(starts(region, 60 * SECOND, two, 2000, &refusal) == 500);
    OK(warmstow_region_close(region));
}

static void of_none(void) {
    warmstow_region region = region_of(WARMSTOW_PROFILE_OFF, 0);
    warmstow_function one = add(region, "one", WARMSTOW_UNRESERVED);
    uint32_t refusal;
    CHECK(starts(region, 0, one, 12000, &refusal) == 12000);
    OK(warmstow_region_close(region));
}

static void of_the_host(void) {
    warmstow_region_config config;
    warmstow_region_model model;
    warmstow_region region = {7};
    warmstow_function one;
    uint32_t refusal;
    OK(warmstow_region_config_default(&config, sizeof config));
    OK(warmstow_region_model_default(WARMSTOW_PROFILE_OFF, &model, sizeof model));
    CHECK(model.requests_per_concurrency == 0 && model.scaling == WARMSTOW_SCALING_UNLIMITED);
    model.scaling = WARMSTOW_SCALING_TOGETHER;
    ANSWERS(WARMSTOW_ERROR_REGION_CONFIG, warmstow_region_open_model(&config, &model, &region));
    SAYS("scaling_rate: a rate of 0");
    model.scaling_count = 3;
    model.scaling_per_ns = 60 * SECOND;
    ANSWERS(WARMSTOW_ERROR_REGION_CONFIG, warmstow_region_open_model(&config, &model, &region));
    SAYS("a burst of 0");
    model.scaling_burst = 4;
    model.scaling = 3;
    ANSWERS(WARMSTOW_ERROR_ENUM, warmstow_region_open_model(&config, &model, &region));
    model.scaling = WARMSTOW_SCALING_TOGETHER;
    model.lanes = 0;
    ANSWERS(WARMSTOW_ERROR_REGION_CONFIG, warmstow_region_open_model(&config, &model, &region));
    model.lanes = 1;
    model.max_aliases = (1u << 24) + 1;
    ANSWERS(WARMSTOW_ERROR_REGION_CONFIG, warmstow_region_open_model(&config, &model, &region));
    model.max_aliases = 0;
    model.reserved_field = 1;
    ANSWERS(WARMSTOW_ERROR_NOT_ZERO, warmstow_region_open_model(&config, &model, &region));
    model.reserved_field = 0;
    config.strategy = 99;
    ANSWERS(WARMSTOW_ERROR_ENUM, warmstow_region_open_model(&config, &model, &region));
    config.strategy = 0;
    model.struct_size--;
    ANSWERS(WARMSTOW_ERROR_STRUCT_SIZE, warmstow_region_open_model(&config, &model, &region));
    model.struct_size++;
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_region_open_model(NULL, &model, &region));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_region_open_model(&config, NULL, &region));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_region_open_model(&config, &model, NULL));
    ANSWERS(WARMSTOW_ERROR_ENUM, warmstow_region_model_default(3, &model, sizeof model));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_region_model_default(0, NULL, sizeof model));
    ANSWERS(WARMSTOW_ERROR_STRUCT_SIZE, warmstow_region_model_default(0, &model, 1));
    CHECK(region.bits == 7);
    OK(warmstow_region_open_model(&config, &model, &region));
    one = add(region, "one", WARMSTOW_UNRESERVED);
    CHECK(starts(region, 0, one, 100, &refusal) == 4);
    CHECK(starts(region, 20 * SECOND, one, 100, &refusal) == 1);
    OK(warmstow_region_close(region));
}

int main(void) {
    of_lambda();
    of_2019();
    of_none();
    of_the_host();
    return check_end();
}
