// Division of floats without dividing: on a GPU a division is a branch and a call.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_QUANT_DEVICE_DIVISION_HPP
#define QGRAFT_QUANT_DEVICE_DIVISION_HPP

#include <qgraft/quant/device_float32.hpp>
#include <qgraft/quant/host_device.hpp>
#include <qgraft/quant/isa_namespace.hpp>

#include <cstdint>

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN

QGRAFT_HOST_DEVICE inline double fused(double a, double b, double c) noexcept {
#if defined(__CUDA_ARCH__)
    return device::fma(a, b, c);
#else
    return __builtin_fma(a, b, c);
#endif
}

/// What a / b is a times of, where a or b is zero, infinite or NaN.
QGRAFT_HOST_DEVICE inline float special_reciprocal(std::uint32_t b) noexcept {
    constexpr std::uint32_t infinity = 0x7f800000U;
    constexpr std::uint32_t one = 0x3f800000U;
    const std::uint32_t magnitude = b & 0x7fffffffU;
    const std::uint32_t sign = b & 0x80000000U;
    if (magnitude > infinity) return __builtin_bit_cast(float, b);
    if (magnitude == infinity) return __builtin_bit_cast(float, sign);
    return __builtin_bit_cast(float, sign | (magnitude == 0 ? infinity : one));
}

/// a / b, rounded to nearest even, for all floats, where `rough` is 1 / b to 16 bits or more. The quotient is computed
/// in double: two floats have one that is a boundary of rounding to float, exactly, or at least 2^-50 of itself away
/// from one, and the last step is exact in the first case.
QGRAFT_HOST_DEVICE inline float divided(float a, float b, double rough) noexcept {
    const auto bits_a = __builtin_bit_cast(std::uint32_t, a);
    const auto bits_b = __builtin_bit_cast(std::uint32_t, b);
    // Neither zero, infinite nor NaN: the magnitude less 1 is below that of infinity.
    const bool ordinary = (bits_a & 0x7fffffffU) - 1U < 0x7f7fffffU && (bits_b & 0x7fffffffU) - 1U < 0x7f7fffffU;
#if defined(__CUDA_ARCH__)
    if (!ordinary) return device::mul(a, special_reciprocal(bits_b));
    const double wide_a = device::widened(a);
    const double wide_b = device::widened(b);
#else
    if (!ordinary) return a * special_reciprocal(bits_b);
    const double wide_a = a;
    const double wide_b = b;
#endif
    double r = rough;
    r = fused(fused(-wide_b, r, 1.0), r, r);
    r = fused(fused(-wide_b, r, 1.0), r, r);
    double q = wide_a * r;
    q = fused(fused(-wide_b, q, wide_a), r, q);
#if defined(__CUDA_ARCH__)
    return device::narrowed(q);
#else
    return static_cast<float>(q);
#endif
}

QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif  // QGRAFT_QUANT_DEVICE_DIVISION_HPP
