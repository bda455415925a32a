/*
 * warmstow.hpp: the C ABI for C++17, header-only.
 *
 * A region, a lease of it and a start ahead are owned: move-only, and given back
 * when they go out of scope. Handles (node, function, instance, versioned,
 * alias) are plain values.
 *
 * ERRORS. A wrong call throws warmstow::error, with the status and the message
 * of the C call. A refusal is no error: region::invoke() returns an outcome,
 * which is an invocation or a refusal. What C cannot express (a time before the
 * origin, a NUL within a name) throws std::invalid_argument.
 *
 * THREADS. As in C: every member can be called from any thread at any time, on
 * the same object too; but moving, assigning and destroying an object is its
 * owner's alone. Leases may outlive their region: they are stale then.
 *
 * TIME is std::chrono::nanoseconds since an origin of the host's choice, such
 * as steady_clock::now().time_since_epoch(). It may not be negative.
 *
 * Units, costs and what each call means: warmstow.h, at the function of the
 * same name.
 *
 * One header to include; its parts are in warmstow/: values, leases, versions,
 * what waits, replays and more.
 */
#ifndef WARMSTOW_HPP
#define WARMSTOW_HPP

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "warmstow/ecs.hpp"
#include "warmstow/lease.hpp"
#include "warmstow/packing.hpp"
#include "warmstow/replay.hpp"
#include "warmstow/scenario.hpp"
#include "warmstow/values.hpp"
#include "warmstow/versions.hpp"
#include "warmstow/view.hpp"
#include "warmstow/waiting.hpp"

namespace warmstow {

/** A region: opened by its constructor, closed by its destructor. */
class region {
public:
    /** Opens a region. Throws error. */
    explicit region(const warmstow_region_config &config = region_config()) {
        detail::check(warmstow_region_open(&config, &raw_));
    }
    /** Opens a region with rates and aliases: warmstow_region_open_model(). */
    region(const warmstow_region_config &config, const warmstow_region_model &model) {
        detail::check(warmstow_region_open_model(&config, &model, &raw_));
    }
    /** Opens a region as a settings file, TOML or JSON, describes it: see
        warmstow_region_open_settings(). Throws error with the line and the key. */
    static region from_settings(std::string_view settings, nanoseconds now = {}) {
        warmstow_region raw{};
        detail::check(warmstow_region_open_settings(settings.data(), settings.size(),
                                                    detail::nanos(now), &raw));
        return region(raw);
    }
    region(region &&other) noexcept : raw_(std::exchange(other.raw_, warmstow_region{})) {}
    region &operator=(region &&other) noexcept {
        if (this != &other) {
            close_quietly();
            raw_ = std::exchange(other.raw_, warmstow_region{});
        }
        return *this;
    }
    region(const region &) = delete;
    region &operator=(const region &) = delete;
    ~region() { close_quietly(); }

    /** Closes it now. Throws error where it was closed or moved from. */
    void close() {
        const warmstow_region raw = std::exchange(raw_, warmstow_region{});
        detail::abandoned::forget(raw);
        detail::check(warmstow_region_close(raw));
    }

    /** The C handle; the region still owns it. */
    warmstow_region raw() const noexcept { return raw_; }

    node add_node(const warmstow_node_spec &spec) {
        warmstow_node added;
        detail::check(warmstow_node_add(raw_, &spec, &added));
        return node(added);
    }

    function add_function(const std::string &name, const warmstow_function_spec &spec) {
        warmstow_function added;
        detail::check(warmstow_function_add(raw_, detail::name(name), &spec, &added));
        return function(added);
    }

    /** The function of that name, if there is one. */
    std::optional<function> find_function(const std::string &name) const {
        warmstow_function found;
        const std::int32_t status = warmstow_function_find(raw_, detail::name(name), &found);
        if (status == WARMSTOW_ERROR_NAME_UNKNOWN) {
            return std::nullopt;
        }
        detail::check(status);
        return function(found);
    }

    /** Adds a function of which versions can be published. */
    versioned add_versioned(const std::string &name, const warmstow_function_spec &spec,
                            const warmstow_provisioning &prepared = provisioning()) {
        warmstow_versioned added;
        detail::check(
            warmstow_versioned_add(raw_, detail::name(name), &spec, &prepared, &added));
        return versioned(raw_, added);
    }

    /** The function with versions of that name, if there is one. */
    std::optional<versioned> find_versioned(const std::string &name) const {
        warmstow_versioned found;
        const std::int32_t status = warmstow_versioned_find(raw_, detail::name(name), &found);
        if (status == WARMSTOW_ERROR_NAME_UNKNOWN) {
            return std::nullopt;
        }
        detail::check(status);
        return versioned(raw_, found);
    }

    /** Adds a function with a pool of instances for each tenant. */
    tenants add_tenants(const std::string &name, const warmstow_function_spec &spec) {
        warmstow_tenants added;
        detail::check(warmstow_tenants_add(raw_, detail::name(name), &spec, &added));
        return tenants(raw_, added);
    }

    /** Opens a queue before a function, a version or a tenant. */
    class backlog backlog(function before,
                          const warmstow_backlog_config &config = backlog_config()) {
        return {raw_, before, config};
    }

    /** The same before an alias; a request's number is its draw. */
    class backlog backlog(alias before,
                          const warmstow_backlog_config &config = backlog_config()) {
        return {raw_, before, config};
    }

    void set_account_limit(std::uint32_t limit) {
        detail::check(warmstow_region_set_account_limit(raw_, limit));
    }

    /** Sets or, with nullopt, removes a function's reserved concurrency. */
    void set_reserved(function of, std::optional<std::uint32_t> reserved) {
        const std::uint32_t value = reserved.value_or(WARMSTOW_UNRESERVED);
        detail::check(warmstow_function_set_reserved(raw_, of.raw(), value));
    }

    void set_keep_alive(function of, nanoseconds keep_alive) {
        detail::check(warmstow_function_set_keep_alive(raw_, of.raw(), detail::nanos(keep_alive)));
    }

    /** Asks for a request. Throws error on a wrong call, not on a refusal.
     * Give each thread that invokes a lane of its own: warmstow_invoke_in(). */
    outcome invoke(nanoseconds now, function of, std::uint32_t lane = 0) {
        warmstow_invocation answer;
        const std::uint64_t now_ns = detail::nanos(now);
        return outcome_of(warmstow_invoke_in(raw_, now_ns, of.raw(), lane, &answer), answer,
                          now_ns);
    }

    /** The same of a version: its provisioned concurrency first. */
    outcome invoke_version(nanoseconds now, function version, std::uint32_t lane = 0) {
        warmstow_invocation answer;
        const std::uint64_t now_ns = detail::nanos(now);
        return outcome_of(warmstow_invoke_version(raw_, now_ns, version.raw(), lane, &answer),
                          answer, now_ns);
    }

    /** The same of the version that an alias points to; of two, draw says which. */
    outcome invoke_alias(nanoseconds now, alias of, std::uint64_t draw, std::uint32_t lane = 0) {
        warmstow_invocation answer;
        const std::uint64_t now_ns = detail::nanos(now);
        return outcome_of(warmstow_invoke_alias(raw_, now_ns, of.raw(), draw, lane, &answer),
                          answer, now_ns);
    }

    /** As invoke_version(), whatever the rates of requests: for events that AWS
     * services send asynchronously. */
    outcome invoke_unmetered(nanoseconds now, function version, std::uint32_t lane = 0) {
        warmstow_invocation answer;
        const std::uint64_t now_ns = detail::nanos(now);
        return outcome_of(warmstow_invoke_unmetered(raw_, now_ns, version.raw(), lane, &answer),
                          answer, now_ns);
    }

    /** As invoke_alias(), whatever the rates of requests. */
    outcome invoke_alias_unmetered(nanoseconds now, alias of, std::uint64_t draw,
                                   std::uint32_t lane = 0) {
        warmstow_invocation answer;
        const std::uint64_t now_ns = detail::nanos(now);
        return outcome_of(
            warmstow_invoke_alias_unmetered(raw_, now_ns, of.raw(), draw, lane, &answer), answer,
            now_ns);
    }

    /** The next thing to do for versions and for the keeper, if there is any. */
    std::optional<action> poll(nanoseconds now) {
        warmstow_action next;
        const std::uint64_t now_ns = detail::nanos(now);
        detail::check(warmstow_poll(raw_, now_ns, &next, sizeof next));
        switch (next.kind) {
        case WARMSTOW_ACTION_START:
            return action(started_ahead(next, now_ns));
        case WARMSTOW_ACTION_STOP:
            return action(stop{instance(next.instance)});
        default:
            return std::nullopt;
        }
    }

    /** Time has passed; when to call this at the latest, if ever. */
    std::optional<nanoseconds> advance(nanoseconds now) {
        std::uint64_t next = 0;
        detail::check(warmstow_advance(raw_, detail::nanos(now), &next));
        return next == UINT64_MAX ? std::nullopt : std::optional(detail::time(next));
    }

    /**
     * Starts an instance ahead of requests by the host's own wish; nullopt where
     * the function has as many as it may or no node has room.
     */
    std::optional<start> start_ahead(nanoseconds now, function of) {
        warmstow_action started;
        const std::uint64_t now_ns = detail::nanos(now);
        const std::int32_t status =
            warmstow_start_ahead(raw_, now_ns, of.raw(), &started, sizeof started);
        if (status == WARMSTOW_ERROR_INSTANCE_LIMIT || status == WARMSTOW_ERROR_NO_CAPACITY) {
            return std::nullopt;
        }
        detail::check(status);
        return started_ahead(started, now_ns);
    }

    /** Keeps a function by a policy such as "fixed:600s": warmstow_keeper_keep(). */
    void keep(nanoseconds now, function of, const std::string &policy, nanoseconds cold_start) {
        detail::check(warmstow_keeper_keep(raw_, detail::nanos(now), of.raw(),
                                           detail::name(policy), detail::nanos(cold_start)));
    }

    /** Gives it back to the region's own keep-alive. */
    void release(function of, nanoseconds keep_alive) {
        detail::check(warmstow_keeper_release(raw_, of.raw(), detail::nanos(keep_alive)));
    }

    /** The policy that keeps a function; empty where none does. */
    std::string policy(function of) const {
        std::array<char, 64> text;
        detail::check(warmstow_keeper_policy(raw_, of.raw(), text.data(), text.size()));
        return text.data();
    }

    /** Tells the keeper that a request has got an instance. */
    void keeper_invoked(nanoseconds now, instance which) {
        detail::check(warmstow_keeper_invoked(raw_, detail::nanos(now), which.raw()));
    }

    /** Tells it that a request has ended; stopping: and named the instance for it. */
    void keeper_ended(nanoseconds now, instance which, bool stopping) {
        detail::check(warmstow_keeper_ended(raw_, detail::nanos(now), which.raw(), stopping));
    }

    /** Tells it that an instance has stopped, beside stopped(). */
    void keeper_stopped(nanoseconds now, instance which) {
        detail::check(warmstow_keeper_stopped(raw_, detail::nanos(now), which.raw()));
    }

    /** Plans which idle instances stop for one of a function; false: none would do. */
    bool make_room(nanoseconds now, function of) {
        const std::int32_t status =
            warmstow_keeper_make_room(raw_, detail::nanos(now), of.raw());
        if (status == WARMSTOW_ERROR_NO_ROOM) {
            return false;
        }
        detail::check(status);
        return true;
    }

    /** Takes an instance out of service; returns it if it is to be stopped now. */
    instance drain(nanoseconds now, instance which) {
        warmstow_instance stop;
        detail::check(warmstow_drain(raw_, detail::nanos(now), which.raw(), &stop));
        return instance(stop);
    }

    /**
     * All instances of a function to be stopped now; of dropped leases too.
     * Where it throws, for want of memory too, the next reap names those found.
     */
    std::vector<instance> reap(nanoseconds now, function of) {
        std::vector<instance> all;
        std::array<warmstow_instance, 64> some;
        std::size_t count = some.size();
        try {
            while (count == some.size()) {
                // Before any is taken, so that each one taken has its place.
                if (all.capacity() - all.size() < some.size()) {
                    all.reserve(std::max(2 * all.capacity(), all.size() + some.size()));
                }
                count = reap(now, of, some);
                for (std::size_t i = 0; i < count; i++) {
                    all.emplace_back(some[i]);
                }
            }
        } catch (...) {
            detail::abandoned::add(raw_, all);
            throw;
        }
        return all;
    }

    /**
     * The same into the caller's memory; how many. Where all of it is filled
     * there may be more.
     */
    std::size_t reap(nanoseconds now, function of, span<warmstow_instance> out) {
        const std::uint64_t now_ns = detail::nanos(now);
        const std::size_t left = detail::abandoned::take(raw_, of.raw(), out);
        if (left != 0 && left == out.size()) {
            return left;
        }
        std::size_t count = 0;
        const std::int32_t status = warmstow_reap(raw_, now_ns, of.raw(), out.data() + left,
                                                  out.size() - left, &count);
        // An error waits for the next call rather than lose those of dropped
        // leases that this one has found.
        if (left == 0) {
            detail::check(status);
        }
        return left + (status == WARMSTOW_OK ? count : 0);
    }

    reaped reap_instance(nanoseconds now, instance which) {
        std::uint32_t answer;
        std::uint64_t until_ns;
        detail::check(warmstow_reap_instance(raw_, detail::nanos(now), which.raw(), &answer,
                                             &until_ns));
        return {static_cast<warmstow_reaped>(answer), detail::time(until_ns)};
    }

    /** The host has stopped an instance. */
    void stopped(nanoseconds now, instance which) {
        detail::check(warmstow_stopped(raw_, detail::nanos(now), which.raw()));
    }

    /** The node that an instance is on; null without a fleet. */
    node node_of(instance which) const {
        warmstow_node on;
        detail::check(warmstow_instance_node(raw_, which.raw(), &on));
        return node(on);
    }

    warmstow_counters counters(function of) const {
        warmstow_counters counted;
        detail::check(warmstow_counters_read(raw_, of.raw(), &counted, sizeof counted));
        return counted;
    }

    /** A function's settings as they are now. */
    warmstow_function_spec spec(function of) const {
        warmstow_function_spec now;
        detail::check(warmstow_function_spec_read(raw_, of.raw(), &now, sizeof now));
        return now;
    }

    warmstow_node_view view(node of) const {
        warmstow_node_view now;
        detail::check(warmstow_node_view_read(raw_, of.raw(), &now, sizeof now));
        return now;
    }

    warmstow_region_view view() const {
        warmstow_region_view now;
        detail::check(warmstow_region_view_read(raw_, &now, sizeof now));
        return now;
    }

private:
    explicit region(warmstow_region raw) noexcept : raw_(raw) {}

    outcome outcome_of(std::int32_t status, const warmstow_invocation &answer,
                       std::uint64_t now_ns) {
        switch (status) {
        case WARMSTOW_ERROR_THROTTLED:
        case WARMSTOW_ERROR_INSTANCE_LIMIT:
        case WARMSTOW_ERROR_NO_CAPACITY:
            return refusal{status, static_cast<warmstow_refusal>(answer.refusal)};
        default:
            detail::check(status);
        }
        return invocation{lease(raw_, answer.lease, now_ns), instance(answer.instance),
                          node(answer.node), answer.start == WARMSTOW_START_COLD};
    }

    start started_ahead(const warmstow_action &started, std::uint64_t now_ns) noexcept {
        return {prestart(raw_, started.prestart, now_ns), instance(started.instance),
                node(started.node)};
    }

    void close_quietly() noexcept {
        if (raw_.bits != 0) {
            const warmstow_region raw = std::exchange(raw_, warmstow_region{});
            detail::abandoned::forget(raw);
            (void)warmstow_region_close(raw);
        }
    }

    warmstow_region raw_{};
};

} // namespace warmstow

#endif // WARMSTOW_HPP
