// expect: qgraft: a kernel policy needs quant_range min_max(span<const float>), static or const
// A type that lacks one function of a kernel policy is refused with a sentence about that function.
// SPDX-License-Identifier: Apache-2.0
#include <qgraft/kernels/policy.hpp>

#include <span>

struct no_observer {
    static void fake_quantize(std::span<const float>, std::span<float>, qgraft::quant_range, qgraft::quant_spec);
    template <qgraft::quant_spec S>
    static void fake_quantize(std::span<const float>, std::span<float>, qgraft::quant_range);
    static qgraft::range_gradient fake_quantize_gradient(std::span<const float>, std::span<const float>,
                                                         std::span<float>, qgraft::quant_range, qgraft::quant_spec);
};

void use() { qgraft::require_kernel_policy<no_observer>(); }
