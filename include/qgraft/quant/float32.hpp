// float32 arithmetic that rounds after every operation, on every compiler and flag that is let through.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_QUANT_FLOAT32_HPP
#define QGRAFT_QUANT_FLOAT32_HPP

#include <qgraft/quant/device_division.hpp>
#include <qgraft/quant/device_float32.hpp>
#include <qgraft/quant/host_device.hpp>
#include <qgraft/quant/isa_namespace.hpp>

#include <cfloat>
#include <cstdint>
#include <limits>

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__) || \
    defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || defined(__NO_SIGNED_ZEROS__)
#error "qgraft: quantization is exact arithmetic; compile without -ffast-math and the options it implies"
#endif

namespace qgraft {

static_assert(std::numeric_limits<float>::is_iec559 && std::numeric_limits<double>::is_iec559,
              "qgraft: float and double must be IEEE 754 binary32 and binary64");
static_assert(FLT_EVAL_METHOD == 0 || FLT_EVAL_METHOD == 16,
              "qgraft: float expressions must be evaluated in float (on 32-bit x86: -msse2 -mfpmath=sse)");

/// What happens to subnormal numbers (magnitude below FLT_MIN): kept, or taken as and rounded to zero with their sign,
/// which is what x86 does with both FTZ and DAZ set.
enum class subnormals { keep, flush };

namespace detail {
QGRAFT_ISA_NAMESPACE_BEGIN

/// Hides from the optimizer where a product comes from, so that it cannot be fused with a following sum.
QGRAFT_HOST_DEVICE constexpr float opaque(float x) noexcept {
#if !defined(__CUDA_ARCH__)
    if (!__builtin_is_constant_evaluated()) {
#if defined(__x86_64__) || (defined(__i386__) && defined(__SSE__))
        asm("" : "+x"(x));
#elif defined(__aarch64__)
        asm("" : "+w"(x));
#elif defined(__GNUC__)
        asm("" : "+m"(x));
#else
#error "qgraft: this compiler needs a barrier against the contraction of a*b+c"
#endif
    }
#endif
    return x;
}

// One operation each, rounded to nearest even, that keeps subnormals: plain on a CPU, on a GPU the instruction that
// does so whatever the flags of its compiler are.
#if defined(__CUDA_ARCH__)
#define QGRAFT_ON_DEVICE_RETURN(call) \
    if (!__builtin_is_constant_evaluated()) return device::call
#else
#define QGRAFT_ON_DEVICE_RETURN(call) static_cast<void>(0)
#endif

QGRAFT_HOST_DEVICE constexpr float sum_of(float a, float b) noexcept {
    QGRAFT_ON_DEVICE_RETURN(add(a, b));
    return a + b;
}
QGRAFT_HOST_DEVICE constexpr float difference_of(float a, float b) noexcept {
    QGRAFT_ON_DEVICE_RETURN(sub(a, b));
    return a - b;
}
QGRAFT_HOST_DEVICE constexpr float product_of(float a, float b) noexcept {
    QGRAFT_ON_DEVICE_RETURN(mul(a, b));
    return opaque(a * b);
}
QGRAFT_HOST_DEVICE constexpr float quotient_of(float a, float b) noexcept {
#if defined(__CUDA_ARCH__)
    if (!__builtin_is_constant_evaluated()) return divided(a, b, device::rough_reciprocal(device::widened(b)));
#endif
    return a / b;
}
QGRAFT_HOST_DEVICE constexpr float negated(float a) noexcept {
    QGRAFT_ON_DEVICE_RETURN(neg(a));
    return -a;
}
QGRAFT_HOST_DEVICE constexpr bool less(float a, float b) noexcept {
    QGRAFT_ON_DEVICE_RETURN(less(a, b));
    return a < b;
}
QGRAFT_HOST_DEVICE constexpr bool at_most(float a, float b) noexcept {
    QGRAFT_ON_DEVICE_RETURN(at_most(a, b));
    return a <= b;
}
QGRAFT_HOST_DEVICE constexpr bool is_nan(float a) noexcept {
    QGRAFT_ON_DEVICE_RETURN(unordered(a, a));
    return a != a;
}
QGRAFT_HOST_DEVICE constexpr double widened(float a) noexcept {
    QGRAFT_ON_DEVICE_RETURN(widened(a));
    return static_cast<double>(a);
}
QGRAFT_HOST_DEVICE constexpr float narrowed(double a) noexcept {
    QGRAFT_ON_DEVICE_RETURN(narrowed(a));
    return static_cast<float>(a);
}
/// The integer part of a float that has one.
QGRAFT_HOST_DEVICE constexpr int truncated(float a) noexcept {
    QGRAFT_ON_DEVICE_RETURN(to_int(a));
    return static_cast<int>(a);
}

QGRAFT_HOST_DEVICE constexpr bool is_zero(float x) noexcept {
    return (__builtin_bit_cast(std::uint32_t, x) & 0x7fffffffU) == 0;
}

QGRAFT_HOST_DEVICE constexpr float signed_zero_of(float x) noexcept {
    return __builtin_bit_cast(float, __builtin_bit_cast(std::uint32_t, x) & 0x80000000U);
}

QGRAFT_HOST_DEVICE constexpr float flush_subnormal(float x) noexcept {
    QGRAFT_ON_DEVICE_RETURN(mul_flushing(x, 1.0F));
    return (__builtin_bit_cast(std::uint32_t, x) & 0x7f800000U) == 0 ? signed_zero_of(x) : x;
}

/// Whether the magnitude is FLT_MIN.
QGRAFT_HOST_DEVICE constexpr bool is_least_normal(float x) noexcept {
    return (__builtin_bit_cast(std::uint32_t, x) & 0x7fffffffU) == 0x00800000U;
}

QGRAFT_HOST_DEVICE constexpr double magnitude(float x) noexcept { return less(x, 0.0F) ? -widened(x) : widened(x); }

#undef QGRAFT_ON_DEVICE_RETURN

// Halfway between FLT_MIN and its lower neighbour of 24 bits. x86 calls a result tiny if it is below FLT_MIN when
// rounded to 24 bits with an unbounded exponent, so an exact result from here on counts as FLT_MIN, one below it is
// flushed.
inline constexpr double tiny_bound = 0x1.ffffffp-127;

QGRAFT_ISA_NAMESPACE_END
}  // namespace detail

QGRAFT_ISA_NAMESPACE_BEGIN

/// The float32 operations of all quantization arithmetic: each is rounded to nearest even by itself, never contracted,
/// and treats subnormal operands and results as Mode says. Usable in constant expressions as far as results are finite.
template <subnormals Mode>
struct float_ops {
    static constexpr bool flushes = Mode == subnormals::flush;

    /// x, or zero with the sign of x where x is subnormal and Mode flushes.
    QGRAFT_HOST_DEVICE static constexpr float flushed(float x) noexcept {
        if constexpr (flushes) {
            return detail::flush_subnormal(x);
        } else {
            return x;
        }
    }

    QGRAFT_HOST_DEVICE static constexpr float add(float a, float b) noexcept {
        return flushed(detail::sum_of(flushed(a), flushed(b)));
    }
    QGRAFT_HOST_DEVICE static constexpr float sub(float a, float b) noexcept {
        return flushed(detail::difference_of(flushed(a), flushed(b)));
    }

    QGRAFT_HOST_DEVICE static constexpr float mul(float a, float b) noexcept {
        a = flushed(a);
        b = flushed(b);
        const float r = detail::product_of(a, b);
        if constexpr (flushes) {
            if (detail::is_least_normal(r) && detail::magnitude(a) * detail::magnitude(b) < detail::tiny_bound) {
                return detail::signed_zero_of(r);
            }
        }
        return flushed(r);
    }

    QGRAFT_HOST_DEVICE static constexpr float div(float a, float b) noexcept {
        a = flushed(a);
        b = flushed(b);
        const float r = detail::quotient_of(a, b);
        if constexpr (flushes) {
            if (detail::is_least_normal(r) && detail::magnitude(a) < detail::tiny_bound * detail::magnitude(b)) {
                return detail::signed_zero_of(r);
            }
        }
        return flushed(r);
    }

    /// b where b < a, else a: the first operand where they are equal or either is NaN.
    QGRAFT_HOST_DEVICE static constexpr float minimum(float a, float b) noexcept {
        a = flushed(a);
        b = flushed(b);
        return detail::less(b, a) ? b : a;
    }

    /// b where a < b, else a: the first operand where they are equal or either is NaN.
    QGRAFT_HOST_DEVICE static constexpr float maximum(float a, float b) noexcept {
        a = flushed(a);
        b = flushed(b);
        return detail::less(a, b) ? b : a;
    }

    /// The greatest integer not above x; NaN, infinities and zeros are returned as they are.
    QGRAFT_HOST_DEVICE static constexpr float floor(float x) noexcept {
        x = flushed(x);
#if defined(__CUDA_ARCH__)
        if (!__builtin_is_constant_evaluated()) return detail::device::floor(x);
#endif
        if (!(x > -0x1p23F && x < 0x1p23F) || x == 0.0F) return x;  // already integral, or NaN
        const auto truncated = static_cast<float>(static_cast<std::int32_t>(x));
        return truncated > x ? truncated - 1.0F : truncated;
    }

    /// The integer nearest to x, the even one of two; NaN, infinities and zeros are returned as they are.
    QGRAFT_HOST_DEVICE static constexpr float nearest(float x) noexcept {
        x = flushed(x);
#if defined(__CUDA_ARCH__)
        if (!__builtin_is_constant_evaluated()) return detail::device::nearest(x);
#endif
        if (!(x > -0x1p23F && x < 0x1p23F) || x == 0.0F) return x;  // already integral, or NaN
        const float below = floor(x);
        const float part = x - below;
        const bool odd = (static_cast<std::int32_t>(below) & 1) != 0;
        const float found = part > 0.5F || (part == 0.5F && odd) ? below + 1.0F : below;
        return found == 0.0F ? detail::signed_zero_of(x) : found;
    }
};

QGRAFT_ISA_NAMESPACE_END

}  // namespace qgraft

#endif  // QGRAFT_QUANT_FLOAT32_HPP
