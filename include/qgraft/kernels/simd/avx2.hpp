// The vector of AVX2 and FMA: eight floats; and the loops over it.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_SIMD_AVX2_HPP
#define QGRAFT_KERNELS_SIMD_AVX2_HPP

#include <qgraft/kernels/policy.hpp>
#include <qgraft/kernels/simd/hard_numerators.hpp>
#include <qgraft/kernels/simd/level.hpp>
#include <qgraft/kernels/simd/params.hpp>
#include <qgraft/kernels/simd/sse41.hpp>

#if QGRAFT_SIMD_X86

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <limits>

#define QGRAFT_SIMD_ISA avx2
#define QGRAFT_SIMD_TARGET target("avx2,fma")
#include <qgraft/kernels/simd/begin.hpp>

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN
namespace avx2 {

struct vec {
    __m256 r;
};
struct mask {
    __m256 r;
};
/// Four sums in double.
struct total {
    __m256d r;
};

inline constexpr std::size_t lanes = 8;
/// Columns whose numbers are kept in registers together.
inline constexpr std::size_t tile = 2;
/// Whether sums of gradients add products with 0 or 1, of two at a time: where a mask is no operand of an addition.
inline constexpr bool sums_products = true;
/// The most rows that are taken together, tile by tile, where they come from beyond the nearest cache.
inline constexpr std::size_t rows_in_order = 4;

QGRAFT_SIMD_FN vec load(const float* p) { return {_mm256_loadu_ps(p)}; }
QGRAFT_SIMD_FN vec set(float x) { return {_mm256_set1_ps(x)}; }
QGRAFT_SIMD_FN void store(float* p, vec a) { _mm256_storeu_ps(p, a.r); }
QGRAFT_SIMD_FN void stream(float* p, vec a) { _mm256_stream_ps(p, a.r); }
QGRAFT_SIMD_FN void fence() { _mm_sfence(); }

QGRAFT_SIMD_FN __m256i first_lanes(std::size_t n) {
    const __m256i index = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), index);
}
/// The first n floats, n < 8, then zeros. Nothing is read behind them.
QGRAFT_SIMD_FN vec load_first(const float* p, std::size_t n) { return {_mm256_maskload_ps(p, first_lanes(n))}; }
/// The first n floats, then those of `rest`.
QGRAFT_SIMD_FN vec load_first_or(const float* p, std::size_t n, vec rest) {
    return {_mm256_blendv_ps(rest.r, load_first(p, n).r, _mm256_castsi256_ps(first_lanes(n)))};
}
QGRAFT_SIMD_FN void store_first(float* p, vec a, std::size_t n) { _mm256_maskstore_ps(p, first_lanes(n), a.r); }

/// Hides from the compiler what the value is.
QGRAFT_SIMD_FN vec opaque(vec a) {
    asm("" : "+x"(a.r));
    return a;
}
QGRAFT_SIMD_FN vec add(vec a, vec b) { return {_mm256_add_ps(a.r, b.r)}; }
QGRAFT_SIMD_FN vec sub(vec a, vec b) { return {_mm256_sub_ps(a.r, b.r)}; }
QGRAFT_SIMD_FN vec mul(vec a, vec b) { return opaque({_mm256_mul_ps(a.r, b.r)}); }
QGRAFT_SIMD_FN vec div(vec a, vec b) { return {_mm256_div_ps(a.r, b.r)}; }
/// Whether products are added without rounding between; then add_product is one instruction.
inline constexpr bool has_fma = true;
/// a * b + c, where it does not matter whether a * b is rounded.
QGRAFT_SIMD_FN vec add_product(vec a, vec b, vec c) { return {_mm256_fmadd_ps(a.r, b.r, c.r)}; }
/// c - a * b, rounded once where has_fma.
QGRAFT_SIMD_FN vec subtract_product(vec a, vec b, vec c) { return {_mm256_fnmadd_ps(a.r, b.r, c.r)}; }
QGRAFT_SIMD_FN vec negated(vec a) { return {_mm256_xor_ps(a.r, _mm256_set1_ps(-0.0F))}; }
QGRAFT_SIMD_FN vec magnitude(vec a) { return {_mm256_andnot_ps(_mm256_set1_ps(-0.0F), a.r)}; }

/// a where a < b, else b: b where either is NaN.
QGRAFT_SIMD_FN vec lesser(vec a, vec b) { return {_mm256_min_ps(a.r, b.r)}; }
/// a where a > b, else b: b where either is NaN.
QGRAFT_SIMD_FN vec greater(vec a, vec b) { return {_mm256_max_ps(a.r, b.r)}; }
QGRAFT_SIMD_FN vec floor(vec a) { return {_mm256_round_ps(a.r, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)}; }
QGRAFT_SIMD_FN vec nearest(vec a) { return {_mm256_round_ps(a.r, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)}; }

QGRAFT_SIMD_FN mask less(vec a, vec b) { return {_mm256_cmp_ps(a.r, b.r, _CMP_LT_OQ)}; }
QGRAFT_SIMD_FN mask at_most(vec a, vec b) { return {_mm256_cmp_ps(a.r, b.r, _CMP_LE_OQ)}; }
QGRAFT_SIMD_FN mask equal(vec a, vec b) { return {_mm256_cmp_ps(a.r, b.r, _CMP_EQ_OQ)}; }
QGRAFT_SIMD_FN mask ordered(vec a, vec b) { return {_mm256_cmp_ps(a.r, b.r, _CMP_ORD_Q)}; }
/// a without the lanes of b.
QGRAFT_SIMD_FN mask without(mask a, mask b) { return {_mm256_andnot_ps(b.r, a.r)}; }
/// sum + a in the lanes of the mask.
QGRAFT_SIMD_FN vec add_where(mask m, vec sum, vec a) { return {_mm256_add_ps(sum.r, _mm256_and_ps(m.r, a.r))}; }
QGRAFT_SIMD_FN mask both(mask a, mask b) { return {_mm256_and_ps(a.r, b.r)}; }
QGRAFT_SIMD_FN bool all(mask a) { return _mm256_movemask_ps(a.r) == 0xff; }
QGRAFT_SIMD_FN bool any(mask a) { return _mm256_movemask_ps(a.r) != 0; }
/// a where the mask is set, else 0.
QGRAFT_SIMD_FN vec keep(mask m, vec a) { return {_mm256_and_ps(m.r, a.r)}; }
/// a where the first mask is set and the second is not, else 0.
QGRAFT_SIMD_FN vec keep_without(mask m, mask no, vec a) { return keep(without(m, no), a); }
QGRAFT_SIMD_FN vec select(mask m, vec a, vec b) { return {_mm256_blendv_ps(b.r, a.r, m.r)}; }

/// The mask of lanes that have all bits set.
QGRAFT_SIMD_FN mask bits_of(vec a) { return {a.r}; }

/// Whole numbers, less an offset, in the storage of a type that holds them.
QGRAFT_SIMD_FN __m128i to_int16(vec a, int offset) {
    const __m256i q = _mm256_sub_epi32(_mm256_cvttps_epi32(a.r), _mm256_set1_epi32(offset));
    return _mm_packs_epi32(_mm256_castsi256_si128(q), _mm256_extracti128_si256(q, 1));
}
QGRAFT_SIMD_FN void store_integers(std::int16_t* p, vec a, int offset) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), to_int16(a, offset));
}
QGRAFT_SIMD_FN void store_integers(std::uint16_t* p, vec a, int offset) {
    const __m256i q = _mm256_sub_epi32(_mm256_cvttps_epi32(a.r), _mm256_set1_epi32(offset));
    const __m128i packed = _mm_packus_epi32(_mm256_castsi256_si128(q), _mm256_extracti128_si256(q, 1));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), packed);
}
QGRAFT_SIMD_FN void store_integers(std::int8_t* p, vec a, int offset) {
    const __m128i q = to_int16(a, offset);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packs_epi16(q, q));
}
QGRAFT_SIMD_FN void store_integers(std::uint8_t* p, vec a, int offset) {
    const __m128i q = to_int16(a, offset);
    _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packus_epi16(q, q));
}

/// The same back, plus the offset.
QGRAFT_SIMD_FN vec load_integers(const std::int16_t* p, int offset) {
    const __m256i q = _mm256_cvtepi16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    return {_mm256_cvtepi32_ps(_mm256_add_epi32(q, _mm256_set1_epi32(offset)))};
}
QGRAFT_SIMD_FN vec load_integers(const std::uint16_t* p, int offset) {
    const __m256i q = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
    return {_mm256_cvtepi32_ps(_mm256_add_epi32(q, _mm256_set1_epi32(offset)))};
}
QGRAFT_SIMD_FN vec load_integers(const std::int8_t* p, int offset) {
    const __m256i q = _mm256_cvtepi8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
    return {_mm256_cvtepi32_ps(_mm256_add_epi32(q, _mm256_set1_epi32(offset)))};
}
QGRAFT_SIMD_FN vec load_integers(const std::uint8_t* p, int offset) {
    const __m256i q = _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
    return {_mm256_cvtepi32_ps(_mm256_add_epi32(q, _mm256_set1_epi32(offset)))};
}

QGRAFT_SIMD_FN total no_total() { return {_mm256_setzero_pd()}; }
QGRAFT_SIMD_FN total plus(total t, vec a) {
    const __m256d low = _mm256_cvtps_pd(_mm256_castps256_ps128(a.r));
    const __m256d high = _mm256_cvtps_pd(_mm256_extractf128_ps(a.r, 1));
    return {_mm256_add_pd(_mm256_add_pd(t.r, low), high)};
}
QGRAFT_SIMD_FN double sum(total t) {
    const __m128d pair = _mm_add_pd(_mm256_castpd256_pd128(t.r), _mm256_extractf128_pd(t.r, 1));
    return _mm_cvtsd_f64(_mm_add_sd(pair, _mm_unpackhi_pd(pair, pair)));
}
/// The sums of all lanes of a and of those of b, added up in floats.
QGRAFT_SIMD_FN range_gradient folded(vec a, vec b) {
    const __m256 four = _mm256_add_ps(_mm256_permute2f128_ps(a.r, b.r, 0x20), _mm256_permute2f128_ps(a.r, b.r, 0x31));
    const __m256 two = _mm256_add_ps(four, _mm256_permute_ps(four, 0x4e));
    const __m256 one = _mm256_add_ps(two, _mm256_permute_ps(two, 0xb1));
    return {detail::opaque(_mm256_cvtss_f32(one)), detail::opaque(_mm_cvtss_f32(_mm256_extractf128_ps(one, 1)))};
}
/// p[i] += a[i], lane by lane.
QGRAFT_SIMD_FN void add_to(double* p, vec a) {
    _mm256_storeu_pd(p, _mm256_add_pd(_mm256_loadu_pd(p), _mm256_cvtps_pd(_mm256_castps256_ps128(a.r))));
    _mm256_storeu_pd(p + 4, _mm256_add_pd(_mm256_loadu_pd(p + 4), _mm256_cvtps_pd(_mm256_extractf128_ps(a.r, 1))));
}

}  // namespace avx2
QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#include <qgraft/kernels/simd/loops.hpp>
#include <qgraft/kernels/simd/end.hpp>

#endif  // QGRAFT_SIMD_X86

#endif  // QGRAFT_KERNELS_SIMD_AVX2_HPP
