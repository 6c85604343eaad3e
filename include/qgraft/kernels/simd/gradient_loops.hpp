// The vector kernel of the gradient of tensors that have one range.
// SPDX-License-Identifier: Apache-2.0

// Included once an instruction set, between begin.hpp and end.hpp.
#ifdef QGRAFT_SIMD_ISA

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN
namespace QGRAFT_SIMD_ISA {

QGRAFT_SIMD_FN bool all_finite(vec a) {
    const vec zero = sub(a, a);
    return all(equal(zero, zero));
}

/// What a gradient adds to the sums of its range, float lanes that are added up over a few vectors only. An infinite or
/// NaN gradient is in all sums of the definition, which adds products with 0 or 1; here it shows in `check`, or in a
/// sum where sums_products.
struct lane_sums {
    vec below, above, check;

    QGRAFT_SIMD_FN lane_sums() : below(set(0.0F)), above(below), check(below) {}

    /// Adds a gradient.
    QGRAFT_SIMD_FN void add_one(vec a, const directions& to, vec one) {
        if constexpr (sums_products) {
            below = add_product(a, keep(to.below, one), below);
        } else {
            below = add_where(to.below, below, a);
            check = detail::QGRAFT_SIMD_ISA::add(check, a);
        }
        above = add_where(to.above, above, a);
    }

    /// Where sums_products, adds two gradients in as many roundings of the sums as one has, and one of their own.
    QGRAFT_SIMD_FN void add_pair(vec a, const directions& of_a, vec b, const directions& of_b, vec one) {
        const vec lower = add_product(b, keep(of_b.below, one), keep(of_a.below, a));
        const vec upper = add_product(a, keep(of_a.above, one), keep(of_b.above, b));
        below = detail::QGRAFT_SIMD_ISA::add(below, lower);
        above = detail::QGRAFT_SIMD_ISA::add(above, upper);
    }

    QGRAFT_SIMD_FN void add(const lane_sums& more) {
        below = detail::QGRAFT_SIMD_ISA::add(below, more.below);
        above = detail::QGRAFT_SIMD_ISA::add(above, more.above);
        check = detail::QGRAFT_SIMD_ISA::add(check, more.check);
    }

    /// Adds the sums of a run, and clears them for the next one; its `check` goes on.
    QGRAFT_SIMD_FN void take_run(lane_sums& run) {
        below = detail::QGRAFT_SIMD_ISA::add(below, run.below);
        above = detail::QGRAFT_SIMD_ISA::add(above, run.above);
        run.below = set(0.0F);
        run.above = set(0.0F);
    }

    /// Finite where all of it is, unless that is great.
    QGRAFT_SIMD_FN vec all_of_it() const {
        return detail::QGRAFT_SIMD_ISA::add(detail::QGRAFT_SIMD_ISA::add(below, above), check);
    }

    QGRAFT_SIMD_FN bool finite() const { return all_finite(all_of_it()); }
};

/// The gradient where it passes, else its product with 0.
QGRAFT_SIMD_FN vec passed(vec grad, const directions& to, vec one) {
    return mul(grad, keep_without(to.at_most, to.below, one));
}

/// dx of one vector; adds to the sums.
template <class Bounds>
QGRAFT_SIMD_FN vec gradient_of(vec grad, vec x, const Bounds& range, vec one, lane_sums& sums) {
    const directions to = range.of(x);
    sums.add_one(grad, to, one);
    return passed(grad, to, one);
}

/// Adds what the definition adds for one vector, product by product, to below[0 ... lanes - 1] and above.
template <class Bounds>
QGRAFT_SIMD_FN void add_exact_sums(vec grad, vec x, const Bounds& range, double* below, double* above) {
    const vec one = opaque(set(1.0F));
    const directions to = range.of(x);
    add_to(below, mul(grad, keep(to.below, one)));
    add_to(above, mul(grad, keep(to.above, one)));
}

/// The elements of a run, whose gradients are added up in the lanes of two vectors, and of the runs whose sums are
/// added up before they become doubles: with as many roundings as summed_rows has.
inline constexpr std::size_t run_elements = 2 * (run_rows - 1) * lanes;
inline constexpr std::size_t chunk_elements = summed_runs * run_elements;

/// The elements whose gradients are added up to one float, the lanes in the end, which takes fewer roundings.
inline constexpr std::size_t few_elements = 16 * lanes;

/// The sums in double of n <= chunk_elements: for the few with infinite or huge gradients.
template <class Bounds>
QGRAFT_SIMD_FN range_sums exact_sums(const float* grad, const float* in, std::size_t n, const Bounds& range) {
    double below[lanes]{};
    double above[lanes]{};
    range_sums sums;
    for (std::size_t i = 0; i < n; i += lanes) {
        const std::size_t count = n - i < lanes ? n - i : lanes;
        add_exact_sums(load_up_to(grad + i, count), load_up_to(in + i, count), range, below, above);
    }
    for (std::size_t k = 0; k < lanes; ++k) sums += {below[k], above[k]};
    return sums;
}

/// dx of two vectors, the i-th and the next of what is written.
template <writing Way, class Bounds>
QGRAFT_SIMD_FN void gradient_of_two(const float* grad, const float* in, const target& to, std::size_t i,
                                    const Bounds& range, vec one, lane_sums& even, lane_sums& odd) {
    ask_ahead<two_ahead>(grad + i, Way == writing::streamed);
    ask_ahead<two_ahead>(in + i, Way == writing::streamed);
    const vec a = load(grad + i);
    const vec b = load(grad + i + lanes);
    if constexpr (sums_products) {
        const directions of_a = range.of(load(in + i));
        const directions of_b = range.of(load(in + i + lanes));
        even.add_pair(a, of_a, b, of_b, one);
        to.put_two<Way>(i, passed(a, of_a, one), passed(b, of_b, one));
    } else {
        const vec of_a = gradient_of(a, load(in + i), range, one, even);
        const vec of_b = gradient_of(b, load(in + i + lanes), range, one, odd);
        to.put_two<Way>(i, of_a, of_b);
    }
}

/// dx of n <= run_elements, and their sums in float lanes.
template <writing Way, class Bounds>
QGRAFT_SIMD_FN void gradient_run(const float* grad, const float* in, const target& to, std::size_t n,
                                 const Bounds& range, lane_sums& even, lane_sums& odd) {
    const vec one = opaque(set(1.0F));
    std::size_t i = 0;
    QGRAFT_SIMD_ROLLED
    for (; i + 2 * lanes <= n; i += 2 * lanes) gradient_of_two<Way>(grad, in, to, i, range, one, even, odd);
    for (; i < n; i += lanes) {
        const std::size_t count = n - i < lanes ? n - i : lanes;
        to.put_up_to(i, gradient_of(load_up_to(grad + i, count), load_up_to(in + i, count), range, one, even), count);
    }
}

QGRAFT_SIMD_FN bool is_finite(float x) { return x - x == 0.0F; }

/// The gradient of a block of n <= few_elements. Returns the sums, added up in floats, which few can be; they are only
/// good where their sum is finite.
template <writing Way, class Bounds>
QGRAFT_SIMD_FN range_gradient gradient_of_few(const float* grad, const float* in, const target& to, std::size_t n,
                                              const Bounds& range) {
    lane_sums even;
    lane_sums odd;
    gradient_run<Way>(grad, in, to, n, range, even, odd);
    if (n >= 2 * lanes) even.add(odd);
    // What is not finite becomes NaN.
    return folded(add(even.below, sub(even.check, even.check)), even.above);
}

/// dx of n <= chunk_elements; their sums in float lanes.
template <writing Way, class Bounds>
QGRAFT_SIMD_FN lane_sums gradient_chunk(const float* grad, const float* in, const target& to, std::size_t n,
                                        const Bounds& range) {
    lane_sums all;
    lane_sums even;
    lane_sums odd;
    for (std::size_t i = 0; i < n; i += run_elements) {
        gradient_run<Way>(grad + i, in + i, to.from(i), n - i < run_elements ? n - i : run_elements, range, even, odd);
        even.take_run(odd);
        all.take_run(even);
    }
    all.check = add(even.check, odd.check);
    return all;
}

/// The same in the way of `to`. Compiled for each, since in a loop with branches not all numbers are kept in registers.
template <class Bounds>
QGRAFT_SIMD_FN lane_sums gradient_chunk_to(const float* grad, const float* in, const target& to, std::size_t n,
                                           const Bounds& range) {
    switch (to.way) {
        case writing::plain:
            return gradient_chunk<writing::plain>(grad, in, to, n, range);
        case writing::streamed:
            return gradient_chunk<writing::streamed>(grad, in, to, n, range);
        default:
            return gradient_chunk<writing::in_place>(grad, in, to, n, range);
    }
}

/// The gradient of one block, at most gradient_block elements. Sums depend on nothing but its size and its values.
template <class Bounds>
QGRAFT_SIMD_FN range_sums gradient_block_sums(const float* grad, const float* in, output& dx, std::size_t n,
                                              const Bounds& range) {
    range_sums exact;
    if (n <= few_elements) {
        const target to = dx.next(grad, n);
        const range_gradient sums = to.way == writing::in_place
                                        ? gradient_of_few<writing::in_place>(grad, in, to, n, range)
                                        : gradient_of_few<writing::plain>(grad, in, to, n, range);
        if (is_finite(sums.min + sums.max)) [[likely]] {
            exact = {sums.min, sums.max};
        } else {
            exact = exact_sums(to.unchanged(grad), to.unchanged(in), n, range);
        }
        dx.wrote(n);
        return exact;
    }
    total below = no_total();
    total above = no_total();
    for (std::size_t i = 0; i < n; i += chunk_elements) {
        const std::size_t count = n - i < chunk_elements ? n - i : chunk_elements;
        const target to = dx.next(grad + i, count);
        const lane_sums sums = gradient_chunk_to(grad + i, in + i, to, count, range);
        if (sums.finite()) [[likely]] {
            below = plus(below, sums.below);
            above = plus(above, sums.above);
        } else {
            exact += exact_sums(to.unchanged(grad + i), to.unchanged(in + i), count, range);
        }
        dx.wrote(count);
    }
    exact += {sum(below), sum(above)};
    return exact;
}

/// dx, and adds the sums to *sums, block by block. The numbers of the range are `stride` apart.
template <quantize_form Form>
QGRAFT_SIMD_KERNEL void gradient(const float* grad, const float* in, float* dx, std::size_t n, const float* params,
                                 std::size_t stride, bool large, range_sums* sums) {
    const auto range = bounds<Form>::of_range(one_range{params, stride});
    alignas(64) float held[chunk_elements + 2 * lanes];
    output to(dx, dx == grad || dx == in, large, held);
    for (std::size_t i = 0; i < n; i += gradient_block) {
        const std::size_t count = n - i < gradient_block ? n - i : gradient_block;
        *sums += gradient_block_sums(grad + i, in + i, to, count, range);
    }
    to.finish();
}

}  // namespace QGRAFT_SIMD_ISA
QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif
