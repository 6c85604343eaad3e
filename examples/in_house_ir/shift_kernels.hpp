// A kernel policy of one's own: for a device that multiplies by shifts, each step is a power of two.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_SHIFT_KERNELS_HPP
#define IN_HOUSE_SHIFT_KERNELS_HPP

#include <cmath>
#include <span>

#include <qgraft/kernels/scalar.hpp>

namespace in_house {

/// qgraft's own kernels on a wider range.
struct shift_kernels {
    using own = qgraft::scalar<qgraft::tf115>;

    /// The range of the next power of two as step, with 0 at the same integer.
    static qgraft::quant_range widened(qgraft::quant_range r, const qgraft::quant_spec& spec) {
        const float steps = static_cast<float>(spec.levels() - 1);
        const float step = std::exp2(std::ceil(std::log2((r.max - r.min) / steps)));
        const float below_zero = std::round(-r.min / (r.max - r.min) * steps);
        return {-below_zero * step, (steps - below_zero) * step};
    }

    static void fake_quantize(std::span<const float> in, std::span<float> out, qgraft::quant_range r,
                              const qgraft::quant_spec& spec) {
        own::fake_quantize(in, out, r.min < r.max ? widened(r, spec) : r, spec);
    }
    template <qgraft::quant_spec Spec>
    static void fake_quantize(std::span<const float> in, std::span<float> out, qgraft::quant_range r) {
        fake_quantize(in, out, r, Spec);
    }
    static qgraft::range_gradient fake_quantize_gradient(std::span<const float> grad, std::span<const float> in,
                                                         std::span<float> dx, qgraft::quant_range r,
                                                         const qgraft::quant_spec& spec) {
        return own::fake_quantize_gradient(grad, in, dx, r.min < r.max ? widened(r, spec) : r, spec);
    }
    static qgraft::quant_range min_max(std::span<const float> in) { return own::min_max(in); }
};
static_assert(qgraft::kernel_policy<shift_kernels>);

}  // namespace in_house

#endif
