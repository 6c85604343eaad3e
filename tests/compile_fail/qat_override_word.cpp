// expect: qgraft: dialect<G>::spoken lacks the word 'fake_quant_per_channel', which this rule builds
// So is one that only an override gives channels.
// SPDX-License-Identifier: Apache-2.0
#include "ir_with_dialect.hpp"

using policy =
    qgraft::qat<qgraft::weights<qgraft::quant_spec{}>, qgraft::activations<qgraft::quant_spec{}>, qgraft::no_kernels,
                qgraft::where<any_layer, qgraft::weights<qgraft::quant_spec{
                                             .bits = 4, .grain = qgraft::granularity::per_channel}>>>;

void use(ir& g) { qgraft::rewrite_for<qgraft::phase::training, policy>(g); }
