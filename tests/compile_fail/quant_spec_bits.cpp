// expect: qgraft: quant_spec bits must be from 2 to 16
// A quant_spec with too many bits is refused where it is a template argument.
// SPDX-License-Identifier: Apache-2.0
#include <qgraft/kernels/scalar.hpp>

void quantize(std::span<const float> in, std::span<float> out) {
    qgraft::scalar<>::fake_quantize<qgraft::quant_spec{.bits = 17}>(in, out, {-1.0F, 1.0F});
}
