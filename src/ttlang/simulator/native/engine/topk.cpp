// SPDX-License-Identifier: Apache-2.0
//
// Top-k by bitonic runs (Shanbhag, Pirk, Madden, SIGMOD 2018): each column of two tiles is 64 values, down the first tile and
// then the second, with indices two tiles on. What a bitonic network leaves is a sorted run: it is sorted here at once.
#include <algorithm>

#include "operands.h"

using namespace ttsim;

namespace {

constexpr uint32_t COLUMN = 64;
struct Item {
    uint32_t value, index;
};

uint32_t lane(uint32_t row, uint32_t column) { return ((row >> 4) * 2 + (column >> 4)) * 256 + (row & 15) * 16 + (column & 15); }

/// Sign and magnitude as an integer that orders as the vector unit's swap does: -0 below +0, NaNs at the ends.
int64_t order(uint32_t bits) { return bits >> 31 ? -int64_t(bits & 0x7FFFFFFFu) - 1 : int64_t(bits); }

void sort_runs(Item* column, uint32_t run, uint32_t distance, bool ascending, bool stable) {
    bool up = ascending;
    for (uint32_t first = 0; first + run <= COLUMN; first += distance, up = !up) {
        const auto before = [up](const Item& a, const Item& b) { return up ? order(a.value) < order(b.value) : order(a.value) > order(b.value); };
        if (stable) std::stable_sort(column + first, column + first + run, before);
        else std::sort(column + first, column + first + run, before);
    }
}

/// Runs `distance` apart, sorted against each other: the first keeps the larger of each pair, or the smaller.
void merge_runs(Item* column, uint32_t run, uint32_t distance, bool ascending) {
    for (uint32_t first = 0; first + distance < COLUMN; first += 2 * distance)
        for (uint32_t i = 0; i < run; i++) {
            Item &a = column[first + i], &b = column[first + distance + i];
            if (ascending ? order(b.value) < order(a.value) : order(b.value) > order(a.value)) std::swap(a, b);
        }
}

}  // namespace

extern "C" void tensix_topk(uint32_t what, uint32_t dst, uint32_t ascending, uint32_t run, uint32_t distance, uint32_t stable, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->role != TTSIM_MATH) return;
    if (run < 2 || run > COLUMN || (run & (run - 1)) || distance < run || (what == TTSIM_TOPK_MERGE && distance >= COLUMN))
        fail(Fault::Api, line, "top-k with runs of %u values %u apart: a call covers 64 values", run, distance);
    uint32_t* tile[4];
    for (uint32_t i = 0; i < 4; i++) tile[i] = math_tile(fiber, dst + i, line);
    for (uint32_t c = 0; c < 32; c++) {
        Item column[COLUMN];
        for (uint32_t i = 0; i < COLUMN; i++) column[i] = {tile[i / 32][lane(i % 32, c)], tile[2 + i / 32][lane(i % 32, c)]};
        if (what == TTSIM_TOPK_MERGE) merge_runs(column, run, distance, ascending);
        else sort_runs(column, run, distance, ascending, stable);
        for (uint32_t i = 0; i < COLUMN; i++) {
            tile[i / 32][lane(i % 32, c)] = column[i].value;
            tile[2 + i / 32][lane(i % 32, c)] = column[i].index;
        }
    }
    charge_engine(fiber, line, 8 * fiber->core->machine->settings.sfpu_default);
}
