/*
 * Replays in virtual time. Included by warmstow.hpp.
 */
#ifndef WARMSTOW_REPLAY_HPP
#define WARMSTOW_REPLAY_HPP

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <stdexcept>
#include <vector>

#include "values.hpp"

namespace warmstow {

/** What a replay found: in all, and by function. */
struct replay_report {
    warmstow_report total;
    std::vector<warmstow_report> functions;
};

/** A default replay configuration of these; they must outlive it. */
inline warmstow_replay_config replay_config(span<const warmstow_function_spec> functions,
                                            span<const warmstow_node_spec> nodes = {}) {
    warmstow_replay_config config;
    detail::check(warmstow_replay_config_default(&config, sizeof config));
    config.functions = functions.data();
    config.function_count = functions.size();
    config.nodes = nodes.data();
    config.node_count = nodes.size();
    return config;
}

/** Columns of a trace, of equal length, times in nanoseconds. */
struct trace {
    span<const std::uint64_t> arrival_ns;
    span<const std::uint32_t> function;
    span<const std::uint64_t> duration_ns;
    /** Empty: drawn as the configuration says. */
    span<const std::uint64_t> cold_start_ns;
    /** Zero: where the last request to end would; see warmstow_trace. */
    nanoseconds horizon{0};
};

/** Replays a trace. Throws error; std::invalid_argument on unequal columns. */
inline replay_report replay(const warmstow_replay_config &config, const trace &columns) {
    const std::size_t rows = columns.arrival_ns.size();
    const std::size_t cold = columns.cold_start_ns.size();
    if (columns.function.size() != rows || columns.duration_ns.size() != rows ||
        (cold != 0 && cold != rows)) {
        throw std::invalid_argument("warmstow: columns of unequal length");
    }
    warmstow_trace raw{};
    raw.struct_size = sizeof raw;
    raw.rows = rows;
    raw.arrival_ns = columns.arrival_ns.data();
    raw.function = columns.function.data();
    raw.duration_ns = columns.duration_ns.data();
    raw.cold_start_ns = cold == 0 ? nullptr : columns.cold_start_ns.data();
    raw.horizon_ns = detail::nanos(columns.horizon);
    replay_report report{{}, std::vector<warmstow_report>(config.function_count)};
    detail::check(warmstow_replay_trace(&config, &raw, &report.total, report.functions.data(),
                                        sizeof report.total));
    return report;
}

/** Replays requests that arrive at random, of function 0. Throws error. */
inline replay_report replay(const warmstow_replay_config &config,
                            const warmstow_poisson &poisson) {
    replay_report report{{}, std::vector<warmstow_report>(config.function_count)};
    detail::check(warmstow_replay_poisson(&config, &poisson, &report.total,
                                          report.functions.data(), sizeof report.total));
    return report;
}

} // namespace warmstow

#endif // WARMSTOW_REPLAY_HPP
