// Memory runs out while a host reaps: no instance is lost.
#include <cstdlib>
#include <new>

#include "check.hpp"

namespace {

// The largest piece that can be had. One thread only.
std::size_t largest = SIZE_MAX;

} // namespace

void *operator new(std::size_t size) {
    void *memory = size > largest ? nullptr : std::malloc(size);
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    return memory;
}
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, std::size_t) noexcept { std::free(memory); }

namespace {

using namespace std::chrono_literals;

constexpr std::size_t instances = 300;

// Starts so many instances of a function; they end idle, or dropped.
void start(warmstow::region &region, warmstow::function of, bool dropped) {
    std::vector<warmstow::lease> leases;
    leases.reserve(instances);
    for (std::size_t i = 0; i < instances; i++) {
        auto request = std::get<warmstow::invocation>(region.invoke(0ns, of));
        request.lease.started(0ns);
        leases.push_back(std::move(request.lease));
    }
    for (auto &lease : leases) {
        if (!dropped) {
            (void)lease.complete(0ns);
        }
    }
}

// Reaps with room for `most` bytes at a time; then with room for all.
void reap_twice(bool dropped, std::size_t most) {
    warmstow::region region;
    const auto f = region.add_function("f", warmstow::function_spec(128));
    start(region, f, dropped);
    largest = most;
    bool threw = false;
    try {
        (void)region.reap(warmstow::nanoseconds::max(), f);
    } catch (const std::bad_alloc &) {
        threw = true;
    }
    largest = SIZE_MAX;
    CHECK(threw);
    const auto rest = region.reap(warmstow::nanoseconds::max(), f);
    CHECK(rest.size() == instances);
    for (const auto &each : rest) {
        region.stopped(0ns, each);
    }
    CHECK(region.counters(f).instances == 0);
}

} // namespace

int main() {
    for (const bool dropped : {false, true}) {
        reap_twice(dropped, 64); // nothing is taken yet
        // The first 64 are; their list here is smaller than the next one there.
        reap_twice(dropped, 64 * sizeof(warmstow::instance) + 512);
        reap_twice(dropped, 128 * sizeof(warmstow::instance) + 1024);
    }
    return checks::end();
}
