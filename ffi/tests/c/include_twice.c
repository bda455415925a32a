/* The header stands alone, twice, as C99. */
#include "warmstow.h"
#include "warmstow.h"

int main(void) {
    warmstow_region region = {0};
    return warmstow_region_close(region) == WARMSTOW_ERROR_REGION_STALE ? 0 : 1;
}
