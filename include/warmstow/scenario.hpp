/*
 * Scenarios of containers in virtual time. Included by warmstow.hpp.
 */
#ifndef WARMSTOW_SCENARIO_HPP
#define WARMSTOW_SCENARIO_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "values.hpp"

namespace warmstow {

/**
 * A scenario that was played to its end: services under load, their deployments,
 * autoscaling, instances and the bill. Move-only; given back where it ends. Members
 * may be called from several threads and may throw error.
 */
class scenario : public detail::owner<warmstow_scenario, warmstow_scenario_close> {
public:
    /**
     * Plays one, TOML or JSON; `seed` replaces its own. Throws error: with
     * WARMSTOW_ERROR_SCENARIO_CONFIG what() names the line, the key and the value.
     */
    static scenario play(std::string_view text,
                         std::optional<std::uint64_t> seed = std::nullopt) {
        scenario played;
        detail::check(warmstow_scenario_play(detail::bytes(text), text.size(),
                                             seed ? &*seed : nullptr, &played.raw_));
        return played;
    }

    /** The sums over the whole time and all services. */
    warmstow_scenario_totals totals() const {
        warmstow_scenario_totals totals;
        detail::check(warmstow_scenario_totals_read(raw_, &totals, sizeof totals));
        return totals;
    }

    /** The state at the end of each minute, of all services together. */
    std::vector<warmstow_scenario_minute> minutes() const {
        std::vector<warmstow_scenario_minute> minutes(
            static_cast<std::size_t>(totals().minutes));
        std::size_t count = 0;
        if (!minutes.empty()) {
            detail::check(warmstow_scenario_minutes_read(raw_, 0, minutes.data(),
                                                         minutes.size(),
                                                         sizeof minutes.front(), &count));
        }
        return minutes;
    }

    /** The whole report as one JSON object; see warmstow_scenario_report(). */
    std::string report() const {
        return detail::whole_text([this](char *text, std::size_t room, std::size_t *needed) {
            return warmstow_scenario_report(raw_, text, room, needed);
        });
    }

private:
    scenario() = default;
};

} // namespace warmstow

#endif // WARMSTOW_SCENARIO_HPP
