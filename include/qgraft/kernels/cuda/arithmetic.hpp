// The single instructions that the formulas of cuda are made of, and the same on the host.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_CUDA_ARITHMETIC_HPP
#define QGRAFT_KERNELS_CUDA_ARITHMETIC_HPP

#include <qgraft/quant/device_float32.hpp>
#include <qgraft/quant/float32.hpp>
#include <qgraft/quant/host_device.hpp>
#include <qgraft/quant/isa_namespace.hpp>

#include <cstdint>
#include <cstring>

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN

/// The lesser of two, NaN where either is. Before sm_80 that is no single instruction.
QGRAFT_HOST_DEVICE inline float lesser_or_nan(float a, float b) noexcept {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    float r;
    asm("min.NaN.f32 %0, %1, %2;" : "=f"(r) : "f"(a), "f"(b));
    return r;
#else
    return is_nan(a) || less(a, b) ? a : b;
#endif
}

QGRAFT_HOST_DEVICE inline float greater_or_nan(float a, float b) noexcept {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 800
    float r;
    asm("max.NaN.f32 %0, %1, %2;" : "=f"(r) : "f"(a), "f"(b));
    return r;
#else
    return is_nan(a) || less(b, a) ? a : b;
#endif
}

/// The lesser of two, the other one where one is NaN.
QGRAFT_HOST_DEVICE inline float lesser_number(float a, float b) noexcept {
#if defined(__CUDA_ARCH__)
    return device::lesser_number(a, b);
#else
    return is_nan(a) || less(b, a) ? b : a;
#endif
}

QGRAFT_HOST_DEVICE inline float greater_number(float a, float b) noexcept {
#if defined(__CUDA_ARCH__)
    return device::greater_number(a, b);
#else
    return is_nan(a) || less(a, b) ? b : a;
#endif
}

/// a * b + c, rounded once.
QGRAFT_HOST_DEVICE inline float fused(float a, float b, float c) noexcept {
#if defined(__CUDA_ARCH__)
    return device::fma(a, b, c);
#else
    return __builtin_fmaf(a, b, c);
#endif
}

/// The greatest integer that is not above x.
QGRAFT_HOST_DEVICE inline float whole_below(float x) noexcept { return float_ops<subnormals::keep>::floor(x); }
/// The nearest integer, the even one of two.
QGRAFT_HOST_DEVICE inline float whole_nearest(float x) noexcept { return float_ops<subnormals::keep>::nearest(x); }

/// 1 where the comparison holds, else 0. Flushing, subnormals count as zero.
template <bool Flushing>
QGRAFT_HOST_DEVICE inline float one_if_less(float a, float b) noexcept {
#if defined(__CUDA_ARCH__)
    return (Flushing ? device::less_flushing(a, b) : device::less(a, b)) ? 1.0F : 0.0F;
#else
    return Flushing ? (flush_subnormal(a) < flush_subnormal(b) ? 1.0F : 0.0F) : (a < b ? 1.0F : 0.0F);
#endif
}

/// 1 where low <= x <= high, else 0.
template <bool Flushing>
QGRAFT_HOST_DEVICE inline float one_if_within(float x, float low, float high) noexcept {
#if defined(__CUDA_ARCH__)
    return (Flushing ? device::within_flushing(x, low, high) : device::within(x, low, high)) ? 1.0F : 0.0F;
#else
    if (Flushing) x = flush_subnormal(x);
    return x >= low && x <= high ? 1.0F : 0.0F;
#endif
}

/// x * m, for an m of 0 or 1; Flushing, a subnormal x counts as zero.
template <bool Flushing>
QGRAFT_HOST_DEVICE inline float masked(float x, float m) noexcept {
#if defined(__CUDA_ARCH__)
    return Flushing ? device::mul_flushing(x, m) : device::mul(x, m);
#else
    return (Flushing ? flush_subnormal(x) : x) * m;
#endif
}

/// Floats side by side; four, aligned to 16 bytes, are one access of 128 bits. (nvcc takes plain stores apart.)
template <unsigned N>
struct pack {
    float at[N];
};

template <unsigned N>
QGRAFT_HOST_DEVICE inline pack<N> load(const float* from) noexcept {
    pack<N> p{};
#if defined(__CUDA_ARCH__)
    if constexpr (N == 4) {
        const float4 four = *reinterpret_cast<const float4*>(from);
        p.at[0] = four.x, p.at[1] = four.y, p.at[2] = four.z, p.at[3] = four.w;
    } else {
        QGRAFT_UNROLL for (unsigned k = 0; k < N; ++k) p.at[k] = from[k];
    }
#else
    std::memcpy(&p, N == 4 ? __builtin_assume_aligned(from, 16) : from, sizeof(p));
#endif
    return p;
}

template <unsigned N>
QGRAFT_HOST_DEVICE inline void store(float* to, const pack<N>& p) noexcept {
#if defined(__CUDA_ARCH__)
    if constexpr (N == 4) {
        device::store_four(to, p.at[0], p.at[1], p.at[2], p.at[3]);
    } else {
        QGRAFT_UNROLL for (unsigned k = 0; k < N; ++k) to[k] = p.at[k];
    }
#else
    std::memcpy(N == 4 ? __builtin_assume_aligned(to, 16) : to, &p, sizeof(p));
#endif
}

QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif  // QGRAFT_KERNELS_CUDA_ARITHMETIC_HPP
