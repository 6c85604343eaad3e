// What C++ that was translated from PTX is written in: registers, memory, and the meaning of instructions.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_CUDA_PTX_MACHINE_HPP
#define QGRAFT_TESTS_CUDA_PTX_MACHINE_HPP

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace ptx {

/// A thread of a kernel. Its registers begin with the number of the barrier where it waits.
struct thread {
    const void* const* parameters;
    void* registers;
    unsigned char* shared;
    std::uint32_t tid;
    std::uint32_t ctaid;
};

/// A kernel: runs a thread from where it waits to the next barrier, false, or to its end, true.
struct kernel {
    bool (*run)(thread&);
    std::size_t register_bytes;
};

/// By demangled name, without namespaces.
const std::map<std::string, kernel>& kernels();

/// The same bits where one type is of integers and one is not; else a conversion of integers.
template <class To, class From>
To as(From x) {
    if constexpr (std::is_floating_point_v<To> != std::is_floating_point_v<From>) {
        static_assert(sizeof(To) == sizeof(From));
        return std::bit_cast<To>(x);
    } else {
        return static_cast<To>(x);
    }
}

template <class Register, class Value>
void put(Register& to, Value x) {
    if constexpr (std::is_signed_v<Value> && std::is_integral_v<Value>) {
        to = as<Register>(static_cast<std::make_unsigned_t<Value>>(x));
        if constexpr (std::is_integral_v<Register>) to = static_cast<Register>(x);  // small signed values are extended
    } else {
        to = as<Register>(x);
    }
}

inline void aligned(const void* p, std::size_t bytes) {
    if (reinterpret_cast<std::uintptr_t>(p) % bytes != 0) throw std::runtime_error("PTX: an access is not aligned");
}

template <class T>
T read(const char* from) {
    T x;
    std::memcpy(&x, from, sizeof(x));
    return x;
}

template <class T>
void write(char* to, T x) {
    std::memcpy(to, &x, sizeof(x));
}

inline float flushed(float x) { return std::fpclassify(x) == FP_SUBNORMAL ? std::copysign(0.0F, x) : x; }

template <class T>
bool unordered(T a, T b) {
    return a != a || b != b;
}

template <class To, class From>
To convert(From x) {
    return static_cast<To>(x);
}
template <class To>
To convert_rmi(float x) {
    return std::floor(x);
}
template <class To>
To convert_rni(float x) {
    return std::nearbyint(x);
}
/// Towards zero; the nearest integer of the type where there is none, 0 for NaN.
template <class To, class From>
To convert_rzi(From x) {
    static_assert(std::is_same_v<To, std::int32_t>);
    if (x != x) return 0;
    if (x >= static_cast<From>(2147483648.0)) return 2147483647;
    if (x < static_cast<From>(-2147483648.0)) return -2147483647 - 1;
    return static_cast<To>(x);
}

/// Of 1 / x, computed of the upper half of x, only the upper half is there.
inline double rough_reciprocal(double x) {
    constexpr std::uint64_t upper = 0xffffffff00000000U;
    const double r = 1.0 / std::bit_cast<double>(std::bit_cast<std::uint64_t>(x) & upper);
    return std::bit_cast<double>(std::bit_cast<std::uint64_t>(r) & upper);
}

template <class T>
T lesser(T a, T b) {
    return a != a ? b : b < a ? b : a;
}
template <class T>
T greater(T a, T b) {
    return a != a ? b : a < b ? b : a;
}
template <class T>
T lesser_or_nan(T a, T b) {
    return unordered(a, b) ? std::bit_cast<T>(0x7fffffffU) : lesser(a, b);
}
template <class T>
T greater_or_nan(T a, T b) {
    return unordered(a, b) ? std::bit_cast<T>(0x7fffffffU) : greater(a, b);
}

template <class T>
T shifted_shl(T x, std::uint32_t by) {
    return by >= 8 * sizeof(T) ? T{0} : static_cast<T>(x << by);
}
template <class T>
T shifted_shr(T x, std::uint32_t by) {
    if (by >= 8 * sizeof(T)) return x < T{0} ? static_cast<T>(-1) : T{0};
    return static_cast<T>(x >> by);
}

/// Four bytes of b:a, picked by the selectors; their sign bits are not asked for.
inline std::uint32_t prmt(std::uint32_t a, std::uint32_t b, std::uint32_t selectors) {
    const std::uint64_t bytes = std::uint64_t{b} << 32U | a;
    std::uint32_t made = 0;
    for (unsigned i = 0; i < 4; ++i) {
        const std::uint32_t selector = selectors >> (4 * i) & 15U;
        if (selector > 7) throw std::runtime_error("PTX: prmt with a sign");
        made |= static_cast<std::uint32_t>(bytes >> (8 * selector) & 255U) << (8 * i);
    }
    return made;
}

/// The lowest `count` bits of a, put into b at a position.
inline std::uint32_t bfi(std::uint32_t a, std::uint32_t b, std::uint32_t position, std::uint32_t count) {
    const std::uint32_t mask = shifted_shl<std::uint32_t>(shifted_shl<std::uint32_t>(1U, count) - 1U, position);
    return (shifted_shl<std::uint32_t>(a, position) & mask) | (b & ~mask);
}

}  // namespace ptx

#endif  // QGRAFT_TESTS_CUDA_PTX_MACHINE_HPP
