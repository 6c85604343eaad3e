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

#include <cstddef>

/// QGRAFT_SIMD_CALL(level, forward<form>(in, out ...)): the kernel of that level, which is not baseline.
#if QGRAFT_SIMD_X86
#define QGRAFT_SIMD_CALL(level, ...)                    \
    switch (level) {                                    \
        case simd_level::avx512:                        \
            ::qgraft::detail::avx512::__VA_ARGS__;      \
            break;                                      \
        case simd_level::avx2:                          \
            ::qgraft::detail::avx2::__VA_ARGS__;        \
            break;                                      \
        default:                                        \
            ::qgraft::detail::sse41::__VA_ARGS__;       \
            break;                                      \
    }
#elif QGRAFT_SIMD_NEON
#define QGRAFT_SIMD_CALL(level, ...)           \
    {                                          \
        static_cast<void>(level);              \
        ::qgraft::detail::neon::__VA_ARGS__;   \
    }
#else
#define QGRAFT_SIMD_CALL(level, ...) \
    { static_cast<void>(level); }
#endif

namespace qgraft::detail {
QGRAFT_ISA_NAMESPACE_BEGIN

/// The floats of a vector.
inline std::size_t lanes_of(simd_level level) noexcept {
    return level == simd_level::avx512 ? 16 : level == simd_level::avx2 ? 8 : 4;
}

/// The level to run at for this numerics: baseline where it has a formula of its own.
template <class Numerics>
simd_level level_for() noexcept {
    return has_simd<Numerics> ? current_simd_level() : simd_level::baseline;
}

/// What min_max returns for two values: subnormals flushed where the numerics does, a zero is +0.
template <class Numerics>
quant_range definite_zeros(quant_range r) noexcept {
    using ops = typename Numerics::ops;
    return {ops::add(r.min, 0.0F), ops::add(r.max, 0.0F)};
}

/// flush_mode where the numerics flushes subnormals; else nothing.
template <bool Flushes>
class numerics_mode {
    flush_mode mode_;
};
template <>
class numerics_mode<false> {
public:
    numerics_mode() noexcept {}
    ~numerics_mode() {}
};

QGRAFT_ISA_NAMESPACE_END
}  // namespace qgraft::detail

#endif  // QGRAFT_KERNELS_SIMD_DISPATCH_HPP
