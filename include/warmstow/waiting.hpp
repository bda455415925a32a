/*
 * Requests and events that wait: a backlog before a function, an asynchronous
 * queue, a polled source, and a front end with a rate of its own. Included by
 * warmstow.hpp.
 */
#ifndef WARMSTOW_WAITING_HPP
#define WARMSTOW_WAITING_HPP

#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

#include "lease.hpp"
#include "values.hpp"
#include "versions.hpp"

namespace warmstow {

/** A backlog's settings for instances of so many requests at a time, to be changed. */
inline warmstow_backlog_config backlog_config(std::uint32_t instance_concurrency = 1) {
    warmstow_backlog_config config;
    detail::check(warmstow_backlog_config_default(instance_concurrency, &config, sizeof config));
    return config;
}

/** AWS Lambda's settings of an asynchronous queue, to be changed. */
inline warmstow_async_config async_config() {
    warmstow_async_config config;
    detail::check(warmstow_async_config_default(&config, sizeof config));
    return config;
}

/** AWS Lambda's settings of a polled source, to be changed. */
inline warmstow_polled_config polled_config() {
    warmstow_polled_config config;
    detail::check(warmstow_polled_config_default(&config, sizeof config));
    return config;
}

/** A request that waits in a backlog. */
struct waits {
    /** Its place, from 1. */
    std::uint32_t place;
};

/** A request that a full backlog refused. */
struct backlog_full {};

/** What became of a request that was offered. */
using offered = std::variant<invocation, waits, backlog_full>;

/** A request that waited and runs now. */
struct [[nodiscard]] run {
    std::uint64_t request;
    nanoseconds waited;
    class invocation invocation;
};

/** A request that waited and does not run: answer it. */
struct dropped {
    std::uint64_t request;
    nanoseconds waited;
    /** WARMSTOW_BACKLOG_TOO_LATE, _PUSHED_OUT or _GONE. */
    warmstow_backlog_action_kind why;
};

/** What backlog::poll() wants done. */
using backlog_action = std::variant<run, dropped>;

/**
 * A bounded queue before a function, a version, a tenant or an alias. Move-only;
 * closed where it ends: poll it to its end before, and let it end before its
 * region. Members may be called from several threads, wait for each other, and
 * may throw error.
 */
class backlog : public detail::owner<warmstow_backlog, warmstow_backlog_close> {
public:
    /** What is due by now happens first, so poll in any case. */
    offered offer(nanoseconds now, std::uint64_t request) {
        warmstow_invocation answer;
        std::uint32_t place = 0;
        const std::uint64_t now_ns = detail::nanos(now);
        const std::int32_t status =
            warmstow_backlog_offer(raw_, now_ns, request, &answer, &place);
        if (status == WARMSTOW_ERROR_BACKLOG_FULL) {
            return backlog_full{};
        }
        detail::check(status);
        if (place != 0) {
            return waits{place};
        }
        return admitted(answer, now_ns);
    }

    /** Something may be free; then poll(). */
    void freed(nanoseconds now) {
        detail::check(warmstow_backlog_freed(raw_, detail::nanos(now)));
    }

    /** Takes back a request that waits; whether it did. */
    bool withdraw(std::uint64_t request) {
        std::uint32_t found = 0;
        detail::check(warmstow_backlog_withdraw(raw_, request, &found));
        return found != 0;
    }

    void configure(nanoseconds now, const warmstow_backlog_config &config) {
        detail::check(warmstow_backlog_configure(raw_, detail::nanos(now), &config));
    }

    /** Time has passed; when to call this at the latest, if ever. */
    std::optional<nanoseconds> advance(nanoseconds now) {
        std::uint64_t next = 0;
        detail::check(warmstow_backlog_advance(raw_, detail::nanos(now), &next));
        return next == UINT64_MAX ? std::nullopt : std::optional(detail::time(next));
    }

    /** The next thing to do, if there is any. A lease of it is held from now. */
    std::optional<backlog_action> poll(nanoseconds now) {
        warmstow_backlog_action next;
        detail::check(warmstow_backlog_poll(raw_, &next, sizeof next));
        const nanoseconds waited = detail::time(next.waited_ns);
        switch (next.kind) {
        case WARMSTOW_BACKLOG_NONE:
            return std::nullopt;
        case WARMSTOW_BACKLOG_RUN: {
            const std::uint64_t now_ns = detail::nanos(now);
            return backlog_action(run{next.request, waited, admitted(next.invocation, now_ns)});
        }
        default:
            return backlog_action(dropped{
                next.request, waited, static_cast<warmstow_backlog_action_kind>(next.kind)});
        }
    }

    warmstow_backlog_counts counts() const {
        warmstow_backlog_counts now;
        detail::check(warmstow_backlog_counts_read(raw_, &now, sizeof now));
        return now;
    }

private:
    friend class region;
    backlog(warmstow_region region, function before, const warmstow_backlog_config &config)
        : region_(region) {
        detail::check(warmstow_backlog_open(region, before.raw(), &config, &raw_));
    }
    backlog(warmstow_region region, alias before, const warmstow_backlog_config &config)
        : region_(region) {
        detail::check(warmstow_backlog_open_alias(region, before.raw(), &config, &raw_));
    }

    invocation admitted(const warmstow_invocation &answer, std::uint64_t now_ns) const noexcept {
        return {lease(region_, answer.lease, now_ns), instance(answer.instance),
                node(answer.node), answer.start == WARMSTOW_START_COLD};
    }

    warmstow_region region_;
};

/**
 * The queue of a function's asynchronous invocations. Move-only; closed where it
 * ends. Members may be called from several threads, wait for each other, and may
 * throw error.
 */
class async_queue : public detail::owner<warmstow_async_queue, warmstow_async_queue_close> {
public:
    explicit async_queue(const warmstow_async_config &config = async_config()) {
        detail::check(warmstow_async_queue_open(&config, &raw_));
    }

    void configure(nanoseconds now, const warmstow_async_config &config) {
        detail::check(warmstow_async_queue_configure(raw_, detail::nanos(now), &config));
    }

    /** Takes an event; its number, or nullopt where the queue is full. */
    std::optional<std::uint64_t> accept(nanoseconds now) {
        std::uint64_t event = 0;
        const std::int32_t status = warmstow_async_queue_accept(raw_, detail::nanos(now), &event);
        if (status == WARMSTOW_ERROR_ASYNC_QUEUE_FULL) {
            return std::nullopt;
        }
        detail::check(status);
        return event;
    }

    void report(nanoseconds now, std::uint64_t event, warmstow_outcome went) {
        detail::check(warmstow_async_queue_report(raw_, detail::nanos(now), event,
                                                  static_cast<std::uint32_t>(went)));
    }

    void undelivered(warmstow_destination to) {
        detail::check(warmstow_async_queue_undelivered(raw_, static_cast<std::uint32_t>(to)));
    }

    /** Whether the function is stopped by a reservation of 0. */
    void set_stopped(nanoseconds now, bool stopped) {
        detail::check(warmstow_async_queue_set_stopped(raw_, detail::nanos(now), stopped));
    }

    /** Time has passed; when to call this at the latest, if ever. */
    std::optional<nanoseconds> advance(nanoseconds now) {
        std::uint64_t next = 0;
        detail::check(warmstow_async_queue_advance(raw_, detail::nanos(now), &next));
        return next == UINT64_MAX ? std::nullopt : std::optional(detail::time(next));
    }

    /** The next thing to do, if there is any. */
    std::optional<warmstow_async_action> poll() {
        warmstow_async_action next;
        detail::check(warmstow_async_queue_poll(raw_, &next, sizeof next));
        return next.kind == WARMSTOW_ASYNC_NONE ? std::nullopt : std::optional(next);
    }

    warmstow_async_metrics metrics(nanoseconds now) const {
        warmstow_async_metrics sums;
        const std::uint64_t now_ns = detail::nanos(now);
        detail::check(warmstow_async_metrics_read(raw_, now_ns, &sums, sizeof sums));
        return sums;
    }
};

/** A batch to begin: receive at most so many messages for it. */
struct batch {
    std::uint64_t number;
    std::uint32_t messages;
};

/**
 * An event source that is polled. Move-only; closed where it ends. Members may be
 * called from several threads, wait for each other, and may throw error.
 */
class polled_source
    : public detail::owner<warmstow_polled_source, warmstow_polled_source_close> {
public:
    explicit polled_source(const warmstow_polled_config &config = polled_config()) {
        detail::check(warmstow_polled_source_open(&config, &raw_));
    }

    void configure(nanoseconds now, const warmstow_polled_config &config) {
        detail::check(warmstow_polled_source_configure(raw_, detail::nanos(now), &config));
    }

    /** So many messages are visible now. */
    void messages(nanoseconds now, std::uint64_t visible) {
        detail::check(warmstow_polled_source_messages(raw_, detail::nanos(now), visible));
    }

    void ended(nanoseconds now, std::uint64_t number, warmstow_batch_end end) {
        detail::check(warmstow_polled_source_ended(raw_, detail::nanos(now), number,
                                                   static_cast<std::uint32_t>(end)));
    }

    /** Time has passed; when to call this at the latest, if ever. */
    std::optional<nanoseconds> advance(nanoseconds now) {
        std::uint64_t next = 0;
        detail::check(warmstow_polled_source_advance(raw_, detail::nanos(now), &next));
        return next == UINT64_MAX ? std::nullopt : std::optional(detail::time(next));
    }

    /** The next batch to begin, if there is any. */
    std::optional<batch> poll() {
        batch next{};
        detail::check(warmstow_polled_source_poll(raw_, &next.number, &next.messages));
        return next.number == 0 ? std::nullopt : std::optional(next);
    }

    warmstow_polled_view view() const {
        warmstow_polled_view now;
        detail::check(warmstow_polled_view_read(raw_, &now, sizeof now));
        return now;
    }
};

/**
 * A front end with a rate of its own. Move-only; closed where it ends. Members may
 * be called from several threads, wait for each other, and may throw error.
 */
class front_end : public detail::owner<warmstow_front_end, warmstow_front_end_close> {
public:
    explicit front_end(std::uint32_t rate_per_s = WARMSTOW_API_GATEWAY_RATE,
                       std::uint32_t burst = WARMSTOW_API_GATEWAY_BURST) {
        detail::check(warmstow_front_end_open(rate_per_s, burst, &raw_));
    }

    void set_rate(std::uint32_t rate_per_s, std::uint32_t burst) {
        detail::check(warmstow_front_end_set_rate(raw_, rate_per_s, burst));
    }

    /** nullopt: the request passes. Else answer it 429: the next may pass after that. */
    std::optional<nanoseconds> admit(nanoseconds now) {
        std::uint64_t after = 0;
        const std::int32_t status = warmstow_front_end_admit(raw_, detail::nanos(now), &after);
        if (status == WARMSTOW_ERROR_RATE_EXCEEDED) {
            return detail::time(after);
        }
        detail::check(status);
        return std::nullopt;
    }
};

} // namespace warmstow

#endif // WARMSTOW_WAITING_HPP
