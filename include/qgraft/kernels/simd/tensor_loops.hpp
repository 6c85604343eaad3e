// The vector kernels of tensors that have one range: forward, least and greatest value.
// SPDX-License-Identifier: Apache-2.0

// Included once an instruction set, between begin.hpp and end.hpp.
#ifdef QGRAFT_SIMD_ISA

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN
namespace QGRAFT_SIMD_ISA {

/// The floats before the next address that a whole vector may be streamed to.
QGRAFT_SIMD_FN std::size_t floats_to_alignment(const float* p) {
    const std::size_t floats = reinterpret_cast<std::uintptr_t>(p) / sizeof(float);
    return (lanes - floats % lanes) % lanes;
}

QGRAFT_SIMD_FN vec load_up_to(const float* p, std::size_t n) { return n < lanes ? load_first(p, n) : load(p); }

QGRAFT_SIMD_FN void store_up_to(float* p, vec a, std::size_t n) {
    if (n < lanes) {
        store_first(p, a, n);
    } else {
        store(p, a);
    }
}

/// A vector, past the caches or not; then its place is aligned.
QGRAFT_SIMD_FN void put_one(float* p, vec a, bool streams) {
    if (streams) {
        stream(p, a);
    } else {
        store(p, a);
    }
}

/// Two vectors to neighbouring places, past the caches or not; then the places are aligned.
QGRAFT_SIMD_FN void put(float* p, vec a, vec b, bool streams) {
    if (streams) {
        stream(p, a);
        stream(p + lanes, b);
    } else {
        store(p, a);
        store(p + lanes, b);
    }
}

/// How far ahead of what is read from memory more is asked for, in bytes: of one tensor, and of each of two.
inline constexpr std::size_t one_ahead = 2048;
inline constexpr std::size_t two_ahead = 256;

/// The same of each of two rows of two tensors.
inline constexpr std::size_t rows_ahead = 1024;

/// The floats of a line of a cache.
inline constexpr std::size_t line = 64 / sizeof(float);

/// Asks for the line so many bytes behind p.
template <std::size_t Bytes>
QGRAFT_SIMD_FN void ask_ahead_of_line(const float* p) {
    // As a number, since it may be behind the end of the tensor.
    __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(p) + Bytes));
}

/// Asks for what is so many bytes behind two vectors, where `streams`: a processor by itself stops at the end of a
/// page.
template <std::size_t Bytes>
QGRAFT_SIMD_FN void ask_ahead(const float* p, bool streams) {
    if (!streams) return;
    for (std::size_t i = 0; i < 2 * lanes; i += line) {
        ask_ahead_of_line<Bytes>(p + i);
    }
}

/// out[i] = f(in[i]) for n elements, to aligned addresses where there are many.
template <class F>
QGRAFT_SIMD_FN void transform(const float* in, float* out, std::size_t n, const F& f, bool streams) {
    std::size_t i = 0;
    if (n >= 16 * lanes) {
        i = floats_to_alignment(out);
        if (i != 0) store_first(out, f(load_first(in, i)), i);
    }
    for (; i + 2 * lanes <= n; i += 2 * lanes) {
        ask_ahead<one_ahead>(in + i, streams);
        const vec a = f(load(in + i));
        const vec b = f(load(in + i + lanes));
        put(out + i, a, b, streams);
    }
    for (; i + lanes <= n; i += lanes) store(out + i, f(load(in + i)));
    if (i != n) store_first(out + i, f(load_first(in + i, n - i)), n - i);
}

/// From so many elements on it pays to find out whether are_sums.
inline constexpr std::size_t many_elements = 2048;

/// forward with the numbers of a common range of this scale.
template <quantize_form Form, class Source>
QGRAFT_SIMD_FN void forward_common(const float* in, float* out, std::size_t n, Source range, float scale,
                                   bool streams) {
    if constexpr (has_fma && divides_by_scale(Form)) {
        if (n >= many_elements && are_sums(scale)) {
            transform(in, out, n, formula<Form, quotient::summed>(range), streams);
            return;
        }
    }
    transform(in, out, n, formula<Form, quotient::corrected>(range), streams);
}

template <quantize_form Form>
QGRAFT_SIMD_FN void forward_part(const float* in, float* out, std::size_t n, one_range range, bool streams) {
    if constexpr (has_fma && divides_by_scale(Form)) {
        if (range.params[at_inv * range.stride] != 0.0F) {
            forward_common<Form>(in, out, n, range, range.params[at_scale * range.stride], streams);
            return;
        }
    }
    transform(in, out, n, formula<Form>(range), streams);
}

template <quantize_form Form>
QGRAFT_SIMD_KERNEL void forward(const float* in, float* out, std::size_t n, const float* params, bool streams) {
    forward_part<Form>(in, out, n, {params, 1}, streams);
    if (streams) fence();
}

/// Runs of n elements, one of each of the channels in turn; their numbers are in rows of `stride`.
template <quantize_form Form>
QGRAFT_SIMD_KERNEL void forward_runs(const float* in, float* out, std::size_t n, std::size_t outer,
                                     std::size_t channels, const float* params, std::size_t stride, bool streams) {
    for (std::size_t row = 0; row < outer; ++row) {
        for (std::size_t c = 0; c < channels; ++c, in += n, out += n) {
            if (is_live(params + c, stride)) {
                forward_part<Form>(in, out, n, {params + c, stride}, streams);
            } else {
                for (std::size_t i = 0; i < n; ++i) out[i] = 0.0F;
            }
        }
    }
    if (streams) fence();
}

/// The least and the greatest of some values, lane by lane; NaN is passed over, and remembered where it matters.
template <bool KeepsNan>
struct extreme_lanes {
    vec min, max;
    mask numbers;

    QGRAFT_SIMD_FN void add(vec x) {
        min = lesser(x, min);
        max = greater(x, max);
        if constexpr (KeepsNan) numbers = both(numbers, ordered(x, x));
    }

    QGRAFT_SIMD_FN void add(const extreme_lanes& more) {
        min = lesser(more.min, min);
        max = greater(more.max, max);
        if constexpr (KeepsNan) numbers = both(numbers, more.numbers);
    }
};

template <bool KeepsNan>
QGRAFT_SIMD_FN extreme_lanes<KeepsNan> no_extremes() {
    const vec none = set(std::numeric_limits<float>::infinity());
    return {none, sub(set(0.0F), none), equal(none, none)};
}

/// The least and the greatest of n > 0 elements and of what `found` holds; both NaN where that is kept and there is
/// one.
template <bool KeepsNan>
QGRAFT_SIMD_KERNEL void min_max(const float* in, std::size_t n, quant_range* found) {
    extreme_lanes<KeepsNan> a = no_extremes<KeepsNan>();
    extreme_lanes<KeepsNan> b = a;
    extreme_lanes<KeepsNan> c = a;
    extreme_lanes<KeepsNan> d = a;
    std::size_t i = 0;
    for (; i + 4 * lanes <= n; i += 4 * lanes) {
        a.add(load(in + i));
        b.add(load(in + i + lanes));
        c.add(load(in + i + 2 * lanes));
        d.add(load(in + i + 3 * lanes));
    }
    for (; i + lanes <= n; i += lanes) a.add(load(in + i));
    if (i != n) b.add(load_first_or(in + i, n - i, set(in[i])));
    a.add(b);
    c.add(d);
    a.add(c);
    float min[lanes];
    float max[lanes];
    store(min, a.min);
    store(max, a.max);
    for (std::size_t k = 0; k < lanes; ++k) {
        found->min = min[k] < found->min ? min[k] : found->min;
        found->max = max[k] > found->max ? max[k] : found->max;
    }
    constexpr float nan = std::numeric_limits<float>::quiet_NaN();
    if (KeepsNan && !all(a.numbers)) *found = {nan, nan};
}

}  // namespace QGRAFT_SIMD_ISA
QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif
