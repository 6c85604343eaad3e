// The numerics policies of PyTorch: torch, torch_fused.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_TORCH_NUMERICS_HPP
#define QGRAFT_KERNELS_TORCH_NUMERICS_HPP

#include <qgraft/kernels/numerics_concept.hpp>
#include <qgraft/quant/float32.hpp>
#include <qgraft/quant/host_device.hpp>
#include <qgraft/quant/isa_namespace.hpp>
#include <qgraft/quant/quant_range.hpp>
#include <qgraft/quant/quant_spec.hpp>

#include <cfloat>

namespace qgraft {

QGRAFT_ISA_NAMESPACE_BEGIN

/// PyTorch (2.15): fake_quantize_per_tensor_affine and fake_quantize_per_channel_affine, with the scale and the zero
/// point that its observers choose (MinMaxObserver and its relatives). Results are bit-equal to those of its x86
/// kernels in a thread that keeps subnormals. Integers count from 0 here: PyTorch's qint8 are those of quint8 less
/// 2^(bits - 1).
struct torch {
    using ops = float_ops<subnormals::keep>;

    static constexpr quantize_form tensor_form = quantize_form::nearest;
    static constexpr quantize_form channel_form = quantize_form::nearest_int64;
    static constexpr bool min_max_keeps_nan = true;
    static constexpr bool nudges_symmetric = true;

    /// With low = min(range.min, 0) and high = max(range.max, 0):
    ///
    ///     scale = (high - low) / (qmax - qmin)           zero_point = qmin - nearest(low / scale), clamped
    ///     symmetric: scale = max(-low, high) / ((qmax - qmin) / 2)          zero_point = 2^(bits - 1)
    ///
    /// where the scale is at least FLT_EPSILON. Source: PyTorch's observers.
    QGRAFT_HOST_DEVICE static constexpr nudged_range nudge(quant_range range, const quant_spec& spec) {
        require_valid(spec);
        const float low = lesser(range.min, 0.0F);
        const float high = greater(range.max, 0.0F);
        const auto levels = static_cast<float>(spec.qmax() - spec.qmin());
        if (spec.symmetric) {
            const float scale =
                greater(ops::div(greater(detail::negated(low), high), ops::div(levels, 2.0F)), FLT_EPSILON);
            return given(scale, 1 << (spec.bits - 1), spec);
        }
        const float scale = greater(ops::div(ops::sub(high, low), levels), FLT_EPSILON);
        const float zero = ops::sub(static_cast<float>(spec.qmin()), ops::nearest(ops::div(low, scale)));
        return given(scale, detail::truncated(clamped(zero, spec.qmin(), spec.qmax())), spec);
    }

    /// A range that is given by its scale and its zero point, as PyTorch's own functions take it.
    QGRAFT_HOST_DEVICE static constexpr nudged_range given(float scale, int zero_point, const quant_spec& spec) {
        require_valid(spec);
        return {.min = ops::mul(static_cast<float>(spec.qmin() - zero_point), scale),
                .max = ops::mul(static_cast<float>(spec.qmax() - zero_point), scale),
                .scale = scale,
                .inv_scale = ops::div(1.0F, scale),
                .zero_point = zero_point,
                .qmin = spec.qmin(),
                .qmax = spec.qmax()};
    }

    /// NaN becomes the lower end of the range.
    QGRAFT_HOST_DEVICE static constexpr float quantize(float x, const nudged_range& r) noexcept {
        return value_of(clamped(position(x, r), r.qmin, r.qmax), r);
    }

    /// PyTorch converts to 64-bit integers here; what has none, NaN and values of 2^63 steps or more, becomes the lower
    /// end of the range.
    QGRAFT_HOST_DEVICE static constexpr float quantize_channel(float x, const nudged_range& r) noexcept {
        const float at = position(x, r);
        return value_of(detail::less(at, 0x1p63F) ? clamped(at, r.qmin, r.qmax) : static_cast<float>(r.qmin), r);
    }

    /// Where the rounded integer is one of the range's. NaN neither passes nor is below nor above.
    QGRAFT_HOST_DEVICE static constexpr bool passes(float x, const nudged_range& r) noexcept {
        const float at = position(x, r);
        return detail::at_most(static_cast<float>(r.qmin), at) && detail::at_most(at, static_cast<float>(r.qmax));
    }
    QGRAFT_HOST_DEVICE static constexpr bool below(float x, const nudged_range& r) noexcept {
        return detail::less(position(x, r), static_cast<float>(r.qmin));
    }
    QGRAFT_HOST_DEVICE static constexpr bool above(float x, const nudged_range& r) noexcept {
        return detail::less(static_cast<float>(r.qmax), position(x, r));
    }

    /// NaN becomes qmax, as in quantize_per_tensor. Where the 32-bit integers of that overflow, it gives the other end
    /// of the range; here NaN and what is too great becomes qmax, what is too low qmin.
    QGRAFT_HOST_DEVICE static constexpr int to_integer(float x, const nudged_range& r) noexcept {
        const float at = position(x, r);
        return detail::is_nan(at) ? r.qmax : detail::truncated(clamped(at, r.qmin, r.qmax));
    }

    QGRAFT_HOST_DEVICE static constexpr float to_real(int q, const nudged_range& r) noexcept {
        return value_of(static_cast<float>(q), r);
    }

private:
    /// The integer nearest to x, not yet clamped: a whole number, infinite or NaN.
    QGRAFT_HOST_DEVICE static constexpr float position(float x, const nudged_range& r) noexcept {
        return ops::add(ops::nearest(ops::mul(x, r.inv_scale)), static_cast<float>(r.zero_point));
    }

    /// NaN becomes qmin.
    QGRAFT_HOST_DEVICE static constexpr float clamped(float at, int qmin, int qmax) noexcept {
        const auto low = static_cast<float>(qmin);
        const auto high = static_cast<float>(qmax);
        return detail::is_nan(at) || detail::less(at, low) ? low : detail::less(at, high) ? at : high;
    }

    QGRAFT_HOST_DEVICE static constexpr float value_of(float q, const nudged_range& r) noexcept {
        return ops::mul(ops::sub(q, static_cast<float>(r.zero_point)), r.scale);
    }

    /// The lesser and the greater of two; NaN where either is NaN.
    QGRAFT_HOST_DEVICE static constexpr float lesser(float a, float b) noexcept {
        return detail::is_nan(a) || detail::less(a, b) ? a : b;
    }
    QGRAFT_HOST_DEVICE static constexpr float greater(float a, float b) noexcept {
        return detail::is_nan(a) || detail::less(b, a) ? a : b;
    }
};

QGRAFT_ISA_NAMESPACE_END

namespace detail {
QGRAFT_ISA_NAMESPACE_BEGIN

QGRAFT_HOST_DEVICE constexpr double absolute(double x) noexcept { return x < 0.0 ? -x : x; }

/// The integer of low ... high nearest to x, the even one of two; low for NaN.
QGRAFT_HOST_DEVICE constexpr int nearest_within(double x, int low, int high) noexcept {
    if (!(x >= low)) return low;
    if (x > high) return high;
    int below = static_cast<int>(x);
    if (static_cast<double>(below) > x) --below;
    const double part = x - static_cast<double>(below);
    return part > 0.5 || (part == 0.5 && below % 2 != 0) ? below + 1 : below;
}

QGRAFT_ISA_NAMESPACE_END
}  // namespace detail

QGRAFT_ISA_NAMESPACE_BEGIN

/// PyTorch's FusedMovingAvgObsFakeQuantize, which chooses scale and zero point in another way than the observers. All
/// else is as in torch.
struct torch_fused : torch {
    /// The scale in float, all else in double, with low and high as in torch::nudge; of a symmetric range with low < 0
    /// < high, both are the multiples -(n / 2 + 1) and n / 2 of the least scale that reaches both ends, where n = qmax
    /// - qmin:
    ///
    ///     scale = (high - low) / n; 0.1 where that is 0 or its inverse overflows; at least 6.1e-5, where low and
    ///             high grow with it
    ///     zero_point = qmin - low / scale, or qmax - high / scale where that has the smaller terms, to
    ///                  nearest, clamped; of a symmetric range as above the middle of qmin and qmax
    ///
    /// The integers are signed for a symmetric spec or a narrow range, which PyTorch has no unsigned ones for. Source:
    /// PyTorch's quantization parameters on the CPU; it refuses ranges that are not finite or not in order.
    QGRAFT_HOST_DEVICE static constexpr nudged_range nudge(quant_range range, const quant_spec& spec) {
        require_valid(spec);
        const int shift = spec.symmetric || spec.narrow_range ? 1 << (spec.bits - 1) : 0;
        const int qmin = spec.qmin() - shift;
        const int qmax = spec.qmax() - shift;
        const int steps = qmax - qmin;
        const bool around_zero = spec.symmetric && detail::less(range.min, 0.0F) && detail::less(0.0F, range.max);
        if (around_zero) range = evened(range, steps);
        float low = ops::minimum(range.min, 0.0F);
        float high = ops::maximum(range.max, 0.0F);
        float scale = detail::narrowed((detail::widened(high) - detail::widened(low)) / steps);
        if (!detail::is_nan(scale) && !detail::less(0x1p-128F, scale)) scale = 0.1F;  // 1 / 2^-128 overflows
        if (detail::less(scale, least_scale)) {
            widen(low, high, scale, static_cast<float>(steps));
            scale = least_scale;
        }
        const double from_low = detail::widened(low) / detail::widened(scale);
        const double from_high = detail::widened(high) / detail::widened(scale);
        const bool low_is_closer =
            detail::absolute(qmin) + detail::absolute(from_low) < detail::absolute(qmax) + detail::absolute(from_high);
        double zero = low_is_closer ? qmin - from_low : qmax - from_high;
        if (around_zero) zero = static_cast<double>(qmin + qmax) / 2.0;
        return given(scale, detail::nearest_within(zero, qmin, qmax) + shift, spec);
    }

private:
    static constexpr float least_scale = 6.1e-5F;

    QGRAFT_HOST_DEVICE static constexpr quant_range evened(quant_range range, int steps) noexcept {
        const int below = -(steps / 2 + 1);
        const int above = steps / 2;
        const float from_low = ops::div(range.min, static_cast<float>(below));
        const float from_high = ops::div(range.max, static_cast<float>(above));
        const auto scale = detail::widened(detail::less(from_low, from_high) ? from_high : from_low);
        return {detail::narrowed(scale * below), detail::narrowed(scale * above)};
    }

    QGRAFT_HOST_DEVICE static constexpr void widen(float& low, float& high, float scale, float steps) noexcept {
        if (detail::is_zero(low)) {
            high = ops::mul(least_scale, steps);
        } else if (detail::is_zero(high)) {
            low = detail::negated(ops::mul(least_scale, steps));
        } else {
            const float factor = ops::div(least_scale, scale);
            low = ops::mul(low, factor);
            high = ops::mul(high, factor);
        }
    }
};

QGRAFT_ISA_NAMESPACE_END

}  // namespace qgraft

#endif  // QGRAFT_KERNELS_TORCH_NUMERICS_HPP
