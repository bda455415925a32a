/*
 * Amazon ECS's calls on clusters, task definitions, tasks and services.
 * Included by warmstow.hpp.
 */
#ifndef WARMSTOW_ECS_HPP
#define WARMSTOW_ECS_HPP

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "values.hpp"

namespace warmstow {

/**
 * The clusters, task definitions and services of one account in one region.
 * Move-only; closed where it ends. Members may be called from several threads
 * and may throw error: with WARMSTOW_ERROR_ECS_REFUSED what() has AWS's code.
 */
class ecs : public detail::owner<warmstow_ecs, warmstow_ecs_close> {
public:
    /** region and account are in its ARNs. */
    explicit ecs(const std::string &region = "us-east-1",
                 const std::string &account = "123456789012") {
        detail::check(warmstow_ecs_open(region.c_str(), account.c_str(), &raw_));
    }

    // A lock is not moved: each object has its own.
    ecs(ecs &&other) noexcept : owner(std::move(other)) {}

    ecs &operator=(ecs &&other) noexcept {
        owner::operator=(std::move(other));
        return *this;
    }

    /** One operation, "RunTask" or "run-task"; request and answer are AWS's JSON. */
    std::string call(nanoseconds now, const std::string &operation,
                     std::string_view request = "{}") {
        const std::lock_guard<std::mutex> lock(answer_);
        std::size_t needed = 0;
        detail::check(warmstow_ecs_call(raw_, detail::nanos(now), operation.c_str(),
                                        detail::bytes(request), request.size(), &needed));
        return answer(needed);
    }

    /** The next thing that the host shall do, as JSON; see warmstow_ecs_poll(). */
    std::optional<std::string> poll() {
        const std::lock_guard<std::mutex> lock(answer_);
        std::size_t needed = 0;
        detail::check(warmstow_ecs_poll(raw_, &needed));
        return needed == 0 ? std::nullopt : std::optional(answer(needed));
    }

    /** What happened, as JSON; see warmstow_ecs_report(). */
    void report(nanoseconds now, std::string_view event) {
        detail::check(
            warmstow_ecs_report(raw_, detail::nanos(now), detail::bytes(event), event.size()));
    }

    /** Lets everything happen that is due by now. */
    void advance(nanoseconds now) {
        detail::check(warmstow_ecs_advance(raw_, detail::nanos(now)));
    }

    /** When advance() is due at the latest, if ever. */
    std::optional<nanoseconds> next_deadline() const {
        std::uint64_t deadline_ns = 0;
        detail::check(warmstow_ecs_next_deadline(raw_, &deadline_ns));
        if (deadline_ns == UINT64_MAX) {
            return std::nullopt;
        }
        return detail::time(deadline_ns);
    }

    /** Plays a host that does at once all that it is asked, up to now. */
    void settle(nanoseconds now) {
        detail::check(warmstow_ecs_settle(raw_, detail::nanos(now)));
    }

    /** Says which availability zone a subnet is in. */
    void put_subnet(const std::string &subnet, const std::string &zone) {
        detail::check(warmstow_ecs_put_subnet(raw_, subnet.c_str(), zone.c_str()));
    }

private:
    std::string answer(std::size_t needed) {
        std::string read(needed, '\0');
        detail::check(warmstow_ecs_answer(raw_, read.data(), read.size()));
        read.resize(needed - 1);
        return read;
    }

    /** From a call to its answer. */
    std::mutex answer_;
};

} // namespace warmstow

#endif // WARMSTOW_ECS_HPP
