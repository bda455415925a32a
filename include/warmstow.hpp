/*
 * warmstow.hpp: the C ABI for C++17, header-only.
 *
 * A region, and a lease of it, are owned: move-only, and given back when they
 * go out of scope. Handles (node, function, instance) are plain values.
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
 */
#ifndef WARMSTOW_HPP
#define WARMSTOW_HPP

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "warmstow.h"

namespace warmstow {

/** A length of time, or a time since the host's origin. */
using nanoseconds = std::chrono::nanoseconds;

/** A wrong call: a stale handle, a setting out of range. Nothing has changed. */
class error : public std::runtime_error {
public:
    error(std::int32_t status, const char *message)
        : std::runtime_error(std::string(warmstow_status_name(status)) + ": " + message),
          status_(status) {}

    /** A warmstow_status. */
    std::int32_t status() const noexcept { return status_; }

private:
    std::int32_t status_;
};

namespace detail {

inline void check(std::int32_t status) {
    if (status != WARMSTOW_OK) {
        throw error(status, warmstow_last_error());
    }
}

inline std::uint64_t nanos(nanoseconds time) {
    if (time < nanoseconds::zero()) {
        throw std::invalid_argument("warmstow: a time before the origin");
    }
    return static_cast<std::uint64_t>(time.count());
}

inline nanoseconds time(std::uint64_t nanos) {
    constexpr auto most = static_cast<std::uint64_t>(nanoseconds::max().count());
    return nanoseconds(static_cast<nanoseconds::rep>(std::min(nanos, most)));
}

/** A name for C, which would take a NUL for its end. */
inline const char *name(const std::string &text) {
    const std::size_t nul = text.find('\0');
    if (nul != std::string::npos) {
        throw std::invalid_argument("warmstow: a name has a NUL at byte " + std::to_string(nul));
    }
    return text.c_str();
}

inline bool same(std::uint64_t one, std::uint64_t other) noexcept { return one == other; }
inline bool same(const std::uint64_t (&one)[2], const std::uint64_t (&other)[2]) noexcept {
    return one[0] == other[0] && one[1] == other[1];
}

/** A C handle as a value that compares; converts to bool as "not null". */
template <class Raw> class handle {
public:
    constexpr handle() noexcept : raw_{} {}
    constexpr explicit handle(Raw raw) noexcept : raw_(raw) {}
    constexpr Raw raw() const noexcept { return raw_; }
    explicit operator bool() const noexcept { return !(*this == handle()); }
    friend bool operator==(const handle &one, const handle &other) noexcept {
        return same(one.raw_.bits, other.raw_.bits);
    }
    friend bool operator!=(const handle &one, const handle &other) noexcept {
        return !(one == other);
    }

private:
    Raw raw_;
};

} // namespace detail

/** A node of a region. */
class node : public detail::handle<warmstow_node> {
public:
    using handle::handle;
    /** Its number in its region, from 0; WARMSTOW_NO_INDEX if null. */
    std::uint32_t index() const noexcept { return warmstow_node_index(raw()); }
};

/** A function of a region. */
class function : public detail::handle<warmstow_function> {
public:
    using handle::handle;
    /** Its number in its region, from 0; WARMSTOW_NO_INDEX if null. */
    std::uint32_t index() const noexcept { return warmstow_function_index(raw()); }
};

/** An instance of a function. */
class instance : public detail::handle<warmstow_instance> {
public:
    using handle::handle;
    /** Its number within its function, from 0; WARMSTOW_NO_INDEX if null. */
    std::uint32_t index() const noexcept { return warmstow_instance_index(raw()); }
};

template <class T> class span;

namespace detail {

/** Whether a span<T> can be of a Container. */
template <class T, class Container>
inline constexpr bool viewable = std::is_convertible_v<
    std::remove_pointer_t<decltype(std::data(std::declval<Container &>()))> (*)[], T (*)[]>;

/** Whether it owns nothing, so that a view of a temporary one stays valid. */
template <class Container> inline constexpr bool is_view = false;
template <class T> inline constexpr bool is_view<span<T>> = true;

} // namespace detail

/**
 * A view of elements that stand one after the other; owns nothing. What it
 * views must outlive it: it cannot be of a temporary container.
 */
template <class T> class span {
public:
    constexpr span() noexcept = default;
    constexpr span(T *first, std::size_t count) noexcept : first_(first), count_(count) {}
    /** Of an array, a std::array, a std::vector, or anything with data() and size(). */
    template <class Container,
              std::enable_if_t<detail::viewable<T, Container> &&
                                   (std::is_lvalue_reference_v<Container> ||
                                    detail::is_view<Container>),
                               int> = 0>
    constexpr span(Container &&container)
        : first_(std::data(container)), count_(std::size(container)) {}
    /** Not of a temporary: it would be gone when the span is used. */
    template <class Container,
              std::enable_if_t<detail::viewable<T, Container> &&
                                   !std::is_lvalue_reference_v<Container> &&
                                   !detail::is_view<Container>,
                               int> = 0>
    span(Container &&) = delete;

    constexpr T *data() const noexcept { return first_; }
    constexpr std::size_t size() const noexcept { return count_; }
    constexpr bool empty() const noexcept { return count_ == 0; }
    constexpr T *begin() const noexcept { return first_; }
    constexpr T *end() const noexcept { return first_ + count_; }
    constexpr T &operator[](std::size_t at) const noexcept { return first_[at]; }

private:
    T *first_ = nullptr;
    std::size_t count_ = 0;
};

/** A default region configuration, to be changed. */
inline warmstow_region_config region_config() {
    warmstow_region_config config;
    detail::check(warmstow_region_config_default(&config, sizeof config));
    return config;
}

/** A node of these CPU units (1024 are one vCPU) and MiB, to be changed. */
inline warmstow_node_spec node_spec(std::uint32_t cpu_units, std::uint32_t memory_mib) {
    warmstow_node_spec spec;
    detail::check(warmstow_node_spec_default(&spec, sizeof spec));
    spec.cpu_units = cpu_units;
    spec.memory_mib = memory_mib;
    return spec;
}

/** A function of these MiB with AWS Lambda's share of CPU, to be changed. */
inline warmstow_function_spec function_spec(std::uint32_t memory_mib) {
    warmstow_function_spec spec;
    detail::check(warmstow_function_spec_default(&spec, sizeof spec));
    spec.memory_mib = memory_mib;
    return spec;
}

namespace detail {

/**
 * Instances that dropped leases left to be stopped, of all regions, until
 * region::reap() hands them out: a destructor has nobody to tell.
 */
class abandoned {
public:
    // Without memory for them it terminates, as a vector does in a noexcept
    // function: an instance that nobody stops would be held for ever.
    static void add(warmstow_region region, span<const instance> instances) noexcept {
        if (instances.empty()) {
            return;
        }
        const std::lock_guard<std::mutex> lock(mutex());
        for (const instance &each : instances) {
            all().push_back({region, each.raw()});
        }
        count().store(all().size(), std::memory_order_relaxed);
    }

    /** Moves those of a function to `out`, as many as fit; how many. */
    static std::size_t take(warmstow_region region, warmstow_function of,
                            span<warmstow_instance> out) {
        std::size_t taken = 0;
        remove([&](const entry &each) {
            const bool wanted = taken < out.size() && each.region.bits == region.bits &&
                                each.instance.bits[0] == of.bits;
            if (wanted) {
                out[taken++] = each.instance;
            }
            return wanted;
        });
        return taken;
    }

    /** Forgets those of a region that closes. */
    static void forget(warmstow_region region) {
        remove([&](const entry &each) { return each.region.bits == region.bits; });
    }

private:
    template <class Wanted> static void remove(Wanted wanted) {
        // Relaxed: who adds one and then wants it reaped has ordered the two.
        if (count().load(std::memory_order_relaxed) == 0) {
            return;
        }
        const std::lock_guard<std::mutex> lock(mutex());
        auto kept = all().begin();
        for (const entry &each : all()) {
            if (!wanted(each)) {
                *kept++ = each;
            }
        }
        all().erase(kept, all().end());
        count().store(all().size(), std::memory_order_relaxed);
    }

    struct entry {
        warmstow_region region;
        warmstow_instance instance;
    };
    // Never destroyed: a lease may be dropped after the program's own statics.
    static std::mutex &mutex() {
        static auto *one = new std::mutex;
        return *one;
    }
    static std::vector<entry> &all() {
        static auto *one = new std::vector<entry>;
        return *one;
    }
    static std::atomic<std::size_t> &count() {
        static auto *one = new std::atomic<std::size_t>{0};
        return *one;
    }
};

} // namespace detail

/**
 * One request's hold of an instance: complete() or fail() it. Dropped, it fails:
 * its instance takes no more requests, and region::reap() names it for stopping.
 */
class [[nodiscard]] lease {
public:
    lease(lease &&other) noexcept
        : region_(other.region_), raw_(std::exchange(other.raw_, warmstow_lease{})),
          seen_ns_(other.seen_ns_) {}
    lease &operator=(lease &&other) noexcept {
        if (this != &other) {
            drop();
            region_ = other.region_;
            raw_ = std::exchange(other.raw_, warmstow_lease{});
            seen_ns_ = other.seen_ns_;
        }
        return *this;
    }
    lease(const lease &) = delete;
    lease &operator=(const lease &) = delete;
    ~lease() { drop(); }

    /** The cold-started instance has initialised. Throws error. */
    void started(nanoseconds now) {
        seen_ns_ = detail::nanos(now);
        detail::check(warmstow_started(region_, seen_ns_, raw_));
    }

    /**
     * The request is done. Returns an instance to be stopped, or null. Throws
     * error; then the lease is still held, unless it was stale.
     */
    instance complete(nanoseconds now) { return end(warmstow_complete, now); }

    /** The request failed and its instance with it; otherwise as complete(). */
    instance fail(nanoseconds now) { return end(warmstow_fail, now); }

    /** Whether complete() or fail() is still to come. */
    bool held() const noexcept { return raw_.bits[0] != 0; }

    /** Gives the lease up as its C value: the caller now ends it. */
    warmstow_lease release() noexcept { return std::exchange(raw_, warmstow_lease{}); }

private:
    friend class region;
    lease(warmstow_region region, warmstow_lease raw, std::uint64_t now_ns) noexcept
        : region_(region), raw_(raw), seen_ns_(now_ns) {}

    template <class End> instance end(End call, nanoseconds now) {
        warmstow_instance stop{};
        const std::int32_t status = call(region_, detail::nanos(now), raw_, &stop);
        if (status == WARMSTOW_OK || status == WARMSTOW_ERROR_LEASE_STALE) {
            raw_ = warmstow_lease{};
        }
        detail::check(status);
        return instance(stop);
    }

    void drop() noexcept {
        if (!held()) {
            return;
        }
        warmstow_instance stop{};
        // The region may be closed by now: then there is nothing to give back.
        if (warmstow_fail(region_, seen_ns_, release(), &stop) == WARMSTOW_OK &&
            stop.bits[0] != 0) {
            const class instance left(stop);
            detail::abandoned::add(region_, {&left, 1});
        }
    }

    warmstow_region region_;
    warmstow_lease raw_;
    std::uint64_t seen_ns_;
};

/** An admitted request. */
struct [[nodiscard]] invocation {
    /** The hold. */
    class lease lease;
    /** The instance that serves it. */
    class instance instance;
    /** Cold start: where to start the instance; null without a fleet. */
    class node node;
    /** Whether the instance is to be started first. */
    bool cold;
};

/** Why a request was not admitted. It holds nothing. */
struct refusal {
    /** WARMSTOW_ERROR_THROTTLED, _INSTANCE_LIMIT or _NO_CAPACITY. */
    std::int32_t status;
    /** The reason, for counting. */
    warmstow_refusal reason;
    /** Its key in reports, in AWS's words. */
    const char *name() const noexcept {
        return warmstow_refusal_name(static_cast<std::uint32_t>(reason));
    }
};

/** An invocation or a refusal: `if (auto *admitted = std::get_if<invocation>(&outcome))`. */
using outcome = std::variant<invocation, refusal>;

/** What region::reap_instance() found. */
struct reaped {
    warmstow_reaped answer;
    /** With WARMSTOW_REAPED_UNTIL: when to ask again. */
    nanoseconds until;
};

/** A region: opened by its constructor, closed by its destructor. */
class region {
public:
    /** Opens a region. Throws error. */
    explicit region(const warmstow_region_config &config = region_config()) {
        detail::check(warmstow_region_open(&config, &raw_));
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

    /** Asks for a request. Throws error on a wrong call, not on a refusal. */
    outcome invoke(nanoseconds now, function of) {
        warmstow_invocation answer;
        const std::uint64_t now_ns = detail::nanos(now);
        const std::int32_t status = warmstow_invoke(raw_, now_ns, of.raw(), &answer);
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
    void close_quietly() noexcept {
        if (raw_.bits != 0) {
            const warmstow_region raw = std::exchange(raw_, warmstow_region{});
            detail::abandoned::forget(raw);
            (void)warmstow_region_close(raw);
        }
    }

    warmstow_region raw_{};
};

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

#endif /* WARMSTOW_HPP */
