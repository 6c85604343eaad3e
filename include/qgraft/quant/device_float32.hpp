// The float32 instructions of a GPU, spelled out in PTX, so that they mean the same whatever -ftz, -fmad, -prec-div or
// --use_fast_math the user compiles with: none flushes unless its name says so, none is contracted.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_QUANT_DEVICE_FLOAT32_HPP
#define QGRAFT_QUANT_DEVICE_FLOAT32_HPP

#include <qgraft/quant/isa_namespace.hpp>

#if defined(__CUDACC__)

namespace qgraft::detail::device {
QGRAFT_ISA_NAMESPACE_BEGIN

// A function of one, two or three floats that is one instruction.
#define QGRAFT_PTX_1(name, instruction)                 \
    __device__ __forceinline__ float name(float a) {    \
        float r;                                        \
        asm(instruction " %0, %1;" : "=f"(r) : "f"(a)); \
        return r;                                       \
    }
#define QGRAFT_PTX_2(name, instruction)                             \
    __device__ __forceinline__ float name(float a, float b) {       \
        float r;                                                    \
        asm(instruction " %0, %1, %2;" : "=f"(r) : "f"(a), "f"(b)); \
        return r;                                                   \
    }
#define QGRAFT_PTX_COMPARE(name, instruction)                                                               \
    __device__ __forceinline__ bool name(float a, float b) {                                                \
        int r;                                                                                              \
        asm("{.reg .pred p; " instruction " p, %1, %2; selp.s32 %0, 1, 0, p;}" : "=r"(r) : "f"(a), "f"(b)); \
        return r != 0;                                                                                      \
    }

QGRAFT_PTX_2(add, "add.rn.f32")
QGRAFT_PTX_2(sub, "sub.rn.f32")
QGRAFT_PTX_2(mul, "mul.rn.f32")
QGRAFT_PTX_2(mul_flushing, "mul.rn.ftz.f32")
QGRAFT_PTX_2(lesser_number, "min.f32")
QGRAFT_PTX_2(greater_number, "max.f32")
QGRAFT_PTX_1(floor, "cvt.rmi.f32.f32")
QGRAFT_PTX_1(nearest, "cvt.rni.f32.f32")
QGRAFT_PTX_1(neg, "neg.f32")
QGRAFT_PTX_COMPARE(less, "setp.lt.f32")
QGRAFT_PTX_COMPARE(less_flushing, "setp.lt.ftz.f32")
QGRAFT_PTX_COMPARE(at_most, "setp.le.f32")
QGRAFT_PTX_COMPARE(unordered, "setp.nan.f32")

__device__ __forceinline__ float fma(float a, float b, float c) {
    float r;
    asm("fma.rn.f32 %0, %1, %2, %3;" : "=f"(r) : "f"(a), "f"(b), "f"(c));
    return r;
}

#define QGRAFT_PTX_WITHIN(name, ftz)                                                                                   \
    __device__ __forceinline__ bool name(float a, float low, float high) {                                             \
        int r;                                                                                                         \
        asm("{.reg .pred p; setp.ge" ftz ".f32 p, %1, %2; setp.le.and" ftz ".f32 p, %1, %3, p; selp.s32 %0, 1, 0, p;}" \
            : "=r"(r)                                                                                                  \
            : "f"(a), "f"(low), "f"(high));                                                                            \
        return r != 0;                                                                                                 \
    }
QGRAFT_PTX_WITHIN(within, "")
QGRAFT_PTX_WITHIN(within_flushing, ".ftz")
#undef QGRAFT_PTX_WITHIN

/// Stores four words to an address that is aligned to 16 bytes.
template <class T>
__device__ __forceinline__ void store_four(T* to, float a, float b, float c, float d) {
    asm volatile("st.global.v4.f32 [%0], {%1, %2, %3, %4};" ::"l"(__cvta_generic_to_global(to)), "f"(a), "f"(b), "f"(c),
                 "f"(d)
                 : "memory");
}

/// The integer of a whole number.
__device__ __forceinline__ int to_int(float a) {
    int r;
    asm("cvt.rzi.s32.f32 %0, %1;" : "=r"(r) : "f"(a));
    return r;
}

__device__ __forceinline__ double widened(float a) {
    double r;
    asm("cvt.f64.f32 %0, %1;" : "=d"(r) : "f"(a));
    return r;
}

__device__ __forceinline__ float narrowed(double a) {
    float r;
    asm("cvt.rn.f32.f64 %0, %1;" : "=f"(r) : "d"(a));
    return r;
}

/// 1 / a to about 20 bits, for an a that is neither zero nor infinite nor near either.
__device__ __forceinline__ double rough_reciprocal(double a) {
    double r;
    asm("rcp.approx.ftz.f64 %0, %1;" : "=d"(r) : "d"(a));
    return r;
}

__device__ __forceinline__ double fma(double a, double b, double c) {
    double r;
    asm("fma.rn.f64 %0, %1, %2, %3;" : "=d"(r) : "d"(a), "d"(b), "d"(c));
    return r;
}

#undef QGRAFT_PTX_1
#undef QGRAFT_PTX_2
#undef QGRAFT_PTX_COMPARE

QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail::device

#endif

#endif  // QGRAFT_QUANT_DEVICE_FLOAT32_HPP
