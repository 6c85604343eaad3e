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

/// All of neither below nor above, and no NaN. That is low <= x && x <= high: where low > high every x is one of both.
QGRAFT_SIMD_FN directions directions_of(vec x, vec low, vec high) {
    const mask below = less(x, low);
    const mask above = less(high, x);
    return {below, without(either(below, above), ordered(x, low)), above};
}

/// TensorFlow's forms: clamps and shifts, divides or multiplies, rounds halves up.
template <quantize_form Form>
struct formula {
    static constexpr bool divides = Form == quantize_form::divide || Form == quantize_form::divide_zero;
    static constexpr bool from_zero = counts_from_zero(Form);

    vec low, high, scale, inv, zero, half;

    template <class Source>
    QGRAFT_SIMD_FN explicit formula(Source from)
        : low(from[at_low]), high(from[at_high]), scale(from[at_scale]), inv(scale), zero(scale), half(set(0.5F)) {
        if constexpr (!divides) inv = from[at_inv];
        if constexpr (from_zero) zero = from[at_zero];
    }

    /// How many steps x is above low, or above zero where the form counts from there.
    QGRAFT_SIMD_FN vec steps(vec x) const {
        const vec shifted = sub(greater(low, lesser(high, x)), low);
        vec at = shifted;
        if constexpr (divides) {
            at = div(shifted, scale);
        } else {
            at = mul(shifted, inv);
        }
        if constexpr (from_zero) at = sub(at, zero);
        return floor(add(at, half));
    }

    QGRAFT_SIMD_FN vec value_of(vec steps) const {
        const vec product = mul(steps, scale);
        if constexpr (from_zero) {
            return product;
        } else {
            return add(product, low);
        }
    }

    QGRAFT_SIMD_FN vec operator()(vec x) const { return value_of(steps(x)); }

    QGRAFT_SIMD_FN directions of(vec x) const { return directions_of(x, low, high); }
};

/// PyTorch's forms: multiplies, rounds halves to even, clamps integers.
template <quantize_form Form>
requires(clamps_integers(Form)) struct formula<Form> {
    vec low, high, scale, inv, zero;

    template <class Source>
    QGRAFT_SIMD_FN explicit formula(Source from)
        : low(from[at_low]), high(from[at_high]), scale(from[at_scale]), inv(from[at_inv]), zero(from[at_zero]) {}

    QGRAFT_SIMD_FN vec position(vec x) const { return add(detail::QGRAFT_SIMD_ISA::nearest(mul(x, inv)), zero); }

    QGRAFT_SIMD_FN vec value_of(vec steps) const { return mul(steps, scale); }

    QGRAFT_SIMD_FN vec operator()(vec x) const {
        vec at = position(x);
        if constexpr (Form == quantize_form::nearest_int64) at = select(less(at, set(0x1p63F)), at, low);
        return value_of(sub(lesser(greater(at, low), high), zero));
    }

    QGRAFT_SIMD_FN directions of(vec x) const { return directions_of(position(x), low, high); }
};

}  // namespace QGRAFT_SIMD_ISA
QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif
