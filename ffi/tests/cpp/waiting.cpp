// What waits, and functions of tenants, through the C++ wrapper.
#include <chrono>
#include <type_traits>
#include <utility>
#include <variant>

#include "check.hpp"

namespace {

using std::chrono::seconds;

static_assert(!std::is_copy_constructible_v<warmstow::backlog>);
static_assert(std::is_nothrow_move_constructible_v<warmstow::async_queue>);
static_assert(std::is_nothrow_move_assignable_v<warmstow::polled_source>);

void a_request_waits_and_runs() {
    warmstow::region region;
    auto spec = warmstow::function_spec(128);
    spec.reserved_concurrency = 1;
    auto backlog = region.backlog(region.add_function("single", spec));
    auto offered = backlog.offer(seconds(0), 1);
    auto &first = std::get<warmstow::invocation>(offered);
    CHECK(first.cold);
    CHECK(std::get<warmstow::waits>(backlog.offer(seconds(1), 2)).place == 1);
    CHECK(backlog.advance(seconds(1)).has_value());
    first.lease.started(seconds(2));
    CHECK(!first.lease.complete(seconds(3)));
    backlog.freed(seconds(3));
    auto action = backlog.poll(seconds(3));
    CHECK(action.has_value());
    auto &run = std::get<warmstow::run>(*action);
    CHECK(run.request == 2 && run.waited == seconds(2) && !run.invocation.cold);
    CHECK(!run.invocation.lease.complete(seconds(4)));
    CHECK(!backlog.poll(seconds(4)).has_value() && !backlog.withdraw(2));
    CHECK(backlog.counts().waited == 1 && !backlog.advance(seconds(4)).has_value());
}

void a_full_backlog_refuses_and_drops() {
    warmstow::region region(warmstow::region_config(), [] {
        auto model = warmstow::region_model();
        model.max_aliases = 1;
        return model;
    }());
    auto spec = warmstow::function_spec(128);
    spec.reserved_concurrency = 1;
    auto shop = region.add_versioned("shop", spec);
    auto live = shop.create_alias("live", warmstow::routing(shop.publish()));
    auto config = warmstow::backlog_config();
    config.capacity = 1;
    auto backlog = region.backlog(live, config);
    auto held = backlog.offer(seconds(0), 1);
    CHECK(std::holds_alternative<warmstow::invocation>(held));
    CHECK(std::holds_alternative<warmstow::waits>(backlog.offer(seconds(0), 2)));
    CHECK(std::holds_alternative<warmstow::backlog_full>(backlog.offer(seconds(0), 3)));
    config.overflow = WARMSTOW_OVERFLOW_DROP_OLDEST;
    backlog.configure(seconds(1), config);
    CHECK(std::holds_alternative<warmstow::waits>(backlog.offer(seconds(1), 4)));
    auto action = backlog.poll(seconds(1));
    CHECK(std::get<warmstow::dropped>(*action).why == WARMSTOW_BACKLOG_PUSHED_OUT);
    shop.delete_alias(seconds(2), "live");
    THROWS(WARMSTOW_ERROR_ALIAS_STALE, [&] {
        backlog.freed(seconds(2));
        return backlog.offer(seconds(2), 5);
    }());
    auto moved = std::move(backlog);
    THROWS(WARMSTOW_ERROR_BACKLOG_STALE, (backlog.freed(seconds(3)), 0));
    config.capacity = 0;
    THROWS(WARMSTOW_ERROR_BACKLOG_CONFIG, (moved.configure(seconds(3), config), 0));
}

void triggers_call_functions() {
    auto config = warmstow::async_config();
    config.capacity = 1;
    config.retries = 0;
    config.destinations = WARMSTOW_DESTINATION_DEAD_LETTER;
    warmstow::async_queue queue(config);
    const auto event = queue.accept(seconds(0));
    CHECK(event.has_value() && !queue.accept(seconds(0)).has_value());
    CHECK(queue.poll()->kind == WARMSTOW_ASYNC_INVOKE && !queue.poll().has_value());
    queue.report(seconds(1), *event, WARMSTOW_OUTCOME_FAILED);
    CHECK(queue.poll()->destination == WARMSTOW_DESTINATION_DEAD_LETTER);
    queue.undelivered(WARMSTOW_DESTINATION_DEAD_LETTER);
    CHECK(queue.metrics(seconds(1)).dead_letter_errors == 1);
    queue.set_stopped(seconds(1), true);
    queue.configure(seconds(1), warmstow::async_config());
    CHECK(!queue.advance(seconds(1)).has_value());
    THROWS(WARMSTOW_ERROR_EVENT_UNKNOWN,
           (queue.report(seconds(1), 9, WARMSTOW_OUTCOME_FAILED), 0));

    warmstow::polled_source source;
    source.messages(seconds(0), 4);
    CHECK(!source.poll().has_value() || source.view().in_flight == 1);
    source.configure(seconds(1), warmstow::polled_config());
    source.advance(seconds(1));
    source.ended(seconds(1), 1, WARMSTOW_BATCH_SUCCEEDED);
    THROWS(WARMSTOW_ERROR_BATCH_UNKNOWN,
           (source.ended(seconds(1), 1, WARMSTOW_BATCH_SUCCEEDED), 0));

    warmstow::front_end door(2, 1);
    CHECK(!door.admit(seconds(0)).has_value());
    CHECK(door.admit(seconds(0)) == std::chrono::milliseconds(500));
    door.set_rate(1000, 100);
    THROWS(WARMSTOW_ERROR_FRONT_END_RATE, warmstow::front_end(0, 0));
}

void tenants_share_no_instance() {
    warmstow::region region;
    auto spec = warmstow::function_spec(128);
    auto shop = region.add_tenants("shop", spec);
    const auto blue = shop.tenant("blue"), green = shop.tenant("green");
    CHECK(blue == shop.tenant("blue") && blue != green);
    auto first = region.invoke_version(seconds(0), blue);
    auto &lease = std::get<warmstow::invocation>(first).lease;
    lease.started(seconds(0));
    CHECK(!lease.complete(seconds(1)));
    auto second = region.invoke_version(seconds(2), green);
    CHECK(std::get<warmstow::invocation>(second).cold);
    shop.update(seconds(3), warmstow::function_spec(256));
    auto action = region.poll(seconds(3));
    CHECK(action.has_value() && std::holds_alternative<warmstow::stop>(*action));
    shop.set_reserved(5);
    shop.set_reserved(std::nullopt);
    THROWS(WARMSTOW_ERROR_TENANT_ID, shop.tenant("a,b"));
}

} // namespace

int main() {
    a_request_waits_and_runs();
    a_full_backlog_refuses_and_drops();
    triggers_call_functions();
    tenants_share_no_instance();
    return checks::end();
}
