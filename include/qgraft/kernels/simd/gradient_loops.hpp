// The vector kernel of the gradient of tensors that have one range.
// SPDX-License-Identifier: Apache-2.0

// Included once an instruction set, between begin.hpp and end.hpp.
#ifdef QGRAFT_SIMD_ISA

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN
namespace QGRAFT_SIMD_ISA {

/// Whether n gradients are numbers whose magnitudes add up to less than 2^126, so that no sum of them is infinite.
QGRAFT_SIMD_FN bool have_finite_sums(const float* grad, std::size_t n) {
    vec even = set(0.0F);
    vec odd = even;
    std::size_t i = 0;
    for (; i + 2 * lanes <= n; i += 2 * lanes) {
        even = add(even, magnitude(load(grad + i)));
        odd = add(odd, magnitude(load(grad + i + lanes)));
    }
    for (; i < n; i += lanes) even = add(even, magnitude(load_up_to(grad + i, n - i)));
    return all(less(add(even, odd), set(0x1p126F)));
}

/// Where a gradient is written, from the first element to the last: to the tensor itself; or to a small buffer first,
/// where streams need whole aligned vectors of the tensor; or where the tensor is what is read, and that may have to be
/// read again for its sums.
class output {
public:
    /// `held` has room for the most elements of a call of begin and two vectors.
    QGRAFT_SIMD_FN output(float* out, bool in_place, bool streams, float* held)
        : out_(out),
          held_(held),
          waits_(streams && floats_to_alignment(out) != 0),
          in_place_(in_place),
          streams_(streams) {}

    /// The next n elements are the gradients of `grad`.
    QGRAFT_SIMD_FN void begin(const float* grad, std::size_t n) {
        if (in_place_) waits_ = !have_finite_sums(grad, n);
    }

    QGRAFT_SIMD_FN float* next() const { return waits_ ? held_ + count_ : out_; }
    /// Whether next() is to be streamed to.
    QGRAFT_SIMD_FN bool streams() const { return streams_ && !waits_; }

    /// The next n elements are there.
    QGRAFT_SIMD_FN void wrote(std::size_t n) {
        if (!waits_) {
            out_ += n;
            return;
        }
        const std::size_t count = count_ + n;
        std::size_t i = floats_to_alignment(out_);
        if (i > count) i = count;
        if (i != 0) store_first(out_, load(held_), i);
        for (; i + lanes <= count; i += lanes) {
            if (streams_) {
                stream(out_ + i, load(held_ + i));
            } else {
                store(out_ + i, load(held_ + i));
            }
        }
        out_ += i;
        count_ = count - i;
        if (count_ != 0) store(held_, load(held_ + i));
        if (in_place_) write_rest();
    }

    QGRAFT_SIMD_FN void finish() {
        if (waits_) write_rest();
        if (streams_) fence();
    }

private:
    QGRAFT_SIMD_FN void write_rest() {
        if (count_ != 0) store_first(out_, load(held_), count_);
        out_ += count_;
        count_ = 0;
    }

    float* out_;
    float* held_;
    bool waits_;
    bool in_place_;
    bool streams_;
    std::size_t count_ = 0;  // elements that wait in the buffer for a whole vector
};

QGRAFT_SIMD_FN bool all_finite(vec a) {
    const vec zero = sub(a, a);
    return all(equal(zero, zero));
}

/// What a gradient adds to the sums of its range, float lanes that are added up over a few vectors only. An infinite or
/// NaN gradient is in all sums of the definition, which adds products with 0 or 1; here it shows in `check`, or in a sum
/// where sums_products.
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

/// The elements of a run, whose gradients are added up in the lanes of two vectors, and of the runs whose sums are added
/// up before they become doubles: with as many roundings as summed_rows has.
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

/// dx of two vectors.
template <class Bounds>
QGRAFT_SIMD_FN void gradient_of_two(const float* grad, const float* in, float* dx, bool streams, const Bounds& range,
                                    vec one, lane_sums& even, lane_sums& odd) {
    ask_ahead<two_ahead>(grad, streams);
    ask_ahead<two_ahead>(in, streams);
    if constexpr (sums_products) {
        const vec a = load(grad);
        const vec b = load(grad + lanes);
        const directions of_a = range.of(load(in));
        const directions of_b = range.of(load(in + lanes));
        even.add_pair(a, of_a, b, of_b, one);
        put(dx, passed(a, of_a, one), passed(b, of_b, one), streams);
    } else {
        const vec a = gradient_of(load(grad), load(in), range, one, even);
        const vec b = gradient_of(load(grad + lanes), load(in + lanes), range, one, odd);
        put(dx, a, b, streams);
    }
}

/// dx of n <= run_elements, and their sums in float lanes.
template <class Bounds>
QGRAFT_SIMD_FN void gradient_run(const float* grad, const float* in, float* dx, bool streams, std::size_t n,
                                 const Bounds& range, lane_sums& even, lane_sums& odd) {
    const vec one = opaque(set(1.0F));
    std::size_t i = 0;
    // Two loops, since in a loop with branches clang does not keep all numbers in registers.
    if (streams) {
        QGRAFT_SIMD_ROLLED
        for (; i + 2 * lanes <= n; i += 2 * lanes) {
            gradient_of_two(grad + i, in + i, dx + i, true, range, one, even, odd);
        }
    } else {
        QGRAFT_SIMD_ROLLED
        for (; i + 2 * lanes <= n; i += 2 * lanes) {
            gradient_of_two(grad + i, in + i, dx + i, false, range, one, even, odd);
        }
    }
    for (; i < n; i += lanes) {
        const std::size_t count = n - i < lanes ? n - i : lanes;
        store_up_to(dx + i, gradient_of(load_up_to(grad + i, count), load_up_to(in + i, count), range, one, even),
                    count);
    }
}

QGRAFT_SIMD_FN bool is_finite(float x) { return x - x == 0.0F; }

/// The gradient of a block of n <= few_elements; dx is not the memory of what is read. Returns the sums, added up in
/// floats, which few can be; they are only good where their sum is finite.
template <class Bounds>
QGRAFT_SIMD_FN range_gradient gradient_of_few(const float* grad, const float* in, float* dx, bool streams,
                                              std::size_t n, const Bounds& range) {
    lane_sums even;
    lane_sums odd;
    gradient_run(grad, in, dx, streams, n, range, even, odd);
    if (n >= 2 * lanes) even.add(odd);
    // What is not finite becomes NaN.
    return folded(add(even.below, sub(even.check, even.check)), even.above);
}

/// dx of n <= chunk_elements; their sums in float lanes.
template <class Bounds>
QGRAFT_SIMD_FN lane_sums gradient_chunk(const float* grad, const float* in, float* dx, bool streams, std::size_t n,
                                        const Bounds& range) {
    lane_sums all;
    lane_sums even;
    lane_sums odd;
    for (std::size_t i = 0; i < n; i += run_elements) {
        gradient_run(grad + i, in + i, dx + i, streams, n - i < run_elements ? n - i : run_elements, range, even, odd);
        even.take_run(odd);
        all.take_run(even);
    }
    all.check = add(even.check, odd.check);
    return all;
}

/// The gradient of one block, at most gradient_block elements. Sums depend on nothing but its size and its values.
template <class Bounds>
QGRAFT_SIMD_FN range_sums gradient_block_sums(const float* grad, const float* in, output& dx, std::size_t n,
                                              const Bounds& range) {
    range_sums exact;
    if (n <= few_elements) {
        dx.begin(grad, n);
        const range_gradient sums = gradient_of_few(grad, in, dx.next(), dx.streams(), n, range);
        if (is_finite(sums.min + sums.max)) [[likely]] {
            exact = {sums.min, sums.max};
        } else {
            exact = exact_sums(grad, in, n, range);
        }
        dx.wrote(n);
        return exact;
    }
    total below = no_total();
    total above = no_total();
    for (std::size_t i = 0; i < n; i += chunk_elements) {
        const std::size_t count = n - i < chunk_elements ? n - i : chunk_elements;
        dx.begin(grad + i, count);
        const lane_sums sums = gradient_chunk(grad + i, in + i, dx.next(), dx.streams(), count, range);
        if (sums.finite()) [[likely]] {
            below = plus(below, sums.below);
            above = plus(above, sums.above);
        } else {
            exact += exact_sums(grad + i, in + i, count, range);
        }
        dx.wrote(count);
    }
    exact += {sum(below), sum(above)};
    return exact;
}

/// dx, and adds the sums to *sums, block by block. The numbers of the range are `stride` apart.
template <quantize_form Form>
QGRAFT_SIMD_KERNEL void gradient(const float* grad, const float* in, float* dx, std::size_t n, const float* params,
                                 std::size_t stride, bool streams, range_sums* sums) {
    const auto range = bounds<Form>::of_range(one_range{params, stride});
    alignas(64) float held[chunk_elements + 2 * lanes];
    output to(dx, dx == grad || dx == in, streams, held);
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
