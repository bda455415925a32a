// Checks that count: a program of checks ends with `return checks::end();`.
#ifndef CHECK_HPP
#define CHECK_HPP

#include <cstdint>
#include <cstdio>
#include <string>

#include "warmstow.hpp"

namespace checks {

inline int passed = 0;
inline int failed = 0;

inline void check(bool holds, const char *file, int line, const char *what) {
    (holds ? passed : failed)++;
    if (!holds) {
        std::fprintf(stderr, "%s:%d: failed: %s\n", file, line, what);
    }
}

template <class Call>
std::string throws(std::int32_t status, const char *file, int line, Call call) {
    try {
        call();
    } catch (const warmstow::error &error) {
        const std::string what = error.what();
        check(error.status() == status, file, line, error.what());
        check(what.find(warmstow_status_name(status)) == 0, file, line, "names its status");
        return what;
    }
    check(false, file, line, "throws");
    return {};
}

inline int end() {
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 && passed > 0 ? 0 : 1;
}

} // namespace checks

// Counts a check; a failed one says where.
#define CHECK(condition) checks::check((condition), __FILE__, __LINE__, #condition)

// Checks that a call throws error with that status, and its name; what it says.
#define THROWS(status, call) checks::throws((status), __FILE__, __LINE__, [&] { (void)(call); })

#endif
