// Versions, aliases, provisioned concurrency, policies and rates through the
// C++ wrapper.
#include "check.hpp"

namespace {

using warmstow::invocation;
using warmstow::nanoseconds;
using namespace std::chrono_literals;

static_assert(!std::is_copy_constructible_v<warmstow::prestart>);
static_assert(std::is_nothrow_move_constructible_v<warmstow::start>);
static_assert(std::is_nothrow_move_assignable_v<warmstow::prestart>);
static_assert(std::is_copy_constructible_v<warmstow::versioned>);
static_assert(!std::is_convertible_v<warmstow::alias, warmstow::function>);

warmstow::region with_aliases(std::uint32_t max_aliases) {
    auto model = warmstow::region_model();
    model.max_aliases = max_aliases;
    return warmstow::region(warmstow::region_config(), model);
}

/** Carries all out; how many were started and stopped. */
std::pair<int, int> carry_out(warmstow::region &region, nanoseconds now) {
    std::pair<int, int> done;
    while (auto action = region.poll(now)) {
        if (auto *begin = std::get_if<warmstow::start>(&*action)) {
            CHECK(begin->prestart.held() && begin->instance && !begin->node);
            CHECK(!begin->prestart.prepared(now) && !begin->prestart.held());
            done.first++;
        } else {
            region.stopped(now, std::get<warmstow::stop>(*action).instance);
            done.second++;
        }
    }
    return done;
}

invocation served(warmstow::region &region, nanoseconds now, warmstow::function version) {
    auto request = std::get<invocation>(region.invoke_version(now, version));
    if (request.cold) {
        request.lease.started(now);
    }
    return request;
}

void publishes_and_points() {
    auto region = with_aliases(1);
    auto spec = warmstow::function_spec(128);
    spec.max_instances = 10;
    auto f = region.add_versioned("f", spec);
    CHECK(region.find_versioned("f")->raw().bits == f.raw().bits && !region.find_versioned("g"));
    CHECK(f.versions().empty() && f.publish() == 1 && f.publish() == 1);
    spec.memory_mib = 256;
    f.update(0ns, spec);
    CHECK(f.publish() == 2);
    CHECK((f.versions() == std::vector<std::uint32_t>{1, 2}));
    CHECK(f.spec(1).memory_mib == 128 && f.spec(WARMSTOW_LATEST).memory_mib == 256);
    const auto live = f.create_alias("live", warmstow::routing(1, 2, 10'000));
    CHECK(f.find_alias("live")->alias == live && !f.find_alias("dead"));
    CHECK(f.find_alias("live")->routing.other_version == 2);
    auto request = std::get<invocation>(region.invoke_alias(0ns, live, 7));
    CHECK(region.spec(f.version(2)).memory_mib == 256);
    CHECK(region.counters(f.version(2)).in_flight == 1);
    region.stopped(0ns, request.lease.fail(0ns));
    f.update_alias(1ns, "live", warmstow::routing(2));
    f.delete_version(1ns, 1);
    THROWS(WARMSTOW_ERROR_VERSION_UNKNOWN, f.version(1));
    THROWS(WARMSTOW_ERROR_VERSION_IN_USE, (f.delete_version(1ns, 2), 0));
    f.delete_alias(2ns, "live");
    THROWS(WARMSTOW_ERROR_ALIAS_STALE, region.invoke_alias(2ns, live, 0));
    THROWS(WARMSTOW_ERROR_ALIASES_FULL, f.create_alias("next", warmstow::routing(2)));
    f.set_reserved(0);
    const auto refused = region.invoke_version(3ns, f.latest());
    CHECK(std::get<warmstow::refusal>(refused).status == WARMSTOW_ERROR_THROTTLED);
    f.set_reserved(std::nullopt);
    CHECK(f.metrics().invocations == 1 && f.metrics().throttles == 1);
}

void provisions() {
    auto region = with_aliases(1);
    auto f = region.add_versioned("f", warmstow::function_spec(128),
                                  warmstow::provisioning(WARMSTOW_PROVISIONING_AT_ONCE));
    f.publish();
    CHECK(!f.provisioned("1"));
    f.put_provisioned(0ns, "1", 2);
    CHECK(carry_out(region, 0ns) == std::make_pair(2, 0));
    CHECK(f.provisioned("1")->view.status == WARMSTOW_PROVISIONED_READY);
    auto warm = served(region, 1ns, f.version(1));
    CHECK(!warm.cold && f.metrics().provisioned_utilization == 0.5);
    CHECK(!warm.lease.complete(2ns));
    f.delete_provisioned(3ns, "1");
    CHECK(carry_out(region, 3ns) == std::make_pair(0, 2));
    // A start that is dropped has failed; what is left of it is to be stopped.
    f.put_provisioned(4ns, "1", 1);
    { const auto dropped = region.poll(4ns); }
    CHECK(f.provisioned("1")->view.status == WARMSTOW_PROVISIONED_FAILED);
    CHECK(f.provisioned("1")->reason == "dropped");
    CHECK(carry_out(region, 4ns) == std::make_pair(0, 1));
    CHECK(region.view().claimed_concurrency == 0);
    f.put_provisioned(5ns, "1", 1);
    auto second = std::get<warmstow::start>(*region.poll(5ns));
    CHECK(!second.prestart.unprepared(5ns, "no image") && !second.prestart.held());
    CHECK(f.provisioned("1")->reason == "no image");
    CHECK(carry_out(region, 5ns) == std::make_pair(0, 1));
}

void keeps() {
    auto region = warmstow::region();
    auto spec = warmstow::function_spec(128);
    spec.max_instances = 1;
    const auto f = region.add_function("f", spec);
    CHECK(region.policy(f).empty() && !region.advance(0ns));
    region.keep(0ns, f, "fixed:60s", 1s);
    CHECK(region.policy(f) == "fixed:60s");
    auto request = served(region, 0ns, f);
    region.keeper_invoked(0ns, request.instance);
    CHECK(!request.lease.complete(1s));
    region.keeper_ended(1s, request.instance, false);
    CHECK(region.advance(1s) == 61s);
    const auto stopping = region.poll(61s);
    CHECK(std::get<warmstow::stop>(*stopping).instance == request.instance);
    region.stopped(61s, request.instance);
    region.keeper_stopped(61s, request.instance);
    CHECK(!region.poll(61s) && region.make_room(61s, f));
    THROWS(WARMSTOW_ERROR_KEEP_ALIVE_POLICY, (region.keep(61s, f, "fixed", 1s),
                                              region.keep(61s, f, "fix", 1s), 0));
    region.release(f, 10s);
    CHECK(region.policy(f).empty());
    // Started ahead by the host itself; dropped, it is reaped.
    {
        auto ahead = region.start_ahead(70s, f);
        CHECK(ahead && !region.start_ahead(70s, f));
        CHECK(!ahead->prestart.prepared(71s));
        CHECK(!served(region, 72s, f).cold);
    }
    const auto crashed = region.reap(72s, f);
    CHECK(crashed.size() == 1);
    region.stopped(72s, crashed[0]);
    { const auto dropped = region.start_ahead(73s, f); }
    const auto left = region.reap(73s, f);
    CHECK(left.size() == 1);
    region.stopped(73s, left[0]);
    // One that has not come up is named at once.
    auto failed = region.start_ahead(74s, f);
    const auto broken = failed->prestart.unprepared(74s, "no image");
    CHECK(broken == failed->instance && !failed->prestart.held());
    region.stopped(74s, broken);
    CHECK(region.counters(f).instances == 0);
}

void limits_rates() {
    auto model = warmstow::region_model(WARMSTOW_PROFILE_LAMBDA);
    model.scaling_burst = 1;
    auto region = warmstow::region(warmstow::region_config(), model);
    const auto f = region.add_function("f", warmstow::function_spec(128));
    const auto first = region.invoke(0ns, f);
    const auto second = region.invoke(0ns, f);
    CHECK(std::holds_alternative<invocation>(first));
    CHECK(std::get<warmstow::refusal>(second).reason == WARMSTOW_REFUSAL_SCALING_RATE);
    model.lanes = 0;
    THROWS(WARMSTOW_ERROR_REGION_CONFIG, warmstow::region(warmstow::region_config(), model));
}

} // namespace

int main() {
    publishes_and_points();
    provisions();
    keeps();
    limits_rates();
    return checks::end();
}
