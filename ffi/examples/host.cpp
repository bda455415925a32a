/*
 * A host in C++: threads serve requests of one function, some of which throw;
 * what a request held is given back when its lease goes out of scope.
 *
 *   make ffi
 *   c++ -std=c++17 -I include ffi/examples/host.cpp -L target/release -lwarmstow \
 *      -Wl,-rpath,$PWD/target/release -pthread -o target/host
 *   target/host [threads] [requests a thread]
 */
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>
#include <vector>

#include "warmstow.hpp"

namespace {

using namespace std::chrono_literals;

warmstow::nanoseconds now() {
    return std::chrono::steady_clock::now().time_since_epoch();
}

struct tally {
    std::uint64_t served = 0;
    std::uint64_t thrown = 0;
    std::uint64_t refused = 0;
};

// The function's own code.
void handle(std::uint64_t request) {
    if (request % 50 == 49) {
        throw std::runtime_error("this request crashes its instance");
    }
}

// Serves one request. Where handle() throws, the lease fails on the way out.
void serve(warmstow::region &region, warmstow::function function, std::uint64_t request,
           tally &tally) {
    auto outcome = region.invoke(now(), function);
    auto *admitted = std::get_if<warmstow::invocation>(&outcome);
    if (admitted == nullptr) {
        tally.refused++;
        return;
    }
    if (admitted->cold) {
        admitted->lease.started(now()); // a real host starts it first
    }
    handle(request);
    tally.served++;
    if (const auto stop = admitted->lease.complete(now())) {
        region.stopped(now(), stop);
    }
}

void work(warmstow::region &region, warmstow::function function, std::uint64_t requests,
          tally &tally) {
    for (std::uint64_t request = 0; request < requests; request++) {
        try {
            serve(region, function, request, tally);
        } catch (const warmstow::error &) {
            throw; // a mistake of the host's
        } catch (const std::runtime_error &) {
            tally.thrown++;
        }
        if (request % 100 == 0) {
            for (const auto &instance : region.reap(now(), function)) {
                region.stopped(now(), instance);
            }
        }
    }
}

} // namespace

int main(int argc, char **argv) {
    const std::size_t threads = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 4;
    const std::uint64_t requests = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 250000;

    auto config = warmstow::region_config();
    config.account_limit = 3; // so that four threads meet it
    config.max_nodes = 1;
    warmstow::region region(config);
    const auto node = region.add_node(warmstow::node_spec(16 * 1024, 64 * 1024));
    auto spec = warmstow::function_spec(512);
    const auto resize = region.add_function("resize", spec);

    std::vector<tally> tallies(threads);
    std::vector<std::thread> workers;
    for (auto &tally : tallies) {
        workers.emplace_back([&] { work(region, resize, requests, tally); });
    }
    for (auto &worker : workers) {
        worker.join();
    }
    region.set_keep_alive(resize, 0ns);
    for (const auto &instance : region.reap(now(), resize)) {
        region.stopped(now(), instance);
    }

    tally sum;
    for (const auto &tally : tallies) {
        sum.served += tally.served;
        sum.thrown += tally.thrown;
        sum.refused += tally.refused;
    }
    const auto counted = region.counters(resize);
    std::printf("warm %llu, cold %llu, completed %llu, failed %llu, refused %llu\n",
                static_cast<unsigned long long>(counted.warm_starts),
                static_cast<unsigned long long>(counted.cold_starts),
                static_cast<unsigned long long>(counted.completions),
                static_cast<unsigned long long>(counted.failures),
                static_cast<unsigned long long>(sum.refused));
    int failed = 0;
    failed += counted.completions != sum.served;
    failed += counted.failures != sum.thrown;
    failed += sum.served + sum.thrown + sum.refused != threads * requests;
    failed += counted.in_flight != 0 || counted.instances != 0;
    failed += region.view(node).free_memory_mib != region.view(node).memory_mib;
    std::printf("%d passed, %d failed\n", 5 - failed, failed);
    return failed == 0 ? 0 : 1;
}
