// What the rules, interpreters and tests ask of a set of kernels: the concept kernel_policy and those that go further.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_POLICY_HPP
#define QGRAFT_KERNELS_POLICY_HPP

#include <qgraft/quant/float32.hpp>
#include <qgraft/quant/isa_namespace.hpp>
#include <qgraft/quant/quant_range.hpp>
#include <qgraft/quant/quant_spec.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace qgraft {

/// The gradient of a loss with respect to the two ends of a range.
struct range_gradient {
    float min = 0.0F;
    float max = 0.0F;

    QGRAFT_ALWAYS_INLINE friend constexpr bool operator==(const range_gradient& a, const range_gradient& b) noexcept {
        return a.min == b.min && a.max == b.max;
    }
};

/// The same before it is rounded to float.
struct range_sums {
    double min = 0.0;
    double max = 0.0;

    QGRAFT_ALWAYS_INLINE constexpr range_sums& operator+=(const range_sums& more) noexcept {
        min += more.min;
        max += more.max;
        return *this;
    }

    QGRAFT_ALWAYS_INLINE constexpr range_gradient rounded() const noexcept {
        // One by one: GCC would put both in memory to convert them together, where they are waited for.
        return {detail::opaque(static_cast<float>(min)), detail::opaque(static_cast<float>(max))};
    }
};

namespace detail {
QGRAFT_ISA_NAMESPACE_BEGIN

/// Rounds the sums of n channels. Not by rounded(), which converts one by one: here compilers take some together.
inline void round_sums(const range_sums* sums, range_gradient* to, std::size_t n) noexcept {
    for (std::size_t c = 0; c < n; ++c) to[c] = {static_cast<float>(sums[c].min), static_cast<float>(sums[c].max)};
}

QGRAFT_ISA_NAMESPACE_END
}  // namespace detail

/// Gradients are summed over blocks of so many elements, and the sums of the blocks are added in order, so that a
/// tensor that is split between blocks has the same sums as a whole one. See summing_kernel_policy.
inline constexpr std::size_t gradient_block = 16384;

/// How many outer rows of a tensor [outer, channels, inner] make one block of the channels' gradients: as many as have
/// gradient_block elements together, at least 1. Within a row a run of more than gradient_block elements of one channel
/// is cut into blocks as well.
QGRAFT_ALWAYS_INLINE constexpr std::size_t rows_of_gradient_block(std::size_t channels, std::size_t inner) noexcept {
    const std::size_t row = channels * inner;
    return row == 0 || row > gradient_block ? 1 : gradient_block / row;
}

namespace detail {

using values_in = std::span<const float>;
using values_out = std::span<float>;
using ranges_in = std::span<const quant_range>;

template <class P>
concept has_fake_quantize = requires(const P& p, values_in in, values_out out, quant_range range,
                                     const quant_spec& spec) {
    { p.fake_quantize(in, out, range, spec) } -> std::same_as<void>;
};

template <class P>
concept has_static_fake_quantize = requires(const P& p, values_in in, values_out out, quant_range range) {
    { p.template fake_quantize<quant_spec{}>(in, out, range) } -> std::same_as<void>;
};

template <class P>
concept has_gradient = requires(const P& p, values_in in, values_out out, quant_range range, const quant_spec& spec) {
    { p.fake_quantize_gradient(in, in, out, range, spec) } -> std::same_as<range_gradient>;
};

template <class P>
concept has_min_max = requires(const P& p, values_in in) {
    { p.min_max(in) } -> std::same_as<quant_range>;
};

template <class P>
concept has_channels = requires(const P& p, values_in in, values_out out, ranges_in ranges, std::span<range_gradient> d,
                                std::span<quant_range> found, const quant_spec& spec, std::size_t inner) {
    { p.fake_quantize_channels(in, out, ranges, spec, inner) } -> std::same_as<void>;
    { p.fake_quantize_channels_gradient(in, in, out, ranges, d, spec, inner) } -> std::same_as<void>;
    { p.min_max_channels(in, found, inner) } -> std::same_as<void>;
};

template <class P>
concept has_sums = requires(const P& p, values_in in, values_out out, quant_range range, ranges_in ranges,
                            std::span<range_sums> sums, const quant_spec& spec, std::size_t inner) {
    { p.fake_quantize_gradient_sums(in, in, out, range, spec) } -> std::same_as<range_sums>;
    { p.fake_quantize_channels_gradient_sums(in, in, out, ranges, sums, spec, inner) } -> std::same_as<void>;
};

template <class P>
concept has_scale_channels = requires(const P& p, values_in in, values_out out, values_in scales, std::size_t inner) {
    { p.scale_channels(in, out, scales, inner) } -> std::same_as<void>;
};

template <class P, class Integer>
concept has_storage_of = requires(const P& p, values_in in, values_out out, std::span<Integer> integers,
                                  std::span<const Integer> stored, quant_range range, const quant_spec& spec) {
    { p.quantize(in, integers, range, spec) } -> std::same_as<void>;
    { p.dequantize(stored, out, range, spec) } -> std::same_as<void>;
};

template <class P>
concept has_packed_storage = requires(const P& p, values_in in, values_out out, std::span<std::uint8_t> packed,
                                      std::span<const std::uint8_t> stored, quant_range range, const quant_spec& spec) {
    { p.quantize_int4(in, packed, range, spec) } -> std::same_as<void>;
    { p.dequantize_int4(stored, out, range, spec) } -> std::same_as<void>;
};

}  // namespace detail

/// A type P whose member functions, static or const, quantize one tensor with one range:
///
///     void           fake_quantize(in, out, range, spec)              spec at run time
///     void           fake_quantize<spec>(in, out, range)              spec at compile time, the same values
///     range_gradient fake_quantize_gradient(grad, in, dx, range, spec)
///     quant_range    min_max(in)
///
/// with spans of float for tensors, a quant_range and a quant_spec. `out` and `dx` are as long as `in`; `out` may be
/// `in` and `dx` may be `grad`. Of a spec the bits and narrow_range count here: symmetry is a matter of choosing the
/// range, except where a numerics policy nudges symmetric ranges in another way (torch). The rules take a policy as a
/// type, so they need one that is empty and default constructible. A member type `compiled_widths`, such as widths<4,
/// 8>, says which bits they may ask for at run time; all where there is none.
template <class P>
concept kernel_policy = detail::has_fake_quantize<P> && detail::has_static_fake_quantize<P> &&
    detail::has_gradient<P> && detail::has_min_max<P>;

/// A kernel_policy that also has one range a channel:
///
///     void fake_quantize_channels(in, out, ranges, spec, inner)
///     void fake_quantize_channels_gradient(grad, in, dx, ranges, range_gradients, spec, inner)
///     void min_max_channels(in, ranges, inner)
///
/// with as many channels as `ranges` has elements. Of `in`, a tensor [..., channels, rest...] with the last dimension
/// innermost, `inner` is the number of elements of rest: 1 where the channel is innermost. The channel of in[i] is
/// (i / inner) % channels.
template <class P>
concept channel_kernel_policy = kernel_policy<P> && detail::has_channels<P>;

/// A channel_kernel_policy that also gives the sums of gradients unrounded, for those who split a tensor:
///
///     range_sums fake_quantize_gradient_sums(grad, in, dx, range, spec)
///     void       fake_quantize_channels_gradient_sums(grad, in, dx, ranges, sums, spec, inner)
///
/// The first adds up the sums of blocks of gradient_block elements, in order from the first element; in which order the
/// elements of a block are added is its own matter. The second, likewise for each channel, those of blocks of
/// rows_of_gradient_block rows. So a split between blocks that adds in order has the same sums, bit for bit.
template <class P>
concept summing_kernel_policy = channel_kernel_policy<P> && detail::has_sums<P>;

/// A kernel_policy that also multiplies a tensor by one number a channel, for folding batch norms into constants:
///
///     void scale_channels(in, out, scales, inner)         out[i] = in[i] * scales[(i / inner) % scales.size()]
///
/// with as many channels as `scales` has elements, and `inner` elements in a row of the same channel.
template <class P>
concept folding_kernel_policy = kernel_policy<P> && detail::has_scale_channels<P>;

/// A kernel_policy that also stores tensors as integers:
///
///     void quantize(in, integers, range, spec)            void dequantize(integers, out, range, spec)
///     void quantize_int4(in, packed, range, spec)         void dequantize_int4(packed, out, range, spec)
///
/// for integers of type std::int8_t, std::uint8_t, std::int16_t, std::uint16_t, as many as `in` has elements, of at
/// least spec.bits bits. The integer q, qmin to qmax, is stored as it is in an unsigned type, as q - 2^(bits - 1) in a
/// signed one. Packed: bits of at most 4, signed, two values in a std::uint8_t with the first in its low half; an odd
/// number of values leaves the last high half 0. dequantize(quantize(x)) is fake_quantize(x) bit for bit, where that is
/// not NaN.
template <class P>
concept storage_kernel_policy = kernel_policy<P> && detail::has_storage_of<P, std::int8_t> &&
    detail::has_storage_of<P, std::uint8_t> && detail::has_storage_of<P, std::int16_t> &&
    detail::has_storage_of<P, std::uint16_t> && detail::has_packed_storage<P>;

QGRAFT_ISA_NAMESPACE_BEGIN

/// Refuses, in one sentence at compile time, a type that is not a kernel_policy.
template <class P>
constexpr void require_kernel_policy() noexcept {
    if constexpr (!detail::has_fake_quantize<P>) {
        static_assert(detail::has_fake_quantize<P>,
                      "qgraft: a kernel policy needs void fake_quantize(span<const float>, span<float>, quant_range, "
                      "const quant_spec&), static or const");
    } else if constexpr (!detail::has_static_fake_quantize<P>) {
        static_assert(detail::has_static_fake_quantize<P>,
                      "qgraft: a kernel policy needs template <quant_spec S> void fake_quantize(span<const float>, "
                      "span<float>, quant_range), static or const");
    } else if constexpr (!detail::has_gradient<P>) {
        static_assert(detail::has_gradient<P>,
                      "qgraft: a kernel policy needs range_gradient fake_quantize_gradient(span<const float>, "
                      "span<const float>, span<float>, quant_range, const quant_spec&), static or const");
    } else {
        static_assert(detail::has_min_max<P>,
                      "qgraft: a kernel policy needs quant_range min_max(span<const float>), static or const");
    }
}

/// Refuses, in one sentence at compile time, a type that is not a folding_kernel_policy.
template <class P>
constexpr void require_folding_kernel_policy() noexcept {
    require_kernel_policy<P>();
    if constexpr (kernel_policy<P>) {
        static_assert(detail::has_scale_channels<P>,
                      "qgraft: a kernel policy that folds needs void scale_channels(span<const float>, span<float>, "
                      "span<const float>, std::size_t), static or const");
    }
}

QGRAFT_ISA_NAMESPACE_END

}  // namespace qgraft

#endif  // QGRAFT_KERNELS_POLICY_HPP
