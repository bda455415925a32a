/* Requests and events that wait, from C: backlogs, asynchronous queues, polled
 * sources, front ends; each used, and each called wrongly. */
#include <stdlib.h>
#include "versions.h"

#define MINUTE (60 * SECOND)

static warmstow_region narrow(uint32_t max_aliases) {
    warmstow_region region = region_of(WARMSTOW_PROFILE_OFF, max_aliases);
    return region;
}

/* A function that runs one request at a time. */
static warmstow_function single(warmstow_region region) {
    warmstow_function_spec spec = spec_of(128);
    warmstow_function function = {0};
    spec.reserved_concurrency = 1;
    OK(warmstow_function_add(region, "single", &spec, &function));
    return function;
}

static warmstow_backlog_config config_of(uint32_t capacity, uint32_t overflow) {
    warmstow_backlog_config config;
    OK(warmstow_backlog_config_default(1, &config, sizeof config));
    CHECK(config.capacity == 10 && config.max_wait_ns == 300 * SECOND);
    CHECK(config.overflow == WARMSTOW_OVERFLOW_REFUSE && config.reserved_field == 0);
    config.capacity = capacity;
    config.overflow = overflow;
    config.max_wait_ns = 10 * SECOND;
    return config;
}

static warmstow_backlog_action backlog_poll(warmstow_backlog backlog) {
    warmstow_backlog_action action;
    memset(&action, 0xA5, sizeof action);
    OK(warmstow_backlog_poll(backlog, &action, sizeof action));
    CHECK(action.reserved_field == 0);
    return action;
}

static void a_request_waits_and_runs(void) {
    warmstow_region region = narrow(0);
    warmstow_backlog_config config = config_of(2, WARMSTOW_OVERFLOW_REFUSE);
    warmstow_backlog backlog = {0};
    warmstow_invocation first, held;
    uint32_t place = 99, found = 99;
    uint64_t due = 0;
    OK(warmstow_backlog_open(region, single(region), &config, &backlog));
    OK(warmstow_backlog_offer(backlog, 0, 1, &first, &place));
    CHECK(place == 0 && first.start == WARMSTOW_START_COLD && first.lease.bits[0] != 0);
    OK(warmstow_backlog_offer(backlog, 1, 2, &held, &place));
    CHECK(place == 1 && held.lease.bits[0] == 0 && held.instance.bits[0] == 0);
    OK(warmstow_backlog_offer(backlog, 1, 3, &held, &place));
    CHECK(place == 2);
    place = 99;
    ANSWERS(WARMSTOW_ERROR_BACKLOG_FULL, warmstow_backlog_offer(backlog, 1, 4, &held, &place));
    SAYS("2 requests wait already");
    CHECK(place == 99);
    OK(warmstow_backlog_withdraw(backlog, 3, &found));
    CHECK(found == 1);
    OK(warmstow_backlog_withdraw(backlog, 3, &found));
    CHECK(found == 0);
    OK(warmstow_backlog_advance(backlog, 2, &due));
    CHECK(due > 2 && due <= SECOND);
    OK(warmstow_started(region, 2, first.lease));
    end(region, 3, first);
    OK(warmstow_backlog_freed(backlog, 4));
    warmstow_backlog_action action = backlog_poll(backlog);
    CHECK(action.kind == WARMSTOW_BACKLOG_RUN && action.request == 2 && action.waited_ns == 3);
    CHECK(action.invocation.start == WARMSTOW_START_WARM);
    end(region, 5, action.invocation);
    CHECK(backlog_poll(backlog).kind == WARMSTOW_BACKLOG_NONE);
    warmstow_backlog_counts counts;
    OK(warmstow_backlog_counts_read(backlog, &counts, sizeof counts));
    CHECK(counts.offered == 3 && counts.admitted == 1 && counts.waited == 1);
    CHECK(counts.refused == 1 && counts.waiting == 0 && counts.gone == 0);
    OK(warmstow_backlog_advance(backlog, 6, &due));
    CHECK(due == UINT64_MAX);
    OK(warmstow_backlog_advance(backlog, 6, NULL));
    OK(warmstow_backlog_close(backlog));
    OK(warmstow_region_close(region));
}

static void a_request_is_dropped(void) {
    warmstow_region region = narrow(1);
    warmstow_backlog_config config = config_of(1, WARMSTOW_OVERFLOW_DROP_OLDEST);
    warmstow_backlog backlog = {0};
    warmstow_invocation held, none;
    uint32_t place;
    OK(warmstow_backlog_open(region, single(region), &config, &backlog));
    OK(warmstow_backlog_offer(backlog, 0, 1, &held, &place));
    OK(warmstow_backlog_offer(backlog, 0, 2, &none, &place));
    OK(warmstow_backlog_offer(backlog, 1, 3, &none, &place));
    warmstow_backlog_action action = backlog_poll(backlog);
    CHECK(action.kind == WARMSTOW_BACKLOG_PUSHED_OUT && action.request == 2);
    CHECK(action.invocation.lease.bits[0] == 0);
    config.max_wait_ns = SECOND;
    OK(warmstow_backlog_configure(backlog, 2 * SECOND, &config));
    action = backlog_poll(backlog);
    CHECK(action.kind == WARMSTOW_BACKLOG_TOO_LATE && action.request == 3);
    OK(warmstow_backlog_close(backlog));

    warmstow_versioned shop =
        versioned_of(region, "shop", WARMSTOW_PROVISIONING_AT_ONCE, 1);
    warmstow_routing routing = route(publish(region, shop), 0, 0);
    warmstow_alias live = {0};
    OK(warmstow_alias_create(region, shop, "live", &routing, &live));
    OK(warmstow_backlog_open_alias(region, live, &config, &backlog));
    OK(warmstow_backlog_offer(backlog, 3 * SECOND, 1, &held, &place));
    OK(warmstow_backlog_offer(backlog, 3 * SECOND, 2, &none, &place));
    CHECK(place == 1);
    OK(warmstow_alias_delete(region, 3 * SECOND, shop, "live"));
    OK(warmstow_backlog_freed(backlog, 3 * SECOND));
    CHECK(backlog_poll(backlog).kind == WARMSTOW_BACKLOG_GONE);
    ANSWERS(WARMSTOW_ERROR_ALIAS_STALE,
            warmstow_backlog_offer(backlog, 3 * SECOND, 3, &none, &place));
    OK(warmstow_backlog_close(backlog));
    OK(warmstow_region_close(region));
}

static void backlogs_refuse_wrong_calls(void) {
    warmstow_region region = narrow(0), other = narrow(0);
    warmstow_function function = single(region), foreign = single(other), null = {0};
    warmstow_alias no_alias = {0};
    warmstow_backlog_config good = config_of(1, 0), bad;
    warmstow_backlog kept = {99}, backlog = {0}, none = {0};
    warmstow_backlog_action action;
    warmstow_backlog_counts counts;
    warmstow_invocation held;
    uint32_t place, found;
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_backlog_config_default(1, NULL, sizeof good));
    ANSWERS(WARMSTOW_ERROR_STRUCT_SIZE, warmstow_backlog_config_default(1, &bad, 4));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_backlog_open(region, function, NULL, &kept));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_backlog_open(region, function, &good, NULL));
    ANSWERS(WARMSTOW_ERROR_FUNCTION_STALE, warmstow_backlog_open(region, null, &good, &kept));
    ANSWERS(WARMSTOW_ERROR_FUNCTION_STALE, warmstow_backlog_open(region, foreign, &good, &kept));
    ANSWERS(WARMSTOW_ERROR_ALIAS_STALE,
            warmstow_backlog_open_alias(region, no_alias, &good, &kept));
    bad = good;
    bad.struct_size = 4;
    ANSWERS(WARMSTOW_ERROR_STRUCT_SIZE, warmstow_backlog_open(region, function, &bad, &kept));
    bad = good;
    bad.reserved_field = 1;
    ANSWERS(WARMSTOW_ERROR_NOT_ZERO, warmstow_backlog_open(region, function, &bad, &kept));
    bad = good;
    bad.overflow = 2;
    ANSWERS(WARMSTOW_ERROR_ENUM, warmstow_backlog_open(region, function, &bad, &kept));
    bad = good;
    bad.capacity = 0;
    ANSWERS(WARMSTOW_ERROR_BACKLOG_CONFIG, warmstow_backlog_open(region, function, &bad, &kept));
    SAYS("a backlog of 0");
    bad = good;
    bad.max_wait_ns = 0;
    ANSWERS(WARMSTOW_ERROR_BACKLOG_CONFIG, warmstow_backlog_open(region, function, &bad, &kept));
    CHECK(kept.bits == 99);
    OK(warmstow_backlog_open(region, function, &good, &backlog));
    ANSWERS(WARMSTOW_ERROR_BACKLOG_CONFIG, warmstow_backlog_configure(backlog, 0, &bad));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_backlog_offer(backlog, 0, 1, NULL, &place));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_backlog_offer(backlog, 0, 1, &held, NULL));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_backlog_withdraw(backlog, 1, NULL));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_backlog_poll(backlog, NULL, sizeof action));
    ANSWERS(WARMSTOW_ERROR_STRUCT_SIZE, warmstow_backlog_poll(backlog, &action, 8));
    ANSWERS(WARMSTOW_ERROR_STRUCT_SIZE, warmstow_backlog_counts_read(backlog, &counts, 8));
    OK(warmstow_region_close(other));
    OK(warmstow_region_close(region));
    ANSWERS(WARMSTOW_ERROR_REGION_STALE, warmstow_backlog_freed(backlog, 0));
    ANSWERS(WARMSTOW_ERROR_REGION_STALE, warmstow_backlog_offer(backlog, 0, 1, &held, &place));
    OK(warmstow_backlog_close(backlog));
    for (int at = 0; at < 2; at++) {
        warmstow_backlog stale = at == 0 ? none : backlog;
        ANSWERS(WARMSTOW_ERROR_BACKLOG_STALE, warmstow_backlog_close(stale));
        ANSWERS(WARMSTOW_ERROR_BACKLOG_STALE, warmstow_backlog_freed(stale, 0));
        ANSWERS(WARMSTOW_ERROR_BACKLOG_STALE, warmstow_backlog_advance(stale, 0, NULL));
        ANSWERS(WARMSTOW_ERROR_BACKLOG_STALE, warmstow_backlog_withdraw(stale, 1, &found));
        ANSWERS(WARMSTOW_ERROR_BACKLOG_STALE, warmstow_backlog_configure(stale, 0, &good));
    }
}

static warmstow_async_config async_config_of(uint32_t destinations) {
    warmstow_async_config config;
    OK(warmstow_async_config_default(&config, sizeof config));
    CHECK(config.retries == 2 && config.capacity == 100000 && config.destinations == 0);
    CHECK(config.max_age_ns == 6 * 60 * MINUTE);
    config.destinations = destinations;
    return config;
}

static warmstow_async_action async_poll(warmstow_async_queue queue) {
    warmstow_async_action action;
    memset(&action, 0xA5, sizeof action);
    OK(warmstow_async_queue_poll(queue, &action, sizeof action));
    return action;
}

static void an_event_is_tried_three_times(void) {
    warmstow_async_config config = async_config_of(WARMSTOW_DESTINATION_ON_FAILURE |
                                                   WARMSTOW_DESTINATION_DEAD_LETTER);
    warmstow_async_queue queue = {0};
    warmstow_async_metrics metrics;
    uint64_t event = 0, now = 0, due = 0;
    OK(warmstow_async_queue_open(&config, &queue));
    OK(warmstow_async_queue_accept(queue, 0, &event));
    for (uint32_t attempt = 1; attempt <= 3; attempt++) {
        warmstow_async_action action = async_poll(queue);
        CHECK(action.kind == WARMSTOW_ASYNC_INVOKE && action.event == event);
        CHECK(action.attempt == attempt && action.condition == WARMSTOW_CONDITION_NONE);
        OK(warmstow_async_queue_report(queue, now, event, WARMSTOW_OUTCOME_THROTTLED));
        now += SECOND;
        OK(warmstow_async_queue_advance(queue, now, NULL));
        CHECK(async_poll(queue).attempt == attempt);
        OK(warmstow_async_queue_report(queue, now, event, WARMSTOW_OUTCOME_FAILED));
        OK(warmstow_async_queue_advance(queue, now, &due));
        CHECK(due == (attempt == 3 ? UINT64_MAX : now + attempt * MINUTE));
        if (attempt < 3) {
            now = due;
            OK(warmstow_async_queue_advance(queue, now, NULL));
        }
    }
    uint32_t seen = 0;
    for (int one = 0; one < 2; one++) {
        warmstow_async_action action = async_poll(queue);
        CHECK(action.kind == WARMSTOW_ASYNC_DELIVER && action.event == event);
        CHECK(action.condition == WARMSTOW_CONDITION_RETRIES_EXHAUSTED);
        seen |= action.destination;
    }
    CHECK(seen == config.destinations && async_poll(queue).kind == WARMSTOW_ASYNC_NONE);
    OK(warmstow_async_queue_undelivered(queue, WARMSTOW_DESTINATION_DEAD_LETTER));
    OK(warmstow_async_queue_undelivered(queue, WARMSTOW_DESTINATION_ON_FAILURE));
    OK(warmstow_async_metrics_read(queue, now, &metrics, sizeof metrics));
    CHECK(metrics.received == 1 && metrics.dropped == 1 && metrics.succeeded == 0);
    CHECK(metrics.dead_letter_errors == 1 && metrics.delivery_failures == 1);
    CHECK(metrics.events == 0 && metrics.oldest_age_ns == 0);
    config = async_config_of(WARMSTOW_DESTINATION_ON_SUCCESS);
    OK(warmstow_async_queue_configure(queue, now, &config));
    OK(warmstow_async_queue_accept(queue, now, &event));
    CHECK(async_poll(queue).kind == WARMSTOW_ASYNC_INVOKE);
    OK(warmstow_async_queue_report(queue, now, event, WARMSTOW_OUTCOME_SUCCEEDED));
    warmstow_async_action left = async_poll(queue);
    CHECK(left.destination == WARMSTOW_DESTINATION_ON_SUCCESS);
    CHECK(left.condition == WARMSTOW_CONDITION_SUCCESS);
    OK(warmstow_async_queue_set_stopped(queue, now, 1));
    OK(warmstow_async_queue_accept(queue, now, &event));
    left = async_poll(queue);
    CHECK(left.kind == WARMSTOW_ASYNC_FORGET && left.event == event);
    CHECK(left.condition == WARMSTOW_CONDITION_ZERO_RESERVED_CONCURRENCY);
    OK(warmstow_async_queue_close(queue));
}

static void queues_refuse_wrong_calls(void) {
    warmstow_async_config good = async_config_of(0), bad = good;
    warmstow_async_queue queue = {0}, kept = {99}, none = {0};
    warmstow_async_action action;
    warmstow_async_metrics metrics;
    uint64_t event = 99;
    bad.retries = 258;
    ANSWERS(WARMSTOW_ERROR_ASYNC_CONFIG, warmstow_async_queue_open(&bad, &kept));
    SAYS("MaximumRetryAttempts");
    bad = good;
    bad.max_age_ns = 59 * SECOND;
    ANSWERS(WARMSTOW_ERROR_ASYNC_CONFIG, warmstow_async_queue_open(&bad, &kept));
    bad = good;
    bad.destinations = 8;
    ANSWERS(WARMSTOW_ERROR_ENUM, warmstow_async_queue_open(&bad, &kept));
    bad = good;
    bad.struct_size = 0;
    ANSWERS(WARMSTOW_ERROR_STRUCT_SIZE, warmstow_async_queue_open(&bad, &kept));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_async_queue_open(NULL, &kept));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_async_queue_open(&good, NULL));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_async_config_default(NULL, sizeof good));
    CHECK(kept.bits == 99);
    good.capacity = 1;
    OK(warmstow_async_queue_open(&good, &queue));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_async_queue_accept(queue, 0, NULL));
    OK(warmstow_async_queue_accept(queue, 0, &event));
    ANSWERS(WARMSTOW_ERROR_ASYNC_QUEUE_FULL, warmstow_async_queue_accept(queue, 0, &event));
    ANSWERS(WARMSTOW_ERROR_ENUM, warmstow_async_queue_report(queue, 0, event, 3));
    ANSWERS(WARMSTOW_ERROR_EVENT_UNKNOWN, warmstow_async_queue_report(queue, 0, 7, 0));
    SAYS("event 7 is not in flight");
    ANSWERS(WARMSTOW_ERROR_ENUM, warmstow_async_queue_undelivered(queue, 3));
    ANSWERS(WARMSTOW_ERROR_ENUM, warmstow_async_queue_undelivered(queue, 0));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_async_queue_poll(queue, NULL, sizeof action));
    ANSWERS(WARMSTOW_ERROR_STRUCT_SIZE, warmstow_async_queue_poll(queue, &action, 1));
    ANSWERS(WARMSTOW_ERROR_STRUCT_SIZE, warmstow_async_metrics_read(queue, 0, &metrics, 1));
    OK(warmstow_async_queue_close(queue));
    for (int at = 0; at < 2; at++) {
        warmstow_async_queue stale = at == 0 ? none : queue;
        ANSWERS(WARMSTOW_ERROR_ASYNC_QUEUE_STALE, warmstow_async_queue_close(stale));
        ANSWERS(WARMSTOW_ERROR_ASYNC_QUEUE_STALE, warmstow_async_queue_accept(stale, 0, &event));
        ANSWERS(WARMSTOW_ERROR_ASYNC_QUEUE_STALE, warmstow_async_queue_set_stopped(stale, 0, 1));
    }
}

static void a_source_is_polled_in_batches(void) {
    warmstow_polled_config config;
    warmstow_polled_source source = {0};
    warmstow_polled_view view;
    uint64_t batch = 99, due = 0;
    uint32_t messages = 99;
    OK(warmstow_polled_config_default(&config, sizeof config));
    CHECK(config.batch_size == 10 && config.maximum_concurrency == 0 && config.window_ns == 0);
    CHECK(config.initial_pollers == 5 && config.pollers_per_minute == 300);
    CHECK(config.max_pollers == 1250);
    config.initial_pollers = 2;
    OK(warmstow_polled_source_open(&config, &source));
    OK(warmstow_polled_source_messages(source, 0, 25));
    OK(warmstow_polled_source_poll(source, &batch, &messages));
    CHECK(batch == 1 && messages == 10);
    OK(warmstow_polled_source_poll(source, &batch, &messages));
    CHECK(batch == 2 && messages == 10);
    OK(warmstow_polled_source_poll(source, &batch, &messages));
    CHECK(batch == 0 && messages == 0);
    OK(warmstow_polled_view_read(source, &view, sizeof view));
    CHECK(view.in_flight == 2 && view.concurrency == 2);
    OK(warmstow_polled_source_advance(source, SECOND, &due));
    CHECK(due == MINUTE || due == UINT64_MAX);
    OK(warmstow_polled_source_ended(source, SECOND, 1, WARMSTOW_BATCH_SUCCEEDED));
    OK(warmstow_polled_source_advance(source, 10 * SECOND, NULL));
    config.maximum_concurrency = 2;
    OK(warmstow_polled_source_configure(source, 10 * SECOND, &config));
    OK(warmstow_polled_source_ended(source, 10 * SECOND, 2, WARMSTOW_BATCH_THROTTLED));
    ANSWERS(WARMSTOW_ERROR_BATCH_UNKNOWN,
            warmstow_polled_source_ended(source, 10 * SECOND, 2, WARMSTOW_BATCH_FAILED));
    ANSWERS(WARMSTOW_ERROR_ENUM, warmstow_polled_source_ended(source, 0, 2, 3));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_polled_source_poll(source, NULL, &messages));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_polled_source_poll(source, &batch, NULL));
    ANSWERS(WARMSTOW_ERROR_STRUCT_SIZE, warmstow_polled_view_read(source, &view, 1));
    config.batch_size = 11;
    ANSWERS(WARMSTOW_ERROR_POLLED_CONFIG, warmstow_polled_source_configure(source, 0, &config));
    SAYS("MaximumBatchingWindowInSeconds");
    OK(warmstow_polled_source_close(source));
    ANSWERS(WARMSTOW_ERROR_POLLED_SOURCE_STALE, warmstow_polled_source_close(source));
    ANSWERS(WARMSTOW_ERROR_POLLED_SOURCE_STALE, warmstow_polled_source_messages(source, 0, 1));
    ANSWERS(WARMSTOW_ERROR_POLLED_CONFIG, warmstow_polled_source_open(&config, &source));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_polled_source_open(NULL, &source));
}

static void a_front_end_answers_429(void) {
    warmstow_front_end door = {0}, none = {0};
    uint64_t after = 99;
    OK(warmstow_front_end_open(2, 1, &door));
    OK(warmstow_front_end_admit(door, 0, &after));
    CHECK(after == 0);
    ANSWERS(WARMSTOW_ERROR_RATE_EXCEEDED, warmstow_front_end_admit(door, SECOND / 10, &after));
    SAYS("429");
    CHECK(after == SECOND / 10 * 4);
    OK(warmstow_front_end_set_rate(door, WARMSTOW_API_GATEWAY_RATE, WARMSTOW_API_GATEWAY_BURST));
    ANSWERS(WARMSTOW_ERROR_FRONT_END_RATE, warmstow_front_end_set_rate(door, 0, 1));
    ANSWERS(WARMSTOW_ERROR_FRONT_END_RATE, warmstow_front_end_open(0, 1, &none));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_front_end_open(1, 1, NULL));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_front_end_admit(door, 0, NULL));
    OK(warmstow_front_end_close(door));
    ANSWERS(WARMSTOW_ERROR_FRONT_END_STALE, warmstow_front_end_close(door));
    ANSWERS(WARMSTOW_ERROR_FRONT_END_STALE, warmstow_front_end_admit(none, 0, &after));
}

int main(void) {
    a_request_waits_and_runs();
    a_request_is_dropped();
    backlogs_refuse_wrong_calls();
    an_event_is_tried_three_times();
    queues_refuse_wrong_calls();
    a_source_is_polled_in_batches();
    a_front_end_answers_429();
    return check_end();
}
