// The scalar kernels for tensors that have a range a channel; part of scalar.hpp.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_SCALAR_CHANNELS_HPP
#define QGRAFT_KERNELS_SCALAR_CHANNELS_HPP

#include <qgraft/kernels/checks.hpp>
#include <qgraft/kernels/numerics_concept.hpp>
#include <qgraft/kernels/policy.hpp>
#include <qgraft/quant/isa_namespace.hpp>
#include <qgraft/quant/quant_range.hpp>
#include <qgraft/quant/quant_spec.hpp>

#include <cstddef>
#include <limits>
#include <span>

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN

/// The gradient of one value: dx, and what it adds to the sums.
template <class Numerics>
constexpr float scalar_gradient(float grad, float x, const nudged_range& nudged, range_sums& sums) noexcept {
    using ops = typename Numerics::ops;
    if (nudged.collapsed) return grad;
    sums.min += static_cast<double>(ops::mul(grad, Numerics::below(x, nudged) ? 1.0F : 0.0F));
    sums.max += static_cast<double>(ops::mul(grad, Numerics::above(x, nudged) ? 1.0F : 0.0F));
    return ops::mul(grad, Numerics::passes(x, nudged) ? 1.0F : 0.0F);
}

/// The least and the greatest of the values added so far.
template <class Numerics>
class extremes {
public:
    constexpr void add(float x) noexcept {
        first_ = count_ == 0 ? x : first_;
        ++count_;
        nan_ = nan_ || x != x;
        min_ = ops::minimum(min_, x);
        max_ = ops::maximum(max_, x);
    }

    constexpr quant_range range() const noexcept {
        if (count_ == 1) return {first_, first_};
        if (Numerics::min_max_keeps_nan && nan_) return {nan, nan};
        return {ops::add(min_, 0.0F), ops::add(max_, 0.0F)};  // a zero is +0, whichever came first
    }

private:
    using ops = typename Numerics::ops;
    static constexpr float nan = std::numeric_limits<float>::quiet_NaN();

    float min_ = std::numeric_limits<float>::infinity();
    float max_ = -std::numeric_limits<float>::infinity();
    float first_ = 0.0F;
    std::size_t count_ = 0;
    bool nan_ = false;
};

/// The functions of channel_kernel_policy, summing_kernel_policy and folding_kernel_policy. A few channels at a time:
/// their nudged ranges are kept on the stack.
template <numerics_policy Numerics>
struct scalar_channels {
    /// As fake_quantize, where the range of in[i] is ranges[(i / inner) % ranges.size()]; see channel_kernel_policy.
    static constexpr void fake_quantize_channels(std::span<const float> in, std::span<float> out,
                                                 std::span<const quant_range> ranges, const quant_spec& spec,
                                                 std::size_t inner = 1) {
        require_valid(spec);
        const channel_rows rows = rows_of(in.size(), ranges.size(), inner);
        require_size("out", out.size(), in.size());
        for (std::size_t first = 0; first < rows.channels; first += group) {
            const nudged_group nudged(ranges, first, spec);
            for (std::size_t row = 0; row < rows.outer; ++row) {
                for (std::size_t c = 0; c < nudged.count; ++c) {
                    const std::size_t begin = (row * rows.channels + first + c) * inner;
                    for (std::size_t i = begin; i < begin + inner; ++i) {
                        out[i] = Numerics::quantize_channel(in[i], nudged.ranges[c]);
                    }
                }
            }
        }
    }

    /// As fake_quantize_gradient, where the range of in[i] is ranges[(i / inner) % ranges.size()]; the sums of channel
    /// c go to range_gradients[c].
    static constexpr void fake_quantize_channels_gradient(std::span<const float> grad, std::span<const float> in,
                                                          std::span<float> dx, std::span<const quant_range> ranges,
                                                          std::span<range_gradient> range_gradients,
                                                          const quant_spec& spec, std::size_t inner = 1) {
        require_size("range_gradients", range_gradients.size(), ranges.size());
        gradient(grad, in, dx, ranges, spec, inner,
                 [&](std::size_t c, const range_sums& sums) { range_gradients[c] = sums.rounded(); });
    }

    /// The same with the sums as they are before they are rounded; see summing_kernel_policy.
    static constexpr void fake_quantize_channels_gradient_sums(std::span<const float> grad, std::span<const float> in,
                                                               std::span<float> dx, std::span<const quant_range> ranges,
                                                               std::span<range_sums> sums, const quant_spec& spec,
                                                               std::size_t inner = 1) {
        require_size("sums", sums.size(), ranges.size());
        gradient(grad, in, dx, ranges, spec, inner, [&](std::size_t c, const range_sums& found) { sums[c] = found; });
    }

    /// min_max of each channel: ranges[c] is that of all in[i] with (i / inner) % ranges.size() == c.
    static constexpr void min_max_channels(std::span<const float> in, std::span<quant_range> ranges,
                                           std::size_t inner = 1) {
        const channel_rows rows = rows_of(in.size(), ranges.size(), inner);
        for (std::size_t c = 0; c < rows.channels; ++c) {
            extremes<Numerics> found;
            for (std::size_t row = 0; row < rows.outer; ++row) {
                const std::size_t begin = (row * rows.channels + c) * inner;
                for (std::size_t i = begin; i < begin + inner; ++i) found.add(in[i]);
            }
            ranges[c] = found.range();
        }
    }

    /// out[i] = in[i] * scales[(i / inner) % scales.size()]; see folding_kernel_policy.
    static constexpr void scale_channels(std::span<const float> in, std::span<float> out, std::span<const float> scales,
                                         std::size_t inner) {
        rows_of(in.size(), scales.size(), inner);
        require_size("out", out.size(), in.size());
        for (std::size_t i = 0; i < in.size();) {
            for (const float scale : scales) {
                for (const std::size_t end = i + inner; i < end; ++i) out[i] = Numerics::ops::mul(in[i], scale);
            }
        }
    }

private:
    static constexpr std::size_t group = 64;

    /// The nudged ranges of a group of channels.
    struct nudged_group {
        constexpr nudged_group(std::span<const quant_range> all, std::size_t first, const quant_spec& spec)
            : count(all.size() - first < group ? all.size() - first : group) {
            for (std::size_t c = 0; c < count; ++c) ranges[c] = Numerics::nudge(all[first + c], spec);
        }

        std::size_t count;
        nudged_range ranges[group]{};
    };

    template <class Store>
    static constexpr void gradient(std::span<const float> grad, std::span<const float> in, std::span<float> dx,
                                   std::span<const quant_range> ranges, const quant_spec& spec, std::size_t inner,
                                   Store store) {
        require_valid(spec);
        const channel_rows rows = rows_of(in.size(), ranges.size(), inner);
        require_size("grad", grad.size(), in.size());
        require_size("dx", dx.size(), in.size());
        for (std::size_t c = 0; c < rows.channels; ++c) {
            store(c, channel_gradient(grad, in, dx, Numerics::nudge(ranges[c], spec), c, rows));
        }
    }

    static constexpr range_sums channel_gradient(std::span<const float> grad, std::span<const float> in,
                                                 std::span<float> dx, const nudged_range& nudged, std::size_t c,
                                                 const channel_rows& rows) noexcept {
        const std::size_t block_rows = rows_of_gradient_block(rows.channels, rows.inner);
        range_sums all;
        range_sums block;
        for (std::size_t row = 0; row < rows.outer; ++row) {
            const std::size_t begin = (row * rows.channels + c) * rows.inner;
            for (std::size_t i = 0; i < rows.inner; ++i) {
                if (i == 0 ? row % block_rows == 0 : i % gradient_block == 0) {
                    all += block;
                    block = {};
                }
                dx[begin + i] = scalar_gradient<Numerics>(grad[begin + i], in[begin + i], nudged, block);
            }
        }
        return all += block;
    }
};

QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif  // QGRAFT_KERNELS_SCALAR_CHANNELS_HPP
