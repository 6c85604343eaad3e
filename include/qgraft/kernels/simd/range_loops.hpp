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
                return set(r.rounding.r);
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
        forward_common<Form>(in, out, n, nudged, nudged.r.scale.r, streams);
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

/// A vector, or its first n lanes and zeros.
template <bool Whole>
QGRAFT_SIMD_FN vec load_part(const float* p, std::size_t n) {
    if constexpr (Whole) return load(p);
    return load_first(p, n);
}

template <bool Whole>
QGRAFT_SIMD_FN void store_part(float* p, vec a, std::size_t n) {
    if constexpr (Whole) {
        store(p, a);
    } else {
        store_first(p, a, n);
    }
}

/// gradient_nudged of n <= lanes elements; Whole: n is lanes.
template <bool Whole, nudge_rule Rule, quantize_form Form>
QGRAFT_SIMD_FN bool gradient_of_vector(const float* grad, const float* in, float* dx, std::size_t n, float min,
                                       float max, const nudge_spec& spec, range_gradient* sums) {
    const vec g = load_part<Whole>(grad, n);
    mask ordinary = less(magnitude(g), set(0x1p118F));
    if constexpr (Rule != nudge_rule::torch) ordinary = without(ordinary, tiny(g));
    if (!all(ordinary)) return false;
    const auto range = nudged_bounds(nudged_numbers<Rule, Form>(min, max, spec));
    const directions to = range.of(load_part<Whole>(in, n));
    *sums = folded(keep(to.below, g), keep(to.above, g));
    store_part<Whole>(dx, passed(g, to, opaque(set(1.0F))), n);
    return true;
}

/// gradient_nudged of lanes < n <= 2 * lanes elements; Whole: n is 2 * lanes.
template <bool Whole, nudge_rule Rule, quantize_form Form>
QGRAFT_SIMD_FN bool gradient_of_two_vectors(const float* grad, const float* in, float* dx, std::size_t n, float min,
                                            float max, const nudge_spec& spec, range_gradient* sums) {
    const std::size_t rest = n - lanes;
    const vec a = load(grad);
    const vec b = load_part<Whole>(grad + lanes, rest);
    mask ordinary = less(add(magnitude(a), magnitude(b)), set(0x1p118F));
    if constexpr (Rule != nudge_rule::torch) ordinary = without(without(ordinary, tiny(a)), tiny(b));
    if (!all(ordinary)) return false;
    const auto range = nudged_bounds(nudged_numbers<Rule, Form>(min, max, spec));
    const directions of_a = range.of(load(in));
    const directions of_b = range.of(load_part<Whole>(in + lanes, rest));
    *sums = folded(add(keep(of_a.below, a), keep(of_b.below, b)), add(keep(of_a.above, a), keep(of_b.above, b)));
    const vec one = opaque(set(1.0F));
    store(dx, passed(a, of_a, one));
    store_part<Whole>(dx + lanes, passed(b, of_b, one), rest);
    return true;
}

/// gradient of 0 < n <= few_elements for a range and the numbers of a spec; *sums are those of gradient. dx is not the
/// memory of what is read. Returns false, and the rest does not count, where a sum may not be finite in floats, or the
/// numerics flushes subnormals and some gradients are tiny.
template <nudge_rule Rule, quantize_form Form>
QGRAFT_SIMD_KERNEL bool gradient_nudged(const float* grad, const float* in, float* dx, std::size_t n, float min,
                                        float max, float qmin, float qmax, bool symmetric, range_gradient* sums) {
    const nudge_spec spec{qmin, qmax, symmetric};
    if (n == lanes) return gradient_of_vector<true, Rule, Form>(grad, in, dx, n, min, max, spec, sums);
    if (n < lanes) return gradient_of_vector<false, Rule, Form>(grad, in, dx, n, min, max, spec, sums);
    if (n == 2 * lanes) return gradient_of_two_vectors<true, Rule, Form>(grad, in, dx, n, min, max, spec, sums);
    if (n < 2 * lanes) return gradient_of_two_vectors<false, Rule, Form>(grad, in, dx, n, min, max, spec, sums);
    if (Rule != nudge_rule::torch && any_tiny(grad, n)) return false;
    const auto range = nudged_bounds(nudged_numbers<Rule, Form>(min, max, spec));
    *sums = gradient_of_few<writing::plain>(grad, in, {dx, dx, writing::plain}, n, range);
    return is_finite(sums->min + sums->max);
}

}  // namespace QGRAFT_SIMD_ISA
QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif
