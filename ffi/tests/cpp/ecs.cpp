// Amazon ECS through the C++ wrapper.
#include <string>

#include "check.hpp"

namespace {

using namespace std::chrono_literals;

static_assert(!std::is_copy_constructible_v<warmstow::ecs>);
static_assert(std::is_nothrow_move_constructible_v<warmstow::ecs>);
static_assert(std::is_nothrow_move_assignable_v<warmstow::ecs>);

bool has(const std::string &text, const char *part) { return text.find(part) != text.npos; }

void runs_a_service() {
    warmstow::ecs account("eu-west-1", "1");
    CHECK(has(account.call(0s, "create-cluster"), "arn:aws:ecs:eu-west-1:1:cluster/default"));
    account.call(0s, "register-container-instance",
                 R"({"instanceIdentityDocument": "{\"instanceId\": \"i-1\"}",
                     "totalResources": [{"name": "CPU", "integerValue": 1024},
                                        {"name": "MEMORY", "integerValue": 2048}]})");
    account.call(0s, "register-task-definition",
                 R"({"family": "web", "containerDefinitions":
                     [{"name": "web", "image": "nginx", "cpu": 256, "memory": 512}]})");
    account.call(1s, "create-service",
                 R"({"serviceName": "web", "taskDefinition": "web", "desiredCount": 1})");
    bool started = false;
    while (const auto action = account.poll()) {
        started = started || has(*action, R"("action":"StartContainer")");
    }
    CHECK(started);
    account.advance(2s);
    account.put_subnet("subnet-1", "eu-west-1a");
    // The next one is started by a host that does all at once.
    account.call(3s, "update-service", R"({"service": "web", "desiredCount": 2})");
    account.settle(10s);
    const auto described = account.call(10s, "describe-services", R"({"services": ["web"]})");
    CHECK(has(described, R"("runningCount":1)") && account.next_deadline().has_value());
}

void refuses_and_moves() {
    warmstow::ecs account;
    const char *const unknown = R"({"cluster": "none", "taskDefinition": "none"})";
    const auto said = THROWS(WARMSTOW_ERROR_ECS_REFUSED, account.call(0s, "run-task", unknown));
    CHECK(has(said, "Exception: "));
    THROWS(WARMSTOW_ERROR_ECS_REFUSED, account.report(0s, ""));
    warmstow::ecs moved = std::move(account);
    CHECK(account.raw().bits == 0 && !moved.poll().has_value());
    CHECK(!moved.next_deadline().has_value());
    THROWS(WARMSTOW_ERROR_ECS_STALE, account.settle(0s));
    account = warmstow::ecs("r", "2");
    CHECK(has(account.call(0s, "list-clusters"), "[]"));
}

} // namespace

int main() {
    runs_a_service();
    refuses_and_moves();
    return checks::end();
}
