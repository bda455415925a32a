// Packing and consolidation through the C++ wrapper.
#include <string>
#include <type_traits>

#include "check.hpp"

namespace {

static_assert(!std::is_copy_constructible_v<warmstow::packer>);
static_assert(std::is_nothrow_move_constructible_v<warmstow::packer>);
static_assert(std::is_nothrow_move_assignable_v<warmstow::consolidator>);

void packs() {
    warmstow::packer packer(R"({"kinds": [{"capacity": [10]}],
                                "items": [{"choices": [[5]], "demand": 4}]})");
    while (packer.advance(10'000)) {
    }
    const auto best = packer.best();
    CHECK(best.bins == 2 && best.lower_bound == 2 && best.optimal == 1 && best.unplaced == 0);
    CHECK(packer.json().find(R"("cost":2)") != std::string::npos);
    warmstow::packer moved = std::move(packer);
    THROWS(WARMSTOW_ERROR_PACKER_STALE, packer.best());
    packer = std::move(moved);
    CHECK(packer.best().cost == 2);
    const auto said = THROWS(WARMSTOW_ERROR_PACKING_PROBLEM, warmstow::packer("[]", 7));
    CHECK(!said.empty());
}

void consolidates() {
    warmstow::consolidator search(R"({"nodes": [{"capacity": [4]}, {"capacity": [4]}],
                                      "tasks": [{"node": 0, "size": [1]},
                                                {"node": 1, "size": [1], "move_cost": 3}]})");
    while (search.advance(10'000)) {
    }
    const auto plan = search.plan();
    CHECK(plan.nodes_used == 2 && plan.lower_bound == 1 && plan.freed == 1 && plan.cost == 1);
    CHECK(search.json().find(R"({"from":0,"task":0,"to":1})") != std::string::npos);
    warmstow::consolidator moved = std::move(search);
    THROWS(WARMSTOW_ERROR_CONSOLIDATOR_STALE, search.advance(1));
    CHECK(moved.plan().moves == 1);
    THROWS(WARMSTOW_ERROR_RUNNING_CLUSTER, warmstow::consolidator(""));
}

} // namespace

int main() {
    packs();
    consolidates();
    return checks::end();
}
