/* Calls on versions, aliases, provisioned concurrency and starts ahead, used
 * wrongly in every way: each answers its error and changes nothing. */
#include "versions.h"

static warmstow_region region, other;
static warmstow_versioned f, foreign;
static warmstow_alias live;
static warmstow_function one;
static const warmstow_region no_region;
static const warmstow_versioned nothing, invented = {UINT64_C(0x1234567800000000)};

/* All that can be seen of the function. */
typedef struct {
    warmstow_region_view view;
    warmstow_versioned_metrics metrics;
    warmstow_function_spec latest;
    warmstow_provisioned_view first, second;
    warmstow_routing routing;
    warmstow_alias alias;
    size_t versions;
} snapshot;

static snapshot look(void) {
    snapshot now;
    uint32_t first;
    int32_t worst = 0;
    memset(&now, 0, sizeof now);
    worst |= warmstow_region_view_read(region, &now.view, sizeof now.view);
    worst |= warmstow_versioned_metrics_read(region, f, &now.metrics, sizeof now.metrics);
    worst |= warmstow_versioned_spec_read(region, f, WARMSTOW_LATEST, &now.latest,
                                          sizeof now.latest);
    worst |= warmstow_provisioned_read(region, f, "1", &now.first, sizeof now.first, NULL, 0);
    worst |= warmstow_provisioned_read(region, f, "2", &now.second, sizeof now.second, NULL, 0);
    worst |= warmstow_alias_read(region, f, "live", &now.alias, &now.routing, sizeof now.routing);
    worst |= warmstow_versioned_list(region, f, &first, 1, &now.versions);
    CHECK(worst == WARMSTOW_OK);
    return now;
}

static union {
    warmstow_versioned versioned;
    warmstow_function function;
    warmstow_function_spec spec;
    warmstow_versioned_metrics metrics;
    warmstow_alias alias;
    warmstow_routing routing;
    warmstow_provisioning provisioning;
    warmstow_provisioned_view view;
    warmstow_action action;
    warmstow_invocation invocation;
    warmstow_instance instance;
    warmstow_region region;
    warmstow_region_model model;
    uint32_t words[4];
    size_t count;
    char text[16];
    unsigned char bytes[256];
} out;
static size_t count_out;

#define ODD(type) ((type *)(void *)(out.bytes + 1))

#define REFUSED(status, call)                                                 \
    do {                                                                      \
        snapshot before_ = look(), after_;                                    \
        unsigned char untouched_[sizeof out];                                 \
        memset(untouched_, 0xA5, sizeof untouched_);                          \
        memset(&out, 0xA5, sizeof out);                                       \
        count_out = 77;                                                       \
        ANSWERS(status, call);                                                \
        CHECK(warmstow_last_error()[0] != '\0');                              \
        CHECK(memcmp(untouched_, &out, sizeof out) == 0 && count_out == 77);  \
        after_ = look();                                                      \
        CHECK(memcmp(&before_, &after_, sizeof before_) == 0);                \
        CHECK(poll_one(region, 0).kind == WARMSTOW_ACTION_NONE);              \
    } while (0)

static void set_up(void) {
    warmstow_routing to = route(1, 0, 0);
    warmstow_function_spec spec = spec_of(256);
    region = region_of(WARMSTOW_PROFILE_OFF, 1);
    other = region_of(WARMSTOW_PROFILE_OFF, 1);
    f = versioned_of(region, "f", WARMSTOW_PROVISIONING_AT_ONCE, 10);
    foreign = versioned_of(other, "f", WARMSTOW_PROVISIONING_AT_ONCE, 10);
    CHECK(publish(region, f) == 1);
    OK(warmstow_versioned_update(region, 0, f, &spec));
    CHECK(publish(region, f) == 2);
    one = version_of(region, f, 1);
    OK(warmstow_alias_create(region, f, "live", &to, &live));
    OK(warmstow_provisioned_put(region, 0, f, "live", 2));
    CHECK(carry_out(region, 0, NULL) == 2);
}

static void handles_of_versioned(void) {
    const warmstow_versioned wrong[] = {nothing, invented, foreign, {f.bits + 1}, {one.bits + 9}};
    warmstow_function_spec spec = spec_of(128);
    warmstow_routing to = route(1, 0, 0);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const warmstow_versioned v = wrong[i];
        const int32_t stale = WARMSTOW_ERROR_VERSIONED_STALE;
        REFUSED(stale, warmstow_versioned_update(region, 0, v, &spec));
        REFUSED(stale, warmstow_versioned_publish(region, v, out.words));
        REFUSED(stale, warmstow_versioned_version(region, v, 1, &out.function));
        REFUSED(stale, warmstow_versioned_spec_read(region, v, 1, &out.spec, sizeof out.spec));
        REFUSED(stale, warmstow_versioned_list(region, v, out.words, 2, &count_out));
        REFUSED(stale, warmstow_versioned_delete(region, 0, v, 1));
        REFUSED(stale, warmstow_versioned_set_reserved(region, v, 5));
        REFUSED(stale, warmstow_versioned_metrics_read(region, v, &out.metrics,
                                                       sizeof out.metrics));
        REFUSED(stale, warmstow_alias_create(region, v, "a", &to, &out.alias));
        REFUSED(stale, warmstow_alias_update(region, 0, v, "live", &to));
        REFUSED(stale, warmstow_alias_delete(region, 0, v, "live"));
        REFUSED(stale, warmstow_alias_read(region, v, "live", &out.alias, &out.routing,
                                           sizeof out.routing));
        REFUSED(stale, warmstow_provisioned_put(region, 0, v, "live", 1));
        REFUSED(stale, warmstow_provisioned_delete(region, 0, v, "live"));
        REFUSED(stale, warmstow_provisioned_read(region, v, "1", &out.view, sizeof out.view,
                                                 NULL, 0));
    }
    SAYS("is no function with versions of this region");
    REFUSED(WARMSTOW_ERROR_REGION_STALE,
            warmstow_versioned_publish(no_region, f, out.words));
    REFUSED(WARMSTOW_ERROR_REGION_STALE,
            warmstow_poll(no_region, 0, &out.action, sizeof out.action));
    REFUSED(WARMSTOW_ERROR_REGION_STALE, warmstow_advance(no_region, 0, NULL));
}

static void adding(void) {
    warmstow_function_spec spec = spec_of(128);
    warmstow_provisioning good, bad;
    OK(warmstow_provisioning_default(WARMSTOW_PROVISIONING_LAMBDA, &good, sizeof good));
    CHECK(good.pace == WARMSTOW_PACE_EACH_FUNCTION && good.pace_count == 6000);
    CHECK(good.preparation_ns == 90 * SECOND && good.recycle_after_ns == 14400 * SECOND);
    REFUSED(WARMSTOW_ERROR_NULL, warmstow_versioned_add(region, NULL, &spec, &good,
                                                        &out.versioned));
    REFUSED(WARMSTOW_ERROR_NULL, warmstow_versioned_add(region, "g", NULL, &good, &out.versioned));
    REFUSED(WARMSTOW_ERROR_NULL, warmstow_versioned_add(region, "g", &spec, NULL, &out.versioned));
    REFUSED(WARMSTOW_ERROR_NULL, warmstow_versioned_add(region, "g", &spec, &good, NULL));
    REFUSED(WARMSTOW_ERROR_MISALIGNED,
            warmstow_versioned_add(region, "g", &spec, &good, ODD(warmstow_versioned)));
    REFUSED(WARMSTOW_ERROR_NAME_EMPTY,
            warmstow_versioned_add(region, "", &spec, &good, &out.versioned));
    REFUSED(WARMSTOW_ERROR_NAME_TAKEN,
            warmstow_versioned_add(region, "f", &spec, &good, &out.versioned));
    REFUSED(WARMSTOW_ERROR_TEXT,
            warmstow_versioned_add(region, "g\xff", &spec, &good, &out.versioned));
    bad = good;
    bad.pace = 3;
    REFUSED(WARMSTOW_ERROR_ENUM, warmstow_versioned_add(region, "g", &spec, &bad, &out.versioned));
    SAYS("provisioning.pace is 3: it must be 0 to 2");
    bad = good;
    bad.pace_count = 0;
    REFUSED(WARMSTOW_ERROR_FUNCTION_SPEC,
            warmstow_versioned_add(region, "g", &spec, &bad, &out.versioned));
    SAYS("a rate of 0");
    bad = good;
    bad.struct_size = 8;
    REFUSED(WARMSTOW_ERROR_STRUCT_SIZE,
            warmstow_versioned_add(region, "g", &spec, &bad, &out.versioned));
    spec.reserved_concurrency = 5000;
    REFUSED(WARMSTOW_ERROR_RESERVED,
            warmstow_versioned_add(region, "g", &spec, &good, &out.versioned));
    REFUSED(WARMSTOW_ERROR_ENUM,
            warmstow_provisioning_default(3, &out.provisioning, sizeof out.provisioning));
    REFUSED(WARMSTOW_ERROR_STRUCT_SIZE,
            warmstow_provisioning_default(0, &out.provisioning, 3));
    REFUSED(WARMSTOW_ERROR_NULL, warmstow_provisioning_default(0, NULL, sizeof good));
    REFUSED(WARMSTOW_ERROR_NAME_UNKNOWN, warmstow_versioned_find(region, "g", &out.versioned));
    REFUSED(WARMSTOW_ERROR_NULL, warmstow_versioned_find(region, "f", NULL));
    REFUSED(WARMSTOW_ERROR_NULL, warmstow_versioned_find(region, NULL, &out.versioned));
}

static void versions(void) {
    warmstow_function_spec spec = spec_of(128);
    spec.pick = 9;
    REFUSED(WARMSTOW_ERROR_ENUM, warmstow_versioned_update(region, 0, f, &spec));
    spec = spec_of(0);
    REFUSED(WARMSTOW_ERROR_FUNCTION_SPEC, warmstow_versioned_update(region, 0, f, &spec));
    REFUSED(WARMSTOW_ERROR_NULL, warmstow_versioned_update(region, 0, f, NULL));
    REFUSED(WARMSTOW_ERROR_NULL, warmstow_versioned_publish(region, f, NULL));
    REFUSED(WARMSTOW_ERROR_MISALIGNED, warmstow_versioned_publish(region, f, ODD(uint32_t)));
    REFUSED(WARMSTOW_ERROR_VERSION_UNKNOWN,
            warmstow_versioned_version(region, f, 3, &out.function));
    SAYS("there is no version 3");
    REFUSED(WARMSTOW_ERROR_NULL, warmstow_versioned_version(region, f, 1, NULL));
    REFUSED(WARMSTOW_ERROR_VERSION_UNKNOWN,
            warmstow_versioned_spec_read(region, f, UINT32_MAX, &out.spec, sizeof out.spec));
    REFUSED(WARMSTOW_ERROR_STRUCT_SIZE, warmstow_versioned_spec_read(region, f, 1, &out.spec, 4));
    REFUSED(WARMSTOW_ERROR_LENGTH, warmstow_versioned_list(region, f, out.words, 0, &count_out));
    REFUSED(WARMSTOW_ERROR_LENGTH,
            warmstow_versioned_list(region, f, out.words, SIZE_MAX, &count_out));
    REFUSED(WARMSTOW_ERROR_NULL, warmstow_versioned_list(region, f, NULL, 2, &count_out));
    REFUSED(WARMSTOW_ERROR_NULL, warmstow_versioned_list(region, f, out.words, 2, NULL));
    REFUSED(WARMSTOW_ERROR_VERSION_UNKNOWN,
            warmstow_versioned_delete(region, 0, f, WARMSTOW_LATEST));
    REFUSED(WARMSTOW_ERROR_VERSION_IN_USE, warmstow_versioned_delete(region, 0, f, 1));
    SAYS("alias \"live\" points to it");
    REFUSED(WARMSTOW_ERROR_RESERVED, warmstow_versioned_set_reserved(region, f, 1));
    REFUSED(WARMSTOW_ERROR_RESERVED, warmstow_versioned_set_reserved(region, f, 901));
    REFUSED(WARMSTOW_ERROR_FUNCTION_VERSIONED, warmstow_function_set_reserved(region, one, 1));
    SAYS("reserve for all of them together");
    REFUSED(WARMSTOW_ERROR_STRUCT_SIZE,
            warmstow_versioned_metrics_read(region, f, &out.metrics, 8));
    REFUSED(WARMSTOW_ERROR_NULL,
            warmstow_versioned_metrics_read(region, f, NULL, sizeof out.metrics));
}

static void aliases(void) {
    static const char *const names[] = {"", "7", "a b", "a.b", "\xc3\xa4"};
    warmstow_routing to = route(1, 0, 0), bad;
    char long_name[300];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        REFUSED(WARMSTOW_ERROR_ALIAS_NAME,
                warmstow_alias_create(region, f, names[i], &to, &out.alias));
    }
    memset(long_name, 'a', sizeof long_name);
    REFUSED(WARMSTOW_ERROR_LENGTH, warmstow_alias_create(region, f, long_name, &to, &out.alias));
    long_name[129] = '\0';
    REFUSED(WARMSTOW_ERROR_ALIAS_NAME,
            warmstow_alias_create(region, f, long_name, &to, &out.alias));
    REFUSED(WARMSTOW_ERROR_ALIAS_TAKEN, warmstow_alias_create(region, f, "live", &to, &out.alias));
    REFUSED(WARMSTOW_ERROR_ALIASES_FULL,
            warmstow_alias_create(region, f, "second", &to, &out.alias));
    SAYS("one alias more than the 1");
    bad = route(WARMSTOW_LATEST, 0, 0);
    REFUSED(WARMSTOW_ERROR_VERSION_UNKNOWN, warmstow_alias_update(region, 0, f, "live", &bad));
    bad = route(1, 3, 1);
    REFUSED(WARMSTOW_ERROR_VERSION_UNKNOWN, warmstow_alias_update(region, 0, f, "live", &bad));
    bad = route(1, 1, 1);
    REFUSED(WARMSTOW_ERROR_ROUTING, warmstow_alias_update(region, 0, f, "live", &bad));
    bad = route(1, 2, 10001);
    REFUSED(WARMSTOW_ERROR_ROUTING, warmstow_alias_update(region, 0, f, "live", &bad));
    SAYS("routing.other_weight is 10001: it must be 0 to 10000");
    bad = route(1, 2, UINT32_MAX);
    REFUSED(WARMSTOW_ERROR_ROUTING, warmstow_alias_update(region, 0, f, "live", &bad));
    bad = route(1, 0, 1);
    REFUSED(WARMSTOW_ERROR_ROUTING, warmstow_alias_update(region, 0, f, "live", &bad));
    bad = route(1, 0, 0);
    bad.struct_size = 0;
    REFUSED(WARMSTOW_ERROR_STRUCT_SIZE, warmstow_alias_update(region, 0, f, "live", &bad));
    REFUSED(WARMSTOW_ERROR_ALIAS_UNKNOWN, warmstow_alias_update(region, 0, f, "dead", &to));
    REFUSED(WARMSTOW_ERROR_NULL, warmstow_alias_update(region, 0, f, NULL, &to));
    REFUSED(WARMSTOW_ERROR_NULL, warmstow_alias_update(region, 0, f, "live", NULL));
    REFUSED(WARMSTOW_ERROR_NULL, warmstow_alias_create(region, f, "second", &to, NULL));
    REFUSED(WARMSTOW_ERROR_ALIAS_UNKNOWN, warmstow_alias_delete(region, 0, f, "dead"));
    REFUSED(WARMSTOW_ERROR_ALIAS_UNKNOWN,
            warmstow_alias_read(region, f, "dead", &out.alias, &out.routing, sizeof out.routing));
    REFUSED(WARMSTOW_ERROR_NULL,
            warmstow_alias_read(region, f, "live", NULL, &out.routing, sizeof out.routing));
    REFUSED(WARMSTOW_ERROR_STRUCT_SIZE,
            warmstow_alias_read(region, f, "live", &out.alias, &out.routing, 4));
}

static void provisioning(void) {
    REFUSED(WARMSTOW_ERROR_PROVISIONED, warmstow_provisioned_put(region, 0, f, "$LATEST", 1));
    SAYS("cannot be applied to unpublished function versions");
    REFUSED(WARMSTOW_ERROR_PROVISIONED, warmstow_provisioned_put(region, 0, f, "live", 0));
    REFUSED(WARMSTOW_ERROR_PROVISIONED, warmstow_provisioned_put(region, 0, f, "live", 11));
    REFUSED(WARMSTOW_ERROR_PROVISIONED, warmstow_provisioned_put(region, 0, f, "2", 21));
    REFUSED(WARMSTOW_ERROR_VERSION_PROVISIONED, warmstow_provisioned_put(region, 0, f, "1", 1));
    REFUSED(WARMSTOW_ERROR_VERSION_UNKNOWN, warmstow_provisioned_put(region, 0, f, "9", 1));
    REFUSED(WARMSTOW_ERROR_ALIAS_UNKNOWN, warmstow_provisioned_put(region, 0, f, "dead", 1));
    REFUSED(WARMSTOW_ERROR_ALIAS_UNKNOWN,
            warmstow_provisioned_put(region, 0, f, "99999999999999999999", 1));
    REFUSED(WARMSTOW_ERROR_ALIAS_UNKNOWN, warmstow_provisioned_put(region, 0, f, "", 1));
    REFUSED(WARMSTOW_ERROR_NULL, warmstow_provisioned_put(region, 0, f, NULL, 1));
    REFUSED(WARMSTOW_ERROR_PROVISIONED, warmstow_provisioned_delete(region, 0, f, "$LATEST"));
    REFUSED(WARMSTOW_ERROR_NULL, warmstow_provisioned_delete(region, 0, f, NULL));
    REFUSED(WARMSTOW_ERROR_NULL,
            warmstow_provisioned_read(region, f, NULL, &out.view, sizeof out.view, NULL, 0));
    REFUSED(WARMSTOW_ERROR_NULL,
            warmstow_provisioned_read(region, f, "1", NULL, sizeof out.view, NULL, 0));
    REFUSED(WARMSTOW_ERROR_NULL,
            warmstow_provisioned_read(region, f, "1", &out.view, sizeof out.view, NULL, 5));
    REFUSED(WARMSTOW_ERROR_LENGTH,
            warmstow_provisioned_read(region, f, "1", &out.view, sizeof out.view, out.text, 0));
    REFUSED(WARMSTOW_ERROR_STRUCT_SIZE,
            warmstow_provisioned_read(region, f, "1", &out.view, 4, NULL, 0));
    /* What is not there is nothing to take away. */
    OK(warmstow_provisioned_delete(region, 0, f, "2"));
}

/* A start ahead is no lease, a lease no start ahead, and each ends once. */
static void starts_and_leases(void) {
    warmstow_invocation request = begin(region, 0, version_of(region, f, 2));
    warmstow_prestart as_start = {{0, 0}}, garbage = {{UINT64_MAX, UINT64_MAX}};
    warmstow_lease as_lease = {{0, 0}};
    warmstow_action action;
    warmstow_instance stop;
    memcpy(as_start.bits, request.lease.bits, sizeof as_start.bits);
    REFUSED(WARMSTOW_ERROR_PRESTART_STALE,
            warmstow_prepared(region, 0, as_start, &out.instance));
    REFUSED(WARMSTOW_ERROR_PRESTART_STALE,
            warmstow_unprepared(region, 0, as_start, "no", &out.instance));
    REFUSED(WARMSTOW_ERROR_PRESTART_STALE, warmstow_prepared(region, 0, garbage, &out.instance));
    memset(&garbage, 0, sizeof garbage);
    REFUSED(WARMSTOW_ERROR_PRESTART_STALE, warmstow_prepared(region, 0, garbage, &out.instance));
    REFUSED(WARMSTOW_ERROR_PRESTART_STALE,
            warmstow_unprepared(region, 0, garbage, "no", &out.instance));
    end(region, 0, request);
    OK(warmstow_start_ahead(region, 0, one, &action, sizeof action));
    CHECK(action.kind == WARMSTOW_ACTION_START && action.node.bits == 0);
    memcpy(as_lease.bits, action.prestart.bits, sizeof as_lease.bits);
    REFUSED(WARMSTOW_ERROR_LEASE_STALE, warmstow_started(region, 0, as_lease));
    REFUSED(WARMSTOW_ERROR_LEASE_STALE, warmstow_complete(region, 0, as_lease, &out.instance));
    REFUSED(WARMSTOW_ERROR_LEASE_STALE, warmstow_fail(region, 0, as_lease, &out.instance));
    REFUSED(WARMSTOW_ERROR_PRESTART_STALE,
            warmstow_prepared(other, 0, action.prestart, &out.instance));
    REFUSED(WARMSTOW_ERROR_NULL, warmstow_prepared(region, 0, action.prestart, NULL));
    REFUSED(WARMSTOW_ERROR_MISALIGNED,
            warmstow_prepared(region, 0, action.prestart, ODD(warmstow_instance)));
    REFUSED(WARMSTOW_ERROR_NULL,
            warmstow_unprepared(region, 0, action.prestart, NULL, &out.instance));
    OK(warmstow_prepared(region, 0, action.prestart, &stop));
    REFUSED(WARMSTOW_ERROR_PRESTART_STALE,
            warmstow_prepared(region, 0, action.prestart, &out.instance));
    REFUSED(WARMSTOW_ERROR_PRESTART_STALE,
            warmstow_unprepared(region, 0, action.prestart, "no", &out.instance));
    /* Provisioned first, then the one that was started ahead. */
    {
        warmstow_invocation requests[3];
        for (int i = 0; i < 3; i++) {
            requests[i] = begin(region, 1, one);
            CHECK(requests[i].start == WARMSTOW_START_WARM);
        }
        for (int i = 0; i < 3; i++) {
            OK(warmstow_fail(region, 1, requests[i].lease, &stop));
            OK(warmstow_stopped(region, 1, stop));
        }
    }
    OK(warmstow_advance(region, 1, NULL));
    CHECK(carry_out(region, 1, NULL) == 2);
    REFUSED(WARMSTOW_ERROR_NULL, warmstow_start_ahead(region, 0, one, NULL, sizeof action));
    REFUSED(WARMSTOW_ERROR_STRUCT_SIZE, warmstow_start_ahead(region, 0, one, &out.action, 4));
    {
        warmstow_function none = {0};
        REFUSED(WARMSTOW_ERROR_FUNCTION_STALE,
                warmstow_start_ahead(region, 0, none, &out.action, sizeof action));
        REFUSED(WARMSTOW_ERROR_FUNCTION_STALE,
                warmstow_invoke_version(region, 0, none, 0, &out.invocation));
    }
    REFUSED(WARMSTOW_ERROR_NULL, warmstow_poll(region, 0, NULL, sizeof action));
    REFUSED(WARMSTOW_ERROR_STRUCT_SIZE, warmstow_poll(region, 0, &out.action, 4));
    REFUSED(WARMSTOW_ERROR_MISALIGNED, warmstow_advance(region, 0, ODD(uint64_t)));
    REFUSED(WARMSTOW_ERROR_NULL, warmstow_invoke_version(region, 0, one, 0, NULL));
    REFUSED(WARMSTOW_ERROR_NULL, warmstow_invoke_alias(region, 0, live, 0, 0, NULL));
    REFUSED(WARMSTOW_ERROR_ALIAS_STALE,
            warmstow_invoke_alias(other, 0, live, 0, 0, &out.invocation));
    {
        warmstow_alias none = {0}, next = {live.bits + 1};
        REFUSED(WARMSTOW_ERROR_ALIAS_STALE,
                warmstow_invoke_alias(region, 0, none, 0, 0, &out.invocation));
        REFUSED(WARMSTOW_ERROR_ALIAS_STALE,
                warmstow_invoke_alias(region, 0, next, 0, 0, &out.invocation));
    }
}

int main(void) {
    set_up();
    handles_of_versioned();
    adding();
    versions();
    aliases();
    provisioning();
    starts_and_leases();
    CHECK(claimed(region) == 10);
    OK(warmstow_region_close(region));
    OK(warmstow_region_close(other));
    return check_end();
}
