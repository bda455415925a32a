/* Versions, aliases and provisioned concurrency as a host uses them. */
#include "versions.h"

static void publishes_and_updates(void) {
    warmstow_region region = region_of(WARMSTOW_PROFILE_OFF, 2);
    warmstow_versioned f = versioned_of(region, "f", WARMSTOW_PROVISIONING_AT_ONCE, 3), found;
    warmstow_function latest = version_of(region, f, WARMSTOW_LATEST), one, by_name;
    warmstow_function_spec larger = spec_of(512), seen;
    warmstow_invocation old, idle;
    uint32_t versions[3] = {9, 9, 9};
    size_t count = 0;
    int stopped = 0;
    OK(warmstow_versioned_find(region, "f", &found));
    CHECK(found.bits == f.bits);
    CHECK(publish(region, f) == 1 && publish(region, f) == 1);
    one = version_of(region, f, 1);
    OK(warmstow_function_find(region, "f:1", &by_name));
    CHECK(by_name.bits == one.bits && one.bits != latest.bits);

    /* What runs finishes in the old code, what is idle is stopped. */
    old = begin(region, 0, latest);
    idle = begin(region, 0, latest);
    end(region, 1 * SECOND, idle);
    OK(warmstow_versioned_update(region, 2 * SECOND, f, &larger));
    CHECK(carry_out(region, 2 * SECOND, &stopped) == 0 && stopped == 1);
    {
        warmstow_invocation fresh = begin(region, 3 * SECOND, latest);
        CHECK(fresh.start == WARMSTOW_START_COLD);
        CHECK(fresh.instance.bits[0] != old.instance.bits[0]);
        end(region, 3 * SECOND, fresh);
    }
    end(region, 4 * SECOND, old);
    {
        uint64_t next = 0;
        OK(warmstow_advance(region, 5 * SECOND, &next));
        CHECK(next == 6 * SECOND);
        CHECK(carry_out(region, 5 * SECOND, &stopped) == 0 && stopped == 2);
        OK(warmstow_advance(region, 6 * SECOND, &next));
        CHECK(next == UINT64_MAX);
    }

    /* A version keeps its settings; the reservation is of all. */
    CHECK(publish(region, f) == 2);
    OK(warmstow_versioned_spec_read(region, f, 1, &seen, sizeof seen));
    CHECK(seen.memory_mib == 128 && seen.reserved_concurrency == 3);
    OK(warmstow_versioned_spec_read(region, f, WARMSTOW_LATEST, &seen, sizeof seen));
    CHECK(seen.memory_mib == 512);
    OK(warmstow_versioned_list(region, f, versions, 3, &count));
    CHECK(count == 2 && versions[0] == 1 && versions[1] == 2 && versions[2] == 9);
    OK(warmstow_versioned_list(region, f, versions, 1, &count));
    CHECK(count == 2);
    {
        warmstow_invocation requests[3], refused;
        for (int i = 0; i < 3; i++) {
            requests[i] = begin(region, 6 * SECOND, i == 0 ? one : latest);
        }
        ANSWERS(WARMSTOW_ERROR_THROTTLED,
                warmstow_invoke_version(region, 6 * SECOND, one, 0, &refused));
        CHECK(refused.refusal == WARMSTOW_REFUSAL_RESERVED_CONCURRENT_INVOCATION_LIMIT);
        OK(warmstow_versioned_set_reserved(region, f, 4));
        OK(warmstow_invoke_version(region, 6 * SECOND, one, 0, &refused));
        OK(warmstow_started(region, 6 * SECOND, refused.lease));
        end(region, 7 * SECOND, refused);
        for (int i = 0; i < 3; i++) {
            end(region, 7 * SECOND, requests[i]);
        }
    }
    /* A deleted version is gone; its number is not given again. */
    OK(warmstow_versioned_delete(region, 8 * SECOND, f, 1));
    CHECK(carry_out(region, 8 * SECOND, &stopped) == 0 && stopped == 4);
    {
        warmstow_invocation refused;
        ANSWERS(WARMSTOW_ERROR_FUNCTION_STALE,
                warmstow_invoke_version(region, 8 * SECOND, one, 0, &refused));
    }
    OK(warmstow_versioned_update(region, 9 * SECOND, f, &larger));
    CHECK(publish(region, f) == 3);
    CHECK(metrics_of(region, f).throttles == 1 && metrics_of(region, f).invocations == 7);
    OK(warmstow_versioned_set_reserved(region, f, WARMSTOW_UNRESERVED));
    CHECK(claimed(region) == 0);
    OK(warmstow_region_close(region));
}

static void aliases_split_and_move(void) {
    warmstow_region region = region_of(WARMSTOW_PROFILE_OFF, 2);
    warmstow_versioned f =
        versioned_of(region, "f", WARMSTOW_PROVISIONING_AT_ONCE, WARMSTOW_UNRESERVED);
    warmstow_function_spec spec = spec_of(256);
    warmstow_routing split, seen;
    warmstow_alias live, again;
    warmstow_function versions[2];
    int counts[2] = {0, 0};
    CHECK(publish(region, f) == 1);
    OK(warmstow_versioned_update(region, 0, f, &spec));
    CHECK(publish(region, f) == 2);
    versions[0] = version_of(region, f, 1);
    versions[1] = version_of(region, f, 2);
    split = route(1, 2, 1000);
    OK(warmstow_alias_create(region, f, "live", &split, &live));
    for (uint64_t draw = 0; draw < 1000; draw++) {
        warmstow_invocation request;
        warmstow_instance stop;
        OK(warmstow_invoke_alias(region, draw, live, draw, 0, &request));
        for (int i = 0; i < 2; i++) {
            counts[i] += request.instance.bits[0] == versions[i].bits;
        }
        OK(warmstow_fail(region, draw, request.lease, &stop));
        OK(warmstow_stopped(region, draw, stop));
    }
    CHECK(counts[0] + counts[1] == 1000 && counts[1] > 60 && counts[1] < 140);
    split = route(2, 0, 0);
    OK(warmstow_alias_update(region, SECOND, f, "live", &split));
    OK(warmstow_alias_read(region, f, "live", &again, &seen, sizeof seen));
    CHECK(again.bits == live.bits && seen.struct_size == sizeof seen);
    CHECK(seen.version == 2 && seen.other_version == 0 && seen.other_weight == 0);
    split = route(1, 2, WARMSTOW_WEIGHT_ONE);
    OK(warmstow_alias_update(region, SECOND, f, "live", &split));
    OK(warmstow_alias_read(region, f, "live", &again, &seen, sizeof seen));
    CHECK(seen.other_version == 2 && seen.other_weight == WARMSTOW_WEIGHT_ONE);
    {
        warmstow_invocation request;
        OK(warmstow_invoke_alias(region, SECOND, live, 5, 0, &request));
        CHECK(request.instance.bits[0] == versions[1].bits);
        OK(warmstow_started(region, SECOND, request.lease));
        end(region, SECOND, request);
        OK(warmstow_alias_delete(region, SECOND, f, "live"));
        ANSWERS(WARMSTOW_ERROR_ALIAS_STALE,
                warmstow_invoke_alias(region, SECOND, live, 5, 0, &request));
    }
    OK(warmstow_region_close(region));
}

/* AWS's pace; a request before all is ready runs on demand, one above spills. */
static void provisions_as_aws_does(void) {
    warmstow_region region = region_of(WARMSTOW_PROFILE_OFF, 2);
    warmstow_versioned f =
        versioned_of(region, "f", WARMSTOW_PROVISIONING_LAMBDA, WARMSTOW_UNRESERVED);
    warmstow_provisioned_view view;
    warmstow_versioned_metrics metrics;
    warmstow_function one;
    warmstow_action first, second;
    warmstow_invocation requests[3];
    warmstow_instance stop;
    uint64_t next = 0;
    int stopped = 0;
    CHECK(publish(region, f) == 1);
    one = version_of(region, f, 1);
    CHECK(provisioned(region, f, "1").status == WARMSTOW_PROVISIONED_NONE);
    OK(warmstow_provisioned_put(region, 0, f, "1", 2));
    CHECK(claimed(region) == 2);
    CHECK(poll_one(region, 0).kind == WARMSTOW_ACTION_NONE);
    OK(warmstow_advance(region, 0, &next));
    CHECK(next == 90 * SECOND);
    while (next < 91 * SECOND) {
        OK(warmstow_advance(region, next, &next));
    }
    first = poll_one(region, 91 * SECOND);
    second = poll_one(region, 91 * SECOND);
    CHECK(first.kind == WARMSTOW_ACTION_START && second.kind == WARMSTOW_ACTION_START);
    OK(warmstow_prepared(region, 92 * SECOND, first.prestart, &stop));
    view = provisioned(region, f, "1");
    CHECK(view.status == WARMSTOW_PROVISIONED_IN_PROGRESS && view.version == 1);
    CHECK(view.requested == 2 && view.allocated == 1 && view.available == 0);
    requests[0] = begin(region, 92 * SECOND, one);
    CHECK(requests[0].start == WARMSTOW_START_COLD);
    end(region, 93 * SECOND, requests[0]);
    OK(warmstow_prepared(region, 93 * SECOND, second.prestart, &stop));
    view = provisioned(region, f, "1");
    CHECK(view.status == WARMSTOW_PROVISIONED_READY && view.available == 2);
    for (int i = 0; i < 3; i++) {
        requests[i] = begin(region, 94 * SECOND, one);
        CHECK(requests[i].start == WARMSTOW_START_WARM);
        CHECK((requests[i].instance.bits[0] == view.pool.bits) == (i < 2));
    }
    metrics = metrics_of(region, f);
    CHECK(metrics.provisioned_invocations == 2 && metrics.spillover_invocations == 1);
    CHECK(metrics.concurrent_executions == 3 && metrics.provisioned_executions == 2);
    CHECK(metrics.provisioned_available == 2 && metrics.provisioned_utilization == 1.0);
    CHECK(claimed(region) == 3);
    /* One crashes: another is started in its place. */
    OK(warmstow_fail(region, 95 * SECOND, requests[0].lease, &stop));
    OK(warmstow_stopped(region, 95 * SECOND, stop));
    OK(warmstow_advance(region, 95 * SECOND, &next));
    CHECK(carry_out(region, 95 * SECOND, &stopped) == 1 && stopped == 0);
    CHECK(provisioned(region, f, "1").allocated == 2);
    /* Taken away: what is idle stops now, what runs when it ends. */
    OK(warmstow_provisioned_delete(region, 96 * SECOND, f, "1"));
    carry_out(region, 96 * SECOND, &stopped);
    CHECK(stopped == 1 && provisioned(region, f, "1").status == WARMSTOW_PROVISIONED_NONE);
    end(region, 97 * SECOND, requests[1]);
    end(region, 97 * SECOND, requests[2]);
    OK(warmstow_advance(region, 98 * SECOND, &next));
    carry_out(region, 98 * SECOND, &stopped);
    CHECK(stopped == 2 && claimed(region) == 0);
    OK(warmstow_advance(region, 99 * SECOND, &next));
    CHECK(next == UINT64_MAX);
    OK(warmstow_region_close(region));
}

static void a_failed_start_says_why(void) {
    warmstow_region region = region_of(WARMSTOW_PROFILE_OFF, 1);
    warmstow_versioned f = versioned_of(region, "f", WARMSTOW_PROVISIONING_AT_ONCE, 10);
    warmstow_provisioned_view view;
    warmstow_instance stop;
    warmstow_action starts[3];
    char reason[32];
    int stopped = 0;
    CHECK(publish(region, f) == 1);
    OK(warmstow_provisioned_put(region, 0, f, "1", 3));
    for (int i = 0; i < 3; i++) {
        starts[i] = poll_one(region, 0);
    }
    OK(warmstow_prepared(region, 1, starts[0].prestart, &stop));
    OK(warmstow_unprepared(region, 1, starts[1].prestart, "image not found", &stop));
    CHECK(stop.bits[0] == 0);
    OK(warmstow_provisioned_read(region, f, "1", &view, sizeof view, reason, sizeof reason));
    CHECK(view.status == WARMSTOW_PROVISIONED_FAILED && strcmp(reason, "image not found") == 0);
    CHECK(view.available == 0 && view.requested == 3);
    OK(warmstow_provisioned_read(region, f, "1", &view, sizeof view, reason, 6));
    CHECK(strcmp(reason, "image") == 0);
    /* The third is drained meanwhile and stopped when it is up. */
    OK(warmstow_prepared(region, 2, starts[2].prestart, &stop));
    carry_out(region, 2, &stopped);
    CHECK(stopped == 3);
    /* Asked for again it is tried again. */
    OK(warmstow_provisioned_put(region, 3, f, "1", 1));
    CHECK(carry_out(region, 3, NULL) == 1);
    OK(warmstow_provisioned_read(region, f, "1", &view, sizeof view, reason, sizeof reason));
    CHECK(view.status == WARMSTOW_PROVISIONED_READY && reason[0] == '\0');
    CHECK(claimed(region) == 10);
    OK(warmstow_region_close(region));
}

/* Target tracking on the share in use: 70 % wanted, all of 2 busy. */
static void a_scaler_drives_it(void) {
    static const char config[] =
        "{\"min\": 1, \"max\": 10, \"running\": 2, \"policies\": [{\"name\": \"utilization\","
        " \"metric\": \"ProvisionedConcurrencyUtilization\","
        " \"rule\": {\"target_tracking\": {\"target\": 0.7}}}]}";
    warmstow_region region = region_of(WARMSTOW_PROFILE_OFF, 1);
    warmstow_versioned f =
        versioned_of(region, "f", WARMSTOW_PROVISIONING_AT_ONCE, WARMSTOW_UNRESERVED);
    warmstow_routing to = route(1, 0, 0);
    warmstow_alias live;
    warmstow_scaler scaler;
    warmstow_decision decision;
    warmstow_invocation requests[2];
    uint32_t metric;
    CHECK(publish(region, f) == 1);
    OK(warmstow_alias_create(region, f, "live", &to, &live));
    OK(warmstow_provisioned_put(region, 0, f, "live", 2));
    CHECK(carry_out(region, 0, NULL) == 2);
    OK(warmstow_scaler_open(config, sizeof config - 1, 0, &scaler));
    OK(warmstow_scaler_metric(scaler, "ProvisionedConcurrencyUtilization", &metric));
    for (int i = 0; i < 2; i++) {
        OK(warmstow_invoke_alias(region, 0, live, 0, 0, &requests[i]));
        CHECK(requests[i].start == WARMSTOW_START_WARM);
    }
    for (uint64_t minute = 0; minute < 3; minute++) {
        double used = metrics_of(region, f).provisioned_utilization;
        OK(warmstow_scaler_observe(scaler, minute * 60 * SECOND, metric, used));
    }
    OK(warmstow_scaler_advance(scaler, 180 * SECOND, NULL));
    OK(warmstow_scaler_poll(scaler, &decision, sizeof decision, NULL, 0));
    CHECK(decision.cause == WARMSTOW_CAUSE_POLICY && decision.to == 3);
    OK(warmstow_provisioned_put(region, 180 * SECOND, f, "live", decision.to));
    CHECK(carry_out(region, 180 * SECOND, NULL) == 1);
    CHECK(provisioned(region, f, "live").available == 3);
    for (int i = 0; i < 2; i++) {
        end(region, 180 * SECOND, requests[i]);
    }
    OK(warmstow_scaler_close(scaler));
    OK(warmstow_region_close(region));
}

int main(void) {
    publishes_and_updates();
    aliases_split_and_move();
    provisions_as_aws_does();
    a_failed_start_says_why();
    a_scaler_drives_it();
    return check_end();
}
