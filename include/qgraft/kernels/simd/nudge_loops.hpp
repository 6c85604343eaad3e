// The vector kernel that nudges the ranges of many channels.
// SPDX-License-Identifier: Apache-2.0

// Included once an instruction set, between begin.hpp and end.hpp.
#ifdef QGRAFT_SIMD_ISA

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN
namespace QGRAFT_SIMD_ISA {

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
        store(to + at_rounding * stride, r.rounding);
        store(to + at_live * stride, select(r.collapsed, none, set(std::bit_cast<float>(~0U))));
    }
    *common = all(all_common);
}

}  // namespace QGRAFT_SIMD_ISA
QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif
