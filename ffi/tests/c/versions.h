/* A host of functions with versions: carries out what warmstow_poll() says. */
#ifndef VERSIONS_H
#define VERSIONS_H

#include "check.h"

#define SECOND UINT64_C(1000000000)

static inline warmstow_function_spec spec_of(uint32_t memory_mib) {
    warmstow_function_spec spec;
    OK(warmstow_function_spec_default(&spec, sizeof spec));
    spec.memory_mib = memory_mib;
    spec.max_instances = 20;
    return spec;
}

static inline warmstow_region region_of(uint32_t profile, uint32_t max_aliases) {
    warmstow_region_config config;
    warmstow_region_model model;
    warmstow_region opened = {0};
    OK(warmstow_region_config_default(&config, sizeof config));
    OK(warmstow_region_model_default(profile, &model, sizeof model));
    model.max_aliases = max_aliases;
    config.max_functions = 64;
    OK(warmstow_region_open_model(&config, &model, &opened));
    return opened;
}

static inline warmstow_versioned versioned_of(warmstow_region region, const char *name,
                                              uint32_t profile, uint32_t reserved) {
    warmstow_function_spec spec = spec_of(128);
    warmstow_provisioning provisioning;
    warmstow_versioned made = {0};
    OK(warmstow_provisioning_default(profile, &provisioning, sizeof provisioning));
    spec.reserved_concurrency = reserved;
    OK(warmstow_versioned_add(region, name, &spec, &provisioning, &made));
    return made;
}

static inline warmstow_action poll_one(warmstow_region region, uint64_t now_ns) {
    warmstow_action action;
    memset(&action, 0xA5, sizeof action);
    OK(warmstow_poll(region, now_ns, &action, sizeof action));
    CHECK(action.reserved_field == 0);
    return action;
}

/* Carries all out, well; how many instances were started. */
static inline int carry_out(warmstow_region region, uint64_t now_ns, int *stopped) {
    int started = 0;
    for (;;) {
        warmstow_action action = poll_one(region, now_ns);
        warmstow_instance stop = {{7, 7}};
        switch (action.kind) {
        case WARMSTOW_ACTION_START:
            CHECK(action.prestart.bits[0] != 0 && action.instance.bits[0] != 0);
            OK(warmstow_prepared(region, now_ns, action.prestart, &stop));
            CHECK(stop.bits[0] == 0 && stop.bits[1] == 0);
            started++;
            break;
        case WARMSTOW_ACTION_STOP:
            CHECK(action.prestart.bits[0] == 0 && action.node.bits == 0);
            OK(warmstow_stopped(region, now_ns, action.instance));
            OK(warmstow_keeper_stopped(region, now_ns, action.instance));
            if (stopped != NULL) {
                ++*stopped;
            }
            break;
        default:
            CHECK(action.kind == WARMSTOW_ACTION_NONE);
            CHECK(action.prestart.bits[0] == 0 && action.instance.bits[0] == 0);
            return started;
        }
    }
}

static inline uint32_t publish(warmstow_region region, warmstow_versioned of) {
    uint32_t version = 0;
    OK(warmstow_versioned_publish(region, of, &version));
    return version;
}

static inline warmstow_function version_of(warmstow_region region, warmstow_versioned of,
                                           uint32_t version) {
    warmstow_function function = {0};
    OK(warmstow_versioned_version(region, of, version, &function));
    return function;
}

static inline warmstow_routing route(uint32_t version, uint32_t other, uint32_t weight) {
    warmstow_routing routing;
    routing.struct_size = sizeof routing;
    routing.version = version;
    routing.other_version = other;
    routing.other_weight = weight;
    return routing;
}

/* A request that is initialised at once where it is cold. */
static inline warmstow_invocation begin(warmstow_region region, uint64_t now_ns,
                                        warmstow_function version) {
    warmstow_invocation request;
    OK(warmstow_invoke_version(region, now_ns, version, 0, &request));
    if (request.start == WARMSTOW_START_COLD) {
        OK(warmstow_started(region, now_ns, request.lease));
    }
    return request;
}

static inline void end(warmstow_region region, uint64_t now_ns, warmstow_invocation request) {
    warmstow_instance stop = {{7, 7}};
    OK(warmstow_complete(region, now_ns, request.lease, &stop));
    if (stop.bits[0] != 0) {
        OK(warmstow_stopped(region, now_ns, stop));
    }
}

static inline uint64_t claimed(warmstow_region region) {
    warmstow_region_view view;
    OK(warmstow_region_view_read(region, &view, sizeof view));
    return view.claimed_concurrency;
}

static inline warmstow_provisioned_view provisioned(warmstow_region region, warmstow_versioned of,
                                                    const char *qualifier) {
    warmstow_provisioned_view view;
    memset(&view, 0xA5, sizeof view);
    OK(warmstow_provisioned_read(region, of, qualifier, &view, sizeof view, NULL, 0));
    return view;
}

static inline warmstow_versioned_metrics metrics_of(warmstow_region region,
                                                    warmstow_versioned of) {
    warmstow_versioned_metrics metrics;
    OK(warmstow_versioned_metrics_read(region, of, &metrics, sizeof metrics));
    return metrics;
}

#endif
