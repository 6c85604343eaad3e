// For which numerators a quotient is hard to round: what tells whether two products that are added up are quotients.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_SIMD_HARD_NUMERATORS_HPP
#define QGRAFT_KERNELS_SIMD_HARD_NUMERATORS_HPP

#include <qgraft/quant/isa_namespace.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN

/// How many numbers hard_numerators writes.
inline constexpr std::size_t hard_numerators_count = 6;

/// The x for which x * 2^bits is 1 more than a multiple of odd, which is less than 2^24; x < odd.
inline std::uint64_t inverse_of_power(unsigned bits, std::uint32_t odd) noexcept {
    // 1 / odd modulo 2^32: of 5 bits first, which each step doubles.
    std::uint32_t inverse = (3U * odd) ^ 2U;
    for (int step = 0; step < 3; ++step) inverse *= 2U - odd * inverse;
    const std::uint64_t multiple = (0U - inverse) & ((std::uint64_t{1} << bits) - 1U);
    return (multiple * odd + 1U) >> bits;
}

/// Writes numbers to c[0 ... hard_numerators_count - 1] such that, where for all of these
///
///     inv = 1 / scale,   rest = (1 - inv * scale) / scale,   c / scale = fma(c, inv, c * rest)
///
/// rounded after each operation, then so for all c whose products and quotient are normal numbers. Why: let S and C be
/// the integers of 24 bits of scale and c, and S no power of two, for which rest is 0. Before it is rounded the sum is
/// off by at most d = 2^-23 (1 + 2^-25) C |1/S - inv|, where |1/S - inv| is at most 2^-48. For C >= S the boundaries of
/// rounding are m / 2^24, m odd, from which the quotient is |2^24 C - m S| / (2^24 S) away. That is at most d only where
/// |2^24 C - m S|, which is not 0, is less than 2; for C < S only where |2^25 C - m S| is less than 4. Both differences
/// are divided by the same powers of two as S, up to 4; what is left are the C of a few remainders modulo S. Source of
/// the idea to add up two products: Brisebarre and Muller, Correctly rounded multiplication by arbitrary precision
/// constants, 2008.
inline void hard_numerators(float scale, float* c) noexcept {
    const std::uint32_t s = (std::bit_cast<std::uint32_t>(scale) & 0x7fffffU) | 0x800000U;
    for (std::size_t i = 0; i < hard_numerators_count; ++i) c[i] = scale;
    const bool odd = (s & 1U) != 0;
    if (!odd && (s & 2U) == 0) return;
    const std::uint32_t modulus = odd ? s : s / 2U;
    const std::uint64_t of_24 = inverse_of_power(24, modulus);
    // Numbers of more than 24 bits are no C, and the floats near them do no harm.
    c[0] = static_cast<float>(modulus + of_24);
    c[1] = static_cast<float>(2U * modulus - of_24);
    if (!odd) return;
    const std::uint64_t of_25 = inverse_of_power(25, modulus);
    const std::uint64_t thrice = 3U * of_25 % modulus;
    c[2] = static_cast<float>(of_25);
    c[3] = static_cast<float>(modulus - of_25);
    c[4] = static_cast<float>(thrice);
    c[5] = static_cast<float>(modulus - thrice);
}

QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif  // QGRAFT_KERNELS_SIMD_HARD_NUMERATORS_HPP
