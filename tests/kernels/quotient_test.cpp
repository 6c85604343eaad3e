// Test of the quotient that the vector kernels correct rather than divide; see has_exact_quotient.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <qgraft/kernels/simd/params.hpp>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>

namespace {

float corrected(float c, float scale, float inv) {
    const float near = c * inv;
    return std::fma(std::fma(-near, scale, c), inv, near);
}

/// Tries each c / s of whole numbers of 24 bits, s given, for which c * 2^t - m * s = k for an odd m of 25 bits: those
/// that are k / (2 * s) units in the last place from the middle of two neighbours.
class hard_cases {
public:
    explicit hard_cases(std::uint32_t s) : s_(s), twos_(std::countr_zero(s)), inverse_(inverse_of_odd(s >> twos_)) {}

    void try_distance(int t, std::int64_t k) {
        if (k % (std::int64_t{1} << twos_) != 0) return;
        const std::uint64_t period = std::uint64_t{1} << (t - twos_);
        std::uint64_t m = static_cast<std::uint64_t>(-(k >> twos_)) * inverse_ & (period - 1);
        for (; m < 1U << 25U; m += period) {
            if (m <= 1U << 24U || m % 2 == 0) continue;
            // m * s has 49 bits at most, so that nothing overflows.
            try_dividend((m * s_ + static_cast<std::uint64_t>(k)) >> t);
        }
    }

    std::uint64_t tried = 0;
    std::uint64_t wrong = 0;

private:
    static std::uint64_t inverse_of_odd(std::uint64_t s) {
        std::uint64_t x = s;
        for (int i = 0; i < 6; ++i) x *= 2 - s * x;
        return x;
    }

    void try_dividend(std::uint64_t whole) {
        if (whole < 1U << 23U || whole >= 1U << 24U) return;
        const auto c = static_cast<float>(whole);
        const auto s = static_cast<float>(s_);
        ++tried;
        if (corrected(c, s, 1.0F / s) != c / s) ++wrong;
    }

    std::uint32_t s_;
    int twos_;
    std::uint64_t inverse_;
};

}  // namespace

TEST_CASE("a corrected quotient is the rounded one, the closer to the middle of two neighbours the more so") {
    // What does not depend on the exponents; all divisors in the full tests.
    const std::uint32_t step = std::getenv("QGRAFT_FULL_TESTS") != nullptr ? 1 : 97;
    std::uint64_t tried = 0;
    std::uint64_t wrong = 0;
    for (std::uint32_t s = 1U << 23U; s < 1U << 24U; s += step) {
        hard_cases cases(s);
        for (const int t : {24, 25}) {
            for (std::int64_t k = -16; k <= 16; ++k) {
                if (k != 0 && std::countr_zero(s) <= 4) cases.try_distance(t, k);
            }
        }
        tried += cases.tried;
        wrong += cases.wrong;
    }
    CHECK(tried > 900'000);
    CHECK(wrong == 0);
}

TEST_CASE("quotients are corrected where neither they nor their remainders can leave the normal numbers") {
    static_assert(qgraft::detail::has_exact_quotient(1.0F));
    static_assert(!qgraft::detail::has_exact_quotient(0x1p-40F) && !qgraft::detail::has_exact_quotient(0x1p100F));
    static_assert(!qgraft::detail::has_exact_quotient(-1.0F) && !qgraft::detail::has_exact_quotient(0.0F));
    CHECK(!qgraft::detail::has_exact_quotient(std::nanf("")));
}
