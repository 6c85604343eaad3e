// The vector kernels of tensors whose innermost dimension is the channel: rows of as many ranges.
// SPDX-License-Identifier: Apache-2.0

// Included once an instruction set, between begin.hpp and end.hpp.
#ifdef QGRAFT_SIMD_ISA

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN
namespace QGRAFT_SIMD_ISA {

/// The ranges of a few neighbouring channels, as many as a vector has lanes.
template <quantize_form Form, bool Collapsed>
struct column {
    formula<Form> f;
    mask live;

    QGRAFT_SIMD_FN column(const float* table, std::size_t stride)
        : f(range_a_lane{table, stride}), live(bits_of(load(table + (Collapsed ? at_live * stride : 0)))) {}

    QGRAFT_SIMD_FN vec operator()(vec x) const {
        if constexpr (Collapsed) {
            return keep(live, f(x));
        } else {
            return f(x);
        }
    }

    /// dx; adds to the sums. In the lanes of collapsed ranges dx is the gradient as it is.
    QGRAFT_SIMD_FN vec gradient(vec grad, vec x, vec one, lane_sums& sums) const {
        if constexpr (Collapsed) {
            return select(live, gradient_of(keep(live, grad), x, f, one, sums), grad);
        } else {
            return gradient_of(grad, x, f, one, sums);
        }
    }
};

/// Columns of `Rows` rows, so that the numbers of a range are loaded once for all of them.
template <quantize_form Form, bool Collapsed, bool Stream, std::size_t Rows>
QGRAFT_SIMD_FN void forward_rows(const float* in, float* out, const simd_row_table& t) {
    std::size_t j = 0;
    for (; j + lanes <= t.width; j += lanes) {
        const column<Form, Collapsed> c(t.table + j, t.stride);
        for (std::size_t r = 0; r < Rows; ++r) put<Stream>(out + r * t.width + j, c(load(in + r * t.width + j)));
    }
    if (j == t.width) return;
    const column<Form, Collapsed> c(t.table + j, t.stride);
    for (std::size_t r = 0; r < Rows; ++r) {
        const std::size_t at = r * t.width + j;
        store_first(out + at, c(load_first(in + at, t.width - j)), t.width - j);
    }
}

template <quantize_form Form, bool Collapsed>
QGRAFT_SIMD_KERNEL void forward_channels(const float* in, float* out, std::size_t rows, simd_row_table t,
                                         bool streams) {
    const std::size_t step = t.width;
    if (streams) {
        for (; rows >= 1; --rows, in += step, out += step) forward_rows<Form, Collapsed, true, 1>(in, out, t);
        fence();
        return;
    }
    for (; rows >= 4; rows -= 4, in += 4 * step, out += 4 * step) forward_rows<Form, Collapsed, false, 4>(in, out, t);
    for (; rows >= 1; --rows, in += step, out += step) forward_rows<Form, Collapsed, false, 1>(in, out, t);
}

template <quantize_form Form, bool Collapsed>
QGRAFT_SIMD_FN void add_exact_sums(const float* grad, const float* in, std::size_t rows, std::size_t step,
                                   const column<Form, Collapsed>& c, simd_row_sums to) {
    const vec one = opaque(set(1.0F));
    for (std::size_t r = 0; r < rows; ++r) {
        lane_sums sums{set(0.0F), set(0.0F)};
        c.gradient(load(grad + r * step), load(in + r * step), one, sums);
        add_to(to.below, sums.below);
        add_to(to.above, sums.above);
    }
}

template <quantize_form Form, bool Collapsed, bool Stream, std::size_t Rows>
QGRAFT_SIMD_FN void gradient_rows(const float* grad, const float* in, float* dx, const simd_row_table& t,
                                  simd_row_sums to) {
    const vec one = opaque(set(1.0F));
    const vec nothing = set(0.0F);
    const bool overwrites = dx == grad || dx == in;
    float saved_grad[Rows * lanes];
    float saved_in[Rows * lanes];
    std::size_t j = 0;
    for (; j + lanes <= t.width; j += lanes) {
        const column<Form, Collapsed> c(t.table + j, t.stride);
        const float* g = grad + j;
        const float* x = in + j;
        std::size_t step = t.width;
        if (overwrites) {
            for (std::size_t r = 0; r < Rows; ++r) {
                store(saved_grad + r * lanes, load(g + r * step));
                store(saved_in + r * lanes, load(x + r * step));
            }
            g = saved_grad;
            x = saved_in;
            step = lanes;
        }
        lane_sums sums{nothing, nothing};
        for (std::size_t r = 0; r < Rows; ++r) {
            put<Stream>(dx + r * t.width + j, c.gradient(load(g + r * step), load(x + r * step), one, sums));
        }
        if (is_finite(add(sums.below, sums.above))) [[likely]] {
            add_to(to.below + j, sums.below);
            add_to(to.above + j, sums.above);
        } else {
            add_exact_sums(g, x, Rows, step, c, {to.below + j, to.above + j});
        }
    }
    if (j == t.width) return;
    const column<Form, Collapsed> c(t.table + j, t.stride);
    const std::size_t rest = t.width - j;
    for (std::size_t r = 0; r < Rows; ++r) {
        const std::size_t at = r * t.width + j;
        lane_sums sums{nothing, nothing};
        store_first(dx + at, c.gradient(load_first(grad + at, rest), load_first(in + at, rest), one, sums), rest);
        add_to(to.below + j, sums.below);
        add_to(to.above + j, sums.above);
    }
}

/// dx of some rows; adds to the sums, which reach a vector beyond the width.
template <quantize_form Form, bool Collapsed>
QGRAFT_SIMD_KERNEL void gradient_channels(const float* grad, const float* in, float* dx, std::size_t rows,
                                          simd_row_table t, bool streams, simd_row_sums to) {
    constexpr std::size_t group = 8;
    constexpr std::size_t streamed = 2;  // more lines at a time than the processor gathers cost more than they save
    const std::size_t step = t.width;
    if (streams) {
        for (; rows >= streamed;
             rows -= streamed, grad += streamed * step, in += streamed * step, dx += streamed * step) {
            gradient_rows<Form, Collapsed, true, streamed>(grad, in, dx, t, to);
        }
        fence();
    }
    for (; rows >= group; rows -= group, grad += group * step, in += group * step, dx += group * step) {
        gradient_rows<Form, Collapsed, false, group>(grad, in, dx, t, to);
    }
    for (; rows >= 1; --rows, grad += step, in += step, dx += step) {
        gradient_rows<Form, Collapsed, false, 1>(grad, in, dx, t, to);
    }
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
