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
        return where_live(gradient_of(live_part(grad), x, range, one, sums), grad);
    }

    /// dx of the vector at the i-th element; adds to the sums.
    template <writing Way>
    QGRAFT_SIMD_FN void gradient_one(const float* grad, const float* in, const target& to, std::size_t i, vec one,
                                     lane_sums& sums) const {
        to.put<Way>(i, gradient(load(grad + i), load(in + i), one, sums));
    }

    /// The same of that and the one a row behind.
    template <writing Way>
    QGRAFT_SIMD_FN void gradient_pair(const float* grad, const float* in, const target& to, std::size_t i,
                                      std::size_t step, vec one, lane_sums& sums) const {
        const vec a = load(grad + i);
        const vec b = load(grad + i + step);
        const directions of_a = range.of(load(in + i));
        const directions of_b = range.of(load(in + i + step));
        sums.add_pair(live_part(a), of_a, live_part(b), of_b, one);
        to.put<Way>(i, where_live(passed(live_part(a), of_a, one), a));
        to.put<Way>(i + step, where_live(passed(live_part(b), of_b, one), b));
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

    /// dx; in the lanes of collapsed ranges the gradient as it is.
    QGRAFT_SIMD_FN vec where_live(vec dx, vec grad) const { return Plain ? dx : select(live, dx, grad); }
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

    /// dx of the vectors from the i-th element on.
    template <writing Way>
    QGRAFT_SIMD_FN void gradient(const float* grad, const float* in, const target& to, std::size_t i, vec one) {
        ask_ahead<two_ahead>(grad + i, Way == writing::streamed);
        ask_ahead<two_ahead>(in + i, Way == writing::streamed);
        const vec a = first.gradient(load(grad + i), load(in + i), one, in_run);
        const vec b = second.gradient(load(grad + i + lanes), load(in + i + lanes), one, second_in_run);
        to.put_two<Way>(i, a, b);
        others.template gradient<Way>(grad, in, to, i + 2 * lanes, one);
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
    template <writing Way>
    QGRAFT_SIMD_FN void gradient(const float*, const float*, const target&, std::size_t, vec) {}
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

/// Whether strips of this width take two rows at a time: then these are near enough for one stream of reads, and the
/// sums are loaded and stored half as often. Not where others than large tensors are taken in tiles: in place, in
/// pieces and otherwise a tensor has the same sums.
QGRAFT_SIMD_FN bool pairs_rows(std::size_t width) { return sums_products && width <= 96; }

/// dx of a row, or of two, of a strip of whole vectors; adds to its sums, or begins them, and to one check of them all.
template <class Column, std::size_t Rows, bool Begins, writing Way>
QGRAFT_SIMD_FN void gradient_of_rows(const float* grad, const float* in, const target& to, std::size_t width,
                                     const simd_row_table& t, strip_sums& strip, vec& check) {
    const vec one = opaque(set(1.0F));
    QGRAFT_SIMD_ROLLED
    for (std::size_t j = 0; j < width; j += lanes) {
        if (Way == writing::streamed && j % line == 0) {
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
            c.template gradient_pair<Way>(grad, in, to, j, t.width, one, sums);
        } else {
            c.template gradient_one<Way>(grad, in, to, j, one, sums);
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
    target to;
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
        switch (to.way) {
            case writing::plain:
                return some_in_way<Rows, Begins, writing::plain>(at, strip, check);
            case writing::streamed:
                return some_in_way<Rows, Begins, writing::streamed>(at, strip, check);
            case writing::in_place:
                return some_in_way<Rows, Begins, writing::in_place>(at, strip, check);
        }
    }

    template <std::size_t Rows, bool Begins, writing Way>
    QGRAFT_SIMD_FN void some_in_way(std::size_t at, strip_sums& strip, vec& check) const {
        gradient_of_rows<Column, Rows, Begins, Way>(grad + at, in + at, to.from(at), width, t, strip, check);
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
        c.add(sums.at(j), finite, s.to.unchanged(s.grad) + j, s.to.unchanged(s.in) + j, rows, s.t.width, lanes,
              {to.below + j, to.above + j});
    }
}

/// dx of all whole vectors of a few rows, strip by strip; adds to the sums. Returns how many columns that are.
template <class Column>
QGRAFT_SIMD_FN std::size_t gradient_strips(const float* grad, const float* in, const target& to, std::size_t rows,
                                           const simd_row_table& t, simd_row_sums sums) {
    const std::size_t whole = t.width / lanes * lanes;
    std::size_t width = 0;
    for (std::size_t j = 0; j < whole; j += width) {
        width = whole - j < strip_sums::most ? whole - j : strip_sums::most;
        const simd_row_table part{t.table + j, t.stride, t.width};
        const gradient_strip<Column> strip{grad + j, in + j, to.from(j), width, part};
        gradient_of_strip(strip, rows, {sums.below + j, sums.above + j});
    }
    return whole;
}

/// dx of the rows of a tile, at every step-th element from `at` to `end`; adds to the sums.
template <writing Way, class Columns>
QGRAFT_SIMD_FN void gradient_of_tile(Columns& c, const float* grad, const float* in, const target& to, std::size_t at,
                                     std::size_t end, std::size_t step) {
    const vec one = opaque(set(1.0F));
    QGRAFT_SIMD_ROLLED
    for (; at < end; at += step) c.template gradient<Way>(grad, in, to, at, one);
}

/// dx of all whole tiles of a few rows; adds to the sums. Returns how many columns that are.
template <class Column>
QGRAFT_SIMD_FN std::size_t gradient_tiles(const float* grad, const float* in, const target& to, std::size_t rows,
                                          const simd_row_table& t, simd_row_sums sums) {
    const std::size_t step = t.width;
    std::size_t j = 0;
    for (; j + tile * lanes <= step; j += tile * lanes) {
        summing_columns<Column, tile> c(t.table + j, t.stride);
        for (std::size_t row = 0; row < rows; row += run_rows) {
            const std::size_t end = (rows - row < run_rows ? rows : row + run_rows) * step;
            // Loops of their own, since in a loop with branches clang does not keep all numbers in registers.
            switch (to.way) {
                case writing::plain:
                    gradient_of_tile<writing::plain>(c, grad, in, to, row * step + j, end, step);
                    break;
                case writing::streamed:
                    gradient_of_tile<writing::streamed>(c, grad, in, to, row * step + j, end, step);
                    break;
                case writing::in_place:
                    gradient_of_tile<writing::in_place>(c, grad, in, to, row * step + j, end, step);
                    break;
            }
            c.end_run();
        }
        c.end_runs();
        c.finish(all_finite(c.all_of_it()), to.unchanged(grad) + j, to.unchanged(in) + j, rows, step,
                 {sums.below + j, sums.above + j});
    }
    return j;
}

/// dx of one column of a few rows, which may be part of a vector; adds to the sums.
template <class Column>
QGRAFT_SIMD_FN void gradient_column(const float* grad, const float* in, const target& to, std::size_t rows,
                                    std::size_t count, const simd_row_table& t, simd_row_sums to_sums) {
    const vec one = opaque(set(1.0F));
    const std::size_t step = t.width;
    const Column c(t.table, t.stride);
    lane_sums sums;
    lane_sums in_run;
    for (std::size_t row = 0; row < rows; row += run_rows) {
        const std::size_t end = (rows - row < run_rows ? rows : row + run_rows) * step;
        for (std::size_t at = row * step; at < end; at += step) {
            const vec g = load_up_to(grad + at, count);
            to.put_up_to(at, c.gradient(g, load_up_to(in + at, count), one, in_run), count);
        }
        sums.take_run(in_run);
    }
    sums.check = in_run.check;
    c.add(sums, sums.finite(), to.unchanged(grad), to.unchanged(in), rows, step, count, to_sums);
}

/// dx of a few rows; adds to the sums. In order: as strips, unless one tile is the width of all.
template <class Column>
QGRAFT_SIMD_FN void gradient_rows(const float* grad, const float* in, const target& to, bool in_order, std::size_t rows,
                                  const simd_row_table& t, simd_row_sums sums) {
    std::size_t j = 0;
    if (sums_products || (in_order && t.width > tile * lanes)) {
        j = gradient_strips<Column>(grad, in, to, rows, t, sums);
    } else {
        j = gradient_tiles<Column>(grad, in, to, rows, t, sums);
    }
    for (; j < t.width; j += lanes) {
        const std::size_t count = t.width - j < lanes ? t.width - j : lanes;
        gradient_column<Column>(grad + j, in + j, to.from(j), rows, count, {t.table + j, t.stride, t.width},
                                {sums.below + j, sums.above + j});
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
/// summed_rows rows and two vectors, where the tensor is large or dx is in the place of what is read. Large tensors are
/// read and written in order, past the caches where dx is not in place.
template <quantize_form Form, bool Plain>
QGRAFT_SIMD_KERNEL void gradient_channels(const float* grad, const float* in, float* dx, std::size_t rows,
                                          simd_row_table t, float* held, bool large, simd_row_sums to) {
    const std::size_t step = t.width;
    output out(dx, dx == grad || dx == in, large && step % lanes == 0, held);
    const std::size_t most = pairs_rows(step) ? paired_rows : summed_rows;
    for (std::size_t row = 0; row < rows; row += most) {
        const std::size_t count = rows - row < most ? rows - row : most;
        const target place = out.next(grad + row * step, count * step);
        gradient_rows<bounds_column<Form, Plain>>(grad + row * step, in + row * step, place, large, count, t, to);
        out.wrote(count * step);
    }
    out.finish();
}

}  // namespace QGRAFT_SIMD_ISA
QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif
