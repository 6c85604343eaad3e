// The numbers of the ranges of many channels, as the vector kernels read them; part of simd.hpp.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_SIMD_CHANNEL_TABLE_HPP
#define QGRAFT_KERNELS_SIMD_CHANNEL_TABLE_HPP

#include <qgraft/kernels/numerics.hpp>
#include <qgraft/kernels/simd/dispatch.hpp>
#include <qgraft/kernels/simd/params.hpp>
#include <qgraft/kernels/simd/row_plan.hpp>
#include <qgraft/quant/isa_namespace.hpp>
#include <qgraft/quant/quant_range.hpp>
#include <qgraft/quant/quant_spec.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN

/// How ranges are nudged in vectors; what has a nudge of its own is nudged by that, one range after the other.
template <class Numerics>
struct vector_nudge {
    static constexpr bool exists = false;
};
template <nudge_rule Rule>
struct vector_nudge_by {
    static constexpr bool exists = true;
    static constexpr nudge_rule rule = Rule;
};
template <>
struct vector_nudge<tf115> : vector_nudge_by<nudge_rule::tf115> {};
template <>
struct vector_nudge<tf115_args> : vector_nudge_by<nudge_rule::tf115_args> {};
template <>
struct vector_nudge<tf2> : vector_nudge_by<nudge_rule::tf2> {};
template <>
struct vector_nudge<tf2_args> : vector_nudge_by<nudge_rule::tf2_args> {};
template <>
struct vector_nudge<torch> : vector_nudge_by<nudge_rule::torch> {};

/// Whether vectors nudge the range as the definition does in every floating-point mode: where nothing is subnormal that
/// counts, see nudge.
template <class Numerics>
bool nudges_in_any_mode(quant_range range) noexcept {
    if constexpr (!vector_nudge<Numerics>::exists || !Numerics::ops::flushes) return vector_nudge<Numerics>::exists;
    return is_ordinary(range.min) && is_ordinary(range.max) && !(is_zero(range.min) && is_zero(range.max));
}

/// The numbers of a spec that is valid. Not converted from integers: compilers let such a conversion wait for what was
/// in the register before, which is the end of the last call.
QGRAFT_ALWAYS_INLINE nudge_spec nudge_spec_of(const quant_spec& spec) {
    const float count = std::bit_cast<float>((127U + static_cast<std::uint32_t>(spec.bits)) << 23U);  // 2^bits
    return {spec.narrow_range ? 1.0F : 0.0F, count - 1.0F, spec.symmetric};
}

/// A row for each simd_param, `stride` floats apart, with a float for each channel, or for each element of a plan's
/// row.
template <class Numerics>
class channel_table {
    static constexpr quantize_form form = Numerics::channel_form;
    // NEON flushes otherwise than the definition, see is_exact.
    static constexpr bool in_vectors = vector_nudge<Numerics>::exists && !(QGRAFT_SIMD_NEON && Numerics::ops::flushes);

public:
    channel_table(simd_level level, std::span<const quant_range> ranges, const quant_spec& spec)
        : stride_(ranges.size() + lanes_of(level)), table_(simd_params * stride_) {
        nudge(level, ranges, spec, data(), stride_);
    }

    channel_table(simd_level level, std::span<const quant_range> ranges, const quant_spec& spec, const row_plan& plan)
        : stride_(plan.stride), table_(simd_params * stride_) {
        if (plan.inner == 1) {
            nudge(level, ranges, spec, data(), stride_);
        } else {
            channel_table each(level, ranges, spec);
            common_ = each.common_;
            for (std::size_t p = 0; p < simd_params; ++p) {
                float* to = data() + p * stride_;
                for (std::size_t c = 0; c < ranges.size(); ++c, to += plan.inner) {
                    fill(to, plan.inner, each.data()[p * each.stride_ + c]);
                }
            }
        }
        for (std::size_t p = 0; p < simd_params; ++p) plan.repeat(data() + p * stride_);
    }

    float* data() noexcept { return table_.data(); }
    std::size_t stride() const noexcept { return stride_; }
    /// Whether all ranges are common.
    bool common() const noexcept { return common_; }

private:
    // Not std::fill_n, which units with different -march would share.
    static void fill(float* to, std::size_t n, float x) noexcept {
        for (std::size_t i = 0; i < n; ++i) to[i] = x;
    }

    void nudge(simd_level level, std::span<const quant_range> ranges, const quant_spec& spec, float* table,
               std::size_t stride) {
        if constexpr (in_vectors) {
            for (std::size_t c = 0; c < ranges.size(); ++c) {
                table[at_low * stride + c] = ranges[c].min;
                table[at_high * stride + c] = ranges[c].max;
            }
            fill(table + at_low * stride + ranges.size(), lanes_of(level), 0.0F);
            fill(table + at_high * stride + ranges.size(), lanes_of(level), 1.0F);
            const nudge_spec numbers = nudge_spec_of(spec);
            const numerics_mode<Numerics::ops::flushes> mode;
            QGRAFT_SIMD_CALL(
                level, nudge_rows<vector_nudge<Numerics>::rule, form>(table, stride, ranges.size(), numbers, &common_))
        } else {
            for (std::size_t c = 0; c < ranges.size(); ++c) {
                const nudged_range r = Numerics::nudge(ranges[c], spec);
                common_ = common_ && is_common(r.scale) && !r.collapsed;
                put_params<form>(r, table + c, stride);
            }
        }
    }

    std::size_t stride_;
    bool common_ = true;
    scratch<float, 2048> table_;
};

QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif  // QGRAFT_KERNELS_SIMD_CHANNEL_TABLE_HPP
