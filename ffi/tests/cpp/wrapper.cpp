// The C++ wrapper: ownership, outcomes, errors, replays.
#include <thread>

#include "check.hpp"

namespace {

using warmstow::invocation;
using warmstow::refusal;
using namespace std::chrono_literals;

static_assert(!std::is_copy_constructible_v<warmstow::region>);
static_assert(!std::is_copy_assignable_v<warmstow::lease>);
static_assert(std::is_nothrow_move_constructible_v<warmstow::region>);
static_assert(std::is_nothrow_move_assignable_v<warmstow::lease>);
static_assert(!std::is_convertible_v<warmstow::node, warmstow::function>);

// A span is of what outlives it, never of a temporary.
using node_span = warmstow::span<const warmstow_node_spec>;
using time_span = warmstow::span<const std::uint64_t>;
static_assert(std::is_constructible_v<node_span, std::vector<warmstow_node_spec> &>);
static_assert(std::is_constructible_v<node_span, const std::array<warmstow_node_spec, 2> &>);
static_assert(std::is_constructible_v<node_span, warmstow_node_spec (&)[2]>);
static_assert(std::is_constructible_v<node_span, warmstow::span<warmstow_node_spec>>);
static_assert(!std::is_constructible_v<node_span, std::vector<warmstow_node_spec>>);
static_assert(!std::is_constructible_v<node_span, const std::vector<warmstow_node_spec>>);
static_assert(!std::is_constructible_v<node_span, std::array<warmstow_node_spec, 2>>);
static_assert(!std::is_constructible_v<warmstow::span<std::uint64_t>,
                                       const std::vector<std::uint64_t> &>);
static_assert(std::is_assignable_v<time_span &, const std::vector<std::uint64_t> &>);
static_assert(!std::is_assignable_v<time_span &, std::vector<std::uint64_t>>);

warmstow::region with_nodes() {
    auto config = warmstow::region_config();
    config.max_nodes = 1;
    return warmstow::region(config);
}

invocation admitted(warmstow::region &region, warmstow::function of, warmstow::nanoseconds now) {
    return std::get<invocation>(region.invoke(now, of));
}

void serves() {
    auto region = with_nodes();
    const auto node = region.add_node(warmstow::node_spec(4096, 1024));
    const auto resize = region.add_function("resize", warmstow::function_spec(512));
    CHECK(node && resize && node.index() == 0 && resize.index() == 0);
    CHECK(region.find_function("resize") == resize && !region.find_function("none"));

    auto cold = admitted(region, resize, 0ns);
    CHECK(cold.cold && cold.node == node && region.node_of(cold.instance) == node);
    cold.lease.started(1ms);
    CHECK(!cold.lease.complete(2ms));
    CHECK(!cold.lease.held());
    auto warm = admitted(region, resize, 3ms);
    CHECK(!warm.cold && warm.instance == cold.instance);
    CHECK(!warm.lease.complete(4ms));

    region.set_keep_alive(resize, 1ms);
    const auto look = region.reap_instance(4ms, warm.instance);
    CHECK(look.answer == WARMSTOW_REAPED_UNTIL && look.until == 5ms);
    const auto idle = region.reap(5ms, resize);
    CHECK(idle.size() == 1 && idle[0] == warm.instance);
    region.stopped(5ms, idle[0]);
    CHECK(region.view(node).instances == 0 && region.view().nodes == 1);
    const auto counted = region.counters(resize);
    CHECK(counted.warm_starts == 1 && counted.cold_starts == 1 && counted.completions == 2);
}

void refuses() {
    auto region = with_nodes();
    region.add_node(warmstow::node_spec(4096, 1024));
    const auto large = region.add_function("large", warmstow::function_spec(1024));
    auto first = admitted(region, large, 0ns);
    const auto full = region.invoke(0ns, large);
    const auto *no_room = std::get_if<refusal>(&full);
    CHECK(no_room != nullptr && no_room->status == WARMSTOW_ERROR_NO_CAPACITY);
    CHECK(no_room != nullptr && std::string(no_room->name()) == "RESOURCE:MEMORY");
    region.set_reserved(large, 0);
    const auto stopped = region.invoke(0ns, large);
    CHECK(std::get<refusal>(stopped).status == WARMSTOW_ERROR_THROTTLED);
    CHECK(region.spec(large).reserved_concurrency == 0);
    region.set_reserved(large, std::nullopt);
    CHECK(region.spec(large).reserved_concurrency == WARMSTOW_UNRESERVED);
    region.stopped(0ns, first.lease.fail(0ns));
    CHECK(std::holds_alternative<invocation>(region.invoke(0ns, large)));
}

void a_dropped_lease_fails_and_its_instance_is_reaped() {
    warmstow::region region;
    const auto crash = region.add_function("crash", warmstow::function_spec(128));
    const auto other = region.add_function("other", warmstow::function_spec(128));
    warmstow::instance was;
    {
        auto request = admitted(region, crash, 0ns);
        was = request.instance;
        auto moved = std::move(request.lease); // one owner: it fails once
        CHECK(moved.held() && !request.lease.held());
    }
    CHECK(region.counters(crash).failures == 1 && region.counters(crash).in_flight == 0);
    CHECK(region.reap(0ns, other).empty());
    const auto left = region.reap(0ns, crash);
    CHECK(left.size() == 1 && left[0] == was);
    region.stopped(0ns, left[0]);
    CHECK(region.reap(0ns, crash).empty() && region.counters(crash).instances == 0);

    auto assigned = admitted(region, crash, 0ns).lease;
    assigned = admitted(region, other, 0ns).lease; // the first one fails
    CHECK(region.counters(crash).failures == 2 && region.counters(other).in_flight == 1);
    CHECK(region.reap(0ns, crash).size() == 1);
}

// Into the caller's memory too: those of dropped leases come first, as many as
// fit, then those that were idle.
void dropped_leases_come_out_of_a_span() {
    warmstow::region region;
    const auto f = region.add_function("f", warmstow::function_spec(128));
    const auto other = region.add_function("other", warmstow::function_spec(128));
    std::vector<warmstow::instance> dropped;
    warmstow::instance idle;
    {
        const auto foreign = admitted(region, other, 0ns);
        auto completed = admitted(region, f, 0ns);
        completed.lease.started(0ns);
        std::vector<warmstow::lease> leases;
        for (int i = 0; i < 3; i++) {
            auto request = admitted(region, f, 0ns);
            dropped.push_back(request.instance);
            leases.push_back(std::move(request.lease));
        }
        idle = completed.instance;
        CHECK(!completed.lease.complete(0ns));
    }
    std::array<warmstow_instance, 2> some;
    CHECK(region.reap(warmstow::nanoseconds::max(), f, some) == 2);
    const auto is_dropped = [&](warmstow_instance each) {
        return std::count(dropped.begin(), dropped.end(), warmstow::instance(each)) == 1;
    };
    CHECK(is_dropped(some[0]) && is_dropped(some[1]));
    region.stopped(0ns, warmstow::instance(some[0]));
    region.stopped(0ns, warmstow::instance(some[1]));
    CHECK(region.reap(warmstow::nanoseconds::max(), f, some) == 2);
    CHECK(is_dropped(some[0]) && warmstow::instance(some[1]) == idle);
    region.stopped(0ns, warmstow::instance(some[0]));
    region.stopped(0ns, idle);
    CHECK(region.reap(warmstow::nanoseconds::max(), f, some) == 0);
    CHECK(region.counters(f).instances == 0 && region.counters(f).failures == 3);
    CHECK(region.reap(0ns, other, some) == 1);
}

// A name is not cut at a NUL: no other function is added or found.
void names_keep_their_nuls() {
    warmstow::region region;
    const std::string cut("f\0g", 3);
    region.add_function("f", warmstow::function_spec(128));
    const auto refuses = [](auto call) {
        try {
            (void)call();
            return false;
        } catch (const std::invalid_argument &error) {
            return std::string(error.what()).find("NUL at byte 1") != std::string::npos;
        }
    };
    CHECK(refuses([&] { return region.find_function(cut); }));
    CHECK(refuses([&] { return region.add_function(cut, warmstow::function_spec(128)); }));
    CHECK(region.find_function("f").has_value());
}

void leases_outlive_their_region() {
    std::optional<warmstow::region> region(std::in_place);
    const auto f = region->add_function("f", warmstow::function_spec(128));
    auto kept = admitted(*region, f, 0ns).lease;
    auto used = admitted(*region, f, 0ns).lease;
    region.reset();
    THROWS(WARMSTOW_ERROR_REGION_STALE, used.complete(0ns));
} // and `kept` is dropped

void wrong_calls_throw() {
    warmstow::region region;
    warmstow::region moved = std::move(region);
    THROWS(WARMSTOW_ERROR_REGION_STALE, region.view());
    THROWS(WARMSTOW_ERROR_REGION_STALE, region.close());
    region = std::move(moved);
    THROWS(WARMSTOW_ERROR_NAME_EMPTY, region.add_function("", warmstow::function_spec(128)));
    THROWS(WARMSTOW_ERROR_FUNCTION_SPEC, region.add_function("f", warmstow::function_spec(0)));
    THROWS(WARMSTOW_ERROR_NODES_FULL, region.add_node(warmstow::node_spec(1, 1)));
    THROWS(WARMSTOW_ERROR_FUNCTION_STALE, region.invoke(0ns, warmstow::function()));
    THROWS(WARMSTOW_ERROR_FUNCTION_STALE, region.reap(0ns, warmstow::function()));
    THROWS(WARMSTOW_ERROR_INSTANCE_STALE, region.stopped(0ns, warmstow::instance()));
    const auto f = region.add_function("f", warmstow::function_spec(128));
    THROWS(WARMSTOW_ERROR_NAME_TAKEN, region.add_function("f", warmstow::function_spec(128)));
    auto request = admitted(region, f, 0ns);
    THROWS(WARMSTOW_ERROR_NOT_STARTED, request.lease.complete(0ns));
    CHECK(request.lease.held());
    request.lease.started(0ns);
    THROWS(WARMSTOW_ERROR_ALREADY_STARTED, request.lease.started(0ns));
    const auto raw = request.lease.release();
    warmstow_instance stop;
    CHECK(warmstow_complete(region.raw(), 0, raw, &stop) == WARMSTOW_OK);
    try {
        (void)region.invoke(-1ns, f);
        CHECK(false);
    } catch (const std::invalid_argument &) {
        CHECK(true);
    }
    std::vector<warmstow_instance> none;
    THROWS(WARMSTOW_ERROR_LENGTH, region.reap(0ns, f, none));
    std::array<warmstow_instance, 2> some;
    CHECK(region.reap(warmstow::nanoseconds::max(), f, some) == 1);
    region.close();
}

void replays() {
    const std::vector<warmstow_function_spec> functions{warmstow::function_spec(1024)};
    const warmstow_node_spec nodes[] = {warmstow::node_spec(4096, 4096)};
    const auto config = warmstow::replay_config(functions, nodes);
    const std::vector<std::uint64_t> arrival{0, 1'000'000'000};
    const std::vector<std::uint64_t> duration{500'000'000, 500'000'000};
    const std::array<std::uint32_t, 2> which{0, 0};
    warmstow::trace trace;
    trace.arrival_ns = arrival;
    trace.function = which;
    trace.duration_ns = duration;
    const auto report = warmstow::replay(config, trace);
    CHECK(report.total.invocations == 2 && report.total.warm_starts == 1);
    CHECK(report.functions.size() == 1 && report.functions[0].cold_starts == 1);
    CHECK(report.total.nodes == 1);
    trace.function = {};
    try {
        (void)warmstow::replay(config, trace);
        CHECK(false);
    } catch (const std::invalid_argument &) {
        CHECK(true);
    }
    const std::array<std::uint32_t, 2> unknown{0, 1};
    trace.function = unknown;
    THROWS(WARMSTOW_ERROR_TRACE, warmstow::replay(config, trace));
}

void threads_drop_leases() {
    warmstow::region region;
    const auto f = region.add_function("f", warmstow::function_spec(128));
    constexpr int threads = 4;
    constexpr int requests = 200;
    std::vector<std::thread> all;
    for (int i = 0; i < threads; i++) {
        all.emplace_back([&region, f] {
            for (int request = 0; request < requests; request++) {
                auto dropped = region.invoke(0ns, f);
                if (request % 16 == 0) {
                    for (const auto &instance : region.reap(0ns, f)) {
                        region.stopped(0ns, instance);
                    }
                }
            }
        });
    }
    for (auto &thread : all) {
        thread.join();
    }
    for (const auto &instance : region.reap(0ns, f)) {
        region.stopped(0ns, instance);
    }
    const auto counted = region.counters(f);
    CHECK(counted.failures == threads * requests && counted.instances == 0);
}

void opens_by_settings() {
    const auto region = warmstow::region::from_settings("[functions.f]\nmemory_mib = 256\n");
    CHECK(region.find_function("f").has_value());
    THROWS(WARMSTOW_ERROR_REGION_CONFIG, warmstow::region::from_settings("[functions]\nf = 1\n"));
}

} // namespace

int main() {
    opens_by_settings();
    serves();
    refuses();
    a_dropped_lease_fails_and_its_instance_is_reaped();
    dropped_leases_come_out_of_a_span();
    names_keep_their_nuls();
    leases_outlive_their_region();
    wrong_calls_throw();
    replays();
    threads_drop_leases();
    return checks::end();
}
