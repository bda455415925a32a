/* Placement by all rules of Amazon ECS from C: zones, ports, reasons, gangs and
 * preemption; every wrong argument. */
#include "check.h"

static warmstow_view view;

static warmstow_view_node node_of(const char *info) {
    warmstow_view_node node = {{0, 0}};
    OK(warmstow_view_add_node(view, info, strlen(info), &node));
    return node;
}

static warmstow_placement_request prepared(const char *text) {
    warmstow_placement_request request = {{0, 0}};
    OK(warmstow_view_prepare(view, text, strlen(text), &request));
    return request;
}

static int same(warmstow_view_node one, warmstow_view_node other) {
    return one.bits[0] == other.bits[0] && one.bits[1] == other.bits[1];
}

static int why_says(const char *text) {
    char json[1024];
    size_t needed = 0;
    OK(warmstow_view_why(view, json, sizeof json, &needed));
    return strstr(json, text) != NULL;
}

#define ZONE(name) "\"attributes\": {\"ecs.availability-zone\": \"" name "\"}"

/* A service of three on two nodes with a port: zone by zone, then no more. */
static void places_by_zone_and_port(void) {
    OK(warmstow_view_open(0, &view));
    CHECK(why_says("null"));
    const warmstow_view_node a = node_of("{\"cpu_units\": 2048, \"memory_mib\": 4096, " ZONE("a") "}");
    const warmstow_view_node b = node_of("{\"cpu_units\": 2048, \"memory_mib\": 4096, " ZONE("b") "}");
    const warmstow_placement_request web =
        prepared("{\"group\": \"service:web\", \"cpu_units\": 256, \"memory_mib\": 512,"
                 " \"tcp_ports\": [80], \"strategies\": [\"spread:zone\"]}");
    warmstow_view_node node;
    OK(warmstow_view_place(view, web, &node));
    CHECK(same(node, a) && why_says("0 tasks of the group on its like"));
    warmstow_assigned first, second, third;
    OK(warmstow_view_assign(view, &web, 1, &first));
    OK(warmstow_view_assign(view, &web, 1, &second));
    CHECK(same(first.node, a) && same(second.node, b));
    ANSWERS(WARMSTOW_ERROR_UNPLACED, warmstow_view_assign(view, &web, 1, &third));
    SAYS("none of 2 nodes meets all requirements");
    CHECK(why_says("\"code\":\"RESOURCE:PORTS\""));

    char text[128] = "";
    size_t needed = 0;
    OK(warmstow_view_reasons(view, web, a, text, sizeof text, &needed));
    CHECK(strcmp(text, "RESOURCE:PORTS: tcp port 80 is taken") == 0);
    CHECK(needed == strlen(text) + 1);
    warmstow_hold hold;
    ANSWERS(WARMSTOW_ERROR_VIEW_NO_ROOM, warmstow_view_commit(view, web, a, &hold));
    SAYS("tcp port 80 is taken");

    OK(warmstow_view_set_running(view, second.hold, 1));
    warmstow_view_node_state state;
    OK(warmstow_view_node_read(view, b, &state, sizeof state));
    CHECK(state.cpu_units == 2048 && state.free_cpu_units == 1792);
    CHECK(state.memory_mib == 4096 && state.free_memory_mib == 3584);
    CHECK(state.tasks == 1 && state.running_tasks == 1 && state.open == 1);
    CHECK(state.ports_taken == 6);

    OK(warmstow_view_release(view, first.hold));
    OK(warmstow_view_reasons(view, web, a, text, sizeof text, &needed));
    CHECK(needed == 1 && text[0] == '\0');
    OK(warmstow_view_commit(view, web, a, &hold));

    /* b drains: what runs there stays, and nothing new comes. */
    const char drains[] = "{\"cpu_units\": 2048, \"memory_mib\": 4096, \"active\": false}";
    OK(warmstow_view_update_node(view, b, drains, sizeof drains - 1));
    OK(warmstow_view_release(view, second.hold));
    ANSWERS(WARMSTOW_ERROR_UNPLACED, warmstow_view_place(view, web, &node));
    CHECK(why_says("INACTIVE"));
    const char small[] = "{\"cpu_units\": 2048, \"memory_mib\": 511}";
    ANSWERS(WARMSTOW_ERROR_VIEW_NODE, warmstow_view_update_node(view, a, small, sizeof small - 1));
    SAYS("less than the tasks on the node hold");

    OK(warmstow_view_remove_node(view, a));
    ANSWERS(WARMSTOW_ERROR_HOLD_STALE, warmstow_view_release(view, hold));
    OK(warmstow_view_forget(view, web));
    ANSWERS(WARMSTOW_ERROR_PLACEMENT_REQUEST_STALE, warmstow_view_place(view, web, &node));
    OK(warmstow_view_close(view));
}

/* Four workers run together or not at all; an important task makes way. */
static void gangs_and_preemption(void) {
    OK(warmstow_view_open(0, &view));
    const warmstow_view_node node = node_of("{\"cpu_units\": 1024, \"memory_mib\": 3}");
    const warmstow_placement_request worker =
        prepared("{\"group\": \"job\", \"cpu_units\": 0, \"memory_mib\": 1, \"priority\": -1}");
    const warmstow_placement_request gang[4] = {worker, worker, worker, worker};
    warmstow_assigned went[4] = {{.hold = {{9, 9}}}, {.hold = {{0, 0}}}, {.hold = {{0, 0}}}, {.hold = {{0, 0}}}};
    ANSWERS(WARMSTOW_ERROR_UNPLACED, warmstow_view_assign(view, gang, 4, went));
    SAYS("task 3 of the gang");
    CHECK(went[0].hold.bits[0] == 9);
    warmstow_view_node_state state;
    OK(warmstow_view_node_read(view, node, &state, sizeof state));
    CHECK(state.tasks == 0);
    OK(warmstow_view_assign(view, gang, 3, went));

    const warmstow_placement_request urgent =
        prepared("{\"group\": \"urgent\", \"cpu_units\": 0, \"memory_mib\": 2, \"priority\": 5}");
    warmstow_view_node where = {{0, 0}};
    warmstow_hold victims[1];
    size_t count = 0;
    OK(warmstow_view_preempt(view, urgent, &where, NULL, 0, &count));
    CHECK(count == 2 && same(where, node));
    OK(warmstow_view_preempt(view, urgent, &where, victims, 1, &count));
    CHECK(count == 2);
    OK(warmstow_view_release(view, victims[0]));
    OK(warmstow_view_preempt(view, urgent, &where, victims, 1, &count));
    CHECK(count == 1);
    OK(warmstow_view_release(view, victims[0]));
    OK(warmstow_view_preempt(view, urgent, &where, NULL, 0, &count));
    CHECK(count == 0);
    warmstow_hold hold;
    OK(warmstow_view_commit(view, urgent, where, &hold));
    ANSWERS(WARMSTOW_ERROR_UNPLACED, warmstow_view_preempt(view, worker, &where, NULL, 0, &count));
    OK(warmstow_view_close(view));
}

static void refuses(void) {
    warmstow_view kept = {99}, other;
    const char info[] = "{\"cpu_units\": 1, \"memory_mib\": 1}";
    const char needs[] = "{\"group\": \"g\", \"cpu_units\": 1, \"memory_mib\": 1}";
    const size_t long_info = sizeof info - 1, long_needs = sizeof needs - 1;
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_view_open(0, NULL));
    OK(warmstow_view_open(0, &view));
    OK(warmstow_view_open(0, &other));
    const warmstow_view_node node = node_of(info);
    const warmstow_placement_request request = prepared(needs);
    warmstow_hold hold;
    OK(warmstow_view_commit(view, request, node, &hold));

    /* The same numbers name other things in another view. */
    warmstow_view_node twin;
    warmstow_placement_request own;
    OK(warmstow_view_add_node(other, info, long_info, &twin));
    OK(warmstow_view_prepare(other, needs, long_needs, &own));
    CHECK(twin.bits[1] == node.bits[1] && own.bits[1] == request.bits[1]);

    warmstow_view_node no_node = {{99, 99}};
    warmstow_placement_request no_request = {{99, 99}};
    warmstow_hold no_hold = {{99, 99}};
    warmstow_assigned assigned = {.hold = {{99, 99}}};
    warmstow_view_node_state state = {.cpu_units = 99};
    size_t count = 99, needed = 99;
    char text[8] = "x";

    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_view_add_node(view, NULL, 1, &no_node));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_view_add_node(view, info, long_info, NULL));
    ANSWERS(WARMSTOW_ERROR_LENGTH, warmstow_view_add_node(view, info, SIZE_MAX, &no_node));
    ANSWERS(WARMSTOW_ERROR_TEXT, warmstow_view_add_node(view, "\xff", 1, &no_node));
    ANSWERS(WARMSTOW_ERROR_VIEW_NODE, warmstow_view_add_node(view, "", 0, &no_node));
    ANSWERS(WARMSTOW_ERROR_VIEW_NODE, warmstow_view_add_node(view, needs, long_needs, &no_node));
    SAYS("unknown field `group`");
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_view_prepare(view, NULL, 1, &no_request));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_view_prepare(view, needs, long_needs, NULL));
    ANSWERS(WARMSTOW_ERROR_TEXT, warmstow_view_prepare(view, "\xff", 1, &no_request));
    const char fast[] = "{\"group\": \"g\", \"cpu_units\": 1, \"memory_mib\": 1,"
                        " \"strategies\": [\"fast\"]}";
    ANSWERS(WARMSTOW_ERROR_PLACEMENT_REQUEST,
            warmstow_view_prepare(view, fast, sizeof fast - 1, &no_request));
    SAYS("`fast` is no strategy");

    const int32_t no_such_node = WARMSTOW_ERROR_VIEW_NODE_STALE;
    const warmstow_view_node nodes[] = {{{0, 0}}, twin, no_node, {{view.bits, 77}}};
    for (size_t at = 0; at < sizeof nodes / sizeof *nodes; at++) {
        ANSWERS(no_such_node, warmstow_view_update_node(view, nodes[at], info, long_info));
        ANSWERS(no_such_node, warmstow_view_remove_node(view, nodes[at]));
        ANSWERS(no_such_node, warmstow_view_node_read(view, nodes[at], &state, sizeof state));
        ANSWERS(no_such_node, warmstow_view_commit(view, request, nodes[at], &no_hold));
        ANSWERS(no_such_node, warmstow_view_reasons(view, request, nodes[at], text, 8, &needed));
    }
    const int32_t no_such_request = WARMSTOW_ERROR_PLACEMENT_REQUEST_STALE;
    const warmstow_placement_request requests[] = {{{0, 0}}, own, no_request, {{view.bits, 77}}};
    for (size_t at = 0; at < sizeof requests / sizeof *requests; at++) {
        const warmstow_placement_request stale = requests[at];
        ANSWERS(no_such_request, warmstow_view_forget(view, stale));
        ANSWERS(no_such_request, warmstow_view_place(view, stale, &no_node));
        ANSWERS(no_such_request, warmstow_view_commit(view, stale, node, &no_hold));
        ANSWERS(no_such_request, warmstow_view_assign(view, &stale, 1, &assigned));
        ANSWERS(no_such_request, warmstow_view_preempt(view, stale, &no_node, NULL, 0, &count));
        ANSWERS(no_such_request, warmstow_view_reasons(view, stale, node, text, 8, &needed));
    }
    const warmstow_hold holds[] = {{{0, 0}}, {{other.bits, hold.bits[1]}}, {{view.bits, 77}}};
    for (size_t at = 0; at < sizeof holds / sizeof *holds; at++) {
        ANSWERS(WARMSTOW_ERROR_HOLD_STALE, warmstow_view_release(view, holds[at]));
        ANSWERS(WARMSTOW_ERROR_HOLD_STALE, warmstow_view_set_running(view, holds[at], 1));
    }
    ANSWERS(WARMSTOW_ERROR_ENUM, warmstow_view_set_running(view, hold, 2));

    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_view_place(view, request, NULL));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_view_commit(view, request, node, NULL));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_view_assign(view, NULL, 1, &assigned));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_view_assign(view, &request, 1, NULL));
    ANSWERS(WARMSTOW_ERROR_LENGTH, warmstow_view_assign(view, &request, 0, &assigned));
    ANSWERS(WARMSTOW_ERROR_LENGTH, warmstow_view_assign(view, &request, SIZE_MAX, &assigned));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_view_preempt(view, request, NULL, NULL, 0, &count));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_view_preempt(view, request, &no_node, NULL, 1, &count));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_view_preempt(view, request, &no_node, NULL, 0, NULL));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_view_node_read(view, node, NULL, sizeof state));
    ANSWERS(WARMSTOW_ERROR_STRUCT_SIZE, warmstow_view_node_read(view, node, &state, 4));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_view_reasons(view, request, node, NULL, 8, &needed));
    ANSWERS(WARMSTOW_ERROR_LENGTH, warmstow_view_reasons(view, request, node, text, 0, &needed));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_view_why(view, NULL, 8, &needed));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_view_why(view, text, 8, NULL));

    OK(warmstow_view_close(view));
    const warmstow_view views[] = {{0}, {~UINT64_C(0)}, view};
    for (size_t at = 0; at < sizeof views / sizeof *views; at++) {
        const warmstow_view stale = views[at];
        const int32_t status = WARMSTOW_ERROR_VIEW_STALE;
        ANSWERS(status, warmstow_view_close(stale));
        ANSWERS(status, warmstow_view_add_node(stale, info, long_info, &no_node));
        ANSWERS(status, warmstow_view_update_node(stale, node, info, long_info));
        ANSWERS(status, warmstow_view_remove_node(stale, node));
        ANSWERS(status, warmstow_view_node_read(stale, node, &state, sizeof state));
        ANSWERS(status, warmstow_view_prepare(stale, needs, long_needs, &no_request));
        ANSWERS(status, warmstow_view_forget(stale, request));
        ANSWERS(status, warmstow_view_place(stale, request, &no_node));
        ANSWERS(status, warmstow_view_commit(stale, request, node, &no_hold));
        ANSWERS(status, warmstow_view_assign(stale, &request, 1, &assigned));
        ANSWERS(status, warmstow_view_release(stale, hold));
        ANSWERS(status, warmstow_view_set_running(stale, hold, 1));
        ANSWERS(status, warmstow_view_preempt(stale, request, &no_node, NULL, 0, &count));
        ANSWERS(status, warmstow_view_reasons(stale, request, node, text, 8, &needed));
        ANSWERS(status, warmstow_view_why(stale, text, 8, &needed));
    }
    SAYS("is no open view");
    CHECK(kept.bits == 99 && no_node.bits[0] == 99 && no_request.bits[0] == 99);
    CHECK(no_hold.bits[0] == 99 && assigned.hold.bits[0] == 99 && state.cpu_units == 99);
    CHECK(count == 99 && needed == 99 && text[0] == 'x');
    OK(warmstow_view_close(other));
}

int main(void) {
    places_by_zone_and_port();
    gangs_and_preemption();
    refuses();
    return check_end();
}
