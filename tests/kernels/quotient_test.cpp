// Tests of quotients as the vector kernels have them where there is a fused multiply-add: as sums of two products.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "simd_check.hpp"

#include <qgraft/kernels/simd/hard_numerators.hpp>

#include <cmath>
#include <random>
#include <vector>

namespace {

/// c / scale as a sum of two products.
float sum_of_products(float c, float scale) {
    const float inv = 1.0F / scale;
    const float rest = std::fma(-inv, scale, 1.0F) / scale;
    return std::fma(c, inv, qgraft::detail::product_of(c, rest));
}

std::vector<float> hard_numerators(float scale) {
    std::vector<float> found(qgraft::detail::hard_numerators_count);
    qgraft::detail::hard_numerators(scale, found.data());
    return found;
}

bool are_all_quotients(const std::vector<float>& numerators, float scale) {
    for (const float c : numerators) {
        if (sum_of_products(c, scale) != c / scale) return false;
    }
    return true;
}

#if QGRAFT_SIMD_X86

/// Of how many numerators of one binade, which have all mantissas, the sum is not the quotient.
__attribute__((target("avx2,fma"))) std::size_t wrong_quotients(float scale) {
    using namespace qgraft::detail::avx2;
    const vec divisor = set(scale);
    const vec inv = div(set(1.0F), divisor);
    const vec rest = rest_of_inverse(divisor, inv);
    __m256i c = _mm256_add_epi32(_mm256_set1_epi32(0x3f800000), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < std::size_t{1} << 23U; i += lanes) {
        const vec x{_mm256_castsi256_ps(c)};
        wrong += !all(equal(summed_quotient(x, inv, rest), div(x, divisor)));
        c = _mm256_add_epi32(c, _mm256_set1_epi32(lanes));
    }
    return wrong;
}

__attribute__((target("avx2,fma"))) bool said_to_be_quotients(float scale) {
    return qgraft::detail::avx2::are_sums(scale);
}

#endif

/// A range from 0 and one of its values, whose steps are other ones where the sum of products is taken for the quotient.
struct trap {
    qgraft::quant_range range;
    float x;
};

/// Looks for traps among many ranges of 16 bits.
std::vector<trap> traps() {
    std::vector<trap> found;
    std::mt19937 random(1);
    while (found.size() < 4) {
        const float max = 1.0F + static_cast<float>(random() >> 9U) * 0x1p-23F;
        const float scale = max / 65535.0F;
        for (float c : hard_numerators(scale)) {
            if (sum_of_products(c, scale) == c / scale) continue;
            while (c > max) c *= 0.5F;
            for (int halved = 0; halved < 16; ++halved, c *= 0.5F) {
                if (std::floor(c / scale + 0.5F) != std::floor(sum_of_products(c, scale) + 0.5F)) {
                    found.push_back({{0.0F, max}, c});
                }
            }
        }
    }
    return found;
}

template <class N>
std::size_t wrong_in(const trap& t) {
    const std::vector<float> x(5000, t.x);
    std::vector<float> expected(x.size());
    std::vector<float> y(x.size());
    qgraft::scalar<N>::fake_quantize(x, expected, t.range, {.bits = 16});
    qgraft::simd<N>::fake_quantize(x, y, t.range, {.bits = 16});
    simd_check::findings differences;
    simd_check::compare("trap", y, expected, differences);
    return differences.count();
}

}  // namespace

#if QGRAFT_SIMD_X86
TEST_CASE("the quotients of a scale are sums of two products where those of a few hard numerators are") {
    if (qgraft::detail::find_simd_level() < qgraft::simd_level::avx2) return;
    std::mt19937 random(7);
    int sums = 0;
    int others = 0;
    while (sums < 24 || others < 6) {
        const float scale =
            std::ldexp(1.0F + static_cast<float>(random() >> 9U) * 0x1p-23F, static_cast<int>(random() % 64) - 32);
        const bool expected = are_all_quotients(hard_numerators(scale), scale);
        const bool said = said_to_be_quotients(scale);
        CHECK(said == expected);
        if (++(expected ? sums : others) > (expected ? 24 : 6)) continue;
        CAPTURE(scale);
        CHECK((wrong_quotients(scale) == 0) == expected);
    }
}
#endif

TEST_CASE("where quotients are no sums of two products, they are not taken for such") {
    for (const trap& t : traps()) {
        for (const qgraft::simd_level level : simd_check::levels()) {
            CAPTURE(static_cast<int>(level));
            const simd_check::at_level at(level);
            CHECK(wrong_in<qgraft::tf115>(t) == 0);
            CHECK(wrong_in<qgraft::tf2>(t) == 0);
        }
    }
}
