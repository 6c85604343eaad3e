// Which vector instructions this processor has, and the floating-point mode that kernels run in.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_SIMD_LEVEL_HPP
#define QGRAFT_KERNELS_SIMD_LEVEL_HPP

#include <qgraft/quant/isa_namespace.hpp>

#include <atomic>
#include <cstdint>

#if defined(__x86_64__) && defined(__GNUC__)
#define QGRAFT_SIMD_X86 1
#else
#define QGRAFT_SIMD_X86 0
#endif
#if defined(__aarch64__) && defined(__GNUC__) && !defined(__AARCH64EB__)
#define QGRAFT_SIMD_NEON 1
#else
#define QGRAFT_SIMD_NEON 0
#endif

namespace qgraft {

/// The sets of vector instructions that simd has kernels for. baseline is the scalar definition; avx2 includes FMA, and
/// avx512 is AVX-512F.
enum class simd_level : int { baseline, neon, sse41, avx2, avx512 };

namespace detail {

/// The level to run at, or -1 where nobody has looked yet; a test may set it. One variable in the whole program.
inline std::atomic<int> simd_level_in_use{-1};

QGRAFT_ISA_NAMESPACE_BEGIN

inline simd_level find_simd_level() noexcept {
#if QGRAFT_SIMD_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") != 0) return simd_level::avx512;
    if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0) return simd_level::avx2;
    if (__builtin_cpu_supports("sse4.1") != 0) return simd_level::sse41;
#elif QGRAFT_SIMD_NEON
    return simd_level::neon;
#endif
    return simd_level::baseline;
}

/// The level to run at: what a test has set, else the best of this processor.
inline simd_level current_simd_level() noexcept {
    int level = simd_level_in_use.load(std::memory_order_relaxed);
    if (level < 0) [[unlikely]] {
        level = static_cast<int>(find_simd_level());
        simd_level_in_use.store(level, std::memory_order_relaxed);
    }
    return static_cast<simd_level>(level);
}

/// While it lives, and where it is needed, this thread computes with subnormals flushed, rounds to nearest even and
/// raises no signal: the mode that TensorFlow runs its kernels in. What was set before comes back at the end. What is
/// to be computed in this mode must be in a function that is called, not inlined, and pass its values through memory:
/// compilers move arithmetic across a change of mode.
class flush_mode {
public:
#if QGRAFT_SIMD_X86
    explicit flush_mode(bool needed = true) noexcept {
        if (!needed) return;
        asm volatile("stmxcsr %0" : "=m"(before_));
        // The six flags that tell what has happened do not matter.
        changed_ = (before_ & ~0x3fU) != wanted;
        if (changed_) asm volatile("ldmxcsr %0" : : "m"(wanted) : "memory");
    }
    ~flush_mode() {
        if (changed_) asm volatile("ldmxcsr %0" : : "m"(before_) : "memory");
    }

private:
    static constexpr std::uint32_t wanted = 0x9fc0U;  // FTZ, all exceptions masked, DAZ
    std::uint32_t before_ = 0;
    bool changed_ = false;

public:
#elif QGRAFT_SIMD_NEON
    explicit flush_mode(bool needed = true) noexcept : changed_(needed) {
        if (!needed) return;
        asm volatile("mrs %0, fpcr" : "=r"(before_));
        asm volatile("msr fpcr, %0" : : "r"(wanted) : "memory");
    }
    ~flush_mode() {
        if (changed_) asm volatile("msr fpcr, %0" : : "r"(before_) : "memory");
    }

private:
    static constexpr std::uint64_t wanted = 1U << 24U;  // FZ
    std::uint64_t before_ = 0;
    bool changed_;

public:
#else
    explicit flush_mode(bool = true) noexcept {}
    ~flush_mode() {}
#endif
    flush_mode(const flush_mode&) = delete;
    flush_mode& operator=(const flush_mode&) = delete;
};

QGRAFT_ISA_NAMESPACE_END
}  // namespace detail
}  // namespace qgraft

#endif  // QGRAFT_KERNELS_SIMD_LEVEL_HPP
