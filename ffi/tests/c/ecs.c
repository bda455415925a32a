/* Amazon ECS from C: a service that runs, a host in JSON, every wrong argument. */
#include <stdlib.h>
#include "check.h"

#define SECOND UINT64_C(1000000000)

static warmstow_ecs ecs;
static char text[8192];

/* One call; its answer, or that of the refusal, is in `text`. */
static int32_t call(uint64_t now_ns, const char *operation, const char *request) {
    size_t needed = 0;
    int32_t status =
        warmstow_ecs_call(ecs, now_ns, operation, request, strlen(request), &needed);
    if (status == WARMSTOW_OK) {
        OK(warmstow_ecs_answer(ecs, text, sizeof text));
        CHECK(needed == strlen(text) + 1);
    }
    return status;
}

static void answers(void) {
    OK(warmstow_ecs_open("us-east-1", "123456789012", &ecs));
    OK(call(0, "create-cluster", "{\"clusterName\": \"c\"}"));
    CHECK(strstr(text, "\"clusterArn\":\"arn:aws:ecs:us-east-1:123456789012:cluster/c\"") != NULL);
    OK(call(0, "RegisterContainerInstance",
            "{\"cluster\": \"c\","
            " \"instanceIdentityDocument\": \"{\\\"instanceId\\\": \\\"i-1\\\"}\","
            " \"totalResources\": [{\"name\": \"CPU\", \"integerValue\": 1024},"
            " {\"name\": \"MEMORY\", \"integerValue\": 2048}]}"));
    OK(call(0, "register-task-definition",
            "{\"family\": \"web\", \"containerDefinitions\": [{\"name\": \"web\","
            " \"image\": \"nginx\", \"cpu\": 256, \"memory\": 512}]}"));
    OK(call(SECOND, "create-service",
            "{\"cluster\": \"c\", \"serviceName\": \"web\", \"taskDefinition\": \"web\","
            " \"desiredCount\": 1}"));
    CHECK(strstr(text, "\"status\":\"ACTIVE\"") != NULL);
}

/* Copies the value of a field of `text` that is a string. */
static void field(const char *name, char *value, size_t capacity) {
    char pattern[64];
    snprintf(pattern, sizeof pattern, "\"%s\":\"", name);
    const char *begin = strstr(text, pattern);
    value[0] = '\0';
    if (begin != NULL) {
        begin += strlen(pattern);
        size_t length = strcspn(begin, "\"");
        length = length < capacity ? length : capacity - 1;
        memcpy(value, begin, length);
        value[length] = '\0';
    }
}

static void hosts(void) {
    char action[64], task[256], report[1024];
    size_t needed = 0;
    int started = 0;
    for (;;) {
        OK(warmstow_ecs_poll(ecs, &needed));
        if (needed == 0) {
            break;
        }
        OK(warmstow_ecs_answer(ecs, text, sizeof text));
        field("action", action, sizeof action);
        field("task", task, sizeof task);
        if (strcmp(action, "StartContainer") == 0) {
            started++;
            snprintf(report, sizeof report,
                     "{\"event\": \"ContainerStarted\", \"cluster\": \"c\", \"task\": \"%s\","
                     " \"container\": \"web\"}",
                     task);
            OK(warmstow_ecs_report(ecs, 2 * SECOND, report, strlen(report)));
            ANSWERS(WARMSTOW_ERROR_ECS_REFUSED,
                    warmstow_ecs_report(ecs, 2 * SECOND, report, strlen(report)));
            SAYS("InvalidParameterException: ");
        }
    }
    CHECK(started == 1);
    uint64_t deadline = 0;
    OK(warmstow_ecs_next_deadline(ecs, &deadline));
    CHECK(deadline == 42 * SECOND);
    OK(warmstow_ecs_advance(ecs, deadline));
    OK(call(deadline, "describe-services", "{\"cluster\": \"c\", \"services\": [\"web\"]}"));
    CHECK(strstr(text, "\"runningCount\":1") != NULL);
    CHECK(strstr(text, "has reached a steady state") != NULL);
}

static void settles(void) {
    OK(warmstow_ecs_put_subnet(ecs, "subnet-1", "us-east-1a"));
    OK(call(50 * SECOND, "update-service",
            "{\"cluster\": \"c\", \"service\": \"web\", \"desiredCount\": 3}"));
    OK(warmstow_ecs_settle(ecs, 100 * SECOND));
    OK(call(100 * SECOND, "describe-services", "{\"cluster\": \"c\", \"services\": [\"web\"]}"));
    CHECK(strstr(text, "\"runningCount\":3") != NULL);
    ANSWERS(WARMSTOW_ERROR_ECS_REFUSED, call(100 * SECOND, "delete-service",
                                             "{\"cluster\": \"c\", \"service\": \"web\"}"));
    SAYS("InvalidParameterException: ");
    SAYS("scaled above 0");
}

static void refuses(void) {
    const char *request = "{}";
    size_t needed = 77;
    warmstow_ecs none = {0}, other = {~UINT64_C(0)}, kept = {99};
    uint64_t deadline = 5;
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_ecs_open(NULL, "1", &kept));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_ecs_open("r", NULL, &kept));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_ecs_open("r", "1", NULL));
    ANSWERS(WARMSTOW_ERROR_TEXT, warmstow_ecs_open("\xff", "1", &kept));
    CHECK(kept.bits == 99);
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_ecs_call(ecs, 0, NULL, request, 2, &needed));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_ecs_call(ecs, 0, "list-clusters", NULL, 2, &needed));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_ecs_call(ecs, 0, "list-clusters", request, 2, NULL));
    ANSWERS(WARMSTOW_ERROR_TEXT, warmstow_ecs_call(ecs, 0, "list-clusters", "\xff{", 2, &needed));
    ANSWERS(WARMSTOW_ERROR_LENGTH,
            warmstow_ecs_call(ecs, 0, "list-clusters", request, SIZE_MAX, &needed));
    ANSWERS(WARMSTOW_ERROR_ECS_REFUSED, warmstow_ecs_call(ecs, 0, "fly", request, 2, &needed));
    SAYS("UnknownOperationException: ");
    ANSWERS(WARMSTOW_ERROR_ECS_REFUSED,
            warmstow_ecs_call(ecs, 0, "create-cluster", "[]", 2, &needed));
    CHECK(needed == 77);
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_ecs_answer(ecs, NULL, 8));
    ANSWERS(WARMSTOW_ERROR_LENGTH, warmstow_ecs_answer(ecs, text, 0));
    OK(warmstow_ecs_call(ecs, 0, "list-clusters", request, 2, &needed));
    memset(text, 'x', 8);
    OK(warmstow_ecs_answer(ecs, text, 5));
    CHECK(strcmp(text, "{\"cl") == 0 && text[5] == 'x');
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_ecs_poll(ecs, NULL));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_ecs_report(ecs, 0, NULL, 1));
    ANSWERS(WARMSTOW_ERROR_ECS_REFUSED, warmstow_ecs_report(ecs, 0, request, 2));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_ecs_next_deadline(ecs, NULL));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_ecs_put_subnet(ecs, NULL, "z"));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_ecs_put_subnet(ecs, "s", NULL));
    for (int at = 0; at < 2; at++) {
        warmstow_ecs stale = at == 0 ? none : other;
        ANSWERS(WARMSTOW_ERROR_ECS_STALE,
                warmstow_ecs_call(stale, 0, "list-clusters", request, 2, &needed));
        ANSWERS(WARMSTOW_ERROR_ECS_STALE, warmstow_ecs_answer(stale, text, sizeof text));
        ANSWERS(WARMSTOW_ERROR_ECS_STALE, warmstow_ecs_poll(stale, &needed));
        ANSWERS(WARMSTOW_ERROR_ECS_STALE, warmstow_ecs_report(stale, 0, request, 2));
        ANSWERS(WARMSTOW_ERROR_ECS_STALE, warmstow_ecs_advance(stale, 0));
        ANSWERS(WARMSTOW_ERROR_ECS_STALE, warmstow_ecs_settle(stale, 0));
        ANSWERS(WARMSTOW_ERROR_ECS_STALE, warmstow_ecs_next_deadline(stale, &deadline));
        ANSWERS(WARMSTOW_ERROR_ECS_STALE, warmstow_ecs_put_subnet(stale, "s", "z"));
        ANSWERS(WARMSTOW_ERROR_ECS_STALE, warmstow_ecs_close(stale));
    }
    CHECK(deadline == 5);
}

static void closes(void) {
    warmstow_ecs first = ecs;
    OK(warmstow_ecs_close(ecs));
    ANSWERS(WARMSTOW_ERROR_ECS_STALE, warmstow_ecs_close(ecs));
    SAYS("is no open account");
    OK(warmstow_ecs_open("eu-west-1", "1", &ecs));
    CHECK(ecs.bits != first.bits);
    OK(call(0, "list-clusters", ""));
    CHECK(strcmp(text, "{\"clusterArns\":[]}") == 0);
    OK(warmstow_ecs_close(ecs));
}

int main(void) {
    answers();
    hosts();
    settles();
    refuses();
    closes();
    return check_end();
}
