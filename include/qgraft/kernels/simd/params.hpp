// What the vector kernels are told of a range: a few floats, of one range or of many side by side.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_SIMD_PARAMS_HPP
#define QGRAFT_KERNELS_SIMD_PARAMS_HPP

#include <qgraft/kernels/numerics_concept.hpp>
#include <qgraft/quant/isa_namespace.hpp>
#include <qgraft/quant/quant_range.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>

namespace qgraft::detail {

/// The numbers of a nudged_range that a formula needs, by their place in an array.
enum simd_param : std::size_t {
    at_low,       ///< what values are clamped to: the range, in TensorFlow's forms; qmin - zero_point, in PyTorch's
    at_high,      ///< likewise
    at_scale,     ///< distance of two neighbouring values
    at_inv,       ///< inv_scale; in forms that divide 1 / scale, or 0 where that does not serve
    at_rounding,  ///< in forms that count from zero what is added to steps before they are rounded down; see half_less
    at_live,      ///< all bits set, or 0 where the range is collapsed
    simd_params
};

/// Rows of `width` floats; the numbers of the range of a row's element i are table[i], table[i + stride] ...
struct simd_row_table {
    const float* table;
    std::size_t stride;
    std::size_t width;
};

/// Gradients are added up in floats over runs of so many rows, and then the sums of so many runs, or two rows at a time
/// over so many paired rows: 14 roundings, which with one of the result and one of that of the definition are off by
/// less than 16 * 2^-24 of the sum of magnitudes. What is promised is 1e-6.
inline constexpr std::size_t run_rows = 11;
inline constexpr std::size_t summed_runs = 5;
inline constexpr std::size_t summed_rows = run_rows * summed_runs;
inline constexpr std::size_t paired_rows = 28;

/// How ranges are nudged many at a time: as the numerics policy of that name does it.
enum class nudge_rule { tf115, tf115_args, tf2, tf2_args, torch };

/// The numbers of a quant_spec that nudging needs.
struct nudge_spec {
    float qmin;
    float qmax;
    bool symmetric;
};

/// The sums of each float of a row, of the gradients below and above.
struct simd_row_sums {
    double* below;
    double* above;
};

/// The numbers that storage needs beside them.
enum simd_integer : std::size_t {
    at_qmin,
    at_qmax,
    at_nan,     ///< what NaN becomes
    at_lowest,  ///< the integer of no steps
    simd_integers
};

QGRAFT_ISA_NAMESPACE_BEGIN

/// What at_inv is for a range: 1 / scale for a form that divides and may correct that instead; 0 where it may not.
template <quantize_form Form>
constexpr float inverse_of(const nudged_range& r) noexcept {
    if constexpr (!divides_by_scale(Form)) return r.inv_scale;
    return is_common(r.scale) ? 1.0F / r.scale : 0.0F;
}

/// Writes the numbers of a range to to[0], to[stride], to[2 * stride] ...
template <quantize_form Form>
inline void put_params(const nudged_range& r, float* to, std::size_t stride) noexcept {
    const float low = clamps_integers(Form) ? static_cast<float>(r.qmin - r.zero_point) : r.min;
    const float high = clamps_integers(Form) ? static_cast<float>(r.qmax - r.zero_point) : r.max;
    to[at_low * stride] = low;
    // The other end of NaN is NaN or infinite: nothing passes, nor is it above.
    to[at_high * stride] = low == low ? high : low;
    to[at_scale * stride] = r.scale;
    to[at_inv * stride] = inverse_of<Form>(r);
    to[at_rounding * stride] = half_less(r.quant_zero);
    to[at_live * stride] = std::bit_cast<float>(r.collapsed ? 0U : ~0U);
}

/// Whether the range of these numbers, `stride` apart, is not collapsed.
inline bool is_live(const float* params, std::size_t stride) noexcept {
    return std::bit_cast<std::uint32_t>(params[at_live * stride]) != 0;
}

template <class Numerics>
inline constexpr bool has_simd =
    Numerics::tensor_form != quantize_form::other&& Numerics::channel_form != quantize_form::other;

/// A buffer of at least this many bytes is written past the caches, unless it is also what is read. Measured: below,
/// writing through the caches is faster.
inline constexpr std::size_t streamed_bytes = std::size_t{16} << 20U;

/// Whether a tensor of so many bytes is large, or a piece of one that is: Always.
template <bool Always>
inline bool is_large(std::size_t bytes) noexcept {
    return Always || bytes >= streamed_bytes;
}

template <bool Always>
inline bool worth_streaming(const void* in, const void* out, std::size_t bytes) noexcept {
    return is_large<Always>(bytes) && in != out;
}

QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif  // QGRAFT_KERNELS_SIMD_PARAMS_HPP
