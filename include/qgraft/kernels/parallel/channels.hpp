// parallel's functions for tensors that have a range a channel; part of parallel.hpp.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_PARALLEL_CHANNELS_HPP
#define QGRAFT_KERNELS_PARALLEL_CHANNELS_HPP

#include <qgraft/kernels/checks.hpp>
#include <qgraft/kernels/parallel/pieces.hpp>
#include <qgraft/kernels/policy.hpp>
#include <qgraft/quant/isa_namespace.hpp>
#include <qgraft/quant/quant_range.hpp>
#include <qgraft/quant/quant_spec.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN

/// A part of a tensor [outer, channels, inner] that lies in one piece: some rows, or some channels of one row.
struct channel_part {
    std::size_t first;     ///< its first element
    std::size_t size;      ///< its elements
    std::size_t channel;   ///< its first channel
    std::size_t channels;  ///< its channels
    std::size_t row;       ///< its first row
};

/// Calls f(part, i) for the parts of a tensor: pieces of rows where there are a few, else of the channels of each row.
template <class Splitter, class F>
void for_channel_parts(const Splitter& split, const channel_rows& t, const F& f) {
    const std::size_t width = t.channels * t.inner;
    if (t.outer >= 8) {
        const cut rows = cut::of(t.outer, 2, width);
        run_pieces(split, rows.count, [&](std::size_t i) {
            const std::size_t first = rows.begin(i);
            f(channel_part{first * width, (rows.end(i) - first) * width, 0, t.channels, first});
        });
        return;
    }
    const cut columns = cut::of(t.channels, 1, t.inner);
    run_pieces(split, t.outer * columns.count, [&](std::size_t i) {
        const std::size_t row = i / columns.count;
        const std::size_t c = columns.begin(i % columns.count);
        const std::size_t count = columns.end(i % columns.count) - c;
        f(channel_part{row * width + c * t.inner, count * t.inner, c, count, row});
    });
}

/// The sums of gradients of each channel, for every policy: blocks are summed apart, then added in order.
template <class P, class Splitter>
class channel_gradients {
public:
    channel_gradients(const P& policy, const Splitter& split, std::span<const float> grad, std::span<const float> in,
                      std::span<float> dx, std::span<const quant_range> ranges, const quant_spec& spec,
                      const channel_rows& t) noexcept
        : policy_(policy), split_(split), grad_(grad), in_(in), dx_(dx), ranges_(ranges), spec_(spec), t_(t) {}

    void run(std::span<range_sums> sums) const {
        const std::size_t together = rows_of_gradient_block(t_.channels, t_.inner);
        if (together > 1 && t_.channels <= most_channels) {
            by_rows(sums, together);
        } else if (together == 1 && t_.inner >= least_inner) {
            by_channels(sums);
        } else {
            policy_.fake_quantize_channels_gradient_sums(grad_, in_, dx_, ranges_, sums, spec_, t_.inner);
        }
    }

private:
    // Each piece finds the nudged ranges anew. Beyond these bounds that costs more than a thread saves.
    static constexpr std::size_t most_channels = 2048;
    static constexpr std::size_t least_inner = 64;

    void by_rows(std::span<range_sums> sums, std::size_t together) const {
        const std::size_t width = t_.channels * t_.inner;
        const std::size_t blocks = t_.outer / together + (t_.outer % together != 0 ? 1 : 0);
        const cut pieces = cut::of(blocks, 1, together * width);
        if (pieces.count == 1) {
            policy_.fake_quantize_channels_gradient_sums(grad_, in_, dx_, ranges_, sums, spec_, t_.inner);
            return;
        }
        const std::unique_ptr<range_sums[]> found(new range_sums[blocks * t_.channels]);
        run_pieces(split_, pieces.count, [&](std::size_t i) {
            for (std::size_t b = pieces.begin(i); b < pieces.end(i); ++b) {
                const std::size_t first = b * together * width;
                const std::size_t size = std::min(together * width, in_.size() - first);
                policy_.fake_quantize_channels_gradient_sums(
                    grad_.subspan(first, size), in_.subspan(first, size), dx_.subspan(first, size), ranges_,
                    std::span(found.get() + b * t_.channels, t_.channels), spec_, t_.inner);
            }
        });
        for (std::size_t b = 0; b < blocks; ++b) {
            for (std::size_t c = 0; c < t_.channels; ++c) sums[c] += found[b * t_.channels + c];
        }
    }

    /// Rows of more than a block: each piece has some channels of all of them.
    void by_channels(std::span<range_sums> sums) const {
        const cut pieces = cut::of(t_.channels, 1, t_.inner);
        run_pieces(split_, pieces.count, [&](std::size_t i) {
            const std::size_t c = pieces.begin(i);
            const std::size_t count = pieces.end(i) - c;
            const std::unique_ptr<range_sums[]> found(new range_sums[count]);
            for (std::size_t row = 0; row < t_.outer; ++row) {
                const std::size_t first = (row * t_.channels + c) * t_.inner;
                if (t_.inner <= gradient_block) {
                    block(first, c, count, t_.inner, found.get(), sums.data());
                    continue;
                }
                for (std::size_t k = 0; k < count; ++k) {
                    for (std::size_t at = 0; at < t_.inner; at += gradient_block) {
                        block(first + k * t_.inner + at, c + k, 1, std::min(gradient_block, t_.inner - at), found.get(),
                              sums.data());
                    }
                }
            }
        });
    }

    /// One block of some channels with n elements each.
    void block(std::size_t first, std::size_t c, std::size_t channels, std::size_t n, range_sums* found,
               range_sums* sums) const {
        const std::size_t size = channels * n;
        policy_.fake_quantize_channels_gradient_sums(grad_.subspan(first, size), in_.subspan(first, size),
                                                     dx_.subspan(first, size), ranges_.subspan(c, channels),
                                                     std::span(found, channels), spec_, n);
        for (std::size_t k = 0; k < channels; ++k) sums[c + k] += found[k];
    }

    const P& policy_;
    const Splitter& split_;
    std::span<const float> grad_;
    std::span<const float> in_;
    std::span<float> dx_;
    std::span<const quant_range> ranges_;
    const quant_spec& spec_;
    channel_rows t_;
};

/// min_max_channels in pieces.
template <class P, class Splitter>
void min_max_of_channels(const P& policy, const Splitter& split, std::span<const float> in,
                         std::span<quant_range> ranges, const channel_rows& t) {
    // A single value of a channel would be returned as it is.
    if (t.outer == 0 || (t.outer < 8 && t.outer > 1 && t.inner == 1))
        return policy.min_max_channels(in, ranges, t.inner);
    const std::size_t most = t.outer >= 8 ? t.outer / 2 : t.outer;
    const std::unique_ptr<quant_range[]> found(new quant_range[most * t.channels]);
    const std::unique_ptr<bool[]> used(new bool[most * t.channels]{});
    for_channel_parts(split, t, [&](const channel_part& part) {
        const std::size_t at = (t.outer >= 8 ? part.row / 2 : part.row) * t.channels + part.channel;
        policy.min_max_channels(in.subspan(part.first, part.size), std::span(found.get() + at, part.channels), t.inner);
        for (std::size_t c = 0; c < part.channels; ++c) used[at + c] = true;
    });
    for (std::size_t c = 0; c < t.channels; ++c) {
        bool any = false;
        for (std::size_t i = c; i < most * t.channels; i += t.channels) {
            if (!used[i]) continue;
            ranges[c] = any ? join(ranges[c], found[i]) : found[i];
            any = true;
        }
    }
}

QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif  // QGRAFT_KERNELS_PARALLEL_CHANNELS_HPP
