// The vector kernels of tensors whose innermost dimension is the channel: rows of as many ranges.
// SPDX-License-Identifier: Apache-2.0

// Included once an instruction set, between begin.hpp and end.hpp.
#ifdef QGRAFT_SIMD_ISA

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN
namespace QGRAFT_SIMD_ISA {

/// The ranges of a few neighbouring channels, as many as a vector has lanes. Plain: all of them are common, so that
/// none is collapsed.
template <quantize_form Form, bool Plain>
struct column {
    formula<Form, Plain && has_fma ? quotient::corrected : quotient::divided> f;
    mask live;

    QGRAFT_SIMD_FN column(const float* table, std::size_t stride)
        : f(range_a_lane{table, stride}), live(bits_of(load(table + (Plain ? 0 : at_live * stride)))) {}

    QGRAFT_SIMD_FN vec operator()(vec x) const {
        if constexpr (Plain) {
            return f(x);
        } else {
            return keep(live, f(x));
        }
    }
};

/// The bounds of a few neighbouring channels, from a table that to_bounds has seen.
template <quantize_form Form, bool Plain>
struct bounds_column {
    bounds<Form> range;
    mask live;

    QGRAFT_SIMD_FN bounds_column(const float* table, std::size_t stride)
        : range{load(table + at_low * stride), load(table + at_high * stride), load(table + at_inv * stride)},
          live(bits_of(load(table + (Plain ? 0 : at_live * stride)))) {}

    /// dx; adds to the sums. In the lanes of collapsed ranges dx is the gradient as it is.
    QGRAFT_SIMD_FN vec gradient(vec grad, vec x, vec one, lane_sums& sums) const {
        if constexpr (Plain) {
            return gradient_of(grad, x, range, one, sums);
        } else {
            return select(live, gradient_of(keep(live, grad), x, range, one, sums), grad);
        }
    }

    /// Adds what has been summed up for some rows of `count` lanes, or where that is not finite each of them by itself.
    QGRAFT_SIMD_FN void add(const lane_sums& sums, bool finite, const float* grad, const float* in, std::size_t rows,
                            std::size_t step, std::size_t count, simd_row_sums to) const {
        if (finite) [[likely]] {
            add_to(to.below, sums.below);
            add_to(to.above, sums.above);
            return;
        }
        for (std::size_t at = 0; at < rows * step; at += step) {
            const vec g = load_up_to(grad + at, count);
            add_exact_sums(Plain ? g : keep(live, g), load_up_to(in + at, count), range, to.below, to.above);
        }
    }
};

/// A factor a lane.
struct scale_column {
    vec factor;

    QGRAFT_SIMD_FN scale_column(const float* table, std::size_t) : factor(load(table)) {}
    QGRAFT_SIMD_FN vec operator()(vec x) const { return mul(x, factor); }
};

/// N columns side by side, an even number, whose numbers stay in registers from row to row.
template <class Column, std::size_t N>
struct columns {
    Column first, second;
    columns<Column, N - 2> others;

    QGRAFT_SIMD_FN columns(const float* table, std::size_t stride)
        : first(table, stride), second(table + lanes, stride), others(table + 2 * lanes, stride) {}

    QGRAFT_SIMD_FN void transform(const float* in, float* out, bool streams) const {
        ask_ahead<one_ahead>(in, streams);
        put(out, first(load(in)), second(load(in + lanes)), streams);
        others.transform(in + 2 * lanes, out + 2 * lanes, streams);
    }
};
template <class Column>
struct columns<Column, 0> {
    QGRAFT_SIMD_FN columns(const float*, std::size_t) {}
    QGRAFT_SIMD_FN void transform(const float*, float*, bool) const {}
};

/// A few rows. Where they are streamed, the places of all whole vectors are aligned.
template <class Column>
QGRAFT_SIMD_FN void transform_rows(const float* in, float* out, std::size_t rows, const simd_row_table& t,
                                   bool streams) {
    const std::size_t step = t.width;
    std::size_t j = 0;
    for (; j + tile * lanes <= step; j += tile * lanes) {
        const columns<Column, tile> c(t.table + j, t.stride);
        for (std::size_t at = j; at < rows * step; at += step) c.transform(in + at, out + at, streams);
    }
    for (; j < step; j += lanes) {
        const Column c(t.table + j, t.stride);
        const std::size_t count = step - j < lanes ? step - j : lanes;
        for (std::size_t at = j; at < rows * step; at += step) {
            store_up_to(out + at, c(load_up_to(in + at, count)), count);
        }
    }
}

/// Rows, as many together as stay in the nearest cache.
template <class Column>
QGRAFT_SIMD_FN void transform_table(const float* in, float* out, std::size_t rows, const simd_row_table& t,
                                    bool streams) {
    constexpr std::size_t elements = 2048;
    const std::size_t together = t.width < elements ? elements / t.width : 1;
    for (std::size_t row = 0; row < rows; row += together) {
        const std::size_t count = rows - row < together ? rows - row : together;
        transform_rows<Column>(in + row * t.width, out + row * t.width, count, t, streams);
    }
    if (streams) fence();
}

template <quantize_form Form, bool Plain>
QGRAFT_SIMD_KERNEL void forward_channels(const float* in, float* out, std::size_t rows, simd_row_table t,
                                         bool streams) {
    transform_table<column<Form, Plain>>(in, out, rows, t, streams);
}

/// Rows, each element of which is multiplied by a number of its own.
QGRAFT_SIMD_KERNEL void scale_rows(const float* in, float* out, std::size_t rows, simd_row_table t, bool streams) {
    transform_table<scale_column>(in, out, rows, t, streams);
}

/// N columns side by side, an even number, and the sums of their gradients: of runs of rows, and of the one at work.
template <class Column, std::size_t N>
struct summing_columns {
    Column first, second;
    lane_sums sums, second_sums;
    lane_sums in_run, second_in_run;
    summing_columns<Column, N - 2> others;

    QGRAFT_SIMD_FN summing_columns(const float* table, std::size_t stride)
        : first(table, stride), second(table + lanes, stride), others(table + 2 * lanes, stride) {}

    QGRAFT_SIMD_FN void gradient(const float* grad, const float* in, float* dx, vec one, bool streams) {
        ask_ahead<two_ahead>(grad, streams);
        ask_ahead<two_ahead>(in, streams);
        const vec a = first.gradient(load(grad), load(in), one, in_run);
        const vec b = second.gradient(load(grad + lanes), load(in + lanes), one, second_in_run);
        put(dx, a, b, streams);
        others.gradient(grad + 2 * lanes, in + 2 * lanes, dx + 2 * lanes, one, streams);
    }

    QGRAFT_SIMD_FN void end_run() {
        sums.take_run(in_run);
        second_sums.take_run(second_in_run);
        others.end_run();
    }

    QGRAFT_SIMD_FN void end_runs() {
        sums.check = in_run.check;
        second_sums.check = second_in_run.check;
        others.end_runs();
    }

    /// Finite where all sums are, unless they are great.
    QGRAFT_SIMD_FN vec all_of_it() const {
        const vec two = add(sums.all_of_it(), second_sums.all_of_it());
        if constexpr (N == 2) return two;
        return add(two, others.all_of_it());
    }

    /// Adds what has been summed up for some rows, which is all finite or not.
    QGRAFT_SIMD_FN void finish(bool finite, const float* grad, const float* in, std::size_t rows, std::size_t step,
                               simd_row_sums to) const {
        first.add(sums, finite || sums.finite(), grad, in, rows, step, lanes, to);
        second.add(second_sums, finite || second_sums.finite(), grad + lanes, in + lanes, rows, step, lanes,
                   {to.below + lanes, to.above + lanes});
        others.finish(finite, grad + 2 * lanes, in + 2 * lanes, rows, step,
                      {to.below + 2 * lanes, to.above + 2 * lanes});
    }
};
template <class Column>
struct summing_columns<Column, 0> {
    QGRAFT_SIMD_FN summing_columns(const float*, std::size_t) {}
    QGRAFT_SIMD_FN void gradient(const float*, const float*, float*, vec, bool) {}
    QGRAFT_SIMD_FN void end_run() {}
    QGRAFT_SIMD_FN void end_runs() {}
    QGRAFT_SIMD_FN vec all_of_it() const { return set(0.0F); }
    QGRAFT_SIMD_FN void finish(bool, const float*, const float*, std::size_t, std::size_t, simd_row_sums) const {}
};

/// dx of a few rows; adds to the sums. dx is not the memory of the gradient or the input.
template <class Column>
QGRAFT_SIMD_FN void gradient_rows(const float* grad, const float* in, float* dx, bool streams, std::size_t rows,
                                  const simd_row_table& t, simd_row_sums to) {
    const vec one = opaque(set(1.0F));
    const std::size_t step = t.width;
    std::size_t j = 0;
    for (; j + tile * lanes <= step; j += tile * lanes) {
        summing_columns<Column, tile> c(t.table + j, t.stride);
        for (std::size_t row = 0; row < rows; row += run_rows) {
            const std::size_t end = (rows - row < run_rows ? rows : row + run_rows) * step;
            std::size_t at = row * step + j;
            // Two loops, since in a loop with branches clang does not keep all numbers in registers.
            if (streams) {
                QGRAFT_SIMD_ROLLED
                for (; at < end; at += step) c.gradient(grad + at, in + at, dx + at, one, true);
            } else {
                QGRAFT_SIMD_ROLLED
                for (; at < end; at += step) c.gradient(grad + at, in + at, dx + at, one, false);
            }
            c.end_run();
        }
        c.end_runs();
        c.finish(all_finite(c.all_of_it()), grad + j, in + j, rows, step, {to.below + j, to.above + j});
    }
    for (; j < step; j += lanes) {
        const Column c(t.table + j, t.stride);
        const std::size_t count = step - j < lanes ? step - j : lanes;
        lane_sums sums;
        lane_sums in_run;
        for (std::size_t row = 0; row < rows; row += run_rows) {
            const std::size_t end = (rows - row < run_rows ? rows : row + run_rows) * step;
            for (std::size_t at = row * step + j; at < end; at += step) {
                const vec g = load_up_to(grad + at, count);
                store_up_to(dx + at, c.gradient(g, load_up_to(in + at, count), one, in_run), count);
            }
            sums.take_run(in_run);
        }
        sums.check = in_run.check;
        c.add(sums, sums.finite(), grad + j, in + j, rows, step, count, {to.below + j, to.above + j});
    }
}

/// Makes bounds of low and high in a table of n ranges and up to a vector beyond, as gradient_channels reads them.
template <quantize_form Form>
QGRAFT_SIMD_KERNEL void to_bounds(float* table, std::size_t stride, std::size_t n) {
    for (std::size_t j = 0; j < n; j += lanes) {
        const auto found = bounds<Form>::of_range(range_a_lane{table + j, stride});
        store(table + at_low * stride + j, found.low);
        store(table + at_high * stride + j, found.high);
    }
}

/// dx of some rows; adds to the sums, which reach a vector beyond the width. `held` has room for the elements of
/// summed_rows rows and two vectors, where dx is streamed or is in the place of what is read.
template <quantize_form Form, bool Plain>
QGRAFT_SIMD_KERNEL void gradient_channels(const float* grad, const float* in, float* dx, std::size_t rows,
                                          simd_row_table t, float* held, bool streams, simd_row_sums to) {
    const std::size_t step = t.width;
    output out(dx, dx == grad || dx == in, streams, held);
    for (std::size_t row = 0; row < rows; row += summed_rows) {
        const std::size_t count = rows - row < summed_rows ? rows - row : summed_rows;
        out.begin(grad + row * step, count * step);
        gradient_rows<bounds_column<Form, Plain>>(grad + row * step, in + row * step, out.next(), out.streams(), count,
                                                  t, to);
        out.wrote(count * step);
    }
    out.finish();
}

/// The least and the greatest value of each column, with what min[0 ... width - 1] and max hold already. Where NaN is
/// kept, nan[i] becomes NaN.
template <bool KeepsNan>
QGRAFT_SIMD_KERNEL void min_max_channels(const float* in, std::size_t rows, std::size_t width, float* min, float* max,
                                         float* nan) {
    constexpr std::size_t group = 16;
    const vec nothing = set(std::numeric_limits<float>::quiet_NaN());
    for (std::size_t row = 0; row < rows; row += group) {
        const std::size_t end = rows - row < group ? rows : row + group;
        for (std::size_t j = 0; j < width; j += lanes) {
            const std::size_t count = width - j < lanes ? width - j : lanes;
            vec low = load(min + j);
            vec high = load(max + j);
            vec spoilt = load(nan + j);
            for (std::size_t r = row; r < end; ++r) {
                const float* const p = in + r * width + j;
                const vec x = count < lanes ? load_first_or(p, count, nothing) : load(p);
                low = lesser(x, low);
                high = greater(x, high);
                if constexpr (KeepsNan) {
                    const vec y = count < lanes ? load_first(p, count) : x;
                    spoilt = select(ordered(y, spoilt), spoilt, add(y, spoilt));
                }
            }
            store(min + j, low);
            store(max + j, high);
            if constexpr (KeepsNan) store(nan + j, spoilt);
        }
    }
}

}  // namespace QGRAFT_SIMD_ISA
QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif
