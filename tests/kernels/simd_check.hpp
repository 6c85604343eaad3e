// Compares the vector kernels with the scalar definition. Needs no test framework, so that programs which are
// cross-compiled or compiled with other flags can use it, too.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_KERNELS_SIMD_CHECK_HPP
#define QGRAFT_TESTS_KERNELS_SIMD_CHECK_HPP

#include <qgraft/kernels/scalar.hpp>
#include <qgraft/kernels/simd.hpp>

#include <algorithm>
#include <bit>
#include <cfloat>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <random>
#include <span>
#include <vector>

namespace simd_check {

using qgraft::quant_range;
using qgraft::quant_spec;
using qgraft::simd_level;
using floats = std::vector<float>;

inline constexpr float infinity = std::numeric_limits<float>::infinity();
inline constexpr float nan = std::numeric_limits<float>::quiet_NaN();

/// How much is tried.
struct effort {
    std::size_t longest = 200;  ///< all lengths up to this
    std::size_t shifts = 17;    ///< all misalignments below this, in elements
    bool all_ranges = false;    ///< every length with every range, rather than a few
};

/// The levels that this processor can run, the baseline aside.
inline std::vector<simd_level> levels() {
    std::vector<simd_level> found;
    for (const simd_level l : {simd_level::neon, simd_level::sse41, simd_level::avx2, simd_level::avx512}) {
        const simd_level best = qgraft::detail::find_simd_level();
        if (l <= best && (l == simd_level::neon) == (best == simd_level::neon)) found.push_back(l);
    }
    return found;
}

/// While it lives, simd runs at the level.
struct at_level {
    explicit at_level(simd_level level) { qgraft::detail::simd_level_in_use = static_cast<int>(level); }
    ~at_level() { qgraft::detail::simd_level_in_use = -1; }
    at_level(const at_level&) = delete;
    at_level& operator=(const at_level&) = delete;
};

inline bool same(float a, float b) {
    return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b) || (std::isnan(a) && std::isnan(b));
}

/// Counts what differs, and prints the first few.
class findings {
public:
    void differs(const char* what, const char* why) {
        if (count_++ < 20) std::printf("%s: %s\n", what, why);
    }
    template <class... Args>
    void differs(const char* what, const char* format, Args... args) {
        char text[200];
        std::snprintf(text, sizeof(text), format, args...);
        differs(what, static_cast<const char*>(text));
    }
    std::size_t count() const { return count_; }

private:
    std::size_t count_ = 0;
};

inline const std::vector<quant_range>& ranges() {
    static const std::vector<quant_range> all{
        {-1.0F, 1.0F},       {0.0F, 6.0F},        {-0.3F, 5.1F},     {-7.0F, 0.0F},     {0.0F, 0.0F},
        {1.0F, 6.0F},        {-6.0F, -1.0F},      {3.0F, -2.0F},     {2.0F, 2.0F},      {nan, 1.0F},
        {-1.0F, nan},        {-infinity, 1.0F},   {-1.0F, infinity}, {-3e38F, 3e38F},   {-1e-33F, 2e-33F},
        {-1e-36F, 3e-36F},   {0.0F, 2e-38F},      {-1e-40F, 1e-40F}, {-1e30F, 2e30F},   {1e-40F, 0.5F},
        {-1.7e38F, 1.6e38F}, {-FLT_MIN, FLT_MIN}, {-0.0F, 0.0F},     {-5e-39F, 300.0F}, {-1e-20F, 1e-18F}};
    return all;
}

inline const std::vector<quant_spec>& specs() {
    static const std::vector<quant_spec> all{
        {}, {.bits = 8, .narrow_range = true}, {.bits = 2}, {.bits = 4, .symmetric = true}, {.bits = 16}};
    return all;
}

/// Values around a range: its steps, their halves and neighbours, what is outside, and specials.
class values {
public:
    explicit values(quant_range range) : range_(range) {}

    float next() {
        static constexpr float specials[] = {0.0F,   -0.0F,   nan,      infinity, -infinity, 1e-40F, -1e-40F,
                                             1e-45F, FLT_MIN, -FLT_MIN, FLT_MAX,  -FLT_MAX,  0.5F,   -1e30F};
        const auto r = static_cast<std::uint32_t>(random_());
        if (r % 8 == 0) return specials[random_() % std::size(specials)];
        if (r % 8 == 1) return std::bit_cast<float>(static_cast<std::uint32_t>(random_()));
        const double width = static_cast<double>(range_.max) - static_cast<double>(range_.min);
        const double steps = static_cast<double>(random_() % 1200U) / 2.0 - 40.0;
        const auto x = static_cast<float>(static_cast<double>(range_.min) + width * steps / 255.0);
        if (r % 8 > 5 || !(std::fabs(x) < 1e37F)) return x;
        return std::bit_cast<float>(std::bit_cast<std::uint32_t>(x) + static_cast<std::uint32_t>(random_() % 7U) - 3U);
    }

    /// A gradient: now and then a special value.
    float next_gradient() {
        static constexpr float specials[] = {infinity, -infinity, nan, 1e-40F, -1e-42F, 3e38F, -3e38F, -0.0F};
        const auto r = static_cast<std::uint32_t>(random_());
        if (r % 300 == 0) return specials[random_() % std::size(specials)];
        return static_cast<float>(static_cast<int>(r % 2001U) - 1000) / 64.0F;
    }

private:
    quant_range range_;
    std::mt19937 random_{12345};
};

/// A tensor that starts so many floats behind an address of 64 bytes, with guards around it.
class tensor {
public:
    tensor(std::size_t size, std::size_t shift) : memory_(size + shift + 48, guard), size_(size) {
        const auto at = reinterpret_cast<std::uintptr_t>(memory_.data()) / sizeof(float);
        begin_ = (16 - at % 16) % 16 + shift;
    }
    std::span<float> span() { return {memory_.data() + begin_, size_}; }
    float& operator[](std::size_t i) { return memory_[begin_ + i]; }
    bool guarded() const {
        for (std::size_t i = 0; i < memory_.size(); ++i) {
            if ((i < begin_ || i >= begin_ + size_) && memory_[i] != guard) return false;
        }
        return true;
    }

private:
    static constexpr float guard = 42.25F;
    floats memory_;
    std::size_t size_;
    std::size_t begin_ = 0;
};

inline void compare(const char* what, std::span<const float> got, std::span<const float> expected, findings& f) {
    for (std::size_t i = 0; i < expected.size(); ++i) {
        if (same(got[i], expected[i])) continue;
        f.differs(what, "element %zu of %zu is %a, expected %a", i, got.size(), static_cast<double>(got[i]),
                  static_cast<double>(expected[i]));
        return;
    }
}

/// Sums of gradients: within 1e-6 of the sum of magnitudes.
inline void compare_sum(const char* what, float got, float expected, double magnitude, findings& f) {
    if (same(got, expected)) return;
    if (std::fabs(static_cast<double>(got) - static_cast<double>(expected)) <= 1e-6 * magnitude) return;
    f.differs(what, "sum is %a, expected %a", static_cast<double>(got), static_cast<double>(expected));
}

inline double magnitude(std::span<const float> grad) {
    double sum = 0.0;
    for (const float g : grad) sum += std::isfinite(g) ? std::fabs(static_cast<double>(g)) : 0.0;
    return sum;
}

}  // namespace simd_check

#endif  // QGRAFT_TESTS_KERNELS_SIMD_CHECK_HPP
