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

/// Asks for what is so many bytes behind two vectors, where `streams`: a processor by itself stops at the end of a page.
template <std::size_t Bytes>
QGRAFT_SIMD_FN void ask_ahead(const float* p, bool streams) {
    if (!streams) return;
    constexpr std::size_t line = 64 / sizeof(float);
    for (std::size_t i = 0; i < 2 * lanes; i += line) {
        // As a number, since it may be behind the end of the tensor.
        __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(p + i) + Bytes));
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

template <quantize_form Form>
QGRAFT_SIMD_FN void forward_part(const float* in, float* out, std::size_t n, one_range range, bool streams) {
    if constexpr (has_fma && divides_by_scale(Form)) {
        if (range.params[at_inv * range.stride] != 0.0F) {
            transform(in, out, n, formula<Form, quotient::corrected>(range), streams);
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

/// Where a gradient is written, from the first element to the last: to the tensor itself; or, where that is not aligned
/// as streams need it, or is what is read, to a small buffer, and from there to whole aligned vectors of the tensor.
class output {
public:
    /// `held` has room for `room` elements and two vectors.
    QGRAFT_SIMD_FN output(float* out, bool in_place, bool streams, float* held)
        : out_(out),
          held_(in_place || (streams && floats_to_alignment(out) != 0) ? held : nullptr),
          streams_(streams) {}

    QGRAFT_SIMD_FN float* next() const { return held_ == nullptr ? out_ : held_ + count_; }
    /// Whether next() is to be streamed to.
    QGRAFT_SIMD_FN bool streams() const { return streams_ && held_ == nullptr; }

    /// The next n elements are there.
    QGRAFT_SIMD_FN void wrote(std::size_t n) {
        if (held_ == nullptr) {
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
    }

    QGRAFT_SIMD_FN void finish() {
        if (held_ != nullptr && count_ != 0) store_first(out_, load(held_), count_);
        if (streams_) fence();
    }

private:
    float* out_;
    float* held_;
    bool streams_;
    std::size_t count_ = 0;  // elements that wait in the buffer for a whole vector
};

QGRAFT_SIMD_FN bool all_finite(vec a) {
    const vec zero = sub(a, a);
    return all(equal(zero, zero));
}

/// What a gradient adds to the sums of its range, float lanes that are added up over a few vectors only. An infinite or
/// NaN gradient is in all sums of the definition, which adds products with 0 or 1; here it shows in `check`.
struct lane_sums {
    vec below, above, check;

    QGRAFT_SIMD_FN lane_sums() : below(set(0.0F)), above(below), check(below) {}

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

/// dx of one vector; adds to the sums.
template <class Bounds>
QGRAFT_SIMD_FN vec gradient_of(vec grad, vec x, const Bounds& range, vec one, lane_sums& sums) {
    const directions to = range.of(x);
    sums.below = add_where(to.below, sums.below, grad);
    sums.above = add_where(to.above, sums.above, grad);
    sums.check = add(sums.check, grad);
    return mul(grad, keep(to.passes, one));
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
inline constexpr std::size_t run = 2 * (run_rows - 1) * lanes;
inline constexpr std::size_t chunk = summed_runs * run;

/// The elements whose gradients are added up to one float, the lanes in the end, which takes fewer roundings.
inline constexpr std::size_t few_elements = 16 * lanes;

/// The sums in double of n <= chunk elements: for the few with infinite or huge gradients.
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
    const vec a = gradient_of(load(grad), load(in), range, one, even);
    const vec b = gradient_of(load(grad + lanes), load(in + lanes), range, one, odd);
    put(dx, a, b, streams);
}

/// dx of n <= run elements, and their sums in float lanes.
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

/// dx of n <= chunk elements; their sums in float lanes.
template <class Bounds>
QGRAFT_SIMD_FN lane_sums gradient_chunk(const float* grad, const float* in, float* dx, bool streams, std::size_t n,
                                        const Bounds& range) {
    lane_sums all;
    lane_sums even;
    lane_sums odd;
    for (std::size_t i = 0; i < n; i += run) {
        gradient_run(grad + i, in + i, dx + i, streams, n - i < run ? n - i : run, range, even, odd);
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
    for (std::size_t i = 0; i < n; i += chunk) {
        const std::size_t count = n - i < chunk ? n - i : chunk;
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
    alignas(64) float held[chunk + 2 * lanes];
    output to(dx, dx == grad || dx == in, streams, held);
    for (std::size_t i = 0; i < n; i += gradient_block) {
        const std::size_t count = n - i < gradient_block ? n - i : gradient_block;
        *sums += gradient_block_sums(grad + i, in + i, to, count, range);
    }
    to.finish();
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
