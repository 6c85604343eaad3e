// The vector kernels of gradients of tensors whose innermost dimension is the channel: rows of as many ranges.
// SPDX-License-Identifier: Apache-2.0

// Included once an instruction set, between begin.hpp and end.hpp.
#ifdef QGRAFT_SIMD_ISA

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN
namespace QGRAFT_SIMD_ISA {

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

    /// dx of a vector; adds to the sums.
    QGRAFT_SIMD_FN void gradient_one(const float* grad, const float* in, float* dx, vec one, bool streams,
                                     lane_sums& sums) const {
        const vec g = load(grad);
        const directions to = range.of(load(in));
        sums.add_one(live_part(g), to, one);
        put_gradient(dx, g, to, one, streams);
    }

    /// The same of a vector of each of two rows.
    QGRAFT_SIMD_FN void gradient_pair(const float* grad, const float* in, float* dx, std::size_t step, vec one,
                                      bool streams, lane_sums& sums) const {
        const vec a = load(grad);
        const vec b = load(grad + step);
        const directions of_a = range.of(load(in));
        const directions of_b = range.of(load(in + step));
        sums.add_pair(live_part(a), of_a, live_part(b), of_b, one);
        put_gradient(dx, a, of_a, one, streams);
        put_gradient(dx + step, b, of_b, one, streams);
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
            add_exact_sums(live_part(g), load_up_to(in + at, count), range, to.below, to.above);
        }
    }

private:
    QGRAFT_SIMD_FN vec live_part(vec grad) const { return Plain ? grad : keep(live, grad); }

    QGRAFT_SIMD_FN void put_gradient(float* dx, vec grad, const directions& to, vec one, bool streams) const {
        const vec of_live = passed(live_part(grad), to, one);
        put_one(dx, Plain ? of_live : select(live, of_live, grad), streams);
    }
};

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

/// The sums of neighbouring columns, in memory: so whole rows are read and written in order.
struct strip_sums {
    static constexpr std::size_t most = 1024;
    alignas(64) float below[most];
    alignas(64) float above[most];

    QGRAFT_SIMD_FN lane_sums at(std::size_t j) const {
        lane_sums sums;
        sums.below = load(below + j);
        sums.above = load(above + j);
        return sums;
    }

    QGRAFT_SIMD_FN void set_at(std::size_t j, const lane_sums& sums) {
        store(below + j, sums.below);
        store(above + j, sums.above);
    }

    QGRAFT_SIMD_FN void add(const strip_sums& more, std::size_t width) {
        for (std::size_t j = 0; j < width; j += lanes) {
            lane_sums sums = at(j);
            sums.add(more.at(j));
            set_at(j, sums);
        }
    }
};

/// Whether two rows of this width are taken at a time: then they are near enough for one stream of reads, and the sums are
/// loaded and stored half as often. Only where this is so of all tensors, since the sums are others.
QGRAFT_SIMD_FN bool pairs_rows(std::size_t width) { return sums_products && width <= 96; }

/// dx of a row, or of two, of a strip of whole vectors; adds to its sums, or begins them, and to one check of them all.
template <class Column, std::size_t Rows, bool Begins>
QGRAFT_SIMD_FN void gradient_of_rows(const float* grad, const float* in, float* dx, bool streams, std::size_t width,
                                     const simd_row_table& t, strip_sums& strip, vec& check) {
    const vec one = opaque(set(1.0F));
    QGRAFT_SIMD_ROLLED
    for (std::size_t j = 0; j < width; j += lanes) {
        if (streams && j % line == 0) {
            for (std::size_t row = 0; row < Rows; ++row) {
                ask_ahead_of_line<rows_ahead>(grad + row * t.width + j);
                ask_ahead_of_line<rows_ahead>(in + row * t.width + j);
            }
        }
        lane_sums sums;
        if constexpr (!Begins) sums = strip.at(j);
        sums.check = check;
        const Column c(t.table + j, t.stride);
        if constexpr (Rows == 2) {
            c.gradient_pair(grad + j, in + j, dx + j, t.width, one, streams, sums);
        } else {
            c.gradient_one(grad + j, in + j, dx + j, one, streams, sums);
        }
        check = sums.check;
        strip.set_at(j, sums);
    }
}

/// A strip of whole vectors of a few rows.
template <class Column>
struct gradient_strip {
    const float* grad;
    const float* in;
    float* dx;
    bool streams;
    std::size_t width;
    const simd_row_table& t;

    /// dx of so many rows, which are of one run; adds to the check, and begins the sums.
    QGRAFT_SIMD_FN void run(std::size_t row, std::size_t rows, strip_sums& strip, vec& check) const {
        const std::size_t end = row + rows;
        bool begins = true;
        if (pairs_rows(t.width)) {
            for (; row + 2 <= end; row += 2, begins = false) some<2>(row, begins, strip, check);
        }
        for (; row < end; ++row, begins = false) some<1>(row, begins, strip, check);
    }

private:
    template <std::size_t Rows>
    QGRAFT_SIMD_FN void some(std::size_t row, bool begins, strip_sums& strip, vec& check) const {
        if (begins) {
            some_of_run<Rows, true>(row * t.width, strip, check);
        } else {
            some_of_run<Rows, false>(row * t.width, strip, check);
        }
    }

    // Loops of their own, since in a loop with branches clang does not keep all numbers in registers.
    template <std::size_t Rows, bool Begins>
    QGRAFT_SIMD_FN void some_of_run(std::size_t at, strip_sums& strip, vec& check) const {
        if (streams) {
            gradient_of_rows<Column, Rows, Begins>(grad + at, in + at, dx + at, true, width, t, strip, check);
        } else {
            gradient_of_rows<Column, Rows, Begins>(grad + at, in + at, dx + at, false, width, t, strip, check);
        }
    }
};

/// dx of at most summed_rows rows of a strip of whole vectors; adds to the sums.
template <class Column>
QGRAFT_SIMD_FN void gradient_of_strip(const gradient_strip<Column>& s, std::size_t rows, simd_row_sums to) {
    strip_sums sums;
    strip_sums run;
    vec all = set(0.0F);
    const std::size_t most = pairs_rows(s.t.width) ? paired_rows : run_rows;
    for (std::size_t row = 0; row < rows; row += most) {
        s.run(row, rows - row < most ? rows - row : most, row == 0 ? sums : run, all);
        if (row != 0) sums.add(run, s.width);
    }
    for (std::size_t j = 0; j < s.width; j += lanes) all = add(all, sums.at(j).all_of_it());
    const bool finite = all_finite(all);
    for (std::size_t j = 0; j < s.width; j += lanes) {
        const Column c(s.t.table + j, s.t.stride);
        c.add(sums.at(j), finite, s.grad + j, s.in + j, rows, s.t.width, lanes, {to.below + j, to.above + j});
    }
}

/// dx of all whole vectors of a few rows, strip by strip; adds to the sums. Returns how many columns that are.
template <class Column>
QGRAFT_SIMD_FN std::size_t gradient_strips(const float* grad, const float* in, float* dx, bool streams,
                                           std::size_t rows, const simd_row_table& t, simd_row_sums to) {
    const std::size_t whole = t.width / lanes * lanes;
    std::size_t width = 0;
    for (std::size_t j = 0; j < whole; j += width) {
        width = whole - j < strip_sums::most ? whole - j : strip_sums::most;
        const simd_row_table part{t.table + j, t.stride, t.width};
        const gradient_strip<Column> strip{grad + j, in + j, dx + j, streams, width, part};
        gradient_of_strip(strip, rows, {to.below + j, to.above + j});
    }
    return whole;
}

/// dx of all whole tiles of a few rows; adds to the sums. Returns how many columns that are.
template <class Column>
QGRAFT_SIMD_FN std::size_t gradient_tiles(const float* grad, const float* in, float* dx, bool streams, std::size_t rows,
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
    return j;
}

/// dx of one column of a few rows, which may be part of a vector; adds to the sums.
template <class Column>
QGRAFT_SIMD_FN void gradient_column(const float* grad, const float* in, float* dx, std::size_t rows, std::size_t count,
                                    const simd_row_table& t, simd_row_sums to) {
    const vec one = opaque(set(1.0F));
    const std::size_t step = t.width;
    const Column c(t.table, t.stride);
    lane_sums sums;
    lane_sums in_run;
    for (std::size_t row = 0; row < rows; row += run_rows) {
        const std::size_t end = (rows - row < run_rows ? rows : row + run_rows) * step;
        for (std::size_t at = row * step; at < end; at += step) {
            const vec g = load_up_to(grad + at, count);
            store_up_to(dx + at, c.gradient(g, load_up_to(in + at, count), one, in_run), count);
        }
        sums.take_run(in_run);
    }
    sums.check = in_run.check;
    c.add(sums, sums.finite(), grad, in, rows, step, count, to);
}

/// dx of a few rows; adds to the sums. dx is not the memory of the gradient or the input. In order: as strips, unless
/// one tile is the width of all.
template <class Column>
QGRAFT_SIMD_FN void gradient_rows(const float* grad, const float* in, float* dx, bool streams, bool in_order,
                                  std::size_t rows, const simd_row_table& t, simd_row_sums to) {
    std::size_t j = 0;
    if (sums_products || (in_order && t.width > tile * lanes)) {
        j = gradient_strips<Column>(grad, in, dx, streams, rows, t, to);
    } else {
        j = gradient_tiles<Column>(grad, in, dx, streams, rows, t, to);
    }
    for (; j < t.width; j += lanes) {
        const std::size_t count = t.width - j < lanes ? t.width - j : lanes;
        gradient_column<Column>(grad + j, in + j, dx + j, rows, count, {t.table + j, t.stride, t.width},
                                {to.below + j, to.above + j});
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
    // Beyond the caches memory is read and written in order.
    const bool in_order = streams || rows * step * sizeof(float) >= streamed_bytes;
    output out(dx, dx == grad || dx == in, streams, held);
    const std::size_t most = pairs_rows(step) ? paired_rows : summed_rows;
    for (std::size_t row = 0; row < rows; row += most) {
        const std::size_t count = rows - row < most ? rows - row : most;
        out.begin(grad + row * step, count * step);
        gradient_rows<bounds_column<Form, Plain>>(grad + row * step, in + row * step, out.next(), out.streams(),
                                                  in_order, count, t, to);
        out.wrote(count * step);
    }
    out.finish();
}

}  // namespace QGRAFT_SIMD_ISA
QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif
