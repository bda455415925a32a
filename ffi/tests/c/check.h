/* Checks that count: a program of checks ends with `return check_end();`. */
#ifndef CHECK_H
#define CHECK_H

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "warmstow.h"

static int check_passed;
static int check_failed;

/* Counts a check; a failed one says where. */
#define CHECK(condition)                                                      \
    do {                                                                      \
        if (condition) {                                                      \
            check_passed++;                                                   \
        } else {                                                              \
            check_failed++;                                                   \
            fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__,        \
                    #condition);                                              \
        }                                                                     \
    } while (0)

/* Checks what a call answers. */
#define ANSWERS(status, call)                                                 \
    do {                                                                      \
        int32_t check_got = (call);                                           \
        if (check_got == (status)) {                                          \
            check_passed++;                                                   \
        } else {                                                              \
            check_failed++;                                                   \
            fprintf(stderr, "%s:%d: %s answers %s (%s), not %s\n", __FILE__,  \
                    __LINE__, #call, warmstow_status_name(check_got),         \
                    warmstow_last_error(), #status);                          \
        }                                                                     \
    } while (0)

#define OK(call) ANSWERS(WARMSTOW_OK, call)

/* Checks what the last message says. */
#define SAYS(text)                                                            \
    do {                                                                      \
        if (strstr(warmstow_last_error(), (text)) != NULL) {                  \
            check_passed++;                                                   \
        } else {                                                              \
            check_failed++;                                                   \
            fprintf(stderr, "%s:%d: \"%s\" does not say \"%s\"\n", __FILE__,  \
                    __LINE__, warmstow_last_error(), (text));                 \
        }                                                                     \
    } while (0)

static inline int check_end(void) {
    printf("%d passed, %d failed\n", check_passed, check_failed);
    return check_failed == 0 && check_passed > 0 ? 0 : 1;
}

#endif
