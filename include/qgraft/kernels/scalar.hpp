// The scalar kernels: one value at a time, in plain C++. They are the definition that every other kernel is tested
// against.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_SCALAR_HPP
#define QGRAFT_KERNELS_SCALAR_HPP

#include <qgraft/kernels/checks.hpp>
#include <qgraft/kernels/numerics.hpp>
#include <qgraft/kernels/observe.hpp>
#include <qgraft/kernels/policy.hpp>
#include <qgraft/kernels/scalar_channels.hpp>
#include <qgraft/kernels/scalar_storage.hpp>
#include <qgraft/quant/isa_namespace.hpp>
#include <qgraft/quant/quant_range.hpp>
#include <qgraft/quant/quant_spec.hpp>

#include <cstddef>
#include <span>

namespace qgraft {

QGRAFT_ISA_NAMESPACE_BEGIN

/// The kernel policy that defines the numbers. Numerics says what one quantized value is; see kernel_policy,
/// channel_kernel_policy, folding_kernel_policy and storage_kernel_policy for the functions. Each throws quant_error
/// for spans of the wrong size and for a spec that is not valid, before anything is written. All can be used in
/// constant expressions, as far as results are finite.
template <numerics_policy Numerics = tf115>
struct scalar : detail::scalar_channels<Numerics>, detail::scalar_storage<Numerics> {
    using numerics = Numerics;

    /// out[i] = in[i] moved to the nearest value of the nudged range.
    static constexpr void fake_quantize(std::span<const float> in, std::span<float> out, quant_range range,
                                        const quant_spec& spec) {
        const nudged_range nudged = Numerics::nudge(range, spec);
        detail::require_size("out", out.size(), in.size());
        for (std::size_t i = 0; i < in.size(); ++i) out[i] = Numerics::quantize(in[i], nudged);
    }

    /// The same with the spec at compile time.
    template <quant_spec S>
    static constexpr void fake_quantize(std::span<const float> in, std::span<float> out, quant_range range) {
        require_valid<S>();
        if constexpr (S.valid()) fake_quantize(in, out, range, S);
    }

    /// dx[i] = grad[i] * (1 where in[i] is inside the nudged range, else 0), a product: the sign of a masked gradient
    /// stays on its zero, and a masked infinity is NaN. Returns the sums of grad[i] * (1 where in[i] is below, else 0)
    /// and likewise above. For a collapsed range dx is grad and both sums are 0.
    static constexpr range_gradient fake_quantize_gradient(std::span<const float> grad, std::span<const float> in,
                                                           std::span<float> dx, quant_range range,
                                                           const quant_spec& spec) {
        return fake_quantize_gradient_sums(grad, in, dx, range, spec).rounded();
    }

    /// The same with the sums as they are before they are rounded; see summing_kernel_policy.
    static constexpr range_sums fake_quantize_gradient_sums(std::span<const float> grad, std::span<const float> in,
                                                            std::span<float> dx, quant_range range,
                                                            const quant_spec& spec) {
        range_sums sums;
        scalar::fake_quantize_channels_gradient_sums(grad, in, dx, {&range, 1}, {&sums, 1}, spec,
                                                     in.empty() ? 1 : in.size());
        return sums;
    }

    /// The least and the greatest value. NaN is passed over, or makes both NaN, as the numerics says; infinity and
    /// -infinity where nothing else is there. A zero is +0. A single value is returned as it is, even NaN: so do
    /// TensorFlow's reductions.
    static constexpr quant_range min_max(std::span<const float> in) {
        quant_range found;
        scalar::min_max_channels(in, {&found, 1}, in.empty() ? 1 : in.size());
        return found;
    }

    /// min_max, the observer's update, and fake_quantize with its new range; see observing_kernel_policy.
    template <observer O>
    static constexpr quant_range observe_fake_quantize(O& o, std::span<const float> in, std::span<float> out,
                                                       const quant_spec& spec) {
        return detail::observe_fake_quantize(scalar{}, o, in, out, spec);
    }

    /// The same with an observer and a range a channel.
    template <observer O>
    static constexpr void observe_fake_quantize_channels(std::span<O> observers, std::span<const float> in,
                                                         std::span<float> out, std::span<quant_range> ranges,
                                                         const quant_spec& spec, std::size_t inner = 1) {
        detail::observe_fake_quantize_channels(scalar{}, observers, in, out, ranges, spec, inner);
    }
};

QGRAFT_ISA_NAMESPACE_END

}  // namespace qgraft

#endif  // QGRAFT_KERNELS_SCALAR_HPP
