// How ranges are nudged: the same operations in the same order as the definitions of the numerics policies.
// SPDX-License-Identifier: Apache-2.0

// Included once an instruction set, between begin.hpp and end.hpp.
#ifdef QGRAFT_SIMD_ISA

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN
namespace QGRAFT_SIMD_ISA {

/// The ranges of some channels, nudged.
struct nudged_lanes {
    vec low, high;  ///< what values are clamped to: the range, or its integers
    vec scale, inv, rounding;
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

/// See half_less in numerics_concept.hpp.
QGRAFT_SIMD_FN vec half_less(vec zero) {
    return select(equal(zero, set(1.0F)), set(-0x1.fffffep-2F), sub(set(0.5F), zero));
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
                   set(0.5F),
                   less(nothing, nothing)};
    r.inv = Rule == nudge_rule::tf115_args ? div(set(1.0F), scale) : div(levels, width);
    if constexpr (Rule == nudge_rule::tf2 || Rule == nudge_rule::tf2_args) {
        r.rounding = half_less(floor(add(mul(negated(r.low), r.inv), set(0.5F))));
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
    // Of NaN and another these give the second.
    const vec low = lesser(nothing, min);
    const vec high = greater(nothing, max);
    const vec levels = sub(qmax, qmin);
    vec scale = div(sub(high, low), levels);
    if (spec.symmetric) {
        const vec farthest = nan_or(low, greater(negated(low), high));
        scale = div(farthest, div(levels, set(2.0F)));
    }
    scale = greater(set(std::numeric_limits<float>::epsilon()), scale);
    // Symmetric: 2^(bits - 1).
    vec zero_point = mul(add(qmax, set(1.0F)), set(0.5F));
    if (!spec.symmetric) {
        const vec zero = sub(qmin, detail::QGRAFT_SIMD_ISA::nearest(div(low, scale)));
        zero_point = lesser(greater(zero, qmin), qmax);
    }
    return {sub(qmin, zero_point), sub(qmax, zero_point), scale, div(set(1.0F), scale), set(0.5F),
            less(nothing, nothing)};
}

}  // namespace QGRAFT_SIMD_ISA
QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif
