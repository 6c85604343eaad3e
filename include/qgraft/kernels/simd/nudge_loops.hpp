// Ranges nudged many at a time: the same operations in the same order as the definitions of the numerics policies.
// SPDX-License-Identifier: Apache-2.0

// Included once an instruction set, between begin.hpp and end.hpp.
#ifdef QGRAFT_SIMD_ISA

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN
namespace QGRAFT_SIMD_ISA {

/// The ranges of some channels, nudged.
struct nudged_lanes {
    vec low, high;  ///< what values are clamped to: the range, or its integers
    vec scale, inv, zero;
    mask collapsed;
};

/// a where it is NaN, else b.
QGRAFT_SIMD_FN vec nan_or(vec a, vec b) { return select(ordered(a, a), b, a); }

/// Clamped to qmin ... qmax, rounded half away from zero, 0 for NaN; see zero_point_at. What is added is the float just
/// below 0.5: with 0.5 that float would become 1, and a half still reaches the next integer, since the sum is rounded.
/// Numbers: no z is NaN.
template <bool Numbers>
QGRAFT_SIMD_FN vec zero_point_lanes(vec z, vec qmin, vec qmax) {
    const vec clamped = lesser(greater(z, qmin), qmax);
    const vec rounded = floor(add(clamped, set(0x1.fffffep-2F)));
    return Numbers ? rounded : select(ordered(z, z), rounded, set(0.0F));
}

/// TensorFlow's; see nudge in quant/affine.hpp. Numbers: no range has a NaN or an infinity, nor is any 0, 0.
template <nudge_rule Rule, bool Numbers = false>
requires(Rule != nudge_rule::torch) QGRAFT_SIMD_FN nudged_lanes nudged(vec min, vec max, const nudge_spec& spec) {
    const vec nothing = set(0.0F);
    const vec qmin = set(spec.qmin);
    const vec qmax = set(spec.qmax);
    const vec levels = sub(qmax, qmin);
    const vec width = sub(max, min);
    const vec scale = div(width, levels);
    const vec zero_point = zero_point_lanes<Numbers>(sub(qmin, div(min, scale)), qmin, qmax);
    nudged_lanes r{mul(sub(qmin, zero_point), scale),
                   mul(sub(qmax, zero_point), scale),
                   scale,
                   scale,
                   nothing,
                   less(nothing, nothing)};
    r.inv = Rule == nudge_rule::tf115_args ? div(set(1.0F), scale) : div(levels, width);
    if constexpr (Rule == nudge_rule::tf2 || Rule == nudge_rule::tf2_args) {
        r.zero = floor(add(mul(negated(r.low), r.inv), set(0.5F)));
    }
    if constexpr (Rule == nudge_rule::tf115 || Rule == nudge_rule::tf2) {
        r.collapsed = both(equal(min, nothing), equal(max, nothing));
    }
    return r;
}

/// PyTorch's; see torch::nudge.
template <nudge_rule Rule, bool Numbers = false>
requires(Rule == nudge_rule::torch) QGRAFT_SIMD_FN nudged_lanes nudged(vec min, vec max, const nudge_spec& spec) {
    const vec nothing = set(0.0F);
    const vec qmin = set(spec.qmin);
    const vec qmax = set(spec.qmax);
    const vec low = nan_or(min, lesser(min, nothing));
    const vec high = nan_or(max, greater(max, nothing));
    const vec levels = sub(qmax, qmin);
    vec scale = div(sub(high, low), levels);
    if (spec.symmetric) {
        const vec farthest = nan_or(low, greater(negated(low), high));
        scale = div(farthest, div(levels, set(2.0F)));
    }
    scale = nan_or(scale, greater(scale, set(std::numeric_limits<float>::epsilon())));
    // Symmetric: 2^(bits - 1).
    vec zero_point = mul(add(qmax, set(1.0F)), set(0.5F));
    if (!spec.symmetric) {
        const vec zero = sub(qmin, detail::QGRAFT_SIMD_ISA::nearest(div(low, scale)));
        zero_point = lesser(greater(zero, qmin), qmax);
    }
    return {sub(qmin, zero_point), sub(qmax, zero_point), scale, div(set(1.0F), scale), nothing,
            less(nothing, nothing)};
}

/// The numbers of ranges for which nudges_in_any_mode is true, nudged.
template <nudge_rule Rule, quantize_form Form>
struct nudged_numbers {
    nudged_lanes r;

    QGRAFT_SIMD_FN nudged_numbers(vec min, vec max, const nudge_spec& spec) : r(nudged<Rule, true>(min, max, spec)) {}

    QGRAFT_SIMD_FN vec operator[](simd_param which) const {
        switch (which) {
            case at_low:
                return r.low;
            case at_high:
                return r.high;
            case at_scale:
                return r.scale;
            case at_inv:
                return divides_by_scale(Form) ? div(set(1.0F), r.scale) : r.inv;
            default:
                return r.zero;
        }
    }
};

/// The bounds of such ranges. Where the numerics flushes subnormals, these count as zero in every floating-point mode:
/// a bound that is 0 is moved to the greatest one, which others, multiples of a scale, are too far from to change.
template <nudge_rule Rule, quantize_form Form>
QGRAFT_SIMD_FN bounds<Form, true> nudged_bounds(vec min, vec max, const nudge_spec& spec) {
    auto range = bounds<Form, true>::of_range(nudged_numbers<Rule, Form>(min, max, spec));
    if constexpr (Rule != nudge_rule::torch) {
        const vec subnormal = set(0x1.fffffcp-127F);
        range.low = sub(range.low, subnormal);
        range.high = add(range.high, subnormal);
    }
    return range;
}

/// What is in rows at_low and at_high, n ranges and up to a vector beyond, becomes the numbers of these ranges nudged;
/// see simd_param. *common: whether all of them are; a collapsed one is not, its scale is 0 or NaN.
template <nudge_rule Rule, quantize_form Form>
QGRAFT_SIMD_KERNEL void nudge_rows(float* table, std::size_t stride, std::size_t n, const nudge_spec& spec,
                                   bool* common) {
    const vec none = set(0.0F);
    mask all_common = equal(none, none);
    for (std::size_t j = 0; j < n; j += lanes) {
        float* const to = table + j;
        const nudged_lanes r = nudged<Rule>(load(to + at_low * stride), load(to + at_high * stride), spec);
        const mask sized = both(less(set(least_common_scale), r.scale), less(r.scale, set(greatest_common_scale)));
        all_common = both(all_common, sized);
        vec inv = r.inv;
        if constexpr (divides_by_scale(Form)) inv = keep(sized, div(set(1.0F), r.scale));
        store(to + at_low * stride, r.low);
        store(to + at_high * stride, nan_or(r.low, r.high));
        store(to + at_scale * stride, r.scale);
        store(to + at_inv * stride, inv);
        store(to + at_zero * stride, r.zero);
        store(to + at_live * stride, select(r.collapsed, none, set(std::bit_cast<float>(~0U))));
    }
    *common = all(all_common);
}

}  // namespace QGRAFT_SIMD_ISA
QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif
