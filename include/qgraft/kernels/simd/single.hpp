// A vector of one float, for what is computed once for a whole tensor: nothing has to be put into lanes for it.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_SIMD_SINGLE_HPP
#define QGRAFT_KERNELS_SIMD_SINGLE_HPP

#include <qgraft/kernels/simd/level.hpp>
#include <qgraft/kernels/simd/params.hpp>
#include <qgraft/quant/float32.hpp>

#if QGRAFT_SIMD_X86 || QGRAFT_SIMD_NEON

#if QGRAFT_SIMD_X86
#include <immintrin.h>
#define QGRAFT_SIMD_TARGET target("sse4.1")
#else
#include <arm_neon.h>
#define QGRAFT_SIMD_TARGET
#endif

#include <limits>

#define QGRAFT_SIMD_ISA single
#include <qgraft/kernels/simd/begin.hpp>

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN
namespace single {

struct vec {
    float r;
};
struct mask {
    bool r;
};

QGRAFT_SIMD_FN vec set(float x) { return {x}; }
QGRAFT_SIMD_FN vec add(vec a, vec b) { return {a.r + b.r}; }
QGRAFT_SIMD_FN vec sub(vec a, vec b) { return {a.r - b.r}; }
QGRAFT_SIMD_FN vec mul(vec a, vec b) { return {detail::opaque(a.r * b.r)}; }
QGRAFT_SIMD_FN vec div(vec a, vec b) { return {a.r / b.r}; }
QGRAFT_SIMD_FN vec negated(vec a) { return {-a.r}; }
QGRAFT_SIMD_FN mask less(vec a, vec b) { return {a.r < b.r}; }
QGRAFT_SIMD_FN mask equal(vec a, vec b) { return {a.r == b.r}; }
QGRAFT_SIMD_FN mask ordered(vec a, vec b) { return {a.r == a.r && b.r == b.r}; }
QGRAFT_SIMD_FN mask both(mask a, mask b) { return {a.r && b.r}; }
/// a where the mask is set, else b.
QGRAFT_SIMD_FN vec select(mask m, vec a, vec b) { return {m.r ? a.r : b.r}; }
/// a where a < b, else b: b where either is NaN.
QGRAFT_SIMD_FN vec lesser(vec a, vec b) { return {a.r < b.r ? a.r : b.r}; }
/// a where a > b, else b: b where either is NaN.
QGRAFT_SIMD_FN vec greater(vec a, vec b) { return {a.r > b.r ? a.r : b.r}; }
QGRAFT_SIMD_FN vec floor(vec a) { return {__builtin_floorf(a.r)}; }
#if QGRAFT_SIMD_X86
QGRAFT_SIMD_FN vec nearest(vec a) {
    const __m128 x = _mm_set_ss(a.r);
    return {_mm_cvtss_f32(_mm_round_ss(x, x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC))};
}
#else
QGRAFT_SIMD_FN vec nearest(vec a) { return {vrndns_f32(a.r)}; }
#endif

}  // namespace single
QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#include <qgraft/kernels/simd/nudge.hpp>
#include <qgraft/kernels/simd/end.hpp>

#endif  // QGRAFT_SIMD_X86 || QGRAFT_SIMD_NEON

#endif  // QGRAFT_KERNELS_SIMD_SINGLE_HPP
