// The vector of SSE4.1: four floats; and the loops over it.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_SIMD_SSE41_HPP
#define QGRAFT_KERNELS_SIMD_SSE41_HPP

#include <qgraft/kernels/policy.hpp>
#include <qgraft/kernels/simd/hard_numerators.hpp>
#include <qgraft/kernels/simd/level.hpp>
#include <qgraft/kernels/simd/params.hpp>
#include <qgraft/kernels/simd/single.hpp>

#if QGRAFT_SIMD_X86

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#define QGRAFT_SIMD_ISA sse41
#define QGRAFT_SIMD_TARGET target("sse4.1")
#include <qgraft/kernels/simd/begin.hpp>

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN
namespace sse41 {

struct vec {
    __m128 r;
};
struct mask {
    __m128 r;
};
/// Two sums in double.
struct total {
    __m128d r;
};

inline constexpr std::size_t lanes = 4;
/// Columns whose numbers are kept in registers together.
inline constexpr std::size_t tile = 2;
/// Whether sums of gradients add products with 0 or 1, of two at a time: where a mask is no operand of an addition.
inline constexpr bool sums_products = false;
/// The most rows that are taken together, tile by tile, where they come from beyond the nearest cache.
inline constexpr std::size_t rows_in_order = 4;

QGRAFT_SIMD_FN vec load(const float* p) { return {_mm_loadu_ps(p)}; }
QGRAFT_SIMD_FN vec set(float x) { return {_mm_set1_ps(x)}; }
QGRAFT_SIMD_FN void store(float* p, vec a) { _mm_storeu_ps(p, a.r); }
QGRAFT_SIMD_FN void stream(float* p, vec a) { _mm_stream_ps(p, a.r); }
QGRAFT_SIMD_FN void fence() { _mm_sfence(); }

/// The first n floats, n < 4, then those of `rest`. Nothing is read behind them.
QGRAFT_SIMD_FN vec load_first_or(const float* p, std::size_t n, vec rest) {
    const __m128 one = _mm_load_ss(p);
    if (n == 1) return {_mm_blend_ps(rest.r, one, 1)};
    const __m128 two = _mm_unpacklo_ps(one, _mm_load_ss(p + 1));
    if (n == 2) return {_mm_blend_ps(rest.r, two, 3)};
    return {_mm_blend_ps(rest.r, _mm_movelh_ps(two, _mm_load_ss(p + 2)), 7)};
}
/// The first n floats, n < 4, then zeros.
QGRAFT_SIMD_FN vec load_first(const float* p, std::size_t n) { return load_first_or(p, n, {_mm_setzero_ps()}); }
QGRAFT_SIMD_FN void store_first(float* p, vec a, std::size_t n) {
    _mm_store_ss(p, a.r);
    if (n >= 2) _mm_store_ss(p + 1, _mm_shuffle_ps(a.r, a.r, 1));
    if (n >= 3) _mm_store_ss(p + 2, _mm_shuffle_ps(a.r, a.r, 2));
}

/// Hides from the compiler what the value is.
QGRAFT_SIMD_FN vec opaque(vec a) {
    asm("" : "+x"(a.r));
    return a;
}
QGRAFT_SIMD_FN vec add(vec a, vec b) { return {_mm_add_ps(a.r, b.r)}; }
QGRAFT_SIMD_FN vec sub(vec a, vec b) { return {_mm_sub_ps(a.r, b.r)}; }
QGRAFT_SIMD_FN vec mul(vec a, vec b) { return opaque({_mm_mul_ps(a.r, b.r)}); }
QGRAFT_SIMD_FN vec div(vec a, vec b) { return {_mm_div_ps(a.r, b.r)}; }
/// Whether products are added without rounding between; then add_product is one instruction.
inline constexpr bool has_fma = false;
/// a * b + c, where it does not matter whether a * b is rounded.
QGRAFT_SIMD_FN vec add_product(vec a, vec b, vec c) { return add(mul(a, b), c); }
/// c - a * b, rounded once where has_fma.
QGRAFT_SIMD_FN vec subtract_product(vec a, vec b, vec c) { return sub(c, mul(a, b)); }
QGRAFT_SIMD_FN vec negated(vec a) { return {_mm_xor_ps(a.r, _mm_set1_ps(-0.0F))}; }
QGRAFT_SIMD_FN vec magnitude(vec a) { return {_mm_andnot_ps(_mm_set1_ps(-0.0F), a.r)}; }

/// a where a < b, else b: b where either is NaN.
QGRAFT_SIMD_FN vec lesser(vec a, vec b) { return {_mm_min_ps(a.r, b.r)}; }
/// a where a > b, else b: b where either is NaN.
QGRAFT_SIMD_FN vec greater(vec a, vec b) { return {_mm_max_ps(a.r, b.r)}; }
QGRAFT_SIMD_FN vec floor(vec a) { return {_mm_round_ps(a.r, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)}; }
QGRAFT_SIMD_FN vec nearest(vec a) { return {_mm_round_ps(a.r, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)}; }

QGRAFT_SIMD_FN mask less(vec a, vec b) { return {_mm_cmplt_ps(a.r, b.r)}; }
QGRAFT_SIMD_FN mask at_most(vec a, vec b) { return {_mm_cmple_ps(a.r, b.r)}; }
QGRAFT_SIMD_FN mask equal(vec a, vec b) { return {_mm_cmpeq_ps(a.r, b.r)}; }
QGRAFT_SIMD_FN mask ordered(vec a, vec b) { return {_mm_cmpord_ps(a.r, b.r)}; }
QGRAFT_SIMD_FN mask both(mask a, mask b) { return {_mm_and_ps(a.r, b.r)}; }
/// a without the lanes of b.
QGRAFT_SIMD_FN mask without(mask a, mask b) { return {_mm_andnot_ps(b.r, a.r)}; }
/// sum + a in the lanes of the mask.
QGRAFT_SIMD_FN vec add_where(mask m, vec sum, vec a) { return {_mm_add_ps(sum.r, _mm_and_ps(m.r, a.r))}; }
QGRAFT_SIMD_FN bool all(mask a) { return _mm_movemask_ps(a.r) == 0xf; }
QGRAFT_SIMD_FN bool any(mask a) { return _mm_movemask_ps(a.r) != 0; }
/// a where the mask is set, else 0.
QGRAFT_SIMD_FN vec keep(mask m, vec a) { return {_mm_and_ps(m.r, a.r)}; }
/// a where the first mask is set and the second is not, else 0.
QGRAFT_SIMD_FN vec keep_without(mask m, mask no, vec a) { return keep(without(m, no), a); }
QGRAFT_SIMD_FN vec select(mask m, vec a, vec b) { return {_mm_blendv_ps(b.r, a.r, m.r)}; }
/// The mask of lanes that have all bits set.
QGRAFT_SIMD_FN mask bits_of(vec a) { return {a.r}; }

QGRAFT_SIMD_FN __m128i to_int32(vec a, int offset) {
    return _mm_sub_epi32(_mm_cvttps_epi32(a.r), _mm_set1_epi32(offset));
}
QGRAFT_SIMD_FN vec from_int32(__m128i q, int offset) {
    return {_mm_cvtepi32_ps(_mm_add_epi32(q, _mm_set1_epi32(offset)))};
}
/// Whole numbers, less an offset, in the storage of a type that holds them.
QGRAFT_SIMD_FN void store_integers(std::int16_t* p, vec a, int offset) {
    const __m128i q = to_int32(a, offset);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packs_epi32(q, q));
}
QGRAFT_SIMD_FN void store_integers(std::uint16_t* p, vec a, int offset) {
    const __m128i q = to_int32(a, offset);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packus_epi32(q, q));
}
QGRAFT_SIMD_FN void store_integers(std::int8_t* p, vec a, int offset) {
    const __m128i q = _mm_packs_epi32(to_int32(a, offset), _mm_setzero_si128());
    const int bytes = _mm_cvtsi128_si32(_mm_packs_epi16(q, q));
    std::memcpy(p, &bytes, sizeof(bytes));
}
QGRAFT_SIMD_FN void store_integers(std::uint8_t* p, vec a, int offset) {
    const __m128i q = _mm_packs_epi32(to_int32(a, offset), _mm_setzero_si128());
    const int bytes = _mm_cvtsi128_si32(_mm_packus_epi16(q, q));
    std::memcpy(p, &bytes, sizeof(bytes));
}
/// The same back, plus the offset.
QGRAFT_SIMD_FN vec load_integers(const std::int16_t* p, int offset) {
    return from_int32(_mm_cvtepi16_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))), offset);
}
QGRAFT_SIMD_FN vec load_integers(const std::uint16_t* p, int offset) {
    return from_int32(_mm_cvtepu16_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))), offset);
}
QGRAFT_SIMD_FN vec load_integers(const std::int8_t* p, int offset) {
    int bytes = 0;
    std::memcpy(&bytes, p, sizeof(bytes));
    return from_int32(_mm_cvtepi8_epi32(_mm_cvtsi32_si128(bytes)), offset);
}
QGRAFT_SIMD_FN vec load_integers(const std::uint8_t* p, int offset) {
    int bytes = 0;
    std::memcpy(&bytes, p, sizeof(bytes));
    return from_int32(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(bytes)), offset);
}

QGRAFT_SIMD_FN total no_total() { return {_mm_setzero_pd()}; }
QGRAFT_SIMD_FN total plus(total t, vec a) {
    return {_mm_add_pd(_mm_add_pd(t.r, _mm_cvtps_pd(a.r)), _mm_cvtps_pd(_mm_movehl_ps(a.r, a.r)))};
}
QGRAFT_SIMD_FN double sum(total t) { return _mm_cvtsd_f64(_mm_add_sd(t.r, _mm_unpackhi_pd(t.r, t.r))); }
/// The sums of all lanes of a and of those of b, added up in floats.
QGRAFT_SIMD_FN range_gradient folded(vec a, vec b) {
    const __m128 two = _mm_add_ps(_mm_unpacklo_ps(a.r, b.r), _mm_unpackhi_ps(a.r, b.r));
    const __m128 one = _mm_add_ps(two, _mm_movehl_ps(two, two));
    return {detail::opaque(_mm_cvtss_f32(one)), detail::opaque(_mm_cvtss_f32(_mm_shuffle_ps(one, one, 1)))};
}
/// p[i] += a[i], lane by lane.
QGRAFT_SIMD_FN void add_to(double* p, vec a) {
    _mm_storeu_pd(p, _mm_add_pd(_mm_loadu_pd(p), _mm_cvtps_pd(a.r)));
    _mm_storeu_pd(p + 2, _mm_add_pd(_mm_loadu_pd(p + 2), _mm_cvtps_pd(_mm_movehl_ps(a.r, a.r))));
}

}  // namespace sse41
QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#include <qgraft/kernels/simd/loops.hpp>
#include <qgraft/kernels/simd/end.hpp>

#endif  // QGRAFT_SIMD_X86

#endif  // QGRAFT_KERNELS_SIMD_SSE41_HPP
