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
    std::size_t stride;
    QGRAFT_SIMD_FN vec operator[](std::size_t i) const { return set(params[i * stride]); }
};

/// The numbers of a range a lane, from a table of rows of `stride` channels.
struct range_a_lane {
    const float* table;
    std::size_t stride;
    QGRAFT_SIMD_FN vec operator[](std::size_t i) const { return load(table + i * stride); }
};

/// Where gradients go: from what is at most the high end and not below, through; NaN is none of the three.
struct directions {
    mask below, at_most, above;
};

/// How formulas that divide by the scale do it.
enum class quotient {
    divided,    ///< by the processor's division
    corrected,  ///< c * inv and one correction of that, which is the rounded quotient for common ranges
    summed      ///< c * inv plus c times what inv leaves of 1 / scale, for scales that are_sums is true of
};

/// The rounded quotient c / scale, of inv = 1 / scale rounded: for every c of a common range.
QGRAFT_SIMD_FN vec exact_quotient(vec c, vec scale, vec inv) {
    if constexpr (has_fma) {
        const vec near = mul(c, inv);
        return add_product(subtract_product(near, scale, c), inv, near);
    } else {
        return static_cast<void>(inv), div(c, scale);
    }
}

/// What inv = 1 / scale rounded leaves of 1 / scale.
QGRAFT_SIMD_FN vec rest_of_inverse(vec scale, vec inv) { return div(subtract_product(inv, scale, set(1.0F)), scale); }

/// c / scale as a sum of two products; see hard_numerators.
QGRAFT_SIMD_FN vec summed_quotient(vec c, vec inv, vec rest) { return add_product(c, inv, mul(c, rest)); }

/// Whether summed_quotient is the rounded quotient for every c of a common range of this scale. Of some hundred scales
/// one is none.
QGRAFT_SIMD_FN bool are_sums(float scale) {
    constexpr std::size_t room = (hard_numerators_count + lanes - 1) / lanes * lanes;
    float numerators[room];
    for (std::size_t i = 0; i < room; ++i) numerators[i] = scale;
    hard_numerators(scale, numerators);
    const vec divisor = set(scale);
    const vec inv = div(set(1.0F), divisor);
    const vec rest = rest_of_inverse(divisor, inv);
    mask same = equal(divisor, divisor);
    for (std::size_t i = 0; i < room; i += lanes) {
        const vec c = load(numerators + i);
        same = both(same, equal(summed_quotient(c, inv, rest), div(c, divisor)));
    }
    return all(same);
}

/// TensorFlow's forms: clamps and shifts, divides or multiplies, rounds halves up. On processors with fused
/// multiply-add some sums are spelled as products with one, since additions, comparisons and rounding have the same
/// units and keep them busier than those that multiply.
template <quantize_form Form, quotient Q = quotient::divided>
struct formula {
    static constexpr bool divides = divides_by_scale(Form);
    static constexpr bool from_zero = counts_from_zero(Form);
    static constexpr bool corrects = divides && Q == quotient::corrected;
    static constexpr bool sums = divides && Q == quotient::summed;

    vec low, high, scale, inv, rest, rounding, one;

    template <class Source>
    QGRAFT_SIMD_FN explicit formula(Source from)
        : low(from[at_low]),
          high(from[at_high]),
          scale(from[at_scale]),
          inv(scale),
          rest(scale),
          rounding(set(0.5F)),
          one(opaque(set(1.0F))) {
        if constexpr (!divides || corrects || sums) inv = from[at_inv];
        if constexpr (sums) rest = rest_of_inverse(scale, inv);
        if constexpr (from_zero) rounding = from[at_rounding];
    }

    /// How many steps x is above low, or above zero where the form counts from there.
    QGRAFT_SIMD_FN vec steps(vec x) const {
        const vec clamped = greater(low, lesser(high, x));
        vec at = clamped;
        if constexpr (corrects) {
            at = exact_quotient(sub(clamped, low), scale, inv);
        } else if constexpr (sums) {
            at = summed_quotient(sub(clamped, low), inv, rest);
        } else if constexpr (divides) {
            at = div(sub(clamped, low), scale);
        } else {
            at = mul(shifted<!divides>(clamped, negated(low)), inv);
        }
        return floor(shifted < corrects || sums > (at, rounding));
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
};

/// The end of what rounds to the integer or one farther in, where `outward` is 0.5 or -0.5: the half, which rounds to
/// the even one of its neighbours, or where that is not this integer the next float inward.
QGRAFT_SIMD_FN vec end_of_rounding(vec integer, vec outward) {
    const vec half = add(integer, outward);
    // Of a magnitude from 2^e to 2^(e + 1) this is 0.75 to 1.5 units of the last place.
    const vec unit = mul(magnitude(half), set(0x1.8p-24F));
    const vec inward = sub(half, mul(unit, add(outward, outward)));
    const vec pairs = mul(integer, set(0.5F));
    return select(equal(pairs, floor(pairs)), half, inward);
}

/// Between which values gradients pass: low and high of x, or in PyTorch's forms, which round before they compare, of
/// x * inv before it is rounded. Rounds: as the definition has it, of the rounded one, where finding other bounds for a
/// few values does not pay.
template <quantize_form Form, bool Rounds = false>
struct bounds {
    vec low, high, inv;

    /// Of the numbers of a range.
    template <class Source>
    QGRAFT_SIMD_FN static bounds of_range(Source from) {
        if constexpr (clamps_integers(Form) && !Rounds) {
            return {end_of_rounding(from[at_low], set(-0.5F)), end_of_rounding(from[at_high], set(0.5F)), from[at_inv]};
        } else {
            return {from[at_low], from[at_high], from[at_inv]};
        }
    }

    /// NaN goes nowhere.
    QGRAFT_SIMD_FN directions of(vec x) const {
        vec at = x;
        if constexpr (clamps_integers(Form)) at = mul(x, inv);
        if constexpr (clamps_integers(Form) && Rounds) at = detail::QGRAFT_SIMD_ISA::nearest(at);
        return {less(at, low), detail::QGRAFT_SIMD_ISA::at_most(at, high), less(high, at)};
    }
};

}  // namespace QGRAFT_SIMD_ISA
QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif
