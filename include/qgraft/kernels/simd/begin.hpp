// Opens the definitions of one instruction set, which end.hpp closes: how its functions are declared.
// SPDX-License-Identifier: Apache-2.0

// Included once an instruction set, so without a guard. Who includes it has defined QGRAFT_SIMD_ISA, the name of the
// namespace, and QGRAFT_SIMD_TARGET, what the compiler may use there beyond its flags.
#ifdef QGRAFT_SIMD_ISA

#if defined(__clang__)
#define QGRAFT_SIMD_APART noinline
#else
#define QGRAFT_SIMD_APART noipa
#endif

/// Before a loop of few rounds that is not to be unrolled: clang would compute all masks first, and keep them in
/// memory; g++ takes longer to compile.
#if defined(__clang__)
#define QGRAFT_SIMD_ROLLED _Pragma("clang loop unroll(disable)")
#else
#define QGRAFT_SIMD_ROLLED _Pragma("GCC unroll 1")
#endif

/// A part of a kernel. Compilers inline it into functions of the same target only, so kernels are no lambdas: these do
/// not take over the target of the function around them.
#define QGRAFT_SIMD_FN __attribute__((always_inline, QGRAFT_SIMD_TARGET)) inline
/// A kernel. Nothing of it may be computed in the function that calls it, which has another floating-point mode.
#define QGRAFT_SIMD_KERNEL __attribute__((QGRAFT_SIMD_APART, QGRAFT_SIMD_TARGET)) inline

#endif
