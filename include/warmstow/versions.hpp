/*
 * Functions with versions or tenants, and what a region wants done for them.
 * Included by warmstow.hpp.
 */
#ifndef WARMSTOW_VERSIONS_HPP
#define WARMSTOW_VERSIONS_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "lease.hpp"
#include "values.hpp"

namespace warmstow {

/** A region's rates by profile, aliases and lanes, to be changed. */
inline warmstow_region_model region_model(warmstow_profile profile = WARMSTOW_PROFILE_OFF) {
    warmstow_region_model model;
    const auto number = static_cast<std::uint32_t>(profile);
    detail::check(warmstow_region_model_default(number, &model, sizeof model));
    return model;
}

/** How provisioned concurrency is prepared, by profile, to be changed. */
inline warmstow_provisioning
provisioning(warmstow_provisioning_profile profile = WARMSTOW_PROVISIONING_LAMBDA) {
    warmstow_provisioning settings;
    const auto number = static_cast<std::uint32_t>(profile);
    detail::check(warmstow_provisioning_default(number, &settings, sizeof settings));
    return settings;
}

/** An alias, until it is deleted. */
class alias : public detail::handle<warmstow_alias> {
public:
    using handle::handle;
};

/** Where an alias points: to a version, and by weight to another one. */
inline warmstow_routing routing(std::uint32_t version, std::uint32_t other_version = 0,
                                std::uint32_t ten_thousandths = 0) {
    warmstow_routing to{};
    to.struct_size = sizeof to;
    to.version = version;
    to.other_version = other_version;
    to.other_weight = ten_thousandths;
    return to;
}

/** An alias as it is now. */
struct alias_view {
    class alias alias;
    warmstow_routing routing;
};

/** Provisioned concurrency as it is now, and why it has failed if it has. */
struct provisioned_view {
    warmstow_provisioned_view view;
    std::string reason;
};

/**
 * A function with versions. It lives as long as its region and is a plain
 * value: copies are the same function. Every member may throw error.
 */
class versioned {
public:
    /** The C handle. */
    warmstow_versioned raw() const noexcept { return raw_; }

    /** What requests of $LATEST name. */
    function latest() const { return pool(WARMSTOW_LATEST); }

    /** What requests of a version name. */
    function version(std::uint32_t number) const { return pool(number); }

    /** The versions published and not deleted, in order. */
    std::vector<std::uint32_t> versions() const {
        std::vector<std::uint32_t> all(1);
        std::size_t count = 0;
        for (;;) {
            detail::check(
                warmstow_versioned_list(region_, raw_, all.data(), all.size(), &count));
            const bool complete = count <= all.size();
            all.resize(count);
            if (complete) {
                return all;
            }
        }
    }

    /** The settings of a version, or of WARMSTOW_LATEST. */
    warmstow_function_spec spec(std::uint32_t version) const {
        warmstow_function_spec now;
        detail::check(warmstow_versioned_spec_read(region_, raw_, version, &now, sizeof now));
        return now;
    }

    void update(nanoseconds now, const warmstow_function_spec &spec) {
        detail::check(warmstow_versioned_update(region_, detail::nanos(now), raw_, &spec));
    }

    /** Publishes $LATEST; the version's number. */
    std::uint32_t publish() {
        std::uint32_t number = 0;
        detail::check(warmstow_versioned_publish(region_, raw_, &number));
        return number;
    }

    void delete_version(nanoseconds now, std::uint32_t number) {
        detail::check(warmstow_versioned_delete(region_, detail::nanos(now), raw_, number));
    }

    /** Sets or, with nullopt, removes the reservation of all versions together. */
    void set_reserved(std::optional<std::uint32_t> reserved) {
        const std::uint32_t value = reserved.value_or(WARMSTOW_UNRESERVED);
        detail::check(warmstow_versioned_set_reserved(region_, raw_, value));
    }

    warmstow_versioned_metrics metrics() const {
        warmstow_versioned_metrics now;
        detail::check(warmstow_versioned_metrics_read(region_, raw_, &now, sizeof now));
        return now;
    }

    alias create_alias(const std::string &name, const warmstow_routing &to) {
        warmstow_alias made;
        detail::check(warmstow_alias_create(region_, raw_, detail::name(name), &to, &made));
        return alias(made);
    }

    void update_alias(nanoseconds now, const std::string &name, const warmstow_routing &to) {
        const std::uint64_t now_ns = detail::nanos(now);
        detail::check(warmstow_alias_update(region_, now_ns, raw_, detail::name(name), &to));
    }

    void delete_alias(nanoseconds now, const std::string &name) {
        const std::uint64_t now_ns = detail::nanos(now);
        detail::check(warmstow_alias_delete(region_, now_ns, raw_, detail::name(name)));
    }

    /** The alias of that name, if there is one. */
    std::optional<alias_view> find_alias(const std::string &name) const {
        warmstow_alias found;
        warmstow_routing to;
        const std::int32_t status =
            warmstow_alias_read(region_, raw_, detail::name(name), &found, &to, sizeof to);
        if (status == WARMSTOW_ERROR_ALIAS_UNKNOWN) {
            return std::nullopt;
        }
        detail::check(status);
        return alias_view{alias(found), to};
    }

    /** qualifier: a version's number or an alias, as a text. */
    void put_provisioned(nanoseconds now, const std::string &qualifier, std::uint32_t requested) {
        const std::uint64_t now_ns = detail::nanos(now);
        detail::check(warmstow_provisioned_put(region_, now_ns, raw_, detail::name(qualifier),
                                               requested));
    }

    void delete_provisioned(nanoseconds now, const std::string &qualifier) {
        const std::uint64_t now_ns = detail::nanos(now);
        detail::check(
            warmstow_provisioned_delete(region_, now_ns, raw_, detail::name(qualifier)));
    }

    /** What is provisioned on a qualifier; nullopt where nothing is. */
    std::optional<provisioned_view> provisioned(const std::string &qualifier) const {
        warmstow_provisioned_view now;
        char reason[256];
        detail::check(warmstow_provisioned_read(region_, raw_, detail::name(qualifier), &now,
                                                sizeof now, reason, sizeof reason));
        if (now.status == WARMSTOW_PROVISIONED_NONE) {
            return std::nullopt;
        }
        return provisioned_view{now, reason};
    }

private:
    friend class region;
    versioned(warmstow_region region, warmstow_versioned raw) noexcept
        : region_(region), raw_(raw) {}

    function pool(std::uint32_t version) const {
        warmstow_function serves;
        detail::check(warmstow_versioned_version(region_, raw_, version, &serves));
        return function(serves);
    }

    warmstow_region region_;
    warmstow_versioned raw_;
};

/**
 * A function with a pool of instances for each tenant. It lives as long as its
 * region and is a plain value: copies are the same function. Every member may
 * throw error.
 */
class tenants {
public:
    /** The C handle. */
    warmstow_tenants raw() const noexcept { return raw_; }

    /** What requests of a tenant name, for ever: keep it. */
    function tenant(const std::string &id) {
        warmstow_function serves;
        detail::check(warmstow_tenants_tenant(region_, raw_, detail::name(id), &serves));
        return function(serves);
    }

    void update(nanoseconds now, const warmstow_function_spec &spec) {
        detail::check(warmstow_tenants_update(region_, detail::nanos(now), raw_, &spec));
    }

    /** Sets or, with nullopt, removes the reservation of all tenants together. */
    void set_reserved(std::optional<std::uint32_t> reserved) {
        const std::uint32_t value = reserved.value_or(WARMSTOW_UNRESERVED);
        detail::check(warmstow_tenants_set_reserved(region_, raw_, value));
    }

private:
    friend class region;
    tenants(warmstow_region region, warmstow_tenants raw) noexcept
        : region_(region), raw_(raw) {}

    warmstow_region region_;
    warmstow_tenants raw_;
};

namespace detail {

inline std::int32_t dropped(warmstow_region region, std::uint64_t now_ns, warmstow_prestart raw,
                            warmstow_instance *stop) {
    return warmstow_unprepared(region, now_ns, raw, "dropped", stop);
}

} // namespace detail

/**
 * The hold of an instance that is started ahead of requests: prepared() or
 * unprepared() it. Dropped, it has not come up: of provisioned concurrency
 * region::poll() names it for stopping, else region::reap().
 */
class [[nodiscard]] prestart
    : public detail::hold<warmstow_prestart, detail::dropped, WARMSTOW_ERROR_PRESTART_STALE> {
public:
    /** It has initialised. Returns an instance to be stopped, or null. Throws error. */
    instance prepared(nanoseconds now) { return end(warmstow_prepared, now); }

    /** It has not come up. Returns an instance to be stopped, or null. Throws error. */
    instance unprepared(nanoseconds now, const std::string &reason) {
        const char *const why = detail::name(reason);
        const auto failed = [why](auto region, auto now_ns, auto raw, auto *stop) {
            return warmstow_unprepared(region, now_ns, raw, why, stop);
        };
        return end(failed, now);
    }

private:
    friend class region;
    prestart(warmstow_region region, warmstow_prestart raw, std::uint64_t now_ns) noexcept
        : hold(region, raw, now_ns) {}
};

/** Start this instance ahead of requests, then end its hold. */
struct [[nodiscard]] start {
    class prestart prestart;
    class instance instance;
    /** Where; null without a fleet. */
    class node node;
};

/** Stop this instance, then report region::stopped(). */
struct stop {
    class instance instance;
};

/** What region::poll() wants done. */
using action = std::variant<start, stop>;

} // namespace warmstow

#endif // WARMSTOW_VERSIONS_HPP
