// simd's functions that store a tensor as integers; part of simd.hpp.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_SIMD_STORAGE_HPP
#define QGRAFT_KERNELS_SIMD_STORAGE_HPP

#include <qgraft/kernels/checks.hpp>
#include <qgraft/kernels/scalar.hpp>
#include <qgraft/kernels/scalar_storage.hpp>
#include <qgraft/kernels/simd/dispatch.hpp>
#include <qgraft/kernels/simd/params.hpp>
#include <qgraft/quant/isa_namespace.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN

/// The functions of storage_kernel_policy, as scalar_storage has them.
template <class Numerics>
class simd_storage {
    static constexpr quantize_form form = Numerics::tensor_form;
    using definition = scalar<Numerics>;

public:
    template <storage_integer Integer>
    static void quantize(std::span<const float> in, std::span<Integer> out, quant_range range, const quant_spec& spec) {
        const simd_level level = level_for<Numerics>();
        const int offset = storage_offset<Integer>(spec);
        require_size("out", out.size(), in.size());
        const numbers n(range, spec);
        if (level == simd_level::baseline || !n.for_vectors) return definition::quantize(in, out, range, spec);
        if constexpr (has_simd<Numerics>) {
            const numerics_mode<Numerics::ops::flushes> mode;
            QGRAFT_SIMD_CALL(level, to_storage<form>(in.data(), out.data(), in.size(), n.params, n.integers, offset))
        }
    }

    template <storage_integer Integer>
    static void dequantize(std::span<const Integer> in, std::span<float> out, quant_range range,
                           const quant_spec& spec) {
        const simd_level level = level_for<Numerics>();
        const int offset = storage_offset<Integer>(spec);
        require_size("out", out.size(), in.size());
        const numbers n(range, spec);
        if (level == simd_level::baseline || !n.for_vectors) return definition::dequantize(in, out, range, spec);
        if constexpr (has_simd<Numerics>) {
            const numerics_mode<Numerics::ops::flushes> mode;
            QGRAFT_SIMD_CALL(level, from_storage<form>(in.data(), out.data(), in.size(), n.params, n.integers, offset))
        }
    }

    static void quantize_int4(std::span<const float> in, std::span<std::uint8_t> packed, quant_range range,
                              const quant_spec& spec) {
        require_room(spec, 4);
        require_size("packed", packed.size(), packed_size(in.size()));
        std::int8_t some[chunk];
        for (std::size_t i = 0; i < in.size(); i += chunk) {
            const std::size_t n = in.size() - i < chunk ? in.size() - i : chunk;
            quantize(in.subspan(i, n), std::span<std::int8_t>(some, n), range, spec);
            if (n % 2 != 0) some[n] = 0;
            for (std::size_t k = 0; k < n; k += 2) {
                packed[(i + k) / 2] = static_cast<std::uint8_t>((some[k] & 15) | (some[k + 1] & 15) << 4);
            }
        }
    }

    static void dequantize_int4(std::span<const std::uint8_t> packed, std::span<float> out, quant_range range,
                                const quant_spec& spec) {
        require_room(spec, 4);
        require_size("packed", packed.size(), packed_size(out.size()));
        std::int8_t some[chunk];
        for (std::size_t i = 0; i < out.size(); i += chunk) {
            const std::size_t n = out.size() - i < chunk ? out.size() - i : chunk;
            for (std::size_t k = 0; k < n; k += 2) {
                const unsigned both = packed[(i + k) / 2];
                some[k] = signed_half(both & 15U);
                some[k + 1] = signed_half(both >> 4U);
            }
            dequantize(std::span<const std::int8_t>(some, n), out.subspan(i, n), range, spec);
        }
    }

private:
    static constexpr std::size_t chunk = 4096;

    static std::int8_t signed_half(unsigned half) noexcept {
        return static_cast<std::int8_t>(static_cast<int>(half ^ 8U) - 8);
    }

    /// What the kernels are told of the range.
    struct numbers {
        numbers(quant_range range, const quant_spec& spec) {
            const nudged_range nudged = Numerics::nudge(range, spec);
            put_params<form>(nudged, params, 1);
            for_vectors = !nudged.collapsed && is_exact<Numerics>(nudged);
            integers[at_qmin] = static_cast<float>(nudged.qmin);
            integers[at_qmax] = static_cast<float>(nudged.qmax);
            integers[at_nan] =
                static_cast<float>(Numerics::to_integer(std::numeric_limits<float>::quiet_NaN(), nudged));
            integers[at_lowest] = integers[at_qmin];
            if (counts_from_zero(form)) integers[at_lowest] = Numerics::ops::add(integers[at_qmin], nudged.quant_zero);
            if (clamps_integers(form)) integers[at_lowest] = static_cast<float>(nudged.zero_point);
        }

        float params[simd_params];
        float integers[simd_integers];
        bool for_vectors;
    };
};

QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif  // QGRAFT_KERNELS_SIMD_STORAGE_HPP
