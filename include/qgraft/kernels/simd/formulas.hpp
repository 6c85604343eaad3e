// The formulas of the numerics policies over a vector: the same operations in the same order as the scalar definition.
// SPDX-License-Identifier: Apache-2.0

// Included once an instruction set, between begin.hpp and end.hpp.
#ifdef QGRAFT_SIMD_ISA

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN
namespace QGRAFT_SIMD_ISA {

/// The numbers of one range for all lanes.
struct one_range {
    const float* params;
    QGRAFT_SIMD_FN vec operator[](std::size_t i) const { return set(params[i]); }
};

/// The numbers of a range a lane, from a table of rows of `stride` channels.
struct range_a_lane {
    const float* table;
    std::size_t stride;
    QGRAFT_SIMD_FN vec operator[](std::size_t i) const { return load(table + i * stride); }
};

/// Where gradients go.
struct directions {
    mask below, passes, above;
};

/// low <= x && x <= high passes; NaN goes nowhere.
QGRAFT_SIMD_FN directions directions_of(vec x, vec low, vec high) {
    const mask below = less(x, low);
    return {below, at_most_without(below, x, high), less(high, x)};
}

/// How formulas that divide by the scale do it.
enum class quotient {
    divided,   ///< by the processor's division
    corrected  ///< c * inv and one correction of that, which is the rounded quotient where has_exact_quotient says so
};

/// The rounded quotient c / scale, of inv = 1 / scale rounded: for every scale that has_exact_quotient.
QGRAFT_SIMD_FN vec exact_quotient(vec c, vec scale, vec inv) {
    if constexpr (has_fma) {
        const vec near = mul(c, inv);
        return add_product(subtract_product(near, scale, c), inv, near);
    } else {
        return static_cast<void>(inv), div(c, scale);
    }
}

/// TensorFlow's forms: clamps and shifts, divides or multiplies, rounds halves up. On processors with fused
/// multiply-add some sums are spelled as products with one, since additions, comparisons and rounding have the same
/// units and keep them busier than those that multiply.
template <quantize_form Form, quotient Q = quotient::divided>
struct formula {
    static constexpr bool divides = divides_by_scale(Form);
    static constexpr bool from_zero = counts_from_zero(Form);
    static constexpr bool corrects = divides && Q == quotient::corrected;

    vec low, high, scale, inv, zero, half, one;

    template <class Source>
    QGRAFT_SIMD_FN explicit formula(Source from)
        : low(from[at_low]),
          high(from[at_high]),
          scale(from[at_scale]),
          inv(scale),
          zero(scale),
          half(set(0.5F)),
          one(opaque(set(1.0F))) {
        if constexpr (!divides || corrects) inv = from[at_inv];
        if constexpr (from_zero) zero = from[at_zero];
    }

    /// How many steps x is above low, or above zero where the form counts from there.
    QGRAFT_SIMD_FN vec steps(vec x) const {
        const vec clamped = greater(low, lesser(high, x));
        vec at = clamped;
        if constexpr (corrects) {
            at = exact_quotient(sub(clamped, low), scale, inv);
        } else if constexpr (divides) {
            at = div(sub(clamped, low), scale);
        } else {
            at = mul(shifted<!divides>(clamped, negated(low)), inv);
        }
        if constexpr (from_zero) at = shifted<!divides>(at, negated(zero));
        return floor(shifted<corrects>(at, half));
    }

    QGRAFT_SIMD_FN vec value_of(vec steps) const {
        const vec product = mul(steps, scale);
        if constexpr (from_zero) {
            return product;
        } else {
            return shifted<!divides>(product, low);
        }
    }

    QGRAFT_SIMD_FN vec operator()(vec x) const { return value_of(steps(x)); }

    QGRAFT_SIMD_FN directions of(vec x) const { return directions_of(x, low, high); }

private:
    /// a + b, as a * 1 + b where that is asked for and there is such an instruction.
    template <bool AsProduct>
    QGRAFT_SIMD_FN vec shifted(vec a, vec b) const {
        if constexpr (AsProduct && has_fma) {
            return add_product(a, one, b);
        } else {
            return add(a, b);
        }
    }
};

/// PyTorch's forms: multiplies, rounds halves to even, clamps integers. low and high are counted from the zero point.
template <quantize_form Form, quotient Q>
requires(clamps_integers(Form)) struct formula<Form, Q> {
    vec low, high, scale, inv, zero;

    template <class Source>
    QGRAFT_SIMD_FN explicit formula(Source from)
        : low(from[at_low]), high(from[at_high]), scale(from[at_scale]), inv(from[at_inv]), zero(set(0.0F)) {}

    /// The integer nearest to x, from the zero point; not yet clamped.
    QGRAFT_SIMD_FN vec steps(vec x) const { return detail::QGRAFT_SIMD_ISA::nearest(mul(x, inv)); }

    /// The last addition makes +0 of -0.
    QGRAFT_SIMD_FN vec value_of(vec steps) const { return add_product(steps, scale, zero); }

    QGRAFT_SIMD_FN vec operator()(vec x) const {
        vec at = steps(x);
        if constexpr (Form == quantize_form::nearest_int64) at = select(less(at, set(0x1p63F)), at, low);
        return value_of(lesser(greater(at, low), high));
    }

    QGRAFT_SIMD_FN directions of(vec x) const { return directions_of(steps(x), low, high); }
};

}  // namespace QGRAFT_SIMD_ISA
QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif
