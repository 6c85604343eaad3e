// The vector kernels that store a tensor as integers, and those that multiply by a number a channel.
// SPDX-License-Identifier: Apache-2.0

// Included once an instruction set, between begin.hpp and end.hpp.
#ifdef QGRAFT_SIMD_ISA

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN
namespace QGRAFT_SIMD_ISA {

/// The whole number, qmin to qmax, that stands for x; that of `integers` for NaN.
template <quantize_form Form>
QGRAFT_SIMD_FN vec integer_of(vec x, const formula<Form>& f, const float* integers) {
    const vec q = add(f.steps(x), set(integers[at_lowest]));
    const vec clamped = lesser(greater(q, set(integers[at_qmin])), set(integers[at_qmax]));
    return select(ordered(q, q), clamped, set(integers[at_nan]));
}

template <quantize_form Form, class Integer>
QGRAFT_SIMD_KERNEL void to_storage(const float* in, Integer* out, std::size_t n, const float* params,
                                   const float* integers, int offset) {
    const formula<Form> f(one_range{params});
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes) store_integers(out + i, integer_of(load(in + i), f, integers), offset);
    if (i == n) return;
    Integer rest[lanes];
    store_integers(rest, integer_of(load_first(in + i, n - i), f, integers), offset);
    for (std::size_t k = 0; i + k < n; ++k) out[i + k] = rest[k];
}

template <quantize_form Form, class Integer>
QGRAFT_SIMD_KERNEL void from_storage(const Integer* in, float* out, std::size_t n, const float* params,
                                     const float* integers, int offset) {
    const formula<Form> f(one_range{params});
    const vec lowest = set(integers[at_lowest]);
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes) store(out + i, f.value_of(sub(load_integers(in + i, offset), lowest)));
    if (i == n) return;
    Integer rest[lanes]{};
    for (std::size_t k = 0; i + k < n; ++k) rest[k] = in[i + k];
    store_first(out + i, f.value_of(sub(load_integers(rest, offset), lowest)), n - i);
}

struct times {
    vec factor;
    QGRAFT_SIMD_FN vec operator()(vec x) const { return mul(x, factor); }
};

/// Runs of n elements, each multiplied by the next of the scales.
QGRAFT_SIMD_KERNEL void scale_runs(const float* in, float* out, std::size_t n, std::size_t outer, std::size_t channels,
                                   const float* scales, bool streams) {
    for (std::size_t row = 0; row < outer; ++row) {
        for (std::size_t c = 0; c < channels; ++c, in += n, out += n) {
            transform(in, out, n, times{set(scales[c])}, streams);
        }
    }
    if (streams) fence();
}

}  // namespace QGRAFT_SIMD_ISA
QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif
