// What a numerics policy has to provide: the concept numerics_policy.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_NUMERICS_CONCEPT_HPP
#define QGRAFT_KERNELS_NUMERICS_CONCEPT_HPP

#include <qgraft/quant/float32.hpp>
#include <qgraft/quant/host_device.hpp>
#include <qgraft/quant/isa_namespace.hpp>
#include <qgraft/quant/quant_range.hpp>
#include <qgraft/quant/quant_spec.hpp>

#include <concepts>
#include <cstdint>

namespace qgraft {

/// The formulas of the library's own numerics policies, so that kernels which compute many values at once can have one
/// for each. With c = clamp(x) - min of the nudged range:
enum class quantize_form {
    divide,         ///< floor(c / scale + 0.5) * scale + min
    multiply,       ///< floor(c * inv_scale + 0.5) * scale + min
    divide_zero,    ///< floor(c / scale - quant_zero + 0.5) * scale
    multiply_zero,  ///< floor(c * inv_scale - quant_zero + 0.5) * scale
    nearest,  ///< (clamp(nearest(x * inv_scale) + zero_point, qmin, qmax) - zero_point) * scale, where zero_point is
              ///< one of the integers
    nearest_int64,  ///< the same, but NaN and nearest(...) + zero_point >= 2^63 are taken as qmin
    other           ///< a formula of the user's: call quantize
};

namespace detail {
QGRAFT_ISA_NAMESPACE_BEGIN

QGRAFT_HOST_DEVICE constexpr bool clamps_integers(quantize_form form) noexcept {
    return form == quantize_form::nearest || form == quantize_form::nearest_int64;
}
QGRAFT_HOST_DEVICE constexpr bool counts_from_zero(quantize_form form) noexcept {
    return form == quantize_form::divide_zero || form == quantize_form::multiply_zero;
}
QGRAFT_HOST_DEVICE constexpr bool divides_by_scale(quantize_form form) noexcept {
    return form == quantize_form::divide || form == quantize_form::divide_zero;
}

/// What to add to q >= 0 for floor(q - zero + 0.5) with one rounding instead of two, where zero is an integer. The two
/// matter for one number only: the float below 0.5, less 1, is rounded to -0.5. So where zero is 1 the float above -0.5
/// is added.
QGRAFT_HOST_DEVICE constexpr float half_less(float zero) noexcept {
    return at_most(zero, 1.0F) && at_most(1.0F, zero) ? -0x1.fffffep-2F : difference_of(0.5F, zero);
}

/// The scales of common ranges are between these. There c * inv, corrected once by its remainder, is the rounded
/// quotient c / scale wherever that is 2^-26 or more, where inv is 1 / scale, rounded, and c one of the range: c * inv
/// is off by at most 2 units in the last place, and the corrected quotient, before its last rounding, by less than
/// 2^-21 units; tests/cuda/quotient_test.cpp tries every quotient of two floats that is as near as that to a boundary
/// between two floats. Smaller ones, of which the last bit may be off since the remainder may be subnormal, vanish when
/// 0.5 is added. Values of such a range, which are multiples of its scale, are never subnormal.
inline constexpr float least_common_scale = 0x1p-48F;
inline constexpr float greatest_common_scale = 0x1p64F;

/// Whether a scale is that of a common range; that of a collapsed one, and NaN, is not.
QGRAFT_HOST_DEVICE constexpr bool is_common(float scale) noexcept {
    constexpr auto least = __builtin_bit_cast(std::uint32_t, least_common_scale) + 1U;
    constexpr auto end = __builtin_bit_cast(std::uint32_t, greatest_common_scale);
    return __builtin_bit_cast(std::uint32_t, scale) - least < end - least;
}

QGRAFT_ISA_NAMESPACE_END
}  // namespace detail

/// What a numerics policy N provides, all of them static:
///
///     ops                              the float_ops that it computes with
///     tensor_form, channel_form        the quantize_form of quantize and of quantize_channel
///     min_max_keeps_nan                true: one NaN makes both ends of min_max NaN; false: it is passed over
///     nudges_symmetric                 true: nudge goes by spec.symmetric as well as by bits and narrow_range
///     nudge(range, spec)               the nudged_range to quantize with; throws quant_error for a bad spec
///     quantize(x, nudged)              x moved to the nearest of the range's values, where one range serves a tensor
///     quantize_channel(x, nudged)      the same where each channel has its own range
///     passes, below, above(x, nudged)  where the gradient goes: to x, to the range's min, to its max
///     to_integer(x, nudged)            the integer, qmin to qmax, that stands for x in storage
///     to_real(q, nudged)               the value that an integer stands for; quantize(x, nudged) where q is x's
///
/// A NaN in storage: no integer is NaN, so to_integer says what it becomes.
template <class N>
concept numerics_policy = requires(float x, int q, quant_range range, const quant_spec& spec,
                                   const nudged_range& nudged) {
    typename N::ops;
    { N::tensor_form } -> std::same_as<const quantize_form&>;
    { N::channel_form } -> std::same_as<const quantize_form&>;
    { N::min_max_keeps_nan } -> std::same_as<const bool&>;
    { N::nudges_symmetric } -> std::same_as<const bool&>;
    { N::nudge(range, spec) } -> std::same_as<nudged_range>;
    { N::quantize(x, nudged) } -> std::same_as<float>;
    { N::quantize_channel(x, nudged) } -> std::same_as<float>;
    { N::passes(x, nudged) } -> std::same_as<bool>;
    { N::below(x, nudged) } -> std::same_as<bool>;
    { N::above(x, nudged) } -> std::same_as<bool>;
    { N::to_integer(x, nudged) } -> std::same_as<int>;
    { N::to_real(q, nudged) } -> std::same_as<float>;
};

}  // namespace qgraft

#endif  // QGRAFT_KERNELS_NUMERICS_CONCEPT_HPP
