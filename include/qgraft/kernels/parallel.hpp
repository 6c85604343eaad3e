// Any kernels, split over the threads of whoever calls.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_PARALLEL_HPP
#define QGRAFT_KERNELS_PARALLEL_HPP

#include <qgraft/kernels/checks.hpp>
#include <qgraft/kernels/observe.hpp>
#include <qgraft/kernels/parallel/channels.hpp>
#include <qgraft/kernels/parallel/pieces.hpp>
#include <qgraft/kernels/policy.hpp>
#include <qgraft/kernels/scalar_storage.hpp>
#include <qgraft/quant/isa_namespace.hpp>
#include <qgraft/quant/quant_range.hpp>
#include <qgraft/quant/quant_spec.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace qgraft {

QGRAFT_ISA_NAMESPACE_BEGIN

/// The kernel policy P, cut into pieces that Splitter runs; see piece_split. Values and sums are those of P, bit for
/// bit, however the pieces are run. P is asked for what it has: a summing_kernel_policy for gradients, a
/// folding_kernel_policy for scale_channels, a storage_kernel_policy for storage. A policy that goes about large
/// tensors in another way has a type for_large_tensors, the policy for pieces of tensors with at least P::large_tensor
/// elements. Arguments are checked before anything
/// is written; where a piece throws all the same, that is thrown when all have ended.
///
/// As a type, where Splitter is empty: parallel<simd<>, my_pool>. As an object: parallel kernels(simd<>{}, [&pool](...)
/// {...}).
template <summing_kernel_policy P, piece_split Splitter>
class parallel {
public:
    constexpr parallel() = default;
    constexpr parallel(P policy, Splitter split) : policy_(std::move(policy)), split_(std::move(split)) {}

    /// See kernel_policy.
    void fake_quantize(std::span<const float> in, std::span<float> out, quant_range range,
                       const quant_spec& spec) const {
        require_valid(spec);
        detail::require_size("out", out.size(), in.size());
        with_policy(in.size(), [&](const auto& policy) {
            each_piece(in.size(), [&](std::size_t first, std::size_t n) {
                policy.fake_quantize(in.subspan(first, n), out.subspan(first, n), range, spec);
            });
        });
    }

    /// The same with the spec at compile time.
    template <quant_spec S>
    void fake_quantize(std::span<const float> in, std::span<float> out, quant_range range) const {
        require_valid<S>();
        if constexpr (S.valid()) {
            detail::require_size("out", out.size(), in.size());
            with_policy(in.size(), [&](const auto& policy) {
                each_piece(in.size(), [&](std::size_t first, std::size_t n) {
                    policy.template fake_quantize<S>(in.subspan(first, n), out.subspan(first, n), range);
                });
            });
        }
    }

    /// See kernel_policy.
    range_gradient fake_quantize_gradient(std::span<const float> grad, std::span<const float> in, std::span<float> dx,
                                          quant_range range, const quant_spec& spec) const {
        return fake_quantize_gradient_sums(grad, in, dx, range, spec).rounded();
    }

    /// See summing_kernel_policy.
    range_sums fake_quantize_gradient_sums(std::span<const float> grad, std::span<const float> in, std::span<float> dx,
                                           quant_range range, const quant_spec& spec) const {
        require_valid(spec);
        detail::require_size("grad", grad.size(), in.size());
        detail::require_size("dx", dx.size(), in.size());
        const std::size_t blocks = in.size() / gradient_block + (in.size() % gradient_block != 0 ? 1 : 0);
        const detail::cut pieces = detail::cut::of(blocks, 1, gradient_block);
        if (pieces.count == 1) return policy_.fake_quantize_gradient_sums(grad, in, dx, range, spec);
        const std::unique_ptr<range_sums[]> found(new range_sums[blocks]);
        with_policy(in.size(), [&](const auto& policy) {
            detail::run_pieces(split_, pieces.count, [&](std::size_t i) {
                for (std::size_t b = pieces.begin(i); b < pieces.end(i); ++b) {
                    const std::size_t first = b * gradient_block;
                    const std::size_t n = std::min(gradient_block, in.size() - first);
                    found[b] = policy.fake_quantize_gradient_sums(grad.subspan(first, n), in.subspan(first, n),
                                                                  dx.subspan(first, n), range, spec);
                }
            });
        });
        range_sums sums;
        for (std::size_t b = 0; b < blocks; ++b) sums += found[b];
        return sums;
    }

    /// See kernel_policy.
    quant_range min_max(std::span<const float> in) const {
        const detail::cut pieces = detail::cut::of(in.size(), gradient_block, 1);
        if (pieces.count == 1) return policy_.min_max(in);
        const std::unique_ptr<quant_range[]> found(new quant_range[pieces.count]);
        detail::run_pieces(split_, pieces.count, [&](std::size_t i) {
            found[i] = policy_.min_max(in.subspan(pieces.begin(i), pieces.end(i) - pieces.begin(i)));
        });
        quant_range all = found[0];
        for (std::size_t i = 1; i < pieces.count; ++i) all = detail::join(all, found[i]);
        return all;
    }

    /// See channel_kernel_policy.
    void fake_quantize_channels(std::span<const float> in, std::span<float> out, std::span<const quant_range> ranges,
                                const quant_spec& spec, std::size_t inner = 1) const {
        require_valid(spec);
        const detail::channel_rows rows = detail::rows_of(in.size(), ranges.size(), inner);
        detail::require_size("out", out.size(), in.size());
        if (in.empty()) return;
        with_policy(in.size(), [&](const auto& policy) {
            detail::for_channel_parts(split_, rows, [&](const detail::channel_part& p) {
                policy.fake_quantize_channels(in.subspan(p.first, p.size), out.subspan(p.first, p.size),
                                              ranges.subspan(p.channel, p.channels), spec, inner);
            });
        });
    }

    /// See channel_kernel_policy.
    void fake_quantize_channels_gradient(std::span<const float> grad, std::span<const float> in, std::span<float> dx,
                                         std::span<const quant_range> ranges, std::span<range_gradient> range_gradients,
                                         const quant_spec& spec, std::size_t inner = 1) const {
        detail::require_size("range_gradients", range_gradients.size(), ranges.size());
        const std::unique_ptr<range_sums[]> sums(new range_sums[ranges.size()]);
        fake_quantize_channels_gradient_sums(grad, in, dx, ranges, std::span(sums.get(), ranges.size()), spec, inner);
        detail::round_sums(sums.get(), range_gradients.data(), ranges.size());
    }

    /// See summing_kernel_policy.
    void fake_quantize_channels_gradient_sums(std::span<const float> grad, std::span<const float> in,
                                              std::span<float> dx, std::span<const quant_range> ranges,
                                              std::span<range_sums> sums, const quant_spec& spec,
                                              std::size_t inner = 1) const {
        detail::require_size("sums", sums.size(), ranges.size());
        require_valid(spec);
        const detail::channel_rows rows = detail::rows_of(in.size(), ranges.size(), inner);
        detail::require_size("grad", grad.size(), in.size());
        detail::require_size("dx", dx.size(), in.size());
        for (range_sums& s : sums) s = {};
        if (in.empty()) return;
        with_policy(in.size(), [&](const auto& policy) {
            detail::channel_gradients(policy, split_, grad, in, dx, ranges, spec, rows).run(sums);
        });
    }

    /// See channel_kernel_policy.
    void min_max_channels(std::span<const float> in, std::span<quant_range> ranges, std::size_t inner = 1) const {
        detail::min_max_of_channels(policy_, split_, in, ranges, detail::rows_of(in.size(), ranges.size(), inner));
    }

    /// min_max, the observer's update, and fake_quantize with its new range; see observing_kernel_policy.
    template <observer O>
    quant_range observe_fake_quantize(O& o, std::span<const float> in, std::span<float> out,
                                      const quant_spec& spec) const {
        return detail::observe_fake_quantize(*this, o, in, out, spec);
    }

    /// The same with an observer and a range a channel.
    template <observer O>
    void observe_fake_quantize_channels(std::span<O> observers, std::span<const float> in, std::span<float> out,
                                        std::span<quant_range> ranges, const quant_spec& spec,
                                        std::size_t inner = 1) const {
        detail::observe_fake_quantize_channels(*this, observers, in, out, ranges, spec, inner);
    }

    /// See folding_kernel_policy.
    void scale_channels(std::span<const float> in, std::span<float> out, std::span<const float> scales,
                        std::size_t inner) const requires folding_kernel_policy<P> {
        const detail::channel_rows rows = detail::rows_of(in.size(), scales.size(), inner);
        detail::require_size("out", out.size(), in.size());
        if (in.empty()) return;
        with_policy(in.size(), [&](const auto& policy) {
            detail::for_channel_parts(split_, rows, [&](const detail::channel_part& p) {
                policy.scale_channels(in.subspan(p.first, p.size), out.subspan(p.first, p.size),
                                      scales.subspan(p.channel, p.channels), inner);
            });
        });
    }

    /// See storage_kernel_policy.
    template <storage_integer Integer>
    void quantize(std::span<const float> in, std::span<Integer> out, quant_range range,
                  const quant_spec& spec) const requires storage_kernel_policy<P> {
        detail::storage_offset<Integer>(spec);
        detail::require_size("out", out.size(), in.size());
        each_piece(in.size(), [&](std::size_t first, std::size_t n) {
            policy_.quantize(in.subspan(first, n), out.subspan(first, n), range, spec);
        });
    }

    /// See storage_kernel_policy.
    template <storage_integer Integer>
    void dequantize(std::span<const Integer> in, std::span<float> out, quant_range range,
                    const quant_spec& spec) const requires storage_kernel_policy<P> {
        detail::storage_offset<Integer>(spec);
        detail::require_size("out", out.size(), in.size());
        each_piece(in.size(), [&](std::size_t first, std::size_t n) {
            policy_.dequantize(in.subspan(first, n), out.subspan(first, n), range, spec);
        });
    }

    /// See storage_kernel_policy.
    void quantize_int4(std::span<const float> in, std::span<std::uint8_t> packed, quant_range range,
                       const quant_spec& spec) const requires storage_kernel_policy<P> {
        detail::require_room(spec, 4);
        detail::require_size("packed", packed.size(), detail::packed_size(in.size()));
        each_piece(in.size(), [&](std::size_t first, std::size_t n) {
            policy_.quantize_int4(in.subspan(first, n), packed.subspan(first / 2, detail::packed_size(n)), range, spec);
        });
    }

    /// See storage_kernel_policy.
    void dequantize_int4(std::span<const std::uint8_t> packed, std::span<float> out, quant_range range,
                         const quant_spec& spec) const requires storage_kernel_policy<P> {
        detail::require_room(spec, 4);
        detail::require_size("packed", packed.size(), detail::packed_size(out.size()));
        each_piece(out.size(), [&](std::size_t first, std::size_t n) {
            policy_.dequantize_int4(packed.subspan(first / 2, detail::packed_size(n)), out.subspan(first, n), range,
                                    spec);
        });
    }

private:
    /// Calls f with the policy for pieces of a tensor of so many elements.
    template <class F>
    void with_policy(std::size_t size, const F& f) const {
        if constexpr (requires { typename P::for_large_tensors; }) {
            if (size >= P::large_tensor) return f(typename P::for_large_tensors{});
        }
        f(policy_);
    }

    /// Calls f(first, n) for pieces of n elements.
    template <class F>
    void each_piece(std::size_t size, const F& f) const {
        const detail::cut pieces = detail::cut::of(size, gradient_block, 1);
        detail::run_pieces(split_, pieces.count,
                           [&](std::size_t i) { f(pieces.begin(i), pieces.end(i) - pieces.begin(i)); });
    }

    [[no_unique_address]] P policy_{};
    [[no_unique_address]] Splitter split_{};
};

template <class P, class Splitter>
parallel(P, Splitter) -> parallel<P, Splitter>;

QGRAFT_ISA_NAMESPACE_END

}  // namespace qgraft

#endif  // QGRAFT_KERNELS_PARALLEL_HPP
