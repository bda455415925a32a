/*
 * Offline packing, and consolidation of a running cluster. Included by
 * warmstow.hpp.
 */
#ifndef WARMSTOW_PACKING_HPP
#define WARMSTOW_PACKING_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "values.hpp"

namespace warmstow {

/**
 * A search for a good packing. Move-only; closed where it ends. Members may be
 * called from several threads, wait for each other, and may throw error.
 */
class packer : public detail::owner<warmstow_packer, warmstow_packer_close> {
public:
    /** The problem as JSON; see warmstow_packer_open(). */
    explicit packer(std::string_view problem, std::uint64_t seed = 0) {
        detail::check(
            warmstow_packer_open(detail::bytes(problem), problem.size(), seed, &raw_));
    }

    /** Searches for about so much work; whether more can be gained. */
    bool advance(std::uint64_t work) {
        std::uint32_t more = 0;
        detail::check(warmstow_packer_advance(raw_, work, &more));
        return more != 0;
    }

    /** The figures of the best packing so far. */
    warmstow_packing best() const {
        warmstow_packing packing;
        detail::check(warmstow_packing_read(raw_, &packing, sizeof packing));
        return packing;
    }

    /** The best packing so far as one JSON object; see warmstow_packing_json(). */
    std::string json() const {
        return detail::whole_text([this](char *text, std::size_t room, std::size_t *needed) {
            return warmstow_packing_json(raw_, text, room, needed);
        });
    }
};

/**
 * A search for the moves that free nodes. Move-only; closed where it ends.
 * Members may be called from several threads, wait for each other, and may
 * throw error.
 */
class consolidator
    : public detail::owner<warmstow_consolidator, warmstow_consolidator_close> {
public:
    /** The cluster as JSON; see warmstow_consolidator_open(). */
    explicit consolidator(std::string_view cluster, std::uint64_t seed = 0) {
        detail::check(
            warmstow_consolidator_open(detail::bytes(cluster), cluster.size(), seed, &raw_));
    }

    /** Searches for about so much work; whether it is worth going on. */
    bool advance(std::uint64_t work) {
        std::uint32_t more = 0;
        detail::check(warmstow_consolidator_advance(raw_, work, &more));
        return more != 0;
    }

    /** The figures of the best plan so far. */
    warmstow_plan plan() const {
        warmstow_plan plan;
        detail::check(warmstow_plan_read(raw_, &plan, sizeof plan));
        return plan;
    }

    /** The best plan so far as one JSON object; see warmstow_plan_json(). */
    std::string json() const {
        return detail::whole_text([this](char *text, std::size_t room, std::size_t *needed) {
            return warmstow_plan_json(raw_, text, room, needed);
        });
    }
};

} // namespace warmstow

#endif // WARMSTOW_PACKING_HPP
