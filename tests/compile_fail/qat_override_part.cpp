// expect: qgraft: an override says weights<spec>, activations<spec> or excluded of the layers it is for
// An override that says something else is refused with a sentence.
// SPDX-License-Identifier: Apache-2.0
#include "ir_with_dialect.hpp"

using policy = qgraft::qat<qgraft::weights<qgraft::quant_spec{}>, qgraft::activations<qgraft::quant_spec{}>,
                           qgraft::no_kernels, qgraft::where<any_layer, int>>;

void use(ir& g) { qgraft::rewrite_for<qgraft::phase::training, policy>(g); }
