/*
 * What is passed by value: errors, times, handles, spans and settings.
 * Included by warmstow.hpp.
 */
#ifndef WARMSTOW_VALUES_HPP
#define WARMSTOW_VALUES_HPP

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "../warmstow.h"

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
/** The one owner of an object of the library: move-only, closes it where it ends. */
template <class Raw, std::int32_t (*close)(Raw)> class owner {
public:
    owner() = default;

    owner(owner &&other) noexcept : raw_(std::exchange(other.raw_, Raw{})) {}

    owner &operator=(owner &&other) noexcept {
        if (this != &other) {
            close_quietly();
            raw_ = std::exchange(other.raw_, Raw{});
        }
        return *this;
    }

    owner(const owner &) = delete;
    owner &operator=(const owner &) = delete;

    ~owner() { close_quietly(); }

    /** The C handle; all-zero where it was moved from. */
    Raw raw() const noexcept { return raw_; }

protected:
    Raw raw_{};

private:
    void close_quietly() noexcept {
        if (raw_.bits != 0) {
            (void)close(std::exchange(raw_, Raw{}));
        }
    }
};

/** Never null, also where it is empty. */
inline const char *bytes(std::string_view of) noexcept { return of.empty() ? "" : of.data(); }

/** All of a text that a call gives in parts: of a buffer, its size and what is needed. */
template <class Call> std::string whole_text(Call call) {
    char first = '\0';
    std::size_t needed = 0;
    check(call(&first, 1, &needed));
    std::string read(needed, '\0');
    check(call(read.data(), read.size(), &needed));
    read.resize(needed - 1);
    return read;
}

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

} // namespace warmstow

#endif // WARMSTOW_VALUES_HPP
