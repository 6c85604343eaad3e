// The vector kernels of tensors that have one range: forward, gradient, least and greatest value.
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

template <bool Stream>
QGRAFT_SIMD_FN void put(float* p, vec a) {
    if constexpr (Stream) {
        stream(p, a);
    } else {
        store(p, a);
    }
}

/// Whole vectors from i on, four at a time; returns where it has stopped.
template <bool Stream, class F>
QGRAFT_SIMD_FN std::size_t transform_vectors(const float* in, float* out, std::size_t i, std::size_t n, F f) {
    for (; i + 4 * lanes <= n; i += 4 * lanes) {
        const vec a = f(load(in + i));
        const vec b = f(load(in + i + lanes));
        const vec c = f(load(in + i + 2 * lanes));
        const vec d = f(load(in + i + 3 * lanes));
        put<Stream>(out + i, a);
        put<Stream>(out + i + lanes, b);
        put<Stream>(out + i + 2 * lanes, c);
        put<Stream>(out + i + 3 * lanes, d);
    }
    for (; i + lanes <= n; i += lanes) put<Stream>(out + i, f(load(in + i)));
    return i;
}

/// out[i] = f(in[i]) for n elements, to aligned addresses where there are many.
template <class F>
QGRAFT_SIMD_FN void transform(const float* in, float* out, std::size_t n, F f, bool streams) {
    std::size_t i = 0;
    if (n >= 16 * lanes) {
        i = floats_to_alignment(out);
        if (i != 0) store_first(out, f(load_first(in, i)), i);
    }
    if (streams) {
        i = transform_vectors<true>(in, out, i, n, f);
        fence();
    } else {
        i = transform_vectors<false>(in, out, i, n, f);
    }
    if (i != n) store_first(out + i, f(load_first(in + i, n - i)), n - i);
}

template <quantize_form Form>
QGRAFT_SIMD_KERNEL void forward(const float* in, float* out, std::size_t n, const float* params, bool streams) {
    transform(in, out, n, formula<Form>(one_range{params}), streams);
}

/// Runs of n elements, one of each of the channels in turn. `params` has the ranges one after the other.
template <quantize_form Form>
QGRAFT_SIMD_KERNEL void forward_runs(const float* in, float* out, std::size_t n, std::size_t outer,
                                     std::size_t channels, const float* params, bool streams) {
    for (std::size_t row = 0; row < outer; ++row) {
        for (std::size_t c = 0; c < channels; ++c, in += n, out += n) {
            const float* range = params + c * simd_params;
            if (is_live(range)) {
                transform(in, out, n, formula<Form>(one_range{range}), streams);
            } else {
                for (std::size_t i = 0; i < n; ++i) out[i] = 0.0F;
            }
        }
    }
}

/// What a gradient adds to the sums of its range, float lanes that are added up over a few vectors only.
struct lane_sums {
    vec below, above;
};

/// dx of one vector; adds to the sums. Products, so that an infinite or NaN gradient shows in all of them.
template <class F>
QGRAFT_SIMD_FN vec gradient_of(vec grad, vec x, const F& f, vec one, lane_sums& sums) {
    const directions to = f.of(x);
    sums.below = add_exact_product(grad, keep(to.below, one), sums.below);
    sums.above = add_exact_product(grad, keep(to.above, one), sums.above);
    return mul(grad, keep(to.passes, one));
}

QGRAFT_SIMD_FN bool is_finite(vec a) {
    const vec zero = sub(a, a);
    return all(equal(zero, zero));
}

/// The sums of n elements, a multiple of the lanes, in double: for the few with infinite or huge gradients.
template <class F>
QGRAFT_SIMD_FN range_sums exact_sums(const float* grad, const float* in, std::size_t n, const F& f) {
    const vec one = opaque(set(1.0F));
    float below[lanes];
    float above[lanes];
    range_sums sums;
    for (std::size_t i = 0; i < n; i += lanes) {
        const directions to = f.of(load(in + i));
        store(below, mul(load(grad + i), keep(to.below, one)));
        store(above, mul(load(grad + i), keep(to.above, one)));
        for (std::size_t k = 0; k < lanes; ++k) {
            sums.min += static_cast<double>(below[k]);
            sums.max += static_cast<double>(above[k]);
        }
    }
    return sums;
}

/// The gradient of one block, at most gradient_block elements.
template <bool Stream, class F>
QGRAFT_SIMD_FN range_sums gradient_block_sums(const float* grad, const float* in, float* dx, std::size_t n,
                                              const F& f) {
    constexpr std::size_t vectors = 16;
    constexpr std::size_t chunk = vectors * lanes;
    const vec one = opaque(set(1.0F));
    const vec nothing = set(0.0F);
    total below = no_total();
    total above = no_total();
    range_sums exact;
    float saved_grad[chunk];
    float saved_in[chunk];
    const bool overwrites = dx == grad || dx == in;
    lane_sums ends{nothing, nothing};
    std::size_t i = 0;
    if (n >= 2 * chunk) {
        i = floats_to_alignment(dx);
        if (i != 0) store_first(dx, gradient_of(load_first(grad, i), load_first(in, i), f, one, ends), i);
    }
    for (; i + chunk <= n; i += chunk) {
        const float* g = grad + i;
        const float* x = in + i;
        if (overwrites) {
            for (std::size_t k = 0; k < chunk; k += lanes) {
                store(saved_grad + k, load(g + k));
                store(saved_in + k, load(x + k));
            }
            g = saved_grad;
            x = saved_in;
        }
        lane_sums even{nothing, nothing};
        lane_sums odd{nothing, nothing};
        for (std::size_t k = 0; k < chunk; k += 2 * lanes) {
            put<Stream>(dx + i + k, gradient_of(load(g + k), load(x + k), f, one, even));
            put<Stream>(dx + i + k + lanes, gradient_of(load(g + k + lanes), load(x + k + lanes), f, one, odd));
        }
        if (is_finite(add(add(even.below, even.above), add(odd.below, odd.above)))) [[likely]] {
            below = plus(plus(below, even.below), odd.below);
            above = plus(plus(above, even.above), odd.above);
        } else {
            exact += exact_sums(g, x, chunk, f);
        }
    }
    for (; i < n; i += lanes) {
        const std::size_t count = n - i < lanes ? n - i : lanes;
        const vec g = load_up_to(grad + i, count);
        const vec x = load_up_to(in + i, count);
        lane_sums sums{nothing, nothing};
        store_up_to(dx + i, gradient_of(g, x, f, one, sums), count);
        below = plus(below, sums.below);
        above = plus(above, sums.above);
    }
    below = plus(below, ends.below);
    above = plus(above, ends.above);
    exact += {sum(below), sum(above)};
    return exact;
}

/// dx, and adds the sums to *sums, block by block.
template <quantize_form Form>
QGRAFT_SIMD_KERNEL void gradient(const float* grad, const float* in, float* dx, std::size_t n, const float* params,
                                 bool streams, range_sums* sums) {
    const formula<Form> f(one_range{params});
    for (std::size_t i = 0; i < n; i += gradient_block) {
        const std::size_t count = n - i < gradient_block ? n - i : gradient_block;
        *sums += streams ? gradient_block_sums<true>(grad + i, in + i, dx + i, count, f)
                         : gradient_block_sums<false>(grad + i, in + i, dx + i, count, f);
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
