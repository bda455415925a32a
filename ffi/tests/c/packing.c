/* Packing and consolidation from C: both searched to their end, every wrong
 * argument. */
#include <stdlib.h>
#include "check.h"

static const char PROBLEM[] =
    "{\"kinds\": [{\"capacity\": [4, 8]}],"
    " \"items\": [{\"choices\": [[2, 2]], \"demand\": 2}, {\"choices\": [[1, 4]], \"demand\": 4},"
    " {\"choices\": [[1, 1]], \"demand\": 2}, {\"choices\": [[9, 1]]}]}";
static const char CLUSTER[] =
    "{\"nodes\": [{\"capacity\": [4]}, {\"capacity\": [4]}, {\"capacity\": [4]}],"
    " \"tasks\": [{\"node\": 0, \"size\": [3]}, {\"node\": 1, \"size\": [3]},"
    " {\"node\": 2, \"size\": [1]}, {\"node\": 2, \"size\": [1]}]}";

static warmstow_packer packer;
static warmstow_consolidator consolidator;

static void packs(void) {
    uint32_t more = 1;
    warmstow_packing packing;
    char text[512];
    size_t needed = 0;
    OK(warmstow_packer_open(PROBLEM, sizeof PROBLEM - 1, 0, &packer));
    OK(warmstow_packing_read(packer, &packing, sizeof packing));
    CHECK(packing.bins == 0 && packing.unplaced == 9 && packing.work == 0);
    for (int step = 0; step < 100 && more; step++) {
        OK(warmstow_packer_advance(packer, 100000, &more));
    }
    OK(warmstow_packing_read(packer, &packing, sizeof packing));
    CHECK(more == 0 && packing.optimal == 1 && packing.work > 0);
    CHECK(packing.bins == 3 && packing.cost == 3 && packing.lower_bound == 3);
    CHECK(packing.unplaced == 1);
    OK(warmstow_packing_json(packer, text, sizeof text, &needed));
    CHECK(needed == strlen(text) + 1);
    CHECK(strstr(text, "\"unplaced\":[3]") != NULL);
    CHECK(strstr(text, "\"cost\":3") != NULL);
    OK(warmstow_packing_json(packer, text, 5, &needed));
    CHECK(strlen(text) == 4 && needed > 5);
}

static void consolidates(void) {
    uint32_t more = 1;
    warmstow_plan plan;
    char text[512];
    size_t needed = 0;
    OK(warmstow_consolidator_open(CLUSTER, sizeof CLUSTER - 1, 0, &consolidator));
    for (int step = 0; step < 100 && more; step++) {
        OK(warmstow_consolidator_advance(consolidator, 10000, &more));
    }
    OK(warmstow_plan_read(consolidator, &plan, sizeof plan));
    CHECK(more == 0 && plan.nodes_used == 3 && plan.lower_bound == 2);
    CHECK(plan.freed == 1 && plan.moves == 2 && plan.cost == 2);
    OK(warmstow_plan_json(consolidator, text, sizeof text, &needed));
    CHECK(needed == strlen(text) + 1 && strstr(text, "\"nodes_after\":2") != NULL);
    CHECK(strstr(text, "{\"after_moves\":2,\"cost\":2,\"node\":2}") != NULL);
}

static void refuses_packing(void) {
    warmstow_packer kept = {99}, none = {0}, other = {~UINT64_C(0)};
    warmstow_packing packing = {.bins = 99};
    uint32_t more = 99;
    size_t needed = 99;
    char text[8] = "x";
    const char bad[] = "{\"kinds\": [{\"capacity\": [-1]}], \"items\": []}";
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_packer_open(NULL, 1, 0, &kept));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_packer_open(PROBLEM, 1, 0, NULL));
    ANSWERS(WARMSTOW_ERROR_LENGTH, warmstow_packer_open(PROBLEM, SIZE_MAX, 0, &kept));
    ANSWERS(WARMSTOW_ERROR_TEXT, warmstow_packer_open("\xff", 1, 0, &kept));
    ANSWERS(WARMSTOW_ERROR_PACKING_PROBLEM, warmstow_packer_open("", 0, 0, &kept));
    ANSWERS(WARMSTOW_ERROR_PACKING_PROBLEM, warmstow_packer_open(bad, sizeof bad - 1, 0, &kept));
    SAYS("kind 0 has a capacity of -1");
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_packer_advance(packer, 1, NULL));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_packing_read(packer, NULL, sizeof packing));
    ANSWERS(WARMSTOW_ERROR_STRUCT_SIZE, warmstow_packing_read(packer, &packing, 8));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_packing_json(packer, NULL, 8, &needed));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_packing_json(packer, text, 8, NULL));
    ANSWERS(WARMSTOW_ERROR_LENGTH, warmstow_packing_json(packer, text, 0, &needed));
    for (int at = 0; at < 2; at++) {
        warmstow_packer stale = at == 0 ? none : other;
        ANSWERS(WARMSTOW_ERROR_PACKER_STALE, warmstow_packer_advance(stale, 1, &more));
        ANSWERS(WARMSTOW_ERROR_PACKER_STALE,
                warmstow_packing_read(stale, &packing, sizeof packing));
        ANSWERS(WARMSTOW_ERROR_PACKER_STALE, warmstow_packing_json(stale, text, 8, &needed));
        ANSWERS(WARMSTOW_ERROR_PACKER_STALE, warmstow_packer_close(stale));
    }
    CHECK(kept.bits == 99 && packing.bins == 99 && more == 99 && needed == 99 && text[0] == 'x');
    OK(warmstow_packer_close(packer));
    ANSWERS(WARMSTOW_ERROR_PACKER_STALE, warmstow_packer_close(packer));
    SAYS("is no open packer");
}

static void refuses_consolidation(void) {
    warmstow_consolidator kept = {99}, none = {0}, other = {~UINT64_C(0)};
    warmstow_plan plan = {.moves = 99};
    uint32_t more = 99;
    size_t needed = 99;
    char text[8] = "x";
    const char bad[] = "{\"nodes\": [], \"tasks\": [{\"node\": 0, \"size\": [1]}]}";
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_consolidator_open(NULL, 1, 0, &kept));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_consolidator_open(CLUSTER, 1, 0, NULL));
    ANSWERS(WARMSTOW_ERROR_LENGTH, warmstow_consolidator_open(CLUSTER, SIZE_MAX, 0, &kept));
    ANSWERS(WARMSTOW_ERROR_TEXT, warmstow_consolidator_open("\xff", 1, 0, &kept));
    ANSWERS(WARMSTOW_ERROR_RUNNING_CLUSTER, warmstow_consolidator_open("{}", 2, 0, &kept));
    ANSWERS(WARMSTOW_ERROR_RUNNING_CLUSTER,
            warmstow_consolidator_open(bad, sizeof bad - 1, 0, &kept));
    SAYS("task 0 names node or service 0, which there is not");
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_consolidator_advance(consolidator, 1, NULL));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_plan_read(consolidator, NULL, sizeof plan));
    ANSWERS(WARMSTOW_ERROR_STRUCT_SIZE, warmstow_plan_read(consolidator, &plan, 8));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_plan_json(consolidator, NULL, 8, &needed));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_plan_json(consolidator, text, 8, NULL));
    ANSWERS(WARMSTOW_ERROR_LENGTH, warmstow_plan_json(consolidator, text, 0, &needed));
    for (int at = 0; at < 2; at++) {
        warmstow_consolidator stale = at == 0 ? none : other;
        const int32_t status = WARMSTOW_ERROR_CONSOLIDATOR_STALE;
        ANSWERS(status, warmstow_consolidator_advance(stale, 1, &more));
        ANSWERS(status, warmstow_plan_read(stale, &plan, sizeof plan));
        ANSWERS(status, warmstow_plan_json(stale, text, 8, &needed));
        ANSWERS(status, warmstow_consolidator_close(stale));
    }
    CHECK(kept.bits == 99 && plan.moves == 99 && more == 99 && needed == 99 && text[0] == 'x');
    OK(warmstow_consolidator_close(consolidator));
    ANSWERS(WARMSTOW_ERROR_CONSOLIDATOR_STALE, warmstow_consolidator_close(consolidator));
    SAYS("is no open consolidator");
}

int main(void) {
    packs();
    consolidates();
    refuses_packing();
    refuses_consolidation();
    return check_end();
}
