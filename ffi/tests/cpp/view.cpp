// Placement by all rules of Amazon ECS through the C++ wrapper.
#include <array>
#include <string>
#include <type_traits>

#include "check.hpp"

namespace {

static_assert(!std::is_copy_constructible_v<warmstow::view>);
static_assert(std::is_nothrow_move_constructible_v<warmstow::view>);

void places() {
    warmstow::view view;
    const auto node = view.add_node(R"({"cpu_units": 1024, "memory_mib": 1024})");
    const auto web = view.prepare(
        R"({"group": "service:web", "cpu_units": 256, "memory_mib": 600,
            "constraints": ["distinctInstance"], "strategies": ["binpack:memory"]})");
    const auto placed = view.place(web);
    CHECK(placed && *placed == node);
    CHECK(view.why().find("only 1024 memory_mib left") != std::string::npos);
    const auto held = view.commit(web, node);
    CHECK(held && !view.commit(web, node));
    CHECK(!view.place(web) && !view.assign(web));
    CHECK(view.why().find("DistinctInstance") != std::string::npos);
    CHECK(view.reasons(web, node).find("RESOURCE:MEMORY") == 0);
    view.set_running(*held, true);
    CHECK(view.state(node).running_tasks == 1 && view.state(node).free_memory_mib == 424);
    view.release(*held);
    THROWS(WARMSTOW_ERROR_HOLD_STALE, view.release(*held));
    CHECK(view.assign(web).has_value());
    view.update_node(node, R"({"cpu_units": 2048, "memory_mib": 1024, "active": false})");
    CHECK(view.state(node).open == 0 && view.state(node).cpu_units == 2048);
    view.forget(web);
    THROWS(WARMSTOW_ERROR_PLACEMENT_REQUEST_STALE, view.place(web));
    view.remove_node(node);
    THROWS(WARMSTOW_ERROR_VIEW_NODE_STALE, view.state(node));
    THROWS(WARMSTOW_ERROR_VIEW_NODE, view.add_node("{}"));
    THROWS(WARMSTOW_ERROR_PLACEMENT_REQUEST, view.prepare(""));
    warmstow::view moved = std::move(view);
    THROWS(WARMSTOW_ERROR_VIEW_STALE, view.why());
    CHECK(!moved.why().empty());
}

void gangs_and_preemption() {
    warmstow::view view(7);
    const auto node = view.add_node(R"({"cpu_units": 1024, "memory_mib": 2})");
    const auto low = view.prepare(R"({"group": "low", "cpu_units": 0, "memory_mib": 1})");
    const auto high =
        view.prepare(R"({"group": "high", "cpu_units": 0, "memory_mib": 2, "priority": 1})");
    const std::array<warmstow::placement_request, 3> three{low, low, low};
    CHECK(view.assign_all(three).empty() && view.state(node).tasks == 0);
    const std::array<warmstow::placement_request, 2> two{low, low};
    const auto gang = view.assign_all(two);
    CHECK(gang.size() == 2 && gang[0].node == node && gang[0].hold != gang[1].hold);
    const auto found = view.preempt(high);
    CHECK(found && found->node == node && found->victims.size() == 2);
    CHECK(!view.preempt(low));
    for (const auto &victim : found->victims) {
        view.release(victim);
    }
    CHECK(view.preempt(high)->victims.empty());
    CHECK(view.commit(high, found->node).has_value());
    THROWS(WARMSTOW_ERROR_LENGTH, view.assign_all(warmstow::span<const warmstow::placement_request>()));
}

} // namespace

int main() {
    places();
    gangs_and_preemption();
    return checks::end();
}
