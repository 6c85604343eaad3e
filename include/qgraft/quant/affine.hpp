// Affine quantization: from an observed range to the range that is quantized with, exactly as TensorFlow computes it.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_QUANT_AFFINE_HPP
#define QGRAFT_QUANT_AFFINE_HPP

#include <qgraft/quant/error.hpp>
#include <qgraft/quant/float32.hpp>
#include <qgraft/quant/host_device.hpp>
#include <qgraft/quant/isa_namespace.hpp>
#include <qgraft/quant/quant_range.hpp>
#include <qgraft/quant/quant_spec.hpp>

#include <bit>
#include <cstdint>

namespace qgraft {

namespace detail {
QGRAFT_ISA_NAMESPACE_BEGIN

/// The integer nearest to z, halves away from zero; for 0 <= z < 2^24.
QGRAFT_HOST_DEVICE constexpr int round_half_away(float z) noexcept {
    const int whole = truncated(z);
    return less(difference_of(z, static_cast<float>(whole)), 0.5F) ? whole : whole + 1;
}

/// The zero point for its real-valued position z: clamped to qmin ... qmax, rounded half away from zero, 0 for NaN.
QGRAFT_HOST_DEVICE constexpr int zero_point_at(float z, int qmin, int qmax) noexcept {
    if (less(z, static_cast<float>(qmin))) return qmin;
    if (less(static_cast<float>(qmax), z)) return qmax;
    return is_nan(z) ? 0 : round_half_away(z);
}

inline constexpr int highest_integer = (1 << max_quant_bits) - 1;

[[noreturn]] inline void throw_bad_integers(int qmin, int qmax) {
    throw quant_error(
        (sentence() << "qgraft: nudge needs 0 <= qmin < qmax < 65536, not qmin " << qmin << " and qmax " << qmax)
            .text());
}

/// Whether x is 0, or its magnitude at least 2^-60 and less than 2^60.
constexpr bool is_ordinary(float x) noexcept {
    constexpr std::uint32_t least = (127U - 60U) << 23U;
    constexpr std::uint32_t end = (127U + 60U) << 23U;
    const std::uint32_t magnitude = std::bit_cast<std::uint32_t>(x) & 0x7fffffffU;
    return magnitude == 0 || magnitude - least < end - least;
}

/// nudge of a range that is not collapsed.
template <class Ops>
QGRAFT_HOST_DEVICE constexpr nudged_range nudge_live(quant_range range, int qmin, int qmax) noexcept {
    const auto low = static_cast<float>(qmin);
    const auto high = static_cast<float>(qmax);
    const float width = Ops::sub(range.max, range.min);
    const float scale = Ops::div(width, Ops::sub(high, low));
    const int zero_point = zero_point_at(Ops::sub(low, Ops::div(range.min, scale)), qmin, qmax);
    return {.min = Ops::mul(static_cast<float>(qmin - zero_point), scale),
            .max = Ops::mul(static_cast<float>(qmax - zero_point), scale),
            .scale = scale,
            .inv_scale = Ops::div(Ops::sub(high, low), width),
            .zero_point = zero_point,
            .collapsed = false,
            .qmin = qmin,
            .qmax = qmax};
}

QGRAFT_ISA_NAMESPACE_END
}  // namespace detail

QGRAFT_ISA_NAMESPACE_BEGIN

/// Moves a range so that zero is exactly one of the integers qmin ... qmax:
///
///     scale = (max - min) / (qmax - qmin)         inv_scale = (qmax - qmin) / (max - min)
///     z     = qmin - min / scale                  zero_point = z clamped, rounded half away from zero
///     min'  = (qmin - zero_point) * scale         max' = (qmax - zero_point) * scale
///
/// each operation in float32; inv_scale is not always the rounded 1 / scale. Source: TensorFlow's kernels for fake
/// quantization with ranges from variables, which run with subnormals flushed. Every range has a result: min > 0 is
/// quantized as 0 ... max - min and max < 0 as min - max ... 0; min > max gives a negative scale; min == max != 0 a
/// scale of 0; NaN, infinities and overflow of max - min a scale that is NaN or infinite, so that every quantized value
/// is NaN; 0, 0 is marked as collapsed, and its zero point is qmin. Needs 0 <= qmin < qmax < 2^16, else throws
/// quant_error. In a constant expression the range must be finite and min != max, or both 0. Where Collapses is false,
/// 0, 0 is as min == max != 0.
template <subnormals Mode = subnormals::flush, bool Collapses = true>
QGRAFT_HOST_DEVICE constexpr nudged_range nudge(quant_range range, int qmin, int qmax) {
#if !defined(__CUDA_ARCH__)
    if (qmin < 0 || qmin >= qmax || qmax > detail::highest_integer) [[unlikely]]
        detail::throw_bad_integers(qmin, qmax);
#endif
    using ops = float_ops<Mode>;
    if (Collapses && detail::is_zero(ops::flushed(range.min)) && detail::is_zero(ops::flushed(range.max))) {
        return {.zero_point = qmin, .collapsed = true, .qmin = qmin, .qmax = qmax};
    }
#if !defined(__CUDA_ARCH__)
    // Of ordinary ends nothing below is subnormal, except what is 0 in either mode: so looking for it is saved.
    if (detail::is_ordinary(range.min) && detail::is_ordinary(range.max)) {
        return detail::nudge_live<float_ops<subnormals::keep>>(range, qmin, qmax);
    }
#endif
    return detail::nudge_live<ops>(range, qmin, qmax);
}

/// nudge with the integers of a run-time spec; throws quant_error where it is not valid.
template <subnormals Mode = subnormals::flush, bool Collapses = true>
QGRAFT_HOST_DEVICE constexpr nudged_range nudge(quant_range range, const quant_spec& spec) {
    return nudge<Mode, Collapses>(range, spec.qmin(), spec.qmax());
}

/// The range to quantize with, from the least and the greatest value observed. Asymmetric: the range is extended to
/// zero. Symmetric: to whichever of both ends is farther out, where the lower end of a wide range reaches a little
/// farther, as in two's complement:
///
///     ratio = -1 (narrow) or -(2^bits - 2) / 2^bits
///     min' = minimum(min, max / ratio)            max' = maximum(max, min * ratio)
///
/// Source: the range observers of TensorFlow 1.15's contrib.quantize. These are the numbers of the graph as it is
/// written; where TensorFlow's graph optimizer is left on, it multiplies by the rounded 1 / ratio instead, and the
/// lower end of a wide symmetric range may differ in the last bit. Throws quant_error where the spec is not valid.
template <subnormals Mode = subnormals::flush>
QGRAFT_HOST_DEVICE constexpr quant_range range_of(float min, float max, const quant_spec& spec) {
    require_valid(spec);
    using ops = float_ops<Mode>;
    if (!spec.symmetric) return {ops::minimum(min, 0.0F), ops::maximum(max, 0.0F)};
    const int codes = 1 << spec.bits;
    const float ratio = spec.narrow_range ? -1.0F : ops::div(static_cast<float>(2 - codes), static_cast<float>(codes));
    return {ops::minimum(min, ops::div(max, ratio)), ops::maximum(max, ops::mul(min, ratio))};
}

QGRAFT_ISA_NAMESPACE_END

}  // namespace qgraft

#endif  // QGRAFT_QUANT_AFFINE_HPP
