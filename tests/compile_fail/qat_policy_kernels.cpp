// expect: qgraft: a kernel policy needs void fake_quantize(span<const float>, span<float>, quant_range, const quant_spec&), static or const
// A policy whose kernels are no kernel policy is refused with a sentence, in either form.
// SPDX-License-Identifier: Apache-2.0
#include "ir_with_dialect.hpp"

struct no_kernel_policy {};

void use(ir& g) {
    qgraft::rewrite_for<qgraft::phase::training, no_kernel_policy>(g, qgraft::qat_options<ir>{});
    using policy = qgraft::qat_policy<qgraft::quant_spec{}, qgraft::quant_spec{}, no_kernel_policy>;
    qgraft::rewrite_for<qgraft::phase::training, policy>(g);
}
