// The vector kernels of tensors that have one range, which nudge it themselves: for ranges that need no particular
// floating-point mode.
// SPDX-License-Identifier: Apache-2.0

// Included once an instruction set, between begin.hpp and end.hpp.
#ifdef QGRAFT_SIMD_ISA

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN
namespace QGRAFT_SIMD_ISA {

/// The numbers of one range for which nudges_in_any_mode is true, nudged, for all lanes.
template <nudge_rule Rule, quantize_form Form>
struct nudged_numbers {
    single::nudged_lanes r;

    QGRAFT_SIMD_FN nudged_numbers(float min, float max, const nudge_spec& spec)
        : r(single::nudged<Rule, true>({min}, {max}, spec)) {}

    QGRAFT_SIMD_FN vec operator[](simd_param which) const {
        switch (which) {
            case at_low:
                return set(r.low.r);
            case at_high:
                return set(r.high.r);
            case at_scale:
                return set(r.scale.r);
            case at_inv:
                return set(divides_by_scale(Form) ? 1.0F / r.scale.r : r.inv.r);
            default:
                return set(r.zero.r);
        }
    }
};

/// The bounds of such a range. Where the numerics flushes subnormals, these count as zero in every floating-point mode:
/// a bound that is 0 is moved to the greatest one, which others, multiples of a scale, are too far from to change.
template <nudge_rule Rule, quantize_form Form>
QGRAFT_SIMD_FN bounds<Form, true> nudged_bounds(nudged_numbers<Rule, Form> numbers) {
    if constexpr (Rule != nudge_rule::torch) {
        constexpr float subnormal = 0x1.fffffcp-127F;
        numbers.r.low.r -= subnormal;
        numbers.r.high.r += subnormal;
    }
    return bounds<Form, true>::of_range(numbers);
}

/// forward for a range and the numbers of a spec. Returns false, and does nothing, where the numerics flushes
/// subnormals and the scale is not common.
template <nudge_rule Rule, quantize_form Form>
QGRAFT_SIMD_KERNEL bool forward_nudged(const float* in, float* out, std::size_t n, float min, float max, float qmin,
                                       float qmax, bool symmetric, bool streams) {
    const nudged_numbers<Rule, Form> nudged(min, max, {qmin, qmax, symmetric});
    if constexpr (Rule != nudge_rule::torch) {
        if (!is_common(nudged.r.scale.r)) return false;
    }
    if (n > 2 * lanes) {
        transform(in, out, n, formula<Form, quotient::corrected>(nudged), streams);
        if (streams) fence();
    } else {
        const formula<Form> f(nudged);
        for (std::size_t i = 0; i < n; i += lanes) store_up_to(out + i, f(load_up_to(in + i, n - i)), n - i);
    }
    return true;
}

/// Where a gradient is not 0 and below 2^-100. Else no sum of them is subnormal: it is a multiple of the last place of
/// one of them.
QGRAFT_SIMD_FN mask tiny(vec grad) {
    const vec size = magnitude(grad);
    return both(less(set(0.0F), size), less(size, set(0x1p-100F)));
}

QGRAFT_SIMD_FN bool any_tiny(const float* grad, std::size_t n) {
    for (std::size_t i = 0; i < n; i += lanes) {
        if (any(tiny(load_up_to(grad + i, n - i)))) return true;
    }
    return false;
}

/// dx of one vector of n <= lanes gradients, and their sums, which are finite: the gradients are, and not great.
template <class Bounds>
QGRAFT_SIMD_FN range_gradient gradient_of_vector(vec grad, const float* in, float* dx, std::size_t n,
                                                 const Bounds& range) {
    lane_sums sums;
    store_up_to(dx, gradient_of(grad, load_up_to(in, n), range, opaque(set(1.0F)), sums), n);
    return folded(sums.below, sums.above);
}

/// gradient of n <= few_elements for a range and the numbers of a spec; returns the sums, which are those of
/// gradient. dx is not the memory of what is read. *done: false, and the rest does not count, where a sum may not be
/// finite in floats, or the numerics flushes subnormals and some gradients are tiny.
template <nudge_rule Rule, quantize_form Form>
QGRAFT_SIMD_KERNEL range_gradient gradient_nudged(const float* grad, const float* in, float* dx, std::size_t n,
                                                  float min, float max, float qmin, float qmax, bool symmetric,
                                                  bool* done) {
    *done = true;
    if (n == 0) return {};
    constexpr bool flushes = Rule != nudge_rule::torch;
    const bool one_vector = n <= lanes;
    const vec first = load_up_to(grad, n);
    if (one_vector) {
        mask ordinary = less(magnitude(first), set(0x1p118F));
        if constexpr (flushes) ordinary = without(ordinary, tiny(first));
        *done = all(ordinary);
    } else {
        *done = !flushes || !any_tiny(grad, n);
    }
    if (!*done) return {};
    const auto range = nudged_bounds(nudged_numbers<Rule, Form>(min, max, {qmin, qmax, symmetric}));
    if (one_vector) return gradient_of_vector(first, in, dx, n, range);
    const range_gradient sums = gradient_of_few(grad, in, dx, false, n, range);
    *done = is_finite(sums.min + sums.max);
    return sums;
}

}  // namespace QGRAFT_SIMD_ISA
QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif
