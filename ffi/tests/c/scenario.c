/* Scenarios from C: one that is played, read whole and in parts, every wrong
 * argument. */
#include <math.h>
#include <stdlib.h>
#include "check.h"

static const char SCENARIO[] =
    "duration_s = 600\n"
    "[service]\nname = \"web\"\ndesired = 2\n"
    "[task]\ncpu_units = 512\nmemory_mib = 512\ncapacity_per_s = 50\nstart = \"det:30\"\n"
    "[load]\npoints = [{ at_s = 60, per_s = 0 }, { at_s = 120, per_s = 120 }]\n"
    "[group]\ntype = \"m5.large\"\ninitial = 1\n"
    "[expect]\nmax_lost_percent = 1\n";

static const size_t LENGTH = sizeof SCENARIO - 1;

static warmstow_scenario played;

static void plays(void) {
    warmstow_scenario_totals totals;
    OK(warmstow_scenario_play(SCENARIO, LENGTH, NULL, &played));
    OK(warmstow_scenario_totals_read(played, &totals, sizeof totals));
    CHECK(totals.minutes == 10 && totals.peak_running == 2 && totals.tasks_started == 2);
    CHECK(totals.instances_launched == 1 && totals.tasks_lost == 0 && totals.tasks_failed == 0);
    /* 120 a second are asked for and 100 served, from the third minute on. */
    CHECK(totals.lost > 9000 && totals.lost < 11000 && totals.requests > totals.lost);
    CHECK(totals.instances_usd > 0.01 && totals.instances_usd < 0.1 && totals.unmet == 1);
}

static void minutes_add_up(void) {
    warmstow_scenario_minute minutes[4];
    warmstow_scenario_totals totals;
    double requests = 0, lost = 0;
    size_t at = 0, count = 0;
    OK(warmstow_scenario_totals_read(played, &totals, sizeof totals));
    do {
        OK(warmstow_scenario_minutes_read(played, at, minutes, 4, sizeof minutes[0], &count));
        for (size_t i = 0; i < count; i++, at++) {
            CHECK(minutes[i].at_s == 60.0 * (double)(at + 1) && minutes[i].desired == 2);
            requests += minutes[i].requests;
            lost += minutes[i].lost;
        }
    } while (count > 0);
    CHECK(at == totals.minutes);
    CHECK(fabs(requests - totals.requests) < 1e-6 && fabs(lost - totals.lost) < 1e-6);
    CHECK(minutes[0].running == 2 && minutes[0].capacity_per_s == 100);
}

static void reports(void) {
    size_t needed = 0;
    char small[8];
    OK(warmstow_scenario_report(played, small, sizeof small, &needed));
    CHECK(strlen(small) == sizeof small - 1 && needed > 1000);
    char *whole = malloc(needed);
    OK(warmstow_scenario_report(played, whole, needed, &needed));
    CHECK(strlen(whole) == needed - 1 && whole[needed - 2] == '}');
    CHECK(strstr(whole, "\"service\":\"web\"") != NULL);
    CHECK(strstr(whole, "\"unmet\":[\"") != NULL);
    CHECK(strstr(whole, "\"launch\":\"m5.large, on demand\"") != NULL);
    CHECK(strstr(whole, "\"running_by_zone\":[[") != NULL);
    free(whole);
}

static void repeats(void) {
    warmstow_scenario again;
    warmstow_scenario_totals one, two;
    uint64_t seed = 7;
    OK(warmstow_scenario_play(SCENARIO, LENGTH, &seed, &again));
    OK(warmstow_scenario_totals_read(played, &one, sizeof one));
    OK(warmstow_scenario_totals_read(again, &two, sizeof two));
    /* Nothing in it is left to chance. */
    CHECK(memcmp(&one, &two, sizeof one) == 0);
    OK(warmstow_scenario_close(again));
    ANSWERS(WARMSTOW_ERROR_SCENARIO_STALE, warmstow_scenario_close(again));
    SAYS("is no open scenario");
}

static void refuses(void) {
    warmstow_scenario kept = {99}, none = {0}, other = {~UINT64_C(0)};
    warmstow_scenario_totals totals = {.minutes = 99};
    warmstow_scenario_minute minute = {.running = 99};
    const size_t size = sizeof minute;
    size_t count = 99;
    char text[8] = "x";
    const char bad[] = "duration_s = 600\n[service]\nname = 7\n";
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_scenario_play(NULL, 1, NULL, &kept));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_scenario_play(SCENARIO, LENGTH, NULL, NULL));
    ANSWERS(WARMSTOW_ERROR_LENGTH, warmstow_scenario_play(SCENARIO, SIZE_MAX, NULL, &kept));
    ANSWERS(WARMSTOW_ERROR_TEXT, warmstow_scenario_play("\xff", 1, NULL, &kept));
    ANSWERS(WARMSTOW_ERROR_SCENARIO_CONFIG, warmstow_scenario_play("", 0, NULL, &kept));
    ANSWERS(WARMSTOW_ERROR_SCENARIO_CONFIG,
            warmstow_scenario_play(bad, sizeof bad - 1, NULL, &kept));
    SAYS("line ");
    CHECK(kept.bits == 99);
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_scenario_totals_read(played, NULL, sizeof totals));
    ANSWERS(WARMSTOW_ERROR_STRUCT_SIZE, warmstow_scenario_totals_read(played, &totals, 8));
    ANSWERS(WARMSTOW_ERROR_NULL,
            warmstow_scenario_minutes_read(played, 0, NULL, 1, size, &count));
    ANSWERS(WARMSTOW_ERROR_NULL,
            warmstow_scenario_minutes_read(played, 0, &minute, 1, size, NULL));
    ANSWERS(WARMSTOW_ERROR_LENGTH,
            warmstow_scenario_minutes_read(played, 0, &minute, 0, size, &count));
    ANSWERS(WARMSTOW_ERROR_LENGTH,
            warmstow_scenario_minutes_read(played, 0, &minute, SIZE_MAX, size, &count));
    ANSWERS(WARMSTOW_ERROR_STRUCT_SIZE,
            warmstow_scenario_minutes_read(played, 0, &minute, 1, 8, &count));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_scenario_report(played, NULL, 8, &count));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_scenario_report(played, text, 8, NULL));
    ANSWERS(WARMSTOW_ERROR_LENGTH, warmstow_scenario_report(played, text, 0, &count));
    for (int at = 0; at < 2; at++) {
        warmstow_scenario stale = at == 0 ? none : other;
        ANSWERS(WARMSTOW_ERROR_SCENARIO_STALE,
                warmstow_scenario_totals_read(stale, &totals, sizeof totals));
        ANSWERS(WARMSTOW_ERROR_SCENARIO_STALE,
                warmstow_scenario_minutes_read(stale, 0, &minute, 1, size, &count));
        ANSWERS(WARMSTOW_ERROR_SCENARIO_STALE, warmstow_scenario_report(stale, text, 8, &count));
        ANSWERS(WARMSTOW_ERROR_SCENARIO_STALE, warmstow_scenario_close(stale));
    }
    CHECK(totals.minutes == 99 && minute.running == 99 && count == 99 && text[0] == 'x');
    OK(warmstow_scenario_minutes_read(played, SIZE_MAX, &minute, 1, size, &count));
    CHECK(count == 0 && minute.running == 99);
}

int main(void) {
    plays();
    minutes_add_up();
    reports();
    repeats();
    refuses();
    OK(warmstow_scenario_close(played));
    return check_end();
}
