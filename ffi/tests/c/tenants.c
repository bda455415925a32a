/* Functions with a pool of instances for each tenant, from C. */
#include <stdlib.h>
#include "versions.h"

static warmstow_tenants tenants_of(warmstow_region region, uint32_t reserved) {
    warmstow_function_spec spec = spec_of(128);
    warmstow_tenants made = {0};
    spec.reserved_concurrency = reserved;
    OK(warmstow_tenants_add(region, "shop", &spec, &made));
    return made;
}

static warmstow_function tenant_of(warmstow_region region, warmstow_tenants of,
                                   const char *id) {
    warmstow_function function = {0};
    OK(warmstow_tenants_tenant(region, of, id, &function));
    return function;
}

static void an_instance_is_of_one_tenant(void) {
    warmstow_region region = region_of(WARMSTOW_PROFILE_OFF, 0);
    warmstow_tenants shop = tenants_of(region, WARMSTOW_UNRESERVED);
    warmstow_function blue = tenant_of(region, shop, "blue");
    warmstow_function green = tenant_of(region, shop, "green");
    CHECK(blue.bits != green.bits && tenant_of(region, shop, "blue").bits == blue.bits);
    end(region, 1, begin(region, 0, blue));
    warmstow_invocation second = begin(region, 2, green);
    CHECK(second.start == WARMSTOW_START_COLD);
    end(region, 3, second);
    warmstow_invocation third = begin(region, 4, blue);
    CHECK(third.start == WARMSTOW_START_WARM);
    end(region, 5, third);
    OK(warmstow_region_close(region));
}

static void all_tenants_share_a_reservation(void) {
    warmstow_region region = region_of(WARMSTOW_PROFILE_OFF, 0);
    warmstow_tenants shop = tenants_of(region, 1);
    warmstow_function blue = tenant_of(region, shop, "blue");
    warmstow_function green = tenant_of(region, shop, "green");
    warmstow_invocation held = begin(region, 0, blue), refused;
    CHECK(claimed(region) == 1);
    ANSWERS(WARMSTOW_ERROR_THROTTLED, warmstow_invoke_version(region, 0, green, 0, &refused));
    CHECK(refused.refusal == WARMSTOW_REFUSAL_RESERVED_CONCURRENT_INVOCATION_LIMIT);
    OK(warmstow_tenants_set_reserved(region, shop, WARMSTOW_UNRESERVED));
    end(region, 2, begin(region, 1, green));
    end(region, 3, held);
    ANSWERS(WARMSTOW_ERROR_RESERVED, warmstow_tenants_set_reserved(region, shop, 1000000));
    SAYS("UnreservedConcurrentExecution");
    OK(warmstow_region_close(region));
}

static void an_update_drops_no_request(void) {
    warmstow_region region = region_of(WARMSTOW_PROFILE_OFF, 0);
    warmstow_tenants shop = tenants_of(region, WARMSTOW_UNRESERVED);
    warmstow_function blue = tenant_of(region, shop, "blue");
    warmstow_function_spec next = spec_of(256);
    warmstow_invocation before = begin(region, 0, blue);
    OK(warmstow_tenants_update(region, SECOND, shop, &next));
    warmstow_invocation after = begin(region, 2 * SECOND, blue);
    CHECK(after.start == WARMSTOW_START_COLD && after.instance.bits[0] != before.instance.bits[0]);
    end(region, 3 * SECOND, before);
    uint64_t due = 0;
    int stopped = 0;
    OK(warmstow_advance(region, 4 * SECOND, &due));
    CHECK(carry_out(region, 4 * SECOND, &stopped) == 0 && stopped == 1);
    end(region, 5 * SECOND, after);
    OK(warmstow_region_close(region));
}

static void wrong_calls_are_refused(void) {
    warmstow_region region = region_of(WARMSTOW_PROFILE_OFF, 0);
    warmstow_region other = region_of(WARMSTOW_PROFILE_OFF, 0);
    warmstow_tenants shop = tenants_of(region, WARMSTOW_UNRESERVED), none = {0};
    warmstow_tenants foreign = tenants_of(other, WARMSTOW_UNRESERVED), kept = {99};
    warmstow_function_spec spec = spec_of(128), wrong = spec;
    warmstow_function out = {99};
    wrong.struct_size = 4;
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_tenants_add(region, NULL, &spec, &kept));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_tenants_add(region, "a", NULL, &kept));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_tenants_add(region, "a", &spec, NULL));
    ANSWERS(WARMSTOW_ERROR_STRUCT_SIZE, warmstow_tenants_add(region, "a", &wrong, &kept));
    ANSWERS(WARMSTOW_ERROR_NAME_EMPTY, warmstow_tenants_add(region, "", &spec, &kept));
    for (int at = 0; at < 2; at++) {
        warmstow_tenants stale = at == 0 ? none : foreign;
        ANSWERS(WARMSTOW_ERROR_TENANTS_STALE, warmstow_tenants_tenant(region, stale, "a", &out));
        ANSWERS(WARMSTOW_ERROR_TENANTS_STALE, warmstow_tenants_update(region, 0, stale, &spec));
        ANSWERS(WARMSTOW_ERROR_TENANTS_STALE, warmstow_tenants_set_reserved(region, stale, 1));
    }
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_tenants_tenant(region, shop, NULL, &out));
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_tenants_tenant(region, shop, "a", NULL));
    ANSWERS(WARMSTOW_ERROR_TENANT_ID, warmstow_tenants_tenant(region, shop, "", &out));
    ANSWERS(WARMSTOW_ERROR_TENANT_ID, warmstow_tenants_tenant(region, shop, "a,b", &out));
    SAYS("is no tenant");
    ANSWERS(WARMSTOW_ERROR_NULL, warmstow_tenants_update(region, 0, shop, NULL));
    CHECK(kept.bits == 99 && out.bits == 99);
    OK(warmstow_region_close(region));
    OK(warmstow_region_close(other));
    ANSWERS(WARMSTOW_ERROR_REGION_STALE, warmstow_tenants_tenant(region, shop, "a", &out));
}

int main(void) {
    an_instance_is_of_one_tenant();
    all_tenants_share_a_reservation();
    an_update_drops_no_request();
    wrong_calls_are_refused();
    return check_end();
}
