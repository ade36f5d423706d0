// SPDX-License-Identifier: Apache-2.0
//
// Mean and variance of the columns of tiles: Welford's recurrence, and two passes with a shift.
// Welford 1962; combination of two sets after Chan, Golub, LeVeque 1979.
#include <string.h>

#include "operands.h"

using namespace ttsim;

namespace {

uint32_t lane(uint32_t row, uint32_t column) { return ((row >> 4) * 2 + (column >> 4)) * 256 + (row & 15) * 16 + (column & 15); }

float number(uint32_t bits) {
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

/// A value as DST keeps it: the vector unit's store to a 16-bit DST drops the low half.
uint32_t stored(const Core& core, float value) {
    uint32_t bits;
    memcpy(&bits, &value, 4);
    return core.math.fp32_dest ? bits : bits & 0xFFFF0000u;
}

void store_row(const Core& core, uint32_t* tile, const float* values, float scale) {
    for (uint32_t c = 0; c < 32; c++) tile[lane(0, c)] = stored(core, values[c] * scale);
}

void load_row(const uint32_t* tile, float* values) {
    for (uint32_t c = 0; c < 32; c++) values[c] = number(tile[lane(0, c)]);
}

/// The layout of groups: 32 values in every other place of the 64 places that group `group` has of a tile.
uint32_t group_place(uint32_t group, uint32_t column) { return 64 * group + 2 * column; }

void store_group(const Core& core, uint32_t* tile, uint32_t group, const float* values, float scale) {
    for (uint32_t c = 0; c < 32; c++) tile[group_place(group, c)] = stored(core, values[c] * scale);
}

void load_group(const uint32_t* tile, uint32_t group, float* values) {
    for (uint32_t c = 0; c < 32; c++) values[c] = number(tile[group_place(group, c)]);
}

/// Adds `count` values with the current statistics to those that the tiles hold.
void combine(const Core& core, uint32_t* mean_tile, uint32_t* m2_tile, float total_reciprocal, float count) {
    const float before = 1.0f / total_reciprocal - count;
    for (uint32_t c = 0; c < 32; c++) {
        const float mean = number(mean_tile[lane(0, c)]), distance = core.statistics.mean[c] - mean;
        const float m2 = number(m2_tile[lane(0, c)]) + core.statistics.m2[c] + distance * distance * before * count * total_reciprocal;
        mean_tile[lane(0, c)] = stored(core, mean + distance * count * total_reciprocal);
        m2_tile[lane(0, c)] = stored(core, m2);
    }
}

void finish_mean(Statistics& state, float reciprocal) {
    for (uint32_t c = 0; c < 32; c++) {
        state.mean[c] = state.anchor[c] + state.shifted[c] * reciprocal;
        state.m2[c] = state.shifted[c] = 0;
    }
}

}  // namespace

extern "C" {

void tensix_statistics(uint32_t what, uint32_t dst, uint32_t reciprocal, uint32_t count, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->role != TTSIM_MATH) return;
    Core& core = *fiber->core;
    Statistics& state = core.statistics;
    const auto tile = [&](uint32_t index) { return math_tile(fiber, index, line); };
    if (what >= TTSIM_STAT_SAVE_GROUP && count >= 16) fail(Fault::Api, line, "statistics of group %u: a tile holds 16 groups", count);
    switch (what) {
        case TTSIM_STAT_SAVE_GROUP: store_group(core, tile(dst), count, state.mean, 1), store_group(core, tile(dst + 1), count, state.m2, 1); break;
        case TTSIM_STAT_RESTORE_GROUP: load_group(tile(dst), count, state.mean), load_group(tile(dst + 1), count, state.m2); break;
        case TTSIM_STAT_TO_FACE:
            store_group(core, tile(dst), count, state.mean, 1);
            store_group(core, tile(dst + 1), count, state.m2, number(reciprocal));
            break;
        case TTSIM_STAT_CLEAR: state = {}; break;
        case TTSIM_STAT_SAVE: store_row(core, tile(dst), state.mean, 1), store_row(core, tile(dst + 1), state.m2, 1); break;
        case TTSIM_STAT_RESTORE: load_row(tile(dst), state.mean), load_row(tile(dst + 1), state.m2); break;
        case TTSIM_STAT_SAVE_ANCHOR: store_row(core, tile(dst), state.anchor, 1); break;
        case TTSIM_STAT_RESTORE_ANCHOR: load_row(tile(dst), state.anchor); break;
        case TTSIM_STAT_FINISH_MEAN: finish_mean(state, number(reciprocal)); break;
        case TTSIM_STAT_TO_ROW: store_row(core, tile(dst), state.mean, 1); [[fallthrough]];
        case TTSIM_STAT_VARIANCE_TO_ROW: store_row(core, tile(dst + 1), state.m2, number(reciprocal)); break;
        case TTSIM_STAT_COMBINE: combine(core, tile(dst), tile(dst + 1), number(reciprocal), number(count)); break;
        default: fail(Fault::Api, line, "statistics operation %u", what);
    }
    charge_engine(fiber, line, core.machine->settings.sfpu_default);
}

void tensix_welford_rows(uint32_t dst, uint32_t first, uint32_t row, uint32_t rows, const uint32_t* reciprocals, uint32_t known, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->role != TTSIM_MATH) return;
    Core& core = *fiber->core;
    Statistics& state = core.statistics;
    const uint32_t* const tile = math_tile(fiber, dst, line);
    for (uint32_t i = 0; i < rows; i++) {
        const uint32_t index = first + i;
        if (known && index >= known) fail(Fault::Api, line, "welford_update: sample %u has no entry in the table of %u reciprocals", index, known);
        const float reciprocal = known ? number(reciprocals[index]) : 1.0f / float(index + 1);
        for (uint32_t c = 0; c < 32; c++) {
            const float value = number(tile[lane(row + i, c)]), distance = value - state.mean[c];
            state.mean[c] += distance * reciprocal;
            state.m2[c] += distance * (value - state.mean[c]);
        }
    }
    charge_engine(fiber, line, core.machine->settings.sfpu_default * rows / 8);
}

void tensix_two_pass_rows(uint32_t dst, uint32_t row, uint32_t rows, uint32_t pass, uint32_t anchored, uint32_t line) {
    Fiber* fiber = self();
    if (fiber->role != TTSIM_MATH) return;
    Core& core = *fiber->core;
    Statistics& state = core.statistics;
    const uint32_t* const tile = math_tile(fiber, dst, line);
    if (anchored) {
        state = {};
        for (uint32_t c = 0; c < 32; c++) state.anchor[c] = number(tile[lane(row, c)]);
    }
    for (uint32_t i = 0; i < rows; i++)
        for (uint32_t c = 0; c < 32; c++) {
            const float value = number(tile[lane(row + i, c)]), distance = value - state.mean[c];
            if (pass) state.m2[c] += distance * distance;
            else state.shifted[c] += value - state.anchor[c];
        }
    charge_engine(fiber, line, core.machine->settings.sfpu_default * rows / 32);
}

}  // extern "C"
