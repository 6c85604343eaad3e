// expect: qgraft: dialect<G>::spoken lacks the word 'fake_quant_per_channel', which this rule builds
// A policy with a range for each channel is refused with a sentence where the dialect cannot build it.
// SPDX-License-Identifier: Apache-2.0
#include "ir_with_dialect.hpp"

using policy = qgraft::qat<qgraft::weights<qgraft::quant_spec{.bits = 4, .grain = qgraft::granularity::per_channel}>>;

void use(ir& g) { qgraft::rewrite_for<qgraft::phase::evaluation, policy>(g); }
