// What the rules, interpreters and tests ask of a set of kernels: the concepts kernel_policy,
// channel_kernel_policy, folding_kernel_policy.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_POLICY_HPP
#define QGRAFT_KERNELS_POLICY_HPP

#include <qgraft/quant/quant_range.hpp>
#include <qgraft/quant/quant_spec.hpp>

#include <concepts>
#include <cstddef>
#include <span>

namespace qgraft {

/// The gradient of a loss with respect to the two ends of a range.
struct range_gradient {
    float min = 0.0F;
    float max = 0.0F;

    friend constexpr bool operator==(const range_gradient&, const range_gradient&) = default;
};

namespace detail {

using values_in = std::span<const float>;
using values_out = std::span<float>;

template <class P>
concept has_fake_quantize = requires(values_in in, values_out out, quant_range range, quant_spec spec) {
    { P::fake_quantize(in, out, range, spec) } -> std::same_as<void>;
};

template <class P>
concept has_static_fake_quantize = requires(values_in in, values_out out, quant_range range) {
    { P::template fake_quantize<quant_spec{}>(in, out, range) } -> std::same_as<void>;
};

template <class P>
concept has_gradient = requires(values_in in, values_out out, quant_range range, quant_spec spec) {
    { P::fake_quantize_gradient(in, in, out, range, spec) } -> std::same_as<range_gradient>;
};

template <class P>
concept has_min_max = requires(values_in in) {
    { P::min_max(in) } -> std::same_as<quant_range>;
};

template <class P>
concept has_channels = requires(values_in in, values_out out, std::span<const quant_range> ranges,
                                std::span<range_gradient> d, std::span<quant_range> found, quant_spec spec) {
    { P::fake_quantize_channels(in, out, ranges, spec) } -> std::same_as<void>;
    { P::fake_quantize_channels_gradient(in, in, out, ranges, d, spec) } -> std::same_as<void>;
    { P::min_max_channels(in, found) } -> std::same_as<void>;
};

template <class P>
concept has_scale_channels = requires(values_in in, values_out out, values_in scales, std::size_t inner) {
    { P::scale_channels(in, out, scales, inner) } -> std::same_as<void>;
};

}  // namespace detail

/// A type P whose static member functions quantize one tensor with one range:
///
///     void           fake_quantize(in, out, range, spec)              spec at run time
///     void           fake_quantize<spec>(in, out, range)              spec at compile time, the same values
///     range_gradient fake_quantize_gradient(grad, in, dx, range, spec)
///     quant_range    min_max(in)
///
/// with spans of float for tensors, a quant_range and a quant_spec. `out` and `dx` are as long as `in`; `out` may be
/// `in` and `dx` may be `grad`. Of a spec the bits and narrow_range count here: symmetry is a matter of choosing the
/// range.
template <class P>
concept kernel_policy = detail::has_fake_quantize<P> && detail::has_static_fake_quantize<P> &&
    detail::has_gradient<P> && detail::has_min_max<P>;

/// A kernel_policy that also has one range a channel, where the channel is the innermost dimension:
///
///     void fake_quantize_channels(in, out, ranges, spec)
///     void fake_quantize_channels_gradient(grad, in, dx, ranges, range_gradients, spec)
///     void min_max_channels(in, ranges)
///
/// with as many channels as `ranges` has elements.
template <class P>
concept channel_kernel_policy = kernel_policy<P> && detail::has_channels<P>;

/// A kernel_policy that also multiplies a tensor by one number a channel, for folding batch norms into constants:
///
///     void scale_channels(in, out, scales, inner)         out[i] = in[i] * scales[(i / inner) % scales.size()]
///
/// with as many channels as `scales` has elements, and `inner` elements in a row of the same channel.
template <class P>
concept folding_kernel_policy = kernel_policy<P> && detail::has_scale_channels<P>;

/// Refuses, in one sentence at compile time, a type that is not a kernel_policy.
template <class P>
constexpr void require_kernel_policy() noexcept {
    if constexpr (!detail::has_fake_quantize<P>) {
        static_assert(
            detail::has_fake_quantize<P>,
            "qgraft: a kernel policy needs static void fake_quantize(span<const float>, span<float>, quant_range, "
            "quant_spec)");
    } else if constexpr (!detail::has_static_fake_quantize<P>) {
        static_assert(
            detail::has_static_fake_quantize<P>,
            "qgraft: a kernel policy needs template <quant_spec S> static void fake_quantize(span<const float>, "
            "span<float>, quant_range)");
    } else if constexpr (!detail::has_gradient<P>) {
        static_assert(detail::has_gradient<P>,
                      "qgraft: a kernel policy needs static range_gradient fake_quantize_gradient(span<const float>, "
                      "span<const float>, span<float>, quant_range, quant_spec)");
    } else {
        static_assert(detail::has_min_max<P>,
                      "qgraft: a kernel policy needs static quant_range min_max(span<const float>)");
    }
}

/// Refuses, in one sentence at compile time, a type that is not a folding_kernel_policy.
template <class P>
constexpr void require_folding_kernel_policy() noexcept {
    require_kernel_policy<P>();
    if constexpr (kernel_policy<P>) {
        static_assert(detail::has_scale_channels<P>,
                      "qgraft: a kernel policy that folds needs static void scale_channels(span<const float>, "
                      "span<float>, span<const float>, std::size_t)");
    }
}

}  // namespace qgraft

#endif  // QGRAFT_KERNELS_POLICY_HPP
