// The formulas of the numerics policies as a GPU computes them: no branch, no division, no call.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_CUDA_FORMULAS_HPP
#define QGRAFT_KERNELS_CUDA_FORMULAS_HPP

#include <qgraft/kernels/cuda/arithmetic.hpp>
#include <qgraft/kernels/numerics_concept.hpp>
#include <qgraft/quant/float32.hpp>
#include <qgraft/quant/host_device.hpp>
#include <qgraft/quant/isa_namespace.hpp>
#include <qgraft/quant/quant_range.hpp>

#include <cstdint>

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN

/// c / scale, rounded to nearest, where `reciprocal` is the rounded 1 / scale; for scales whose magnitude is_common,
/// and c / scale from 2^-26 to 2^16.
QGRAFT_HOST_DEVICE inline float exact_quotient(float c, float scale, float reciprocal) noexcept {
    const float near = product_of(c, reciprocal);
    return fused(fused(negated(near), scale, c), reciprocal, near);
}

/// TensorFlow's forms, for ranges of which is_exact is true. There no result is near the subnormals except c *
/// inv_scale or c / scale, which vanish when 0.5 is added; so instructions that keep subnormals have the values of the
/// definition, which flushes them. A subnormal x is one of these c, or vanishes in x - low.
template <quantize_form Form>
struct device_formula {
    static constexpr bool divides = divides_by_scale(Form);
    static constexpr bool is_from_zero = counts_from_zero(Form);

    float low, high, scale, factor, rounding;

    QGRAFT_HOST_DEVICE explicit device_formula(const nudged_range& r) noexcept
        : low(r.min),
          high(r.max),
          scale(r.scale),
          factor(divides ? quotient_of(1.0F, r.scale) : r.inv_scale),
          rounding(is_from_zero ? half_less(r.quant_zero) : 0.5F) {}

    QGRAFT_HOST_DEVICE static bool is_exact(const nudged_range& r) noexcept {
        return is_common(r.scale) || is_common(negated(r.scale));
    }

    /// How many steps x is above low, or above zero where the form counts from there.
    QGRAFT_HOST_DEVICE float steps(float x) const noexcept {
        const float c = difference_of(greater_or_nan(lesser_or_nan(x, high), low), low);
        const float at = divides ? exact_quotient(c, scale, factor) : product_of(c, factor);
        return whole_below(sum_of(at, rounding));
    }

    QGRAFT_HOST_DEVICE float value_of(float steps) const noexcept {
        const float product = product_of(steps, scale);
        return is_from_zero ? product : sum_of(product, low);
    }

    QGRAFT_HOST_DEVICE float operator()(float x) const noexcept { return value_of(steps(x)); }
};

/// PyTorch's forms: the definition's operations, all of which keep subnormals, so that every range is exact.
template <quantize_form Form>
requires(clamps_integers(Form)) struct device_formula<Form> {
    float low, high, scale, factor, zero;

    QGRAFT_HOST_DEVICE explicit device_formula(const nudged_range& r) noexcept
        : low(static_cast<float>(r.qmin)),
          high(static_cast<float>(r.qmax)),
          scale(r.scale),
          factor(r.inv_scale),
          zero(static_cast<float>(r.zero_point)) {}

    QGRAFT_HOST_DEVICE static bool is_exact(const nudged_range&) noexcept { return true; }

    QGRAFT_HOST_DEVICE float position(float x) const noexcept {
        return sum_of(whole_nearest(product_of(x, factor)), zero);
    }

    QGRAFT_HOST_DEVICE float value_of(float at) const noexcept { return product_of(difference_of(at, zero), scale); }

    QGRAFT_HOST_DEVICE float operator()(float x) const noexcept {
        float at = position(x);
        if (Form == quantize_form::nearest_int64) at = less(at, 0x1p63F) ? at : low;
        return value_of(lesser_number(greater_number(at, low), high));
    }
};

/// A formula of the user's: there is no other than the definition.
template <>
struct device_formula<quantize_form::other> {
    QGRAFT_HOST_DEVICE explicit device_formula(const nudged_range&) noexcept {}
    QGRAFT_HOST_DEVICE static bool is_exact(const nudged_range&) noexcept { return false; }
    QGRAFT_HOST_DEVICE float operator()(float x) const noexcept { return x; }
};

/// Where gradients go, as factors 0 and 1.
struct directions_of_gradient {
    float below, passes, above;
};

/// Compares x with the range, or where the form rounds first, what it is rounded to with the integers. Every range that
/// is not collapsed is exact.
template <quantize_form Form, bool Flushing>
struct device_directions {
    float low, high, factor, zero;

    QGRAFT_HOST_DEVICE explicit device_directions(const nudged_range& r) noexcept
        : low(clamps_integers(Form) ? static_cast<float>(r.qmin) : r.min),
          high(clamps_integers(Form) ? static_cast<float>(r.qmax) : r.max),
          factor(r.inv_scale),
          zero(static_cast<float>(r.zero_point)) {}

    QGRAFT_HOST_DEVICE static bool is_exact(const nudged_range& r) noexcept {
        return Form != quantize_form::other && !r.collapsed;
    }

    QGRAFT_HOST_DEVICE directions_of_gradient operator()(float x) const noexcept {
        if (clamps_integers(Form)) x = sum_of(whole_nearest(product_of(x, factor)), zero);
        return {one_if_less<Flushing>(x, low), one_if_within<Flushing>(x, low, high), one_if_less<Flushing>(high, x)};
    }
};

/// Integers of storage, by the formula that quantizes; for ranges of which it is exact.
template <quantize_form Form>
struct device_integers {
    device_formula<Form> formula;
    float qmin, qmax, lowest, of_nan;

    QGRAFT_HOST_DEVICE explicit device_integers(const nudged_range& r) noexcept
        : formula(r),
          qmin(static_cast<float>(r.qmin)),
          qmax(static_cast<float>(r.qmax)),
          lowest(clamps_integers(Form)    ? 0.0F
                 : counts_from_zero(Form) ? sum_of(qmin, r.quant_zero)
                                          : qmin),
          of_nan(clamps_integers(Form) ? qmax : static_cast<float>(r.zero_point)) {}

    QGRAFT_HOST_DEVICE static bool is_exact(const nudged_range& r) noexcept {
        return device_formula<Form>::is_exact(r);
    }

    QGRAFT_HOST_DEVICE int to_integer(float x) const noexcept {
        float q = 0.0F;
        if constexpr (clamps_integers(Form)) {
            q = formula.position(x);
        } else if constexpr (Form != quantize_form::other) {
            q = sum_of(formula.steps(x), lowest);
        }
        return truncated(is_nan(q) ? of_nan : lesser_number(greater_number(q, qmin), qmax));
    }

    QGRAFT_HOST_DEVICE float to_real(int q) const noexcept {
        if constexpr (Form == quantize_form::other) {
            return static_cast<float>(q);
        } else {
            return formula.value_of(difference_of(static_cast<float>(q), lowest));
        }
    }
};

QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif  // QGRAFT_KERNELS_CUDA_FORMULAS_HPP
