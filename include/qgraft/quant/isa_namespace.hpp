// The namespace of one instruction set: keeps code that was compiled with other -march flags apart.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_QUANT_ISA_NAMESPACE_HPP
#define QGRAFT_QUANT_ISA_NAMESPACE_HPP

// Inline functions of two translation units are one function to the linker, which keeps either copy. Where the copy of
// a unit with -mavx512f wins, the program fails on a machine without AVX-512, even in code that was compiled for it. So
// all functions of quant and kernels live in an inline namespace whose name says which instructions the compiler may
// use:
//
//     namespace qgraft { QGRAFT_ISA_NAMESPACE_BEGIN  ...  QGRAFT_ISA_NAMESPACE_END }
//
// It is not seen in source code. Values that programs pass around (quant_range, quant_spec, the states of observers)
// stay outside, one type in the whole program; their member functions are QGRAFT_ALWAYS_INLINE, so none is left to the
// linker.

#if defined(__GNUC__)
#define QGRAFT_ALWAYS_INLINE [[gnu::always_inline]] inline
#else
#define QGRAFT_ALWAYS_INLINE inline
#endif

// One digit a set of instructions, 1 where the compiler may use it.
#if defined(__SSE3__)
#define QGRAFT_ISA_SSE3 1
#else
#define QGRAFT_ISA_SSE3 0
#endif
#if defined(__SSSE3__)
#define QGRAFT_ISA_SSSE3 1
#else
#define QGRAFT_ISA_SSSE3 0
#endif
#if defined(__SSE4_1__)
#define QGRAFT_ISA_SSE41 1
#else
#define QGRAFT_ISA_SSE41 0
#endif
#if defined(__SSE4_2__)
#define QGRAFT_ISA_SSE42 1
#else
#define QGRAFT_ISA_SSE42 0
#endif
#if defined(__POPCNT__)
#define QGRAFT_ISA_POPCNT 1
#else
#define QGRAFT_ISA_POPCNT 0
#endif
#if defined(__AVX__)
#define QGRAFT_ISA_AVX 1
#else
#define QGRAFT_ISA_AVX 0
#endif
#if defined(__F16C__)
#define QGRAFT_ISA_F16C 1
#else
#define QGRAFT_ISA_F16C 0
#endif
#if defined(__FMA__) || defined(__FMA4__)
#define QGRAFT_ISA_FMA 1
#else
#define QGRAFT_ISA_FMA 0
#endif
#if defined(__AVX2__)
#define QGRAFT_ISA_AVX2 1
#else
#define QGRAFT_ISA_AVX2 0
#endif
#if defined(__BMI__)
#define QGRAFT_ISA_BMI 1
#else
#define QGRAFT_ISA_BMI 0
#endif
#if defined(__BMI2__)
#define QGRAFT_ISA_BMI2 1
#else
#define QGRAFT_ISA_BMI2 0
#endif
#if defined(__LZCNT__)
#define QGRAFT_ISA_LZCNT 1
#else
#define QGRAFT_ISA_LZCNT 0
#endif
#if defined(__MOVBE__)
#define QGRAFT_ISA_MOVBE 1
#else
#define QGRAFT_ISA_MOVBE 0
#endif
#if defined(__AVXVNNI__)
#define QGRAFT_ISA_AVXVNNI 1
#else
#define QGRAFT_ISA_AVXVNNI 0
#endif
#if defined(__AVX512F__)
#define QGRAFT_ISA_AVX512F 1
#else
#define QGRAFT_ISA_AVX512F 0
#endif
#if defined(__AVX512VL__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && defined(__AVX512CD__)
#define QGRAFT_ISA_AVX512V4 1
#else
#define QGRAFT_ISA_AVX512V4 0
#endif
#if defined(__AVX512VBMI__) || defined(__AVX512VNNI__) || defined(__AVX512IFMA__) || defined(__AVX512BITALG__)
#define QGRAFT_ISA_AVX512ICL 1
#else
#define QGRAFT_ISA_AVX512ICL 0
#endif
#if defined(__AVX512BF16__) || defined(__AVX512FP16__)
#define QGRAFT_ISA_AVX512FP 1
#else
#define QGRAFT_ISA_AVX512FP 0
#endif
#if defined(__ARM_FEATURE_SVE)
#define QGRAFT_ISA_SVE 1
#else
#define QGRAFT_ISA_SVE 0
#endif
#if defined(__ARM_FEATURE_DOTPROD) || defined(__ARM_FEATURE_ATOMICS) || defined(__ARM_FEATURE_FP16_VECTOR_ARITHMETIC)
#define QGRAFT_ISA_ARM82 1
#else
#define QGRAFT_ISA_ARM82 0
#endif

#define QGRAFT_ISA_JOIN(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t) \
    isa_##a##b##c##d##e##f##g##h##i##j##k##l##m##n##o##p##q##r##s##t
#define QGRAFT_ISA_EXPAND(...) QGRAFT_ISA_JOIN(__VA_ARGS__)

/// The name of the namespace: `isa_` and the digits above, in their order.
#define QGRAFT_ISA_NAMESPACE                                                                                       \
    QGRAFT_ISA_EXPAND(QGRAFT_ISA_SSE3, QGRAFT_ISA_SSSE3, QGRAFT_ISA_SSE41, QGRAFT_ISA_SSE42, QGRAFT_ISA_POPCNT,    \
                      QGRAFT_ISA_AVX, QGRAFT_ISA_F16C, QGRAFT_ISA_FMA, QGRAFT_ISA_AVX2, QGRAFT_ISA_BMI,            \
                      QGRAFT_ISA_BMI2, QGRAFT_ISA_LZCNT, QGRAFT_ISA_MOVBE, QGRAFT_ISA_AVXVNNI, QGRAFT_ISA_AVX512F, \
                      QGRAFT_ISA_AVX512V4, QGRAFT_ISA_AVX512ICL, QGRAFT_ISA_AVX512FP, QGRAFT_ISA_SVE,              \
                      QGRAFT_ISA_ARM82)

#define QGRAFT_ISA_NAMESPACE_BEGIN inline namespace QGRAFT_ISA_NAMESPACE {
#define QGRAFT_ISA_NAMESPACE_END }

#endif  // QGRAFT_QUANT_ISA_NAMESPACE_HPP
