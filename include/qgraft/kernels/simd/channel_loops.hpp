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

/// Rows, as many together as stay in the nearest cache; where the whole tensor does not, only a few, and wide ones of a
/// large tensor one by one, so that memory is read and written nearly in order.
template <class Column>
QGRAFT_SIMD_FN void transform_table(const float* in, float* out, std::size_t rows, const simd_row_table& t,
                                    bool streams) {
    constexpr std::size_t elements = 2048;
    constexpr std::size_t near_elements = 16384;
    constexpr std::size_t wide_row = 128;
    std::size_t together = t.width < elements ? elements / t.width : 1;
    if (rows * t.width > near_elements && together > rows_in_order) together = rows_in_order;
    const bool large = streams || is_large<false>(rows * t.width * sizeof(float));
    if (large && t.width >= wide_row) together = 1;
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
