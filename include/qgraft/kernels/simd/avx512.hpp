// The vector of AVX-512F: sixteen floats; and the loops over it.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_SIMD_AVX512_HPP
#define QGRAFT_KERNELS_SIMD_AVX512_HPP

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

#define QGRAFT_SIMD_ISA avx512
#define QGRAFT_SIMD_TARGET target("avx512f,fma")
#include <qgraft/kernels/simd/begin.hpp>

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN
namespace avx512 {

struct vec {
    __m512 r;
};
struct mask {
    __mmask16 r;
};
/// Eight sums in double.
struct total {
    __m512d r;
};

inline constexpr std::size_t lanes = 16;
/// Columns whose numbers are kept in registers together.
inline constexpr std::size_t tile = 4;
/// Whether sums of gradients add products with 0 or 1, of two at a time: where a mask is no operand of an addition.
inline constexpr bool sums_products = false;
/// The most rows that are taken together, tile by tile, where they come from beyond the nearest cache: any number,
/// since a tile is four of its lines.
inline constexpr std::size_t rows_in_order = 2048;

QGRAFT_SIMD_FN vec load(const float* p) { return {_mm512_loadu_ps(p)}; }
QGRAFT_SIMD_FN vec set(float x) { return {_mm512_set1_ps(x)}; }
QGRAFT_SIMD_FN void store(float* p, vec a) { _mm512_storeu_ps(p, a.r); }
QGRAFT_SIMD_FN void stream(float* p, vec a) { _mm512_stream_ps(p, a.r); }
QGRAFT_SIMD_FN void fence() { _mm_sfence(); }

QGRAFT_SIMD_FN __mmask16 first_lanes(std::size_t n) { return static_cast<__mmask16>((1U << n) - 1U); }
/// The first n floats, n < 16, then zeros. Nothing is read behind them.
QGRAFT_SIMD_FN vec load_first(const float* p, std::size_t n) { return {_mm512_maskz_loadu_ps(first_lanes(n), p)}; }
/// The first n floats, then those of `rest`.
QGRAFT_SIMD_FN vec load_first_or(const float* p, std::size_t n, vec rest) {
    return {_mm512_mask_loadu_ps(rest.r, first_lanes(n), p)};
}
QGRAFT_SIMD_FN void store_first(float* p, vec a, std::size_t n) { _mm512_mask_storeu_ps(p, first_lanes(n), a.r); }

/// Hides from the compiler what the value is.
QGRAFT_SIMD_FN vec opaque(vec a) {
    asm("" : "+v"(a.r));
    return a;
}
QGRAFT_SIMD_FN vec add(vec a, vec b) { return {_mm512_add_ps(a.r, b.r)}; }
QGRAFT_SIMD_FN vec sub(vec a, vec b) { return {_mm512_sub_ps(a.r, b.r)}; }
QGRAFT_SIMD_FN vec mul(vec a, vec b) { return opaque({_mm512_mul_ps(a.r, b.r)}); }
QGRAFT_SIMD_FN vec div(vec a, vec b) { return {_mm512_div_ps(a.r, b.r)}; }
/// Whether products are added without rounding between; then add_product is one instruction.
inline constexpr bool has_fma = true;
/// a * b + c, where it does not matter whether a * b is rounded.
QGRAFT_SIMD_FN vec add_product(vec a, vec b, vec c) { return {_mm512_fmadd_ps(a.r, b.r, c.r)}; }
/// c - a * b, rounded once where has_fma.
QGRAFT_SIMD_FN vec subtract_product(vec a, vec b, vec c) { return {_mm512_fnmadd_ps(a.r, b.r, c.r)}; }
QGRAFT_SIMD_FN vec negated(vec a) {
    return {_mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(a.r), _mm512_set1_epi32(INT32_MIN)))};
}
QGRAFT_SIMD_FN vec magnitude(vec a) {
    return {_mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(a.r), _mm512_set1_epi32(INT32_MAX)))};
}

// With a mask of all lanes, since the plain forms of GCC 12 warn of a variable without a value.
inline constexpr __mmask16 every_lane = 0xffff;
inline constexpr __mmask8 every_double = 0xff;

/// a where a < b, else b: b where either is NaN.
QGRAFT_SIMD_FN vec lesser(vec a, vec b) { return {_mm512_maskz_min_ps(every_lane, a.r, b.r)}; }
/// a where a > b, else b: b where either is NaN.
QGRAFT_SIMD_FN vec greater(vec a, vec b) { return {_mm512_maskz_max_ps(every_lane, a.r, b.r)}; }
QGRAFT_SIMD_FN vec floor(vec a) {
    return {_mm512_maskz_roundscale_ps(every_lane, a.r, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC)};
}
QGRAFT_SIMD_FN vec nearest(vec a) {
    return {_mm512_maskz_roundscale_ps(every_lane, a.r, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
}

QGRAFT_SIMD_FN mask less(vec a, vec b) { return {_mm512_cmp_ps_mask(a.r, b.r, _CMP_LT_OQ)}; }
QGRAFT_SIMD_FN mask at_most(vec a, vec b) { return {_mm512_cmp_ps_mask(a.r, b.r, _CMP_LE_OQ)}; }
QGRAFT_SIMD_FN mask equal(vec a, vec b) { return {_mm512_cmp_ps_mask(a.r, b.r, _CMP_EQ_OQ)}; }
QGRAFT_SIMD_FN mask ordered(vec a, vec b) { return {_mm512_cmp_ps_mask(a.r, b.r, _CMP_ORD_Q)}; }
QGRAFT_SIMD_FN mask both(mask a, mask b) { return {static_cast<__mmask16>(a.r & b.r)}; }
/// a without the lanes of b.
QGRAFT_SIMD_FN mask without(mask a, mask b) { return {static_cast<__mmask16>(a.r & ~b.r)}; }
/// sum + a in the lanes of the mask.
QGRAFT_SIMD_FN vec add_where(mask m, vec sum, vec a) { return {_mm512_mask_add_ps(sum.r, m.r, sum.r, a.r)}; }
QGRAFT_SIMD_FN bool all(mask a) { return a.r == 0xffff; }
QGRAFT_SIMD_FN bool any(mask a) { return a.r != 0; }
/// a where the mask is set, else 0.
QGRAFT_SIMD_FN vec keep(mask m, vec a) { return {_mm512_maskz_mov_ps(m.r, a.r)}; }
/// a where the first mask is set and the second is not, else 0. One after the other, since operations of masks have the
/// units of comparisons.
QGRAFT_SIMD_FN vec keep_without(mask m, mask no, vec a) {
    return {_mm512_mask_mov_ps(keep(m, a).r, no.r, _mm512_setzero_ps())};
}
QGRAFT_SIMD_FN vec select(mask m, vec a, vec b) { return {_mm512_mask_mov_ps(b.r, m.r, a.r)}; }
/// The mask of lanes that have any bit set.
QGRAFT_SIMD_FN mask bits_of(vec a) {
    return {_mm512_test_epi32_mask(_mm512_castps_si512(a.r), _mm512_castps_si512(a.r))};
}

/// Whole numbers, less an offset.
QGRAFT_SIMD_FN __m512i to_int32(vec a, int offset) {
    return _mm512_sub_epi32(_mm512_maskz_cvttps_epi32(every_lane, a.r), _mm512_set1_epi32(offset));
}
QGRAFT_SIMD_FN vec from_int32(__m512i q, int offset) {
    return {_mm512_maskz_cvtepi32_ps(every_lane, _mm512_add_epi32(q, _mm512_set1_epi32(offset)))};
}
/// Whole numbers, less an offset, in the storage of a type that holds them.
QGRAFT_SIMD_FN void store_integers(std::int16_t* p, vec a, int offset) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_maskz_cvtepi32_epi16(every_lane, to_int32(a, offset)));
}
QGRAFT_SIMD_FN void store_integers(std::uint16_t* p, vec a, int offset) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), _mm512_maskz_cvtepi32_epi16(every_lane, to_int32(a, offset)));
}
QGRAFT_SIMD_FN void store_integers(std::int8_t* p, vec a, int offset) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_maskz_cvtepi32_epi8(every_lane, to_int32(a, offset)));
}
QGRAFT_SIMD_FN void store_integers(std::uint8_t* p, vec a, int offset) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_maskz_cvtepi32_epi8(every_lane, to_int32(a, offset)));
}
/// The same back, plus the offset.
QGRAFT_SIMD_FN vec load_integers(const std::int16_t* p, int offset) {
    return from_int32(_mm512_maskz_cvtepi16_epi32(every_lane, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))),
                      offset);
}
QGRAFT_SIMD_FN vec load_integers(const std::uint16_t* p, int offset) {
    return from_int32(_mm512_maskz_cvtepu16_epi32(every_lane, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))),
                      offset);
}
QGRAFT_SIMD_FN vec load_integers(const std::int8_t* p, int offset) {
    return from_int32(_mm512_maskz_cvtepi8_epi32(every_lane, _mm_loadu_si128(reinterpret_cast<const __m128i*>(p))),
                      offset);
}
QGRAFT_SIMD_FN vec load_integers(const std::uint8_t* p, int offset) {
    return from_int32(_mm512_maskz_cvtepu8_epi32(every_lane, _mm_loadu_si128(reinterpret_cast<const __m128i*>(p))),
                      offset);
}

template <int Half>
QGRAFT_SIMD_FN __m256 half_of(vec a) {
    return _mm256_castpd_ps(_mm512_maskz_extractf64x4_pd(every_double, _mm512_castps_pd(a.r), Half));
}
QGRAFT_SIMD_FN total no_total() { return {_mm512_setzero_pd()}; }
QGRAFT_SIMD_FN total plus(total t, vec a) {
    const __m512d low = _mm512_maskz_cvtps_pd(every_double, half_of<0>(a));
    return {_mm512_add_pd(_mm512_add_pd(t.r, low), _mm512_maskz_cvtps_pd(every_double, half_of<1>(a)))};
}
QGRAFT_SIMD_FN double sum(total t) {
    const __m256d four = _mm256_add_pd(_mm512_maskz_extractf64x4_pd(every_double, t.r, 0),
                                       _mm512_maskz_extractf64x4_pd(every_double, t.r, 1));
    const __m128d pair = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    return _mm_cvtsd_f64(_mm_add_sd(pair, _mm_unpackhi_pd(pair, pair)));
}
/// The sums of all lanes of a and of those of b, added up in floats.
QGRAFT_SIMD_FN range_gradient folded(vec a, vec b) {
    const __m512 four =
        _mm512_add_ps(_mm512_maskz_unpacklo_ps(every_lane, a.r, b.r), _mm512_maskz_unpackhi_ps(every_lane, a.r, b.r));
    const vec two{_mm512_add_ps(four, _mm512_maskz_permute_ps(every_lane, four, 0x4e))};
    const __m256 one = _mm256_add_ps(half_of<0>(two), half_of<1>(two));
    const __m128 both_sums = _mm_add_ps(_mm256_castps256_ps128(one), _mm256_extractf128_ps(one, 1));
    range_gradient sums;
    _mm_storel_pi(reinterpret_cast<__m64*>(&sums), both_sums);
    return sums;
}
/// p[i] += a[i], lane by lane.
QGRAFT_SIMD_FN void add_to(double* p, vec a) {
    _mm512_storeu_pd(p, _mm512_add_pd(_mm512_loadu_pd(p), _mm512_maskz_cvtps_pd(every_double, half_of<0>(a))));
    _mm512_storeu_pd(p + 8, _mm512_add_pd(_mm512_loadu_pd(p + 8), _mm512_maskz_cvtps_pd(every_double, half_of<1>(a))));
}

}  // namespace avx512
QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#include <qgraft/kernels/simd/loops.hpp>
#include <qgraft/kernels/simd/end.hpp>

#endif  // QGRAFT_SIMD_X86

#endif  // QGRAFT_KERNELS_SIMD_AVX512_HPP
