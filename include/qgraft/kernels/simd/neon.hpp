// The vector of NEON on AArch64: four floats; and the loops over it.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_SIMD_NEON_HPP
#define QGRAFT_KERNELS_SIMD_NEON_HPP

#include <qgraft/kernels/policy.hpp>
#include <qgraft/kernels/simd/hard_numerators.hpp>
#include <qgraft/kernels/simd/level.hpp>
#include <qgraft/kernels/simd/params.hpp>
#include <qgraft/kernels/simd/single.hpp>

#if QGRAFT_SIMD_NEON

#include <arm_neon.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

#define QGRAFT_SIMD_ISA neon
#define QGRAFT_SIMD_TARGET
#include <qgraft/kernels/simd/begin.hpp>

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN
namespace neon {

struct vec {
    float32x4_t r;
};
struct mask {
    uint32x4_t r;
};
/// Two sums in double.
struct total {
    float64x2_t r;
};

inline constexpr std::size_t lanes = 4;
/// Columns whose numbers are kept in registers together.
inline constexpr std::size_t tile = 4;
/// Whether sums of gradients add products with 0 or 1, of two at a time: where a mask is no operand of an addition.
inline constexpr bool sums_products = true;
/// The most rows that are taken together, tile by tile, where they come from beyond the nearest cache.
inline constexpr std::size_t rows_in_order = 4;

QGRAFT_SIMD_FN vec load(const float* p) { return {vld1q_f32(p)}; }
QGRAFT_SIMD_FN vec set(float x) { return {vdupq_n_f32(x)}; }
QGRAFT_SIMD_FN void store(float* p, vec a) { vst1q_f32(p, a.r); }
/// There is no store past the caches for a single vector.
QGRAFT_SIMD_FN void stream(float* p, vec a) { store(p, a); }
QGRAFT_SIMD_FN void fence() {}

/// The first n floats, n < 4, then those of `rest`. Nothing is read behind them.
QGRAFT_SIMD_FN vec load_first_or(const float* p, std::size_t n, vec rest) {
    float some[lanes];
    store(some, rest);
    std::memcpy(some, p, n * sizeof(float));
    return load(some);
}
/// The first n floats, n < 4, then zeros.
QGRAFT_SIMD_FN vec load_first(const float* p, std::size_t n) { return load_first_or(p, n, set(0.0F)); }
QGRAFT_SIMD_FN void store_first(float* p, vec a, std::size_t n) {
    float some[lanes];
    store(some, a);
    std::memcpy(p, some, n * sizeof(float));
}

/// Hides from the compiler what the value is.
QGRAFT_SIMD_FN vec opaque(vec a) {
    asm("" : "+w"(a.r));
    return a;
}
QGRAFT_SIMD_FN vec add(vec a, vec b) { return {vaddq_f32(a.r, b.r)}; }
QGRAFT_SIMD_FN vec sub(vec a, vec b) { return {vsubq_f32(a.r, b.r)}; }
QGRAFT_SIMD_FN vec mul(vec a, vec b) { return opaque({vmulq_f32(a.r, b.r)}); }
QGRAFT_SIMD_FN vec div(vec a, vec b) { return {vdivq_f32(a.r, b.r)}; }
/// Whether products are added without rounding between, and that is worth having: the definition's division and its
/// sums are as fast here.
inline constexpr bool has_fma = false;
/// a * b + c, where it does not matter whether a * b is rounded.
QGRAFT_SIMD_FN vec add_product(vec a, vec b, vec c) { return {vfmaq_f32(c.r, a.r, b.r)}; }
/// c - a * b, rounded once where has_fma.
QGRAFT_SIMD_FN vec subtract_product(vec a, vec b, vec c) { return {vfmsq_f32(c.r, a.r, b.r)}; }
QGRAFT_SIMD_FN vec negated(vec a) { return {vnegq_f32(a.r)}; }
QGRAFT_SIMD_FN vec magnitude(vec a) { return {vabsq_f32(a.r)}; }

QGRAFT_SIMD_FN mask less(vec a, vec b) { return {vcltq_f32(a.r, b.r)}; }
QGRAFT_SIMD_FN mask at_most(vec a, vec b) { return {vcleq_f32(a.r, b.r)}; }
QGRAFT_SIMD_FN mask equal(vec a, vec b) { return {vceqq_f32(a.r, b.r)}; }
QGRAFT_SIMD_FN mask both(mask a, mask b) { return {vandq_u32(a.r, b.r)}; }
QGRAFT_SIMD_FN mask ordered(vec a, vec b) { return both(equal(a, a), equal(b, b)); }
/// a without the lanes of b.
QGRAFT_SIMD_FN mask without(mask a, mask b) { return {vbicq_u32(a.r, b.r)}; }
/// sum + a in the lanes of the mask.
QGRAFT_SIMD_FN vec add_where(mask m, vec sum, vec a) {
    return {vaddq_f32(sum.r, vreinterpretq_f32_u32(vandq_u32(m.r, vreinterpretq_u32_f32(a.r))))};
}
QGRAFT_SIMD_FN bool all(mask a) { return vminvq_u32(a.r) != 0; }
QGRAFT_SIMD_FN bool any(mask a) { return vmaxvq_u32(a.r) != 0; }
/// a where the mask is set, else 0.
QGRAFT_SIMD_FN vec keep(mask m, vec a) { return {vreinterpretq_f32_u32(vandq_u32(m.r, vreinterpretq_u32_f32(a.r)))}; }
/// a where the first mask is set and the second is not, else 0.
QGRAFT_SIMD_FN vec keep_without(mask m, mask no, vec a) { return keep(without(m, no), a); }
QGRAFT_SIMD_FN vec select(mask m, vec a, vec b) { return {vbslq_f32(m.r, a.r, b.r)}; }
/// The mask of lanes that have all bits set.
QGRAFT_SIMD_FN mask bits_of(vec a) { return {vreinterpretq_u32_f32(a.r)}; }

/// a where a < b, else b: b where either is NaN. NEON's own minimum differs for NaN and for zeros.
QGRAFT_SIMD_FN vec lesser(vec a, vec b) { return select(less(a, b), a, b); }
/// a where a > b, else b: b where either is NaN.
QGRAFT_SIMD_FN vec greater(vec a, vec b) { return select(less(b, a), a, b); }
QGRAFT_SIMD_FN vec floor(vec a) { return {vrndmq_f32(a.r)}; }
QGRAFT_SIMD_FN vec nearest(vec a) { return {vrndnq_f32(a.r)}; }

QGRAFT_SIMD_FN int32x4_t to_int32(vec a, int offset) { return vsubq_s32(vcvtq_s32_f32(a.r), vdupq_n_s32(offset)); }
QGRAFT_SIMD_FN vec from_int32(int32x4_t q, int offset) { return {vcvtq_f32_s32(vaddq_s32(q, vdupq_n_s32(offset)))}; }
/// Whole numbers, less an offset, in the storage of a type that holds them.
template <class Integer>
QGRAFT_SIMD_FN void store_integers(Integer* p, vec a, int offset) {
    std::int32_t q[lanes];
    vst1q_s32(q, to_int32(a, offset));
    for (std::size_t k = 0; k < lanes; ++k) p[k] = static_cast<Integer>(q[k]);
}
/// The same back, plus the offset.
template <class Integer>
QGRAFT_SIMD_FN vec load_integers(const Integer* p, int offset) {
    std::int32_t q[lanes];
    for (std::size_t k = 0; k < lanes; ++k) q[k] = p[k];
    return from_int32(vld1q_s32(q), offset);
}

QGRAFT_SIMD_FN total no_total() { return {vdupq_n_f64(0.0)}; }
QGRAFT_SIMD_FN total plus(total t, vec a) {
    return {vaddq_f64(vaddq_f64(t.r, vcvt_f64_f32(vget_low_f32(a.r))), vcvt_high_f64_f32(a.r))};
}
QGRAFT_SIMD_FN double sum(total t) { return vaddvq_f64(t.r); }
/// The sums of all lanes of a and of those of b, added up in floats.
QGRAFT_SIMD_FN range_gradient folded(vec a, vec b) { return {vaddvq_f32(a.r), vaddvq_f32(b.r)}; }
/// p[i] += a[i], lane by lane.
QGRAFT_SIMD_FN void add_to(double* p, vec a) {
    vst1q_f64(p, vaddq_f64(vld1q_f64(p), vcvt_f64_f32(vget_low_f32(a.r))));
    vst1q_f64(p + 2, vaddq_f64(vld1q_f64(p + 2), vcvt_high_f64_f32(a.r)));
}

}  // namespace neon
QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#include <qgraft/kernels/simd/loops.hpp>
#include <qgraft/kernels/simd/end.hpp>

#endif  // QGRAFT_SIMD_NEON

#endif  // QGRAFT_KERNELS_SIMD_NEON_HPP
