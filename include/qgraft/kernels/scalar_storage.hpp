// The scalar kernels that store tensors as integers; part of scalar.hpp.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_SCALAR_STORAGE_HPP
#define QGRAFT_KERNELS_SCALAR_STORAGE_HPP

#include <qgraft/kernels/checks.hpp>
#include <qgraft/kernels/numerics_concept.hpp>
#include <qgraft/quant/isa_namespace.hpp>
#include <qgraft/quant/quant_range.hpp>
#include <qgraft/quant/quant_spec.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace qgraft {

/// The types that a tensor can be stored in, an integer each.
template <class Integer>
concept storage_integer = std::same_as<Integer, std::int8_t> || std::same_as<Integer, std::uint8_t> ||
    std::same_as<Integer, std::int16_t> || std::same_as<Integer, std::uint16_t>;

namespace detail {
QGRAFT_ISA_NAMESPACE_BEGIN

/// Throws quant_error where integers of `bits` bits cannot hold those of the spec.
constexpr void require_room(const quant_spec& spec, int bits) {
    require_valid(spec);
    if (spec.bits > bits) {
        throw quant_error((sentence() << "qgraft: storage of " << bits << " bits cannot hold a quant_spec of "
                                      << spec.bits << " bits")
                              .text());
    }
}

/// What a signed type stores less than an unsigned one.
constexpr int signed_offset(const quant_spec& spec) noexcept { return 1 << (spec.bits - 1); }

/// What is subtracted from an integer qmin ... qmax to store it in the type.
template <storage_integer Integer>
constexpr int storage_offset(const quant_spec& spec) {
    require_room(spec, static_cast<int>(8 * sizeof(Integer)));
    return std::is_signed_v<Integer> ? signed_offset(spec) : 0;
}

/// How many bytes so many packed values take.
constexpr std::size_t packed_size(std::size_t values) noexcept { return values / 2 + values % 2; }

/// The functions of storage_kernel_policy.
template <numerics_policy Numerics>
struct scalar_storage {
    /// out[i] = the integer that stands for in[i], less 2^(bits - 1) where the type is signed.
    template <storage_integer Integer>
    static constexpr void quantize(std::span<const float> in, std::span<Integer> out, quant_range range,
                                   const quant_spec& spec) {
        const int offset = storage_offset<Integer>(spec);
        require_size("out", out.size(), in.size());
        const nudged_range nudged = Numerics::nudge(range, spec);
        for (std::size_t i = 0; i < in.size(); ++i) {
            out[i] = static_cast<Integer>(Numerics::to_integer(in[i], nudged) - offset);
        }
    }

    /// out[i] = the value that the integer in[i] stands for.
    template <storage_integer Integer>
    static constexpr void dequantize(std::span<const Integer> in, std::span<float> out, quant_range range,
                                     const quant_spec& spec) {
        const int offset = storage_offset<Integer>(spec);
        require_size("out", out.size(), in.size());
        const nudged_range nudged = Numerics::nudge(range, spec);
        for (std::size_t i = 0; i < in.size(); ++i) out[i] = Numerics::to_real(in[i] + offset, nudged);
    }

    /// Quantizes to integers of at most 4 bits, less 2^(bits - 1), two to a byte: in[2 i] in the low half of packed[i],
    /// in[2 i + 1] in its high half, 0 where that is past the end.
    static constexpr void quantize_int4(std::span<const float> in, std::span<std::uint8_t> packed, quant_range range,
                                        const quant_spec& spec) {
        require_room(spec, 4);
        require_size("packed", packed.size(), packed_size(in.size()));
        const nudged_range nudged = Numerics::nudge(range, spec);
        const auto half = [&](std::size_t i) {
            if (i >= in.size()) return 0U;
            return static_cast<unsigned>(Numerics::to_integer(in[i], nudged) - signed_offset(spec)) & 15U;
        };
        for (std::size_t i = 0; i < packed.size(); ++i) {
            packed[i] = static_cast<std::uint8_t>(half(2 * i) | half(2 * i + 1) << 4U);
        }
    }

    /// What quantize_int4 has packed, as real values; `out` has as many as were packed.
    static constexpr void dequantize_int4(std::span<const std::uint8_t> packed, std::span<float> out, quant_range range,
                                          const quant_spec& spec) {
        require_room(spec, 4);
        require_size("packed", packed.size(), packed_size(out.size()));
        const nudged_range nudged = Numerics::nudge(range, spec);
        for (std::size_t i = 0; i < out.size(); ++i) {
            const int half = (packed[i / 2] >> (i % 2 == 0 ? 0U : 4U)) & 15;
            const int stored = half < 8 ? half : half - 16;
            out[i] = Numerics::to_real(stored + signed_offset(spec), nudged);
        }
    }
};

QGRAFT_ISA_NAMESPACE_END
}  // namespace detail

}  // namespace qgraft

#endif  // QGRAFT_KERNELS_SCALAR_STORAGE_HPP
