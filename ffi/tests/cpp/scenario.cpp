// Scenarios through the C++ wrapper.
#include <string>

#include "check.hpp"

namespace {

static_assert(!std::is_copy_constructible_v<warmstow::scenario>);
static_assert(std::is_nothrow_move_constructible_v<warmstow::scenario>);
static_assert(std::is_nothrow_move_assignable_v<warmstow::scenario>);

const char *const calm = R"({"duration_s": 600, "service": {"name": "web", "desired": 2},
    "task": {"cpu_units": 512, "memory_mib": 512, "capacity_per_s": 50, "start": "det:30"},
    "load": {"points": [{"at_s": 60, "per_s": 0}, {"at_s": 120, "per_s": 90}]},
    "group": {"type": "m5.large", "initial": 1}})";

void plays() {
    const auto played = warmstow::scenario::play(calm);
    const auto totals = played.totals();
    CHECK(totals.lost == 0 && totals.peak_running == 2 && totals.unmet == 0);
    const auto minutes = played.minutes();
    CHECK(minutes.size() == 10 && minutes.back().running == 2);
    const auto report = played.report();
    CHECK(report.front() == '{' && report.back() == '}');
    const auto seeded = warmstow::scenario::play(calm, 7);
    CHECK(seeded.report().find("\"seed\":7") != std::string::npos);
}

void refuses_and_moves() {
    const auto said = THROWS(WARMSTOW_ERROR_SCENARIO_CONFIG,
                             warmstow::scenario::play("duration_s = \"long\""));
    CHECK(said.find("duration_s") != std::string::npos);
    auto first = warmstow::scenario::play(calm);
    auto second = std::move(first);
    CHECK(first.raw().bits == 0 && second.totals().minutes == 10);
    THROWS(WARMSTOW_ERROR_SCENARIO_STALE, first.totals());
    first = std::move(second);
    CHECK(first.minutes().size() == 10);
}

} // namespace

int main() {
    plays();
    refuses_and_moves();
    return checks::end();
}
