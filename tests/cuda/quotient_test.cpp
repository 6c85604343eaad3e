// Tests of division without dividing: the quotient that kernels use, and the one that ranges are nudged with.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <qgraft/kernels/cuda/formulas.hpp>
#include <qgraft/quant/device_division.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <random>

namespace {

namespace detail = qgraft::detail;

/// Two floats in [1, 2) or [2, 4), by the 24 bits of their significands.
struct counted {
    std::uint64_t tried = 0;
    std::uint64_t wrong = 0;

    void quotient(std::uint32_t a, std::uint32_t b) {
        const float c = static_cast<float>(a) * 0x1p-23F;
        const float scale = static_cast<float>(b) * 0x1p-23F;
        ++tried;
        wrong += detail::exact_quotient(c, scale, 1.0F / scale) != c / scale;
    }
};

/// All significands a of which a / b is at most reach / (2 b) units of its last place from halfway between two floats.
/// With a 2^k / b the quotient in units (k is 23 where a >= b, else 24) that is a 2^(k+1) = m b + j with |j| <= reach,
/// which is solved for a modulo the odd part of b.
void try_near_boundaries(std::uint32_t b, std::int64_t reach, counted& to) {
    const int twos = std::countr_zero(b);
    const std::int64_t odd = b >> twos;
    for (const int k : {23, 24}) {
        std::int64_t inverse = 1 % odd;  // of 2^(k + 1 - twos), modulo the odd part
        for (int i = 0; i < k + 1 - twos; ++i) inverse = (inverse % 2 == 0 ? inverse : inverse + odd) / 2;
        for (std::int64_t j = -reach; j <= reach; ++j) {
            if (j == 0 || j % (std::int64_t{1} << twos) != 0) continue;
            const std::int64_t residue = ((j >> twos) * inverse % odd + odd) % odd;
            std::int64_t a = (std::int64_t{1} << 23) / odd * odd + residue;
            if (a < std::int64_t{1} << 23) a += odd;
            for (; a < std::int64_t{1} << 24; a += odd) {
                if ((a >= b) == (k == 23)) to.quotient(static_cast<std::uint32_t>(a), b);
            }
        }
    }
}

/// A float in [1, 2).
float random_significand(std::mt19937& random) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(0x3f800000U | (random() & 0x7fffffU)));
}

float random_float(std::mt19937& random) { return std::bit_cast<float>(static_cast<std::uint32_t>(random())); }

bool same(float a, float b) {
    return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b) || (std::isnan(a) && std::isnan(b));
}

}  // namespace

TEST_CASE("the quotient is exact wherever it is near a boundary of rounding") {
    // Before it is rounded, the quotient is off by less than 2^-21 units of its last place, 8 / (2 b) at most: the
    // reciprocal by 2^-24 of itself, so the first guess by 2 units, and the remainder is rounded to 24 bits.
    const bool full = std::getenv("QGRAFT_FULL_TESTS") != nullptr;
    counted found;
    for (std::uint32_t b = 1U << 23U; b < 1U << 24U; b += full ? 1 : 61) try_near_boundaries(b, 16, found);
    CHECK(found.tried > (full ? 100000000U : 2000000U));
    CHECK(found.wrong == 0);
}

TEST_CASE("the quotient is exact for scales of every size that is common, and steps of every size") {
    std::mt19937 random(1);
    std::uint64_t wrong = 0;
    for (int i = 0; i < 3000000; ++i) {
        const float scale = std::ldexp(random_significand(random), static_cast<int>(random() % 112U) - 48);
        if (!detail::is_common(scale)) continue;
        const float steps = std::ldexp(random_significand(random), static_cast<int>(random() % 42U) - 26);
        const float c = steps * scale;
        wrong += detail::exact_quotient(c, scale, 1.0F / scale) != c / scale;
    }
    CHECK(wrong == 0);
}

TEST_CASE("ranges are nudged with a division that is exact for all floats, from a rough reciprocal") {
    std::mt19937 random(2);
    const float infinity = std::numeric_limits<float>::infinity();
    const float specials[]{0.0F,       -0.0F,     infinity, -infinity, std::nanf(""), 1.0F,   -3.0F, 0x1p-149F,
                           -0x1p-149F, 0x1p-126F, 0x1p127F, 3.4e38F,   -3.4e38F,      1e-40F, 255.0F};
    std::uint64_t wrong = 0;
    const auto check = [&](float a, float b) {
        for (const double error : {0.0, 0x1p-20, -0x1p-16, 0x1p-16}) {
            const double rough = 1.0 / static_cast<double>(b) * (1.0 + error);
            wrong += !same(detail::divided(a, b, rough), a / b);
        }
    };
    for (const float a : specials) {
        for (const float b : specials) check(a, b);
    }
    for (int i = 0; i < 1000000; ++i) check(random_float(random), random_float(random));
    for (int i = 0; i < 1000000; ++i) {  // quotients that are subnormal, and ones that are exact
        const auto whole = static_cast<float>(random() % 65535U + 1U);
        const float b = std::ldexp(static_cast<float>(random() % 4095U + 1U), static_cast<int>(random() % 100U) - 50);
        check(whole * b, b);
        check(random_float(random) * 0x1p-20F, 0x1p106F * whole);
    }
    CHECK(wrong == 0);
}
