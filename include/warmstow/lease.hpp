/*
 * What an invocation gives: a lease to be ended, or a refusal.
 * Included by warmstow.hpp.
 */
#ifndef WARMSTOW_LEASE_HPP
#define WARMSTOW_LEASE_HPP

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <mutex>
#include <utility>
#include <variant>
#include <vector>

#include "values.hpp"

namespace warmstow {

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

/**
 * A hold of an instance, ended once: moved from, it is no longer held. Dropped
 * while it is held, Failed ends it, and an instance that this leaves to be
 * stopped waits in `abandoned`. Stale is the status of one that was ended before.
 */
template <class Raw,
          std::int32_t (*Failed)(warmstow_region, std::uint64_t, Raw, warmstow_instance *),
          std::int32_t Stale>
class hold {
public:
    hold(const hold &) = delete;
    hold &operator=(const hold &) = delete;

    /** Whether it is still to be ended. */
    bool held() const noexcept { return raw_.bits[0] != 0; }

protected:
    hold(warmstow_region region, Raw raw, std::uint64_t now_ns) noexcept
        : region_(region), raw_(raw), seen_ns_(now_ns) {}
    hold(hold &&other) noexcept
        : region_(other.region_), raw_(other.release()), seen_ns_(other.seen_ns_) {}
    hold &operator=(hold &&other) noexcept {
        if (this != &other) {
            drop();
            region_ = other.region_;
            raw_ = other.release();
            seen_ns_ = other.seen_ns_;
        }
        return *this;
    }
    ~hold() { drop(); }

    Raw release() noexcept { return std::exchange(raw_, Raw{}); }

    /** Ends it by a call; an instance to be stopped, or null. */
    template <class End> instance end(End call, nanoseconds now) {
        warmstow_instance stop{};
        const std::int32_t status = call(region_, detail::nanos(now), raw_, &stop);
        if (status == WARMSTOW_OK || status == Stale) {
            raw_ = Raw{};
        }
        check(status);
        return instance(stop);
    }

    warmstow_region region_;
    Raw raw_;
    std::uint64_t seen_ns_;

private:
    void drop() noexcept {
        if (!held()) {
            return;
        }
        warmstow_instance stop{};
        // The region may be closed by now: then there is nothing to give back.
        if (Failed(region_, seen_ns_, release(), &stop) == WARMSTOW_OK && stop.bits[0] != 0) {
            const instance left(stop);
            abandoned::add(region_, {&left, 1});
        }
    }
};

} // namespace detail

/**
 * One request's hold of an instance: complete() or fail() it. Dropped, it fails:
 * its instance takes no more requests, and region::reap() names it for stopping.
 */
class [[nodiscard]] lease
    : public detail::hold<warmstow_lease, warmstow_fail, WARMSTOW_ERROR_LEASE_STALE> {
public:
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

    /** Gives the lease up as its C value: the caller now ends it. */
    using hold::release;

private:
    friend class region;
    friend class backlog;
    lease(warmstow_region region, warmstow_lease raw, std::uint64_t now_ns) noexcept
        : hold(region, raw, now_ns) {}
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

} // namespace warmstow

#endif // WARMSTOW_LEASE_HPP
