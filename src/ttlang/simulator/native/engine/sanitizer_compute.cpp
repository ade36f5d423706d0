// SPDX-License-Identifier: Apache-2.0
//
// Configuration of the compute processors: start-up, operation, data formats, vector-unit initialisations.
#include <ctype.h>
#include <stdio.h>

#include <array>

#include "sanitizer.h"

namespace ttsim {

namespace {

constexpr uint8_t UNKNOWN = uint8_t(DataFormat::Invalid);
const char* const OPERATION[] = {"nothing", "an element-wise operation", "an element-wise operation on DST", "copy_tile", "matmul", "reduce", "transpose",
                                 "unary_bcast", "tilize"};
const char* const KIND[] = {"mul", "div", "add", "sub", "less"};
const char* const BROADCAST[] = {"", " with columns broadcast", " with rows broadcast", " with a scalar broadcast"};

struct Described {
    char text[96];
};

Described describe(uint32_t operation) {
    Described out;
    const uint32_t what = operation & 0xFF;
    if (what == TTSIM_OP_BINARY || what == TTSIM_OP_BINARY_REUSE)
        snprintf(out.text, sizeof out.text, "%s (%s%s)", OPERATION[what], KIND[(operation >> 8 & 0xFF) % 5], BROADCAST[operation >> 16 & 3]);
    else
        snprintf(out.text, sizeof out.text, "%s", OPERATION[what]);
    return out;
}

ComputeConfig* config_of(Fiber* fiber) {
    return fiber->role < TTSIM_UNPACK ? nullptr : &shadow_of(*fiber->core).config[fiber->role - TTSIM_UNPACK];
}

uint8_t format_of(Fiber* fiber, uint32_t cb, uint32_t line) { return cb == TTSIM_NO_CB ? UNKNOWN : uint8_t(configured_cb(fiber, cb, line).format); }

Actor initialised(Fiber* fiber, const ComputeConfig& config) { return {config.line ? fiber : nullptr, config.line, fiber->time, 0}; }

void check_started(Fiber* fiber, const ComputeConfig& config, const char* call, uint32_t line) {
    if (!config.started)
        fail_at(Fault::Configuration, actor_of(fiber, line), nullptr, "",
                "%s before the compute processors are started: call compute_kernel_hw_startup (or one of the *_init_common calls) first", call);
}

void check_format(Fiber* fiber, const ComputeConfig& config, uint32_t source, uint32_t cb, const char* call, uint32_t line) {
    if (cb == TTSIM_NO_CB) return;
    const uint8_t have = config.source[source], need = uint8_t(fiber->core->cb[cb].format);
    if (have == need) return;
    const Actor other = initialised(fiber, config);
    fail_at(Fault::Configuration, actor_of(fiber, line), other.fiber ? &other : nullptr, "the last configuration",
            "%s: Src%c is configured for %s, circular buffer %u holds %s; reconfig_data_format is missing", call, 'A' + int(source), format_name(DataFormat(have)),
            cb, format_name(DataFormat(need)));
}

void check_set_up(Fiber* fiber, const ComputeConfig& config, uint32_t operation, const char* call, uint32_t line) {
    check_started(fiber, config, call, line);
    if (config.operation == operation) return;
    const Actor other = initialised(fiber, config);
    fail_at(Fault::Configuration, actor_of(fiber, line), other.fiber ? &other : nullptr, "the last initialisation",
            "%s needs the initialisation of %s; the processors are set up for %s", call, describe(operation).text, describe(config.operation).text);
}

void check_written(Fiber* fiber) {
    const CoreShadow& shadow = shadow_of(*fiber->core);
    if (!shadow.unwritten_read.fiber) return;
    const Actor& pushed = shadow.unwritten_push;
    fail_at(Fault::Unwritten, shadow.unwritten_read, pushed.fiber ? &pushed : nullptr, "cb_push_back of the page",
            "read of page %u of circular buffer %u: it was pushed, but nothing was ever written to it", shadow.unwritten_page, shadow.unwritten_cb);
}

// ---- vector unit: functions that do not work without their initialisation, and its name

struct SfpuNeed {
    SfpuOp first, last;
};
constexpr SfpuNeed NEEDS[] = {{SfpuOp::Exp, SfpuOp::GeluTanh}, {SfpuOp::Elu, SfpuOp::Softplus}, {SfpuOp::Mish, SfpuOp::Mish}, {SfpuOp::Div, SfpuOp::Div},
                              {SfpuOp::Pow, SfpuOp::Pow}};

const char* const API[] = {
#define TTSIM_SFPU(name, tiles, params, domain, api) api,
#include "../numerics/sfpu_ops.def"
#undef TTSIM_SFPU
};

/// `exp_tile` of `exp_tile<true>`.
uint32_t call_length(const char* api) {
    uint32_t length = 0;
    while (isalnum(uint8_t(api[length])) || api[length] == '_') length++;
    return length;
}

uint32_t init_hash(SfpuOp op) {
    for (const SfpuNeed& need : NEEDS)
        if (op >= need.first && op <= need.last) {
            char name[64];
            snprintf(name, sizeof name, "%.*s_init", int(call_length(API[size_t(op)])), API[size_t(op)]);
            return ttsim_name_hash(name);
        }
    return 0;
}

const std::array<uint32_t, size_t(SfpuOp::Count)>& needed_inits() {
    static const auto table = [] {
        std::array<uint32_t, size_t(SfpuOp::Count)> made{};
        for (size_t i = 0; i < made.size(); i++) made[i] = init_hash(SfpuOp(i));
        return made;
    }();
    return table;
}

}  // namespace

void configure_all(Fiber* fiber, uint32_t cb_a, uint32_t cb_b, uint32_t out, uint32_t line) {
    ComputeConfig* const config = config_of(fiber);
    if (!config) return;
    *config = {true, {format_of(fiber, cb_a, line), format_of(fiber, cb_b, line)}, format_of(fiber, out, line), config->operation, line};
}

void configure_missing(Fiber* fiber, uint32_t cb_a, uint32_t cb_b, uint32_t out, uint32_t line) {
    const ComputeConfig* const config = config_of(fiber);
    if (config && !config->started) configure_all(fiber, cb_a, cb_b, out, line);
}

void configure_sources(Fiber* fiber, uint32_t cb_a, uint32_t cb_b, uint32_t line) {
    ComputeConfig* const config = config_of(fiber);
    if (!config) return;
    if (cb_a != TTSIM_NO_CB) config->source[0] = format_of(fiber, cb_a, line);
    if (cb_b != TTSIM_NO_CB) config->source[1] = format_of(fiber, cb_b, line);
    config->line = line;
}

void configure_pack(Fiber* fiber, uint32_t cb, uint32_t line) {
    ComputeConfig* const config = config_of(fiber);
    if (!config) return;
    config->pack = format_of(fiber, cb, line);
    config->line = line;
}

void configure_operation(Fiber* fiber, uint32_t operation, uint32_t line) {
    ComputeConfig* const config = config_of(fiber);
    if (!config) return;
    config->operation = operation;
    if (fiber->role != TTSIM_PACK) config->line = line;
}

void configure_sfpu(Fiber* fiber, uint32_t name) {
    if (fiber->role != TTSIM_MATH) return;
    const auto& needed = needed_inits();
    CoreShadow& shadow = shadow_of(*fiber->core);
    for (size_t i = 0; i < needed.size(); i++)
        if (needed[i] == name) shadow.sfpu_ready[i] = true;
}

void check_operation(Fiber* fiber, uint32_t operation, uint32_t cb_a, uint32_t cb_b, const char* call, uint32_t line) {
    const ComputeConfig& config = *config_of(fiber);
    check_set_up(fiber, config, operation, call, line);
    check_format(fiber, config, 0, cb_a, call, line);
    check_format(fiber, config, 1, cb_b, call, line);
    check_written(fiber);
}

void check_operation_either(Fiber* fiber, uint32_t operation, uint32_t cb, const char* call, uint32_t line) {
    const ComputeConfig& config = *config_of(fiber);
    check_set_up(fiber, config, operation, call, line);
    if (config.source[1] != uint8_t(fiber->core->cb[cb].format)) check_format(fiber, config, 0, cb, call, line);
    check_written(fiber);
}

void check_sfpu(Fiber* fiber, uint32_t op, uint32_t line) {
    const uint32_t needed = needed_inits()[op];
    if (!needed || shadow_of(*fiber->core).sfpu_ready[op]) return;
    const int length = int(call_length(API[op]));
    fail_at(Fault::Configuration, actor_of(fiber, line), nullptr, "", "%.*s before %.*s_init", length, API[op], length, API[op]);
}

void check_pack_source(Fiber* fiber, uint32_t dst, uint32_t index, uint32_t line) {
    const Core& core = *fiber->core;
    const ComputeConfig& config = *config_of(fiber);
    const CoreShadow& shadow = shadow_of(core);
    check_started(fiber, config, "pack_tile", line);
    if (!(core.written[core.released % core.sections] >> dst & 1))
        fail_at(Fault::UnwrittenDst, actor_of(fiber, line), shadow.math_commit.fiber ? &shadow.math_commit : nullptr, "tile_regs_commit",
                "pack of DST tile %u, which nothing was written to in this section", dst);
    const uint8_t need = uint8_t(core.cb[index].format);
    if (config.pack == need) return;
    const Actor other = initialised(fiber, config);
    fail_at(Fault::Configuration, actor_of(fiber, line), other.fiber ? &other : nullptr, "the last configuration",
            "pack_tile: the packer is configured for %s, circular buffer %u holds %s; pack_reconfig_data_format is missing", format_name(DataFormat(config.pack)),
            index, format_name(DataFormat(need)));
}

}  // namespace ttsim
