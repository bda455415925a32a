/* A region from a settings file: what it holds, and each fault by line and key. */
#include "check.h"

#define SECOND UINT64_C(1000000000)

static const char FILE_TOML[] = "[account]\n"
                                "concurrency_limit = 500\n"
                                "[[nodes]]\n"
                                "cpu_units = 4096\n"
                                "memory_mib = 8192\n"
                                "count = 2\n"
                                "[functions.resize]\n"
                                "memory_mib = 512\n"
                                "reserved_concurrency = 100\n"
                                "[functions.resize.network]\n"
                                "subnets = [{ id = \"a\", zone = \"z\", route = \"nat\" }]\n"
                                "security_groups = [{ id = \"g\" }]\n";

static int32_t open_text(const char *text, warmstow_region *region) {
    return warmstow_region_open_settings(text, strlen(text), 0, region);
}

static void opens(const char *text) {
    warmstow_region region = {0};
    warmstow_region_view view;
    OK(open_text(text, &region));
    OK(warmstow_region_view_read(region, &view, sizeof view));
    CHECK(view.account_limit == 500 && view.nodes == 2 && view.reserved_sum == 100);
    warmstow_function resize;
    warmstow_invocation request;
    OK(warmstow_function_find(region, "resize", &resize));
    OK(warmstow_invoke(region, 0, resize, &request));
    CHECK(request.start == WARMSTOW_START_COLD);
    OK(warmstow_region_close(region));
}

static void provisions_and_keeps(void) {
    static const char file[] = "[account]\n"
                               "provisioning = \"at-once\"\n"
                               "[functions.api]\n"
                               "provisioned_concurrency = 2\n"
                               "[functions.cron]\n"
                               "keep_alive = \"fixed:60s\"\n";
    warmstow_region region = {0};
    warmstow_function api = {0}, cron = {0};
    warmstow_versioned versioned = {0};
    warmstow_action action;
    warmstow_instance stop;
    warmstow_invocation request;
    char policy[64];
    uint64_t next = 0;
    int started = 0;
    OK(warmstow_region_open_settings(file, sizeof file - 1, 100 * SECOND, &region));
    OK(warmstow_versioned_find(region, "api", &versioned));
    for (;;) {
        OK(warmstow_poll(region, 100 * SECOND, &action, sizeof action));
        if (action.kind != WARMSTOW_ACTION_START) {
            break;
        }
        OK(warmstow_prepared(region, 100 * SECOND, action.prestart, &stop));
        started++;
    }
    CHECK(started == 2 && action.kind == WARMSTOW_ACTION_NONE);
    OK(warmstow_function_find(region, "api", &api));
    OK(warmstow_invoke_version(region, 101 * SECOND, api, 0, &request));
    CHECK(request.start == WARMSTOW_START_WARM);
    OK(warmstow_complete(region, 101 * SECOND, request.lease, &stop));
    OK(warmstow_function_find(region, "cron", &cron));
    OK(warmstow_keeper_policy(region, cron, policy, sizeof policy));
    CHECK(strcmp(policy, "fixed:60s") == 0);
    OK(warmstow_keeper_policy(region, api, policy, sizeof policy));
    CHECK(policy[0] == '\0');
    OK(warmstow_advance(region, 101 * SECOND, &next));
    OK(warmstow_region_close(region));
}

static void refuses(void) {
    warmstow_region region = {7};
    ANSWERS(WARMSTOW_ERROR_REGION_CONFIG, open_text("[region]\nlane = 3\n", &region));
    SAYS("line 2, region.lane: no such key");
    ANSWERS(WARMSTOW_ERROR_REGION_CONFIG, open_text("{\"nodes\": 3}", &region));
    SAYS("line 1, nodes: is a whole number, not a list");
    ANSWERS(WARMSTOW_ERROR_REGION_CONFIG, open_text("[functions.f]\nmemory_mib = 0\n", &region));
    SAYS("line 2, functions.f.memory_mib: is 0, outside 1 to");
    ANSWERS(WARMSTOW_ERROR_TEXT, open_text("a = \"\xff\"", &region));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_region_open_settings(NULL, 1, 0, &region));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_region_open_settings("", 0, 0, NULL));
    ANSWERS(WARMSTOW_ERROR_LENGTH, warmstow_region_open_settings("", SIZE_MAX, 0, &region));
    CHECK(region.bits == 7);
    OK(warmstow_region_open_settings(NULL, 0, 0, &region));
    OK(warmstow_region_close(region));
}

static void warns(void) {
    char text[512];
    char cut[4];
    size_t needed = 0;
    const size_t length = strlen(FILE_TOML);
    OK(warmstow_settings_warnings(FILE_TOML, length, text, sizeof text, &needed));
    CHECK(needed == strlen(text) + 1);
    CHECK(strstr(text, "line 7, functions.resize.network: all subnets are in z") == text);
    OK(warmstow_settings_warnings(FILE_TOML, length, cut, sizeof cut, &needed));
    CHECK(strcmp(cut, "lin") == 0 && needed == strlen(text) + 1);
    CHECK(strstr(text, "line 7, functions.resize: no execution role") != NULL);
    OK(warmstow_settings_warnings("", 0, text, sizeof text, &needed));
    CHECK(needed == 1 && text[0] == '\0');
    ANSWERS(WARMSTOW_ERROR_LENGTH, warmstow_settings_warnings("", 0, text, 0, &needed));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_settings_warnings("", 0, text, 1, NULL));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_settings_warnings("", 0, NULL, 1, &needed));
    ANSWERS(WARMSTOW_ERROR_REGION_CONFIG, warmstow_settings_warnings("[", 1, text, 1, &needed));
}

int main(void) {
    opens(FILE_TOML);
    opens("{\"account\": {\"concurrency_limit\": 500},\n"
          " \"nodes\": [{\"cpu_units\": 4096, \"memory_mib\": 8192, \"count\": 2}],\n"
          " \"functions\": {\"resize\": {\"memory_mib\": 512, \"reserved_concurrency\": 100}}}");
    provisions_and_keeps();
    refuses();
    warns();
    return check_end();
}
