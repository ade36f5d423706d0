// SPDX-License-Identifier: Apache-2.0
//
// The whole kernel API. Every include path of the real one leads here; it is read once, precompiled.
#pragma once
#include "ttsim/base.h"
#include "ttsim/dataflow.h"
#include "ttsim/dataflow_more.h"
#include "ttsim/tensor.h"
#include "ttsim/noc.h"
#include "ttsim/objects.h"
#include "ttsim/remote.h"
#include "ttsim/prefetcher.h"
#include "ttsim/compute.h"
#include "ttsim/sfpu.h"
#include "ttsim/compute_rows.h"
#include "ttsim/statistics.h"
#include "ttsim/special.h"
#include "ttsim/llk.h"
#include "ttsim/debug.h"
