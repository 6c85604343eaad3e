// The vector kernels of tensors that have one range, which nudge it themselves: for ranges that need no particular
// floating-point mode.
// SPDX-License-Identifier: Apache-2.0

// Included once an instruction set, between begin.hpp and end.hpp.
#ifdef QGRAFT_SIMD_ISA

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN
namespace QGRAFT_SIMD_ISA {

// One range is nudged in the shortest vectors there are, which divide the soonest.
#if QGRAFT_SIMD_X86
namespace few = detail::sse41;
#else
namespace few = detail::QGRAFT_SIMD_ISA;
#endif

/// The numbers of one range, nudged, for all lanes.
template <nudge_rule Rule, quantize_form Form>
struct nudged_range_lanes {
    few::nudged_numbers<Rule, Form> numbers;

    QGRAFT_SIMD_FN vec operator[](simd_param which) const { return set(few::first(numbers[which])); }
};

/// forward for a range and the numbers of a spec. Returns false, and does nothing, where the numerics flushes
/// subnormals and the scale is not common.
template <nudge_rule Rule, quantize_form Form>
QGRAFT_SIMD_KERNEL bool forward_nudged(const float* in, float* out, std::size_t n, float min, float max, float qmin,
                                       float qmax, bool symmetric, bool streams) {
    const nudged_range_lanes<Rule, Form> nudged{{few::set(min), few::set(max), {qmin, qmax, symmetric}}};
    if constexpr (Rule != nudge_rule::torch) {
        if (!is_common(few::first(nudged.numbers.r.scale))) return false;
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

/// Whether any of n gradients is not 0 and below 2^-100. Else no sum of them is subnormal: it is a multiple of the last
/// place of one of them.
QGRAFT_SIMD_FN bool any_tiny(const float* grad, std::size_t n) {
    for (std::size_t i = 0; i < n; i += lanes) {
        const vec size = magnitude(load_up_to(grad + i, n - i));
        if (any(both(less(set(0.0F), size), less(size, set(0x1p-100F))))) return true;
    }
    return false;
}

/// gradient of n <= few_elements for a range and the numbers of a spec; returns the sums, which are those of
/// gradient. dx is not the memory of what is read. *done: false, and the rest does not count, where a sum is not finite
/// in floats, or the numerics flushes subnormals and some gradients are tiny.
template <nudge_rule Rule, quantize_form Form>
QGRAFT_SIMD_KERNEL range_gradient gradient_nudged(const float* grad, const float* in, float* dx, std::size_t n,
                                                  float min, float max, float qmin, float qmax, bool symmetric,
                                                  bool* done) {
    *done = Rule == nudge_rule::torch || !any_tiny(grad, n);
    if (!*done) return {};
    const auto one = few::nudged_bounds<Rule, Form>(few::set(min), few::set(max), {qmin, qmax, symmetric});
    const bounds<Form, true> range{set(few::first(one.low)), set(few::first(one.high)), set(few::first(one.inv))};
    const range_gradient sums = gradient_of_few(grad, in, dx, false, n, range);
    *done = is_finite(sums.min + sums.max);
    return sums;
}

}  // namespace QGRAFT_SIMD_ISA
QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif
