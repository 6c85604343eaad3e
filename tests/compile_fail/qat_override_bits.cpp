// expect: qgraft: quant_spec bits must be from 2 to 16
// An override with too many bits is refused with a sentence.
// SPDX-License-Identifier: Apache-2.0
#include "ir_with_dialect.hpp"

using policy =
    qgraft::qat<qgraft::weights<qgraft::quant_spec{}>, qgraft::activations<qgraft::quant_spec{}>, qgraft::no_kernels,
                qgraft::where<any_layer, qgraft::weights<qgraft::quant_spec{.bits = 17}>>>;

void use(ir& g) { qgraft::rewrite_for<qgraft::phase::training, policy>(g); }
