// simd's functions for tensors that have a range a channel; part of simd.hpp.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_SIMD_CHANNELS_HPP
#define QGRAFT_KERNELS_SIMD_CHANNELS_HPP

#include <qgraft/kernels/checks.hpp>
#include <qgraft/kernels/policy.hpp>
#include <qgraft/kernels/scalar.hpp>
#include <qgraft/kernels/simd/channel_table.hpp>
#include <qgraft/kernels/simd/dispatch.hpp>
#include <qgraft/kernels/simd/params.hpp>
#include <qgraft/kernels/simd/row_plan.hpp>
#include <qgraft/quant/isa_namespace.hpp>

#include <cstddef>
#include <limits>
#include <span>

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN

/// Whether the elements of one channel that lie side by side are enough to go through them run by run. Else a tensor
/// [outer, channels, inner] is taken as one of channels * inner channels, innermost.
inline bool has_long_runs(const channel_rows& layout, std::size_t lanes) noexcept {
    return layout.inner >= 8 * lanes || (layout.inner >= 2 * lanes && layout.outer < 4);
}

/// The functions of channel_kernel_policy, summing_kernel_policy and folding_kernel_policy, as scalar_channels has
/// them.
template <class Numerics, bool Streams>
class simd_channels {
    static constexpr quantize_form form = Numerics::channel_form;
    static constexpr bool flushes = Numerics::ops::flushes;
    using definition = scalar<Numerics>;

public:
    static void fake_quantize_channels(std::span<const float> in, std::span<float> out,
                                       std::span<const quant_range> ranges, const quant_spec& spec,
                                       std::size_t inner = 1) {
        const simd_level level = level_for<Numerics>();
        if (level == simd_level::baseline) return definition::fake_quantize_channels(in, out, ranges, spec, inner);
        if constexpr (has_simd<Numerics>) {
            require_valid(spec);
            const channel_rows layout = rows_of(in.size(), ranges.size(), inner);
            require_size("out", out.size(), in.size());
            if (in.empty()) return;
            if (!is_exact<Numerics>(ranges, spec)) {
                return definition::fake_quantize_channels(in, out, ranges, spec, inner);
            }
            const bool streams = worth_streaming<Streams>(in.data(), out.data(), in.size_bytes());
            if (has_long_runs(layout, lanes_of(level))) {
                channel_table<Numerics> table(level, ranges, spec);
                const numerics_mode<flushes> mode(!table.common());
                QGRAFT_SIMD_CALL(level, forward_runs<form>(in.data(), out.data(), inner, layout.outer, layout.channels,
                                                           table.data(), table.stride(), streams))
            } else {
                forward_rows(level, in, out.data(), ranges, spec, layout, streams);
            }
        }
    }

    static void fake_quantize_channels_gradient(std::span<const float> grad, std::span<const float> in,
                                                std::span<float> dx, std::span<const quant_range> ranges,
                                                std::span<range_gradient> range_gradients, const quant_spec& spec,
                                                std::size_t inner = 1) {
        require_size("range_gradients", range_gradients.size(), ranges.size());
        scratch<range_sums, 256> sums(ranges.size());
        fake_quantize_channels_gradient_sums(grad, in, dx, ranges, {sums.data(), ranges.size()}, spec, inner);
        round_sums(sums.data(), range_gradients.data(), ranges.size());
    }

    static void fake_quantize_channels_gradient_sums(std::span<const float> grad, std::span<const float> in,
                                                     std::span<float> dx, std::span<const quant_range> ranges,
                                                     std::span<range_sums> sums, const quant_spec& spec,
                                                     std::size_t inner = 1) {
        const simd_level level = level_for<Numerics>();
        if (level == simd_level::baseline) {
            return definition::fake_quantize_channels_gradient_sums(grad, in, dx, ranges, sums, spec, inner);
        }
        if constexpr (has_simd<Numerics>) {
            require_size("sums", sums.size(), ranges.size());
            require_valid(spec);
            const channel_rows layout = rows_of(in.size(), ranges.size(), inner);
            require_size("grad", grad.size(), in.size());
            require_size("dx", dx.size(), in.size());
            for (range_sums& s : sums) s = {};
            if (in.empty()) return;
            const bool large = is_large<Streams>(in.size_bytes());
            // How a block is summed depends on nothing outside of it, so that a split between blocks has the same sums.
            const std::size_t together = rows_of_gradient_block(layout.channels, inner);
            const std::size_t whole = layout.outer / together * together;
            const std::size_t at = whole * layout.channels * inner;
            const tensors t{grad.data(), in.data(), dx.data(), {whole, layout.channels, inner}, together, large};
            const tensors rest{grad.data() + at,     in.data() + at,
                               dx.data() + at,       {layout.outer - whole, layout.channels, inner},
                               layout.outer - whole, large};
            if (t.rows.outer != 0) gradient_blocks(level, t, ranges, spec, sums.data());
            if (rest.rows.outer != 0) gradient_blocks(level, rest, ranges, spec, sums.data());
        }
    }

    static void min_max_channels(std::span<const float> in, std::span<quant_range> ranges, std::size_t inner = 1) {
        const simd_level level = level_for<Numerics>();
        if (level == simd_level::baseline) return definition::min_max_channels(in, ranges, inner);
        if constexpr (has_simd<Numerics>) {
            const channel_rows layout = rows_of(in.size(), ranges.size(), inner);
            if (layout.outer * layout.inner <= 1) return definition::min_max_channels(in, ranges, inner);
            constexpr float infinity = std::numeric_limits<float>::infinity();
            for (quant_range& r : ranges) r = {infinity, -infinity};
            if (has_long_runs(layout, lanes_of(level))) {
                min_max_runs(level, in.data(), layout, ranges.data());
            } else {
                min_max_rows(level, in, layout, ranges.data());
            }
            for (quant_range& r : ranges) r = definite_zeros<Numerics>(r);
        }
    }

    static void scale_channels(std::span<const float> in, std::span<float> out, std::span<const float> scales,
                               std::size_t inner) {
        const simd_level level = level_for<Numerics>();
        // Products of any size: see is_exact.
        constexpr bool exact = !(QGRAFT_SIMD_NEON && flushes);
        if (level == simd_level::baseline || !exact) return definition::scale_channels(in, out, scales, inner);
        if constexpr (has_simd<Numerics>) {
            const channel_rows layout = rows_of(in.size(), scales.size(), inner);
            require_size("out", out.size(), in.size());
            if (in.empty()) return;
            const bool streams = worth_streaming<Streams>(in.data(), out.data(), in.size_bytes());
            if (has_long_runs(layout, lanes_of(level))) {
                const numerics_mode<flushes> mode;
                QGRAFT_SIMD_CALL(level, scale_runs(in.data(), out.data(), inner, layout.outer, layout.channels,
                                                   scales.data(), streams))
            } else {
                scale_rows(level, in, out.data(), scales, layout, streams);
            }
        }
    }

private:
    /// The tensors of a gradient, a whole number of blocks.
    struct tensors {
        const float* grad;
        const float* in;
        float* dx;
        channel_rows rows;
        std::size_t block_rows;
        bool large;

        channel_rows block() const noexcept { return {block_rows, rows.channels, rows.inner}; }
    };

    static void forward_rows(simd_level level, std::span<const float> in, float* out,
                             std::span<const quant_range> ranges, const quant_spec& spec, const channel_rows& layout,
                             bool streams) {
        const row_plan plan(layout, lanes_of(level));
        channel_table<Numerics> params(level, ranges, spec, plan);
        const numerics_mode<flushes> mode(!params.common());
        const auto rows = [&](std::size_t at, std::size_t from, std::size_t count, std::size_t width, bool stream) {
            const simd_row_table table{params.data() + from, plan.stride, width};
            if (count == 0 || width == 0) return;
            if (params.common()) {
                QGRAFT_SIMD_CALL(level, forward_channels<form, true>(in.data() + at, out + at, count, table, stream))
            } else {
                QGRAFT_SIMD_CALL(level, forward_channels<form, false>(in.data() + at, out + at, count, table, stream))
            }
        };
        for_rows(plan, out, in.size(), streams, rows);
    }

    /// Calls rows(at, from, count, width, stream) for the parts of n elements: before the first whole vector, whole
    /// rows, the rest of a row. `at` is the place of the first element, `from` that of its range in the table.
    template <class Rows>
    static void for_rows(const row_plan& plan, const float* to, std::size_t n, bool streams, const Rows& rows) {
        const std::size_t head = plan.head(to, n);
        const std::size_t count = (n - head) / plan.width;
        rows(0, 0, 1, head, false);
        rows(head, head, count, plan.width, streams && plan.whole_vectors());
        rows(head + count * plan.width, head, 1, n - head - count * plan.width, false);
    }

    static void gradient_blocks(simd_level level, const tensors& t, std::span<const quant_range> ranges,
                                const quant_spec& spec, range_sums* sums) {
        if (has_long_runs(t.block(), lanes_of(level))) {
            gradient_runs(level, t, ranges, spec, sums);
        } else {
            gradient_rows(level, t, ranges, spec, sums);
        }
    }

    static void gradient_runs(simd_level level, const tensors& t, std::span<const quant_range> ranges,
                              const quant_spec& spec, range_sums* sums) {
        channel_table<Numerics> table(level, ranges, spec);
        const numerics_mode<flushes> mode;
        for (std::size_t row = 0; row < t.rows.outer; row += t.block_rows) {
            for (std::size_t c = 0; c < ranges.size(); ++c) {
                range_sums found;
                for (std::size_t r = row; r < row + t.block_rows; ++r) {
                    const std::size_t at = (r * t.rows.channels + c) * t.rows.inner;
                    gradient_run(level, t, at, table.data() + c, table.stride(), t.block_rows == 1 ? sums + c : &found);
                }
                if (t.block_rows != 1) sums[c] += found;
            }
        }
    }

    static void gradient_run(simd_level level, const tensors& t, std::size_t at, const float* params,
                             std::size_t stride, range_sums* sums) {
        if (is_live(params, stride)) {
            QGRAFT_SIMD_CALL(
                level, gradient<form>(t.grad + at, t.in + at, t.dx + at, t.rows.inner, params, stride, t.large, sums))
        } else if (t.dx != t.grad) {
            for (std::size_t i = at; i < at + t.rows.inner; ++i) t.dx[i] = t.grad[i];
        }
    }

    static void gradient_rows(simd_level level, const tensors& t, std::span<const quant_range> ranges,
                              const quant_spec& spec, range_sums* sums) {
        const row_plan plan(t.block(), lanes_of(level));
        channel_table<Numerics> params(level, ranges, spec, plan);
        scratch<double, 1024> block(2 * plan.stride);
        const bool in_place = t.dx == t.grad || t.dx == t.in;
        scratch<float, 4096> held(t.large || in_place ? summed_rows * plan.width + 2 * plan.lanes : 0);
        double* const below = block.data();
        double* const above = below + plan.stride;
        const std::size_t n = t.block_rows * plan.period;
        const std::size_t whole = n / plan.width;
        const numerics_mode<flushes> mode;
        if constexpr (clamps_integers(form)) {
            QGRAFT_SIMD_CALL(level, to_bounds<form>(params.data(), plan.stride, plan.width))
        }
        const auto rows = [&](std::size_t at, std::size_t count, std::size_t width) {
            const simd_row_table table{params.data(), plan.stride, width};
            if (count == 0 || width == 0) return;
            if (params.common()) {
                QGRAFT_SIMD_CALL(level, gradient_channels<form, true>(t.grad + at, t.in + at, t.dx + at, count, table,
                                                                      held.data(), t.large, {below, above}))
            } else {
                QGRAFT_SIMD_CALL(level, gradient_channels<form, false>(t.grad + at, t.in + at, t.dx + at, count, table,
                                                                       held.data(), t.large, {below, above}))
            }
        };
        for (std::size_t first = 0; first < t.rows.outer * plan.period; first += n) {
            for (double* sum = below; sum != above + plan.stride; ++sum) *sum = 0.0;
            rows(first, whole, plan.width);
            rows(first + whole * plan.width, 1, n - whole * plan.width);
            if (plan.width == ranges.size()) {
                for (std::size_t c = 0; c < ranges.size(); ++c) sums[c] += {below[c], above[c]};
                continue;
            }
            for (std::size_t c = 0; c < ranges.size(); ++c) sums[c] += sums_of_channel(plan, below, above, c);
        }
    }

    /// The sums of channel c, from those of each float of a row of the table.
    static range_sums sums_of_channel(const row_plan& plan, const double* below, const double* above, std::size_t c) {
        range_sums sums;
        for (std::size_t row = c * plan.inner; row < plan.width; row += plan.period) {
            for (std::size_t i = row; i < row + plan.inner; ++i) sums += {below[i], above[i]};
        }
        return sums;
    }

    static void min_max_runs(simd_level level, const float* in, const channel_rows& layout, quant_range* ranges) {
        for (std::size_t row = 0; row < layout.outer; ++row) {
            for (std::size_t c = 0; c < layout.channels; ++c, in += layout.inner) {
                QGRAFT_SIMD_CALL(level, min_max<Numerics::min_max_keeps_nan>(in, layout.inner, ranges + c))
            }
        }
    }

    static void min_max_rows(simd_level level, std::span<const float> in, const channel_rows& layout,
                             quant_range* ranges) {
        const row_plan plan(layout, lanes_of(level));
        constexpr float infinity = std::numeric_limits<float>::infinity();
        scratch<float, 2048> found(3 * plan.stride);
        float* const min = found.data();
        float* const max = min + plan.stride;
        float* const nan = max + plan.stride;
        for (std::size_t i = 0; i < plan.stride; ++i) {
            min[i] = infinity;
            max[i] = -infinity;
            nan[i] = 0.0F;
        }
        const auto rows = [&](std::size_t at, std::size_t from, std::size_t count, std::size_t width, bool) {
            if (count == 0 || width == 0) return;
            QGRAFT_SIMD_CALL(level, min_max_channels<Numerics::min_max_keeps_nan>(in.data() + at, count, width,
                                                                                  min + from, max + from, nan + from))
        };
        for_rows(plan, in.data(), in.size(), false, rows);
        for (std::size_t i = 0; i < plan.stride; ++i) {
            quant_range& r = ranges[i % plan.period / layout.inner];
            r = {lesser_or_nan(r.min, min[i], nan[i]), lesser_or_nan(-r.max, -max[i], nan[i])};
            r.max = -r.max;
        }
    }

    /// The lesser of two; NaN where there has been one.
    static float lesser_or_nan(float a, float b, float nan) noexcept {
        if (a != a || nan != nan) return std::numeric_limits<float>::quiet_NaN();
        return b < a ? b : a;
    }

    static void scale_rows(simd_level level, std::span<const float> in, float* out, std::span<const float> scales,
                           const channel_rows& layout, bool streams) {
        const row_plan plan(layout, lanes_of(level));
        scratch<float, 2048> table(plan.stride);
        for (std::size_t i = 0; i < plan.period; ++i) table.data()[i] = scales[i / layout.inner];
        plan.repeat(table.data());
        const numerics_mode<flushes> mode;
        const auto rows = [&](std::size_t at, std::size_t from, std::size_t count, std::size_t width, bool stream) {
            if (count == 0 || width == 0) return;
            const simd_row_table t{table.data() + from, plan.stride, width};
            QGRAFT_SIMD_CALL(level, scale_rows(in.data() + at, out + at, count, t, stream))
        };
        for_rows(plan, out, in.size(), streams, rows);
    }
};

QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif  // QGRAFT_KERNELS_SIMD_CHANNELS_HPP
