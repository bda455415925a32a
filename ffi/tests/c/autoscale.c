/* A scaler from C: three minutes of a high metric, the schedule, every wrong
 * argument. */
#include <math.h>
#include "check.h"

#define MINUTE UINT64_C(60000000000)

static const char config[] =
    "{\"min\": 2, \"max\": 20, \"running\": 4, \"policies\": ["
    "{\"name\": \"cpu at 50\", \"metric\": \"cpu\","
    " \"rule\": {\"target_tracking\": {\"target\": 50}}}],"
    "\"scheduled\": [{\"name\": \"soon\", \"schedule\": \"rate(10 minutes)\", \"min\": 9}]}";

static warmstow_scaler scaler;
static warmstow_decision decision;
static char text[256];

static int32_t poll(void) {
    memset(&decision, 0xA5, sizeof decision);
    return warmstow_scaler_poll(scaler, &decision, sizeof decision, text, sizeof text);
}

static void decides(void) {
    uint32_t cpu = 77;
    uint64_t next = 0;
    OK(warmstow_scaler_open(config, sizeof config - 1, 0, &scaler));
    OK(warmstow_scaler_metric(scaler, "cpu", &cpu));
    CHECK(cpu == 0);
    for (uint64_t minute = 0; minute < 3; minute++) {
        OK(warmstow_scaler_observe(scaler, minute * MINUTE, cpu, 80.0));
        OK(poll());
        CHECK(decision.cause == WARMSTOW_CAUSE_NONE);
        CHECK(text[0] == '\0');
    }
    OK(warmstow_scaler_advance(scaler, 3 * MINUTE, &next));
    CHECK(next == 4 * MINUTE);
    OK(poll());
    CHECK(decision.cause == WARMSTOW_CAUSE_POLICY);
    CHECK(decision.suppression == WARMSTOW_SUPPRESSION_NONE);
    CHECK(decision.at_ns == 3 * MINUTE);
    CHECK(decision.index == 0 && decision.direction == 1);
    CHECK(decision.running == 4 && decision.from == 4 && decision.to == 7);
    CHECK(decision.wanted == 7 && decision.value == 80.0 && decision.threshold == 50.0);
    CHECK(decision.min == 2 && decision.max == 20);
    CHECK(strstr(text, "wants 7: 80 over 50 for 3 periods; desired 7") != NULL);
    OK(poll());
    CHECK(decision.cause == WARMSTOW_CAUSE_NONE);
}

static void suppresses(void) {
    /* As much runs as before: the step was credited, so no second one. */
    OK(warmstow_scaler_observe(scaler, 3 * MINUTE, 0, 80.0));
    OK(warmstow_scaler_advance(scaler, 4 * MINUTE, NULL));
    OK(poll());
    CHECK(decision.suppression == WARMSTOW_SUPPRESSION_COOLDOWN);
    CHECK(decision.from == 7 && decision.to == 7);
    OK(warmstow_scaler_running(scaler, 4 * MINUTE, 7));
    OK(warmstow_scaler_suspend(scaler, 4 * MINUTE, WARMSTOW_SUSPEND_SCALE_OUT));
    OK(warmstow_scaler_observe(scaler, 4 * MINUTE, 0, 400.0));
    OK(warmstow_scaler_advance(scaler, 5 * MINUTE, NULL));
    OK(poll());
    CHECK(decision.suppression == WARMSTOW_SUPPRESSION_SUSPENDED);
    OK(warmstow_scaler_suspend(scaler, 5 * MINUTE, 0));
}

static void follows_bounds_and_schedule(void) {
    OK(warmstow_scaler_desired(scaler, 6 * MINUTE, 8));
    OK(warmstow_scaler_bounds(scaler, 6 * MINUTE, 1, 10));
    OK(poll());
    CHECK(decision.cause == WARMSTOW_CAUSE_NONE);
    OK(warmstow_scaler_deployment(scaler, 6 * MINUTE, 1));
    OK(warmstow_scaler_advance(scaler, 10 * MINUTE, NULL));
    OK(poll());
    CHECK(decision.cause == WARMSTOW_CAUSE_SCHEDULED);
    CHECK(decision.from == 8 && decision.to == 9 && decision.min == 9);
    OK(warmstow_scaler_bounds(scaler, 10 * MINUTE, 1, 3));
    OK(poll());
    CHECK(decision.cause == WARMSTOW_CAUSE_BOUNDS && decision.to == 3);
    /* A text is cut to what fits. */
    OK(warmstow_scaler_bounds(scaler, 10 * MINUTE, 5, 9));
    OK(warmstow_scaler_poll(scaler, &decision, sizeof decision, text, 6));
    CHECK(strcmp(text, "600 s") == 0);
    OK(warmstow_scaler_poll(scaler, &decision, sizeof decision, NULL, 0));
    CHECK(decision.cause == WARMSTOW_CAUSE_NONE);
}

static void refuses(void) {
    warmstow_scaler none = {0}, other = {42424242}, untouched = {7};
    uint32_t metric = 9;
    size_t length = sizeof config - 1;
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_scaler_open(NULL, length, 0, &untouched));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_scaler_open(config, length, 0, NULL));
    ANSWERS(WARMSTOW_ERROR_SCALER_CONFIG, warmstow_scaler_open(config, 20, 0, &untouched));
    SAYS("EOF while parsing");
    ANSWERS(WARMSTOW_ERROR_SCALER_CONFIG, warmstow_scaler_open(NULL, 0, 0, &untouched));
    ANSWERS(WARMSTOW_ERROR_TEXT, warmstow_scaler_open("{\xff}", 3, 0, &untouched));
    {
        const char crossed[] = "{\"min\": 3, \"max\": 2, \"running\": 0}";
        ANSWERS(WARMSTOW_ERROR_SCALER_CONFIG,
                warmstow_scaler_open(crossed, sizeof crossed - 1, 0, &untouched));
        SAYS("min capacity 3 is above max capacity 2");
    }
    CHECK(untouched.bits == 7);
    ANSWERS(WARMSTOW_ERROR_SCALER_STALE, warmstow_scaler_running(none, 0, 1));
    ANSWERS(WARMSTOW_ERROR_SCALER_STALE, warmstow_scaler_close(other));
    ANSWERS(WARMSTOW_ERROR_METRIC_UNKNOWN, warmstow_scaler_metric(scaler, "memory", &metric));
    SAYS("\"memory\"");
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_scaler_metric(scaler, NULL, &metric));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_scaler_metric(scaler, "cpu", NULL));
    CHECK(metric == 9);
    ANSWERS(WARMSTOW_ERROR_METRIC_UNKNOWN, warmstow_scaler_observe(scaler, 0, 1, 1.0));
    ANSWERS(WARMSTOW_ERROR_DATUM, warmstow_scaler_observe(scaler, 0, 0, NAN));
    ANSWERS(WARMSTOW_ERROR_ENUM, warmstow_scaler_suspend(scaler, 0, 8));
    ANSWERS(WARMSTOW_ERROR_SCALER_CONFIG, warmstow_scaler_bounds(scaler, 0, 2, 1));
    ANSWERS(WARMSTOW_ERROR_STRUCT_SIZE, warmstow_scaler_poll(scaler, &decision, 8, NULL, 0));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_scaler_poll(scaler, NULL, sizeof decision, NULL, 0));
    ANSWERS(WARMSTOW_ERROR_NULL,
            warmstow_scaler_poll(scaler, &decision, sizeof decision, NULL, 5));
    ANSWERS(WARMSTOW_ERROR_LENGTH,
            warmstow_scaler_poll(scaler, &decision, sizeof decision, text, 0));
    OK(warmstow_scaler_close(scaler));
    ANSWERS(WARMSTOW_ERROR_SCALER_STALE, warmstow_scaler_close(scaler));
    ANSWERS(WARMSTOW_ERROR_SCALER_STALE, poll());
}

int main(void) {
    decides();
    suppresses();
    follows_bounds_and_schedule();
    refuses();
    return check_end();
}
