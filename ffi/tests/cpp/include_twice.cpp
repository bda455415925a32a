// Both headers stand alone, twice, as C++17.
#include "warmstow.hpp"
#include "warmstow.h"
#include "warmstow.hpp"

int main() {
    return warmstow_region_close(warmstow_region{}) == WARMSTOW_ERROR_REGION_STALE ? 0 : 1;
}
