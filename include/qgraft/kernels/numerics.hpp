// Numerics policies: the formula that quantizes one value, as one framework defines it.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_NUMERICS_HPP
#define QGRAFT_KERNELS_NUMERICS_HPP

#include <qgraft/quant/affine.hpp>
#include <qgraft/quant/float32.hpp>
#include <qgraft/quant/quant_range.hpp>

#include <concepts>

namespace qgraft {

/// What a numerics policy N provides: `ops`, its float_ops; `nudge(range, qmin, qmax)`; `quantize(x, nudged)`, x moved
/// to the nearest of the range's values; `passes(x, nudged)`, `below(x, nudged)` and `above(x, nudged)`, where the
/// gradient goes: to x, to the range's min, to its max.
template <class N>
concept numerics_policy = requires(float x, int q, quant_range range, const nudged_range& nudged) {
    typename N::ops;
    { N::nudge(range, q, q) } -> std::same_as<nudged_range>;
    { N::quantize(x, nudged) } -> std::same_as<float>;
    { N::passes(x, nudged) } -> std::same_as<bool>;
    { N::below(x, nudged) } -> std::same_as<bool>;
    { N::above(x, nudged) } -> std::same_as<bool>;
};

/// TensorFlow 1.15, its fake quantization with ranges from variables, per tensor and per channel: results are bit-equal
/// to those of its x86 kernels. These run with subnormals flushed, so subnormal values and ranges count as zero here as
/// well, whatever the floating-point mode of the calling thread is.
struct tf115 {
    using ops = float_ops<subnormals::flush>;

    static constexpr nudged_range nudge(quant_range range, int qmin, int qmax) {
        return qgraft::nudge<subnormals::flush>(range, qmin, qmax);
    }

    /// floor((clamp(x) - min) / scale + 0.5) * scale + min; NaN stays NaN, but a collapsed range gives 0 even for NaN.
    static constexpr float quantize(float x, const nudged_range& r) noexcept {
        if (r.collapsed) return 0.0F;
        const float shifted = ops::sub(ops::maximum(ops::minimum(x, r.max), r.min), r.min);
        return ops::add(ops::mul(ops::floor(ops::add(ops::div(shifted, r.scale), 0.5F)), r.scale), r.min);
    }

    /// min <= x <= max. NaN neither passes nor is below nor above.
    static constexpr bool passes(float x, const nudged_range& r) noexcept {
        return ops::flushed(x) >= r.min && ops::flushed(x) <= r.max;
    }
    static constexpr bool below(float x, const nudged_range& r) noexcept { return ops::flushed(x) < r.min; }
    static constexpr bool above(float x, const nudged_range& r) noexcept { return ops::flushed(x) > r.max; }
};

}  // namespace qgraft

#endif  // QGRAFT_KERNELS_NUMERICS_HPP
