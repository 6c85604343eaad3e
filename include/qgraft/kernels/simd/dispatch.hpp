// Calls a kernel of the level that the processor has.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_SIMD_DISPATCH_HPP
#define QGRAFT_KERNELS_SIMD_DISPATCH_HPP

#include <qgraft/kernels/simd/avx2.hpp>
#include <qgraft/kernels/simd/avx512.hpp>
#include <qgraft/kernels/simd/level.hpp>
#include <qgraft/kernels/simd/neon.hpp>
#include <qgraft/kernels/simd/params.hpp>
#include <qgraft/kernels/simd/sse41.hpp>
#include <qgraft/quant/isa_namespace.hpp>
#include <qgraft/quant/quant_range.hpp>
#include <qgraft/quant/quant_spec.hpp>

#include <cstddef>
#include <span>

/// QGRAFT_SIMD_GET(done =, level, forward<form>(in, out ...)): what the kernel of that level, which is not baseline,
/// returns; QGRAFT_SIMD_CALL(level, forward<form>(in, out ...)): the same for nothing.
#if QGRAFT_SIMD_X86
#define QGRAFT_SIMD_GET(result, level, ...)               \
    switch (level) {                                      \
        case simd_level::avx512:                          \
            result ::qgraft::detail::avx512::__VA_ARGS__; \
            break;                                        \
        case simd_level::avx2:                            \
            result ::qgraft::detail::avx2::__VA_ARGS__;   \
            break;                                        \
        default:                                          \
            result ::qgraft::detail::sse41::__VA_ARGS__;  \
            break;                                        \
    }
#elif QGRAFT_SIMD_NEON
#define QGRAFT_SIMD_GET(result, level, ...)         \
    {                                               \
        static_cast<void>(level);                   \
        result ::qgraft::detail::neon::__VA_ARGS__; \
    }
#else
#define QGRAFT_SIMD_GET(result, level, ...) \
    { static_cast<void>(level); }
#endif
#define QGRAFT_SIMD_CALL(level, ...) QGRAFT_SIMD_GET(, level, __VA_ARGS__)

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN

/// The floats of a vector.
inline std::size_t lanes_of(simd_level level) noexcept {
    return level == simd_level::avx512 ? 16 : level == simd_level::avx2 ? 8 : 4;
}

/// The most elements that gradient_nudged is for. Where it must look whether gradients are tiny, a change of the
/// floating-point mode costs less from half of them on.
template <class Numerics>
std::size_t few_gradients_of(simd_level level) noexcept {
    return (Numerics::ops::flushes ? 8 : 16) * lanes_of(level);
}

/// The level to run at for this numerics: baseline where it has a formula of its own.
template <class Numerics>
simd_level level_for() noexcept {
    return has_simd<Numerics> ? current_simd_level() : simd_level::baseline;
}

/// Whether the vector kernels have the same values as the definition. A result just below FLT_MIN that rounds to
/// FLT_MIN is flushed by NEON, which looks at it before it is rounded, and not by x86 nor by the definition. With a
/// scale of common size no result is near FLT_MIN, except such as do not matter.
template <class Numerics>
bool is_exact(const nudged_range& r) noexcept {
    if constexpr (QGRAFT_SIMD_NEON && Numerics::ops::flushes) {
        return r.collapsed || is_common(r.scale);
    } else {
        return static_cast<void>(r), true;
    }
}
template <class Numerics>
bool is_exact(std::span<const quant_range> ranges, const quant_spec& spec) {
    if constexpr (QGRAFT_SIMD_NEON && Numerics::ops::flushes) {
        for (const quant_range& range : ranges) {
            if (!is_exact<Numerics>(Numerics::nudge(range, spec))) return false;
        }
    }
    return static_cast<void>(ranges), static_cast<void>(spec), true;
}

/// What min_max returns for two values: subnormals flushed where the numerics does, a zero is +0.
template <class Numerics>
quant_range definite_zeros(quant_range r) noexcept {
    using ops = typename Numerics::ops;
    return {ops::add(r.min, 0.0F), ops::add(r.max, 0.0F)};
}

/// flush_mode where the numerics flushes subnormals and there may be any; else nothing.
template <bool Flushes>
class numerics_mode {
public:
    explicit numerics_mode(bool needed = true) noexcept : mode_(needed) {}

private:
    flush_mode mode_;
};
template <>
class numerics_mode<false> {
public:
    explicit numerics_mode(bool = true) noexcept {}
    ~numerics_mode() {}
};

QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif  // QGRAFT_KERNELS_SIMD_DISPATCH_HPP
