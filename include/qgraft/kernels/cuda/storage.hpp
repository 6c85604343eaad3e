// How cuda stores tensors as integers of 16, 8 or 4 bits: 128 bits of them at a time, or a unit.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_CUDA_STORAGE_HPP
#define QGRAFT_KERNELS_CUDA_STORAGE_HPP

#include <qgraft/kernels/cuda/arithmetic.hpp>
#include <qgraft/kernels/cuda/formulas.hpp>
#include <qgraft/kernels/cuda/ops.hpp>
#include <qgraft/kernels/cuda/plan.hpp>
#include <qgraft/kernels/device_policy.hpp>
#include <qgraft/quant/host_device.hpp>
#include <qgraft/quant/isa_namespace.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN

/// A unit is what can be written alone: an integer, or a byte of two integers of 4 bits.
template <unsigned Bits>
inline constexpr std::size_t bytes_of_unit = Bits == 16 ? 2 : 1;
template <unsigned Bits>
inline constexpr std::size_t values_of_unit = Bits == 4 ? 2 : 1;
/// Values in 128 bits.
template <unsigned Bits>
inline constexpr unsigned values_of_group = 128 / Bits;

/// 128 bits.
struct four_words {
    std::uint32_t at[4];
};

QGRAFT_HOST_DEVICE inline four_words load_words(const std::uint8_t* from) noexcept {
    four_words w{};
#if defined(__CUDA_ARCH__)
    const uint4 four = *reinterpret_cast<const uint4*>(from);
    w.at[0] = four.x, w.at[1] = four.y, w.at[2] = four.z, w.at[3] = four.w;
#else
    std::memcpy(&w, __builtin_assume_aligned(from, 16), sizeof(w));
#endif
    return w;
}

QGRAFT_HOST_DEVICE inline void store_words(std::uint8_t* to, const four_words& w) noexcept {
#if defined(__CUDA_ARCH__)
    device::store_four(to, __uint_as_float(w.at[0]), __uint_as_float(w.at[1]), __uint_as_float(w.at[2]),
                       __uint_as_float(w.at[3]));
#else
    std::memcpy(__builtin_assume_aligned(to, 16), &w, sizeof(w));
#endif
}

/// The first groups of 128 bits, and what is before and after them.
struct units_plan {
    std::size_t values;  ///< of the tensor
    std::size_t units;   ///< with the last, which may be half empty
    std::size_t head;    ///< units before the first group
    std::size_t groups;  ///< of `width` units
    std::size_t width;
    std::size_t threads;  ///< each takes every threads-th group, and every threads-th unit of the rest

    std::size_t blocks() const noexcept { return (threads + device_threads - 1) / device_threads; }
};

template <unsigned Bits>
units_plan make_units_plan(const float* real, const std::uint8_t* stored, std::size_t values) noexcept {
    constexpr std::size_t width = values_of_group<Bits> / values_of_unit<Bits>;
    constexpr std::size_t groups_of_thread = 4;
    const std::size_t units = (values + values_of_unit<Bits> - 1) / values_of_unit<Bits>;
    const std::size_t whole = values / values_of_unit<Bits>;
    const auto address = reinterpret_cast<std::uintptr_t>(stored);
    std::size_t head = 0;
    while (head < width && (floats_before_aligned(real + head * values_of_unit<Bits>) != 0 ||
                            (address + head * bytes_of_unit<Bits>) % 16 != 0)) {
        ++head;
    }
    head = head < width && head < whole ? head : units;
    const std::size_t groups = head < whole ? (whole - head) / width : 0;
    const std::size_t left = units - groups * width;
    const std::size_t threads =
        std::max((groups + groups_of_thread - 1) / groups_of_thread, std::min<std::size_t>(left, 131072));
    return {values, units, groups > 0 ? head : units, groups, width, threads};
}

/// The numbers of a range: fast where they are exact, the definition's anyhow.
template <class Numerics>
struct storage_state {
    nudged_range nudged;
    device_integers<Numerics::tensor_form> fast;
    bool exact;

    QGRAFT_HOST_DEVICE explicit storage_state(const nudged_range& r) noexcept
        : nudged(r), fast(r), exact(device_integers<Numerics::tensor_form>::is_exact(r)) {}
};

/// stored = the integers that stand for `real`, less an offset.
template <class Numerics, unsigned Bits>
struct quantize_op {
    static constexpr unsigned bits = Bits;
    const float* real;
    std::uint8_t* stored;
    std::size_t values;
    device_range range;
    quant_spec spec;
    int offset;

    QGRAFT_HOST_DEVICE storage_state<Numerics> state() const {
        return storage_state<Numerics>(Numerics::nudge(range_at(range, 0), spec));
    }

    template <bool Exact>
    QGRAFT_HOST_DEVICE std::uint32_t integer(const storage_state<Numerics>& s, float x) const noexcept {
        const int q = Exact ? s.fast.to_integer(x) : Numerics::to_integer(x, s.nudged);
        return static_cast<std::uint32_t>(q - offset) & ((1U << Bits) - 1U);
    }

    template <bool Exact>
    QGRAFT_HOST_DEVICE void unit(const storage_state<Numerics>& s, std::size_t u) const noexcept {
        if constexpr (Bits == 4) {
            const std::uint32_t high = 2 * u + 1 < values ? integer<Exact>(s, real[2 * u + 1]) : 0U;
            stored[u] = static_cast<std::uint8_t>(integer<Exact>(s, real[2 * u]) | high << 4U);
        } else if constexpr (Bits == 8) {
            stored[u] = static_cast<std::uint8_t>(integer<Exact>(s, real[u]));
        } else {
            reinterpret_cast<std::uint16_t*>(stored)[u] = static_cast<std::uint16_t>(integer<Exact>(s, real[u]));
        }
    }

    /// The group whose first unit is u.
    QGRAFT_HOST_DEVICE void group(const storage_state<Numerics>& s, std::size_t u) const noexcept {
        constexpr unsigned packs = values_of_group<Bits> / 4;
        pack<4> p[packs];
        QGRAFT_UNROLL for (unsigned k = 0; k < packs; ++k) p[k] = load<4>(real + u * values_of_unit<Bits> + 4 * k);
        four_words w{};
        QGRAFT_UNROLL for (unsigned v = 0; v < values_of_group<Bits>; ++v) {
            w.at[v * Bits / 32] |= integer<true>(s, p[v / 4].at[v % 4]) << (v * Bits % 32);
        }
        store_words(stored + u * bytes_of_unit<Bits>, w);
    }
};

/// real = what the integers stand for.
template <class Numerics, unsigned Bits, bool Signed>
struct dequantize_op {
    static constexpr unsigned bits = Bits;
    const std::uint8_t* stored;
    float* real;
    std::size_t values;
    device_range range;
    quant_spec spec;
    int offset;

    QGRAFT_HOST_DEVICE storage_state<Numerics> state() const {
        return storage_state<Numerics>(Numerics::nudge(range_at(range, 0), spec));
    }

    /// The value of an integer in the lowest bits.
    template <bool Exact>
    QGRAFT_HOST_DEVICE float value(const storage_state<Numerics>& s, std::uint32_t word) const noexcept {
        constexpr std::uint32_t sign = Signed ? 1U << (Bits - 1U) : 0U;
        const std::uint32_t field = word & ((1U << Bits) - 1U);
        const int q = static_cast<int>((field ^ sign) - sign) + offset;
        return Exact ? s.fast.to_real(q) : Numerics::to_real(q, s.nudged);
    }

    template <bool Exact>
    QGRAFT_HOST_DEVICE void unit(const storage_state<Numerics>& s, std::size_t u) const noexcept {
        if constexpr (Bits == 4) {
            real[2 * u] = value<Exact>(s, stored[u]);
            if (2 * u + 1 < values) real[2 * u + 1] = value<Exact>(s, static_cast<std::uint32_t>(stored[u]) >> 4U);
        } else if constexpr (Bits == 8) {
            real[u] = value<Exact>(s, stored[u]);
        } else {
            real[u] = value<Exact>(s, reinterpret_cast<const std::uint16_t*>(stored)[u]);
        }
    }

    QGRAFT_HOST_DEVICE void group(const storage_state<Numerics>& s, std::size_t u) const noexcept {
        const four_words w = load_words(stored + u * bytes_of_unit<Bits>);
        QGRAFT_UNROLL for (unsigned k = 0; k < values_of_group<Bits> / 4; ++k) {
            pack<4> p{};
            QGRAFT_UNROLL for (unsigned v = 4 * k; v < 4 * k + 4; ++v) p.at[v % 4] =
                value<true>(s, w.at[v * Bits / 32] >> (v * Bits % 32));
            store<4>(real + u * values_of_unit<Bits> + 4 * k, p);
        }
    }
};

/// What thread `thread` of all does.
template <class Op>
QGRAFT_HOST_DEVICE void take_units(const units_plan& plan, const Op& op, std::size_t thread) {
    const auto state = op.state();
    if (!state.exact) {
        for (std::size_t u = thread; u < plan.units; u += plan.threads) op.template unit<false>(state, u);
        return;
    }
    for (std::size_t g = thread; g < plan.groups; g += plan.threads) op.group(state, plan.head + g * plan.width);
    const std::size_t left = plan.units - plan.groups * plan.width;
    for (std::size_t e = thread; e < left; e += plan.threads) {
        op.template unit<true>(state, e < plan.head ? e : e + plan.groups * plan.width);
    }
}

QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif  // QGRAFT_KERNELS_CUDA_STORAGE_HPP
