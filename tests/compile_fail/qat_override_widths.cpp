// expect: qgraft: the kernels' compiled_widths lack the bits of one of the policy's overrides
// An override whose width the kernels do not have is refused with a sentence.
// SPDX-License-Identifier: Apache-2.0
#include <qgraft/kernels/scalar.hpp>

#include "ir_with_dialect.hpp"

struct eight_bits : qgraft::scalar<> {
    using compiled_widths = qgraft::widths<8>;
};
using policy = qgraft::qat<qgraft::weights<qgraft::quant_spec{}>, qgraft::activations<qgraft::quant_spec{}>, eight_bits,
                           qgraft::where<any_layer, qgraft::weights<qgraft::quant_spec{.bits = 4}>>>;

void use(ir& g) { qgraft::rewrite_for<qgraft::phase::training, policy>(g); }
