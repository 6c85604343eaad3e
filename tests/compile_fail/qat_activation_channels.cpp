// expect: qgraft: activations have one range a tensor; per_channel is for weights
// Activations with a range for each channel are refused with a sentence.
// SPDX-License-Identifier: Apache-2.0
#include "ir_with_dialect.hpp"

using policy =
    qgraft::qat<qgraft::weights<qgraft::quant_spec{}>,
                qgraft::activations<qgraft::quant_spec{.bits = 4, .grain = qgraft::granularity::per_channel}>>;

void use(ir& g) { qgraft::rewrite_for<qgraft::phase::training, policy>(g); }
