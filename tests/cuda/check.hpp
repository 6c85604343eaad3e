// Compares kernels of a device, or what stands for one, with the scalar definition. Needs no test framework.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_CUDA_CHECK_HPP
#define QGRAFT_TESTS_CUDA_CHECK_HPP

#include <qgraft/kernels/device_policy.hpp>
#include <qgraft/kernels/scalar.hpp>

#include <algorithm>
#include <bit>
#include <cfloat>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>
#include <random>
#include <span>
#include <vector>

namespace cuda_check {

using qgraft::quant_range;
using qgraft::quant_spec;
using floats = std::vector<float>;

inline constexpr float infinity = std::numeric_limits<float>::infinity();
inline constexpr float nan = std::numeric_limits<float>::quiet_NaN();

/// Counts what differs, and prints the first few.
struct findings {
    std::size_t count = 0;
    std::size_t compared = 0;

    template <class... Args>
    void differs(const char* format, Args... args) {
        if (count++ >= 20) return;
        if constexpr (sizeof...(Args) == 0) {
            std::puts(format);
        } else {
            std::printf(format, args...);
            std::puts("");
        }
    }
};

inline bool same(float a, float b) {
    return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b) || (std::isnan(a) && std::isnan(b));
}

/// Values in a device's memory, `shift` elements after an aligned address, between guards.
template <class T, class Memory>
class placed {
public:
    placed(const std::vector<T>& values, std::size_t shift)
        : size_(values.size()), shift_(guard + shift), all_(size_ + shift_ + guard, mark()) {
        std::copy(values.begin(), values.end(), all_.begin() + static_cast<std::ptrdiff_t>(shift_));
        data_ = static_cast<T*>(Memory::allocate(all_.size() * sizeof(T)));
        Memory::copy(data_, all_.data(), all_.size() * sizeof(T));
    }
    ~placed() { Memory::release(data_); }
    placed(const placed&) = delete;
    placed& operator=(const placed&) = delete;

    std::span<T> span() { return {data_ + shift_, size_}; }
    std::span<const T> in() const { return {data_ + shift_, size_}; }

    /// What is there now. Tells whether something was written beside it.
    std::vector<T> read(const char* what, findings& f) {
        std::vector<T> now(all_.size());
        Memory::copy(now.data(), data_, now.size() * sizeof(T));
        for (std::size_t i = 0; i < now.size(); ++i) {
            const bool inside = i >= shift_ && i < shift_ + size_;
            if (!inside && std::memcmp(&now[i], &all_[i], sizeof(T)) != 0) f.differs("%s: wrote outside", what);
        }
        return {now.begin() + static_cast<std::ptrdiff_t>(shift_),
                now.begin() + static_cast<std::ptrdiff_t>(shift_ + size_)};
    }

private:
    static constexpr std::size_t guard = 64;
    static T mark() { return static_cast<T>(77); }

    std::size_t size_;
    std::size_t shift_;
    std::vector<T> all_;
    T* data_;
};

inline void compare(const char* what, const floats& got, const floats& expected, const floats& in, findings& f) {
    f.compared += got.size();
    for (std::size_t i = 0; i < expected.size(); ++i) {
        if (same(got[i], expected[i])) continue;
        f.differs("%s: element %zu of %zu, %a, is %a, expected %a", what, i, expected.size(),
                  static_cast<double>(in[i]), static_cast<double>(got[i]), static_cast<double>(expected[i]));
        return;
    }
}

/// Sums agree within 1e-6 of the sum of magnitudes; those that are not finite agree exactly.
inline void compare_sum(const char* what, float got, float expected, double magnitude, findings& f) {
    ++f.compared;
    if (same(got, expected)) return;
    if (std::isfinite(magnitude) &&
        std::abs(static_cast<double>(got) - static_cast<double>(expected)) <= 1e-6 * magnitude)
        return;
    f.differs("%s: the sum is %a, expected %a, of magnitudes %g", what, static_cast<double>(got),
              static_cast<double>(expected), magnitude);
}

/// Ranges of every kind; the first few are ordinary.
inline const std::vector<quant_range>& ranges() {
    static const std::vector<quant_range> all{
        {-1.0F, 1.0F},     {0.0F, 6.0F},      {-6.0F, 0.0F},     {-0.3F, 2.7F},         {-127.3F, 5.1F},
        {1.0F, 6.0F},      {-6.0F, -1.0F},    {3.0F, -2.0F},     {0.0F, 0.0F},          {2.0F, 2.0F},
        {-1e-3F, 1e-3F},   {-1e-12F, 3e-13F}, {-1e-17F, 1e-16F}, {-2e-33F, 1e-33F},     {-1e-37F, 2e-37F},
        {-1e-40F, 1e-39F}, {0.0F, 1e-44F},    {-1e10F, 3e11F},   {-1e22F, 1e25F},       {-1e38F, 1e38F},
        {-3e38F, 3e38F},   {nan, 1.0F},       {-1.0F, nan},      {-infinity, infinity}, {0.0F, infinity},
        {-0.0F, 1e-38F},   {-5e-5F, 1e-4F},   {-1e-40F, 1e-36F}, {0.0F, 3e-37F},        {-1e-30F, 1.0F}};
    return all;
}

inline const std::vector<quant_spec>& specs() {
    static const std::vector<quant_spec> all{{.bits = 8},
                                             {.bits = 2},
                                             {.bits = 4, .narrow_range = true},
                                             {.bits = 16},
                                             {.bits = 8, .symmetric = true, .narrow_range = true},
                                             {.bits = 4, .symmetric = true},
                                             {.bits = 2, .narrow_range = true},
                                             {.bits = 16, .narrow_range = true},
                                             {.bits = 7}};
    return all;
}

/// Values to quantize with a range: specials, ties of every numerics and their neighbours, values around and outside.
inline floats values_for(quant_range range, const quant_spec& spec, std::size_t size, unsigned seed) {
    static const floats specials{0.0F,   -0.0F,   nan,     infinity,    -infinity, FLT_MIN, -FLT_MIN,
                                 1e-40F, -1e-40F, FLT_MAX, -FLT_MAX,    1e-45F,    -1e-45F, 1.0F,
                                 -1.0F,  -nan,    0.5F,    FLT_MIN / 2, 1e20F,     -1e20F};
    std::mt19937 random(seed);
    const double width = static_cast<double>(range.max) - static_cast<double>(range.min);
    const double step = width / (spec.qmax() - spec.qmin());
    floats made(size);
    for (float& x : made) {
        const auto kind = random() % 8;
        if (kind == 0) {
            x = specials[random() % specials.size()];
        } else if (kind < 5) {
            const int at = static_cast<int>(random() % static_cast<unsigned>(2 * (spec.qmax() + 6))) - 8;
            x = static_cast<float>(static_cast<double>(range.min) + step * at / 2.0);
            for (auto ulps = random() % 7; ulps > 3; --ulps)
                x = std::nextafter(x, kind % 2 != 0 ? infinity : -infinity);
        } else {
            const double u = static_cast<double>(random()) / 4294967295.0;
            x = static_cast<float>(static_cast<double>(range.min) + width * (1.4 * u - 0.2));
        }
    }
    return made;
}

inline floats gradients(std::size_t size, unsigned seed, bool odd) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    floats made(size);
    for (float& g : made) g = normal(random);
    for (std::size_t i = 0; odd && i < size; i += 37) made[i] = i % 2 == 0 ? 1e-41F : -0.0F;
    if (odd && size > 5) made[size / 2] = size % 3 == 0 ? infinity : size % 3 == 1 ? nan : -3.0F;
    return made;
}

inline double magnitude_of(const floats& grad) {
    double all = 0.0;
    for (const float g : grad) all += std::abs(static_cast<double>(g));
    return all;
}

}  // namespace cuda_check

#endif  // QGRAFT_TESTS_CUDA_CHECK_HPP
