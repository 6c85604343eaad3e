// What the machine can do at most: copies, and sums of two tensors, by the plainest loops there are.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_BENCHMARKS_BENCH_LIMITS_HPP
#define QGRAFT_BENCHMARKS_BENCH_LIMITS_HPP

#include <chrono>
#include <cstddef>
#include <cstring>
#include <limits>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace limits {

/// A way to read one or two tensors and write one, n floats each, a multiple of 64, at addresses of 64 bytes.
struct way {
    const char* name;
    void (*run)(const float* a, const float* b, float* to, std::size_t n);
    bool runs_here;
};

inline void by_memcpy(const float* a, const float*, float* to, std::size_t n) { std::memcpy(to, a, n * sizeof(float)); }

#if defined(__x86_64__)

// A function for each width: two vectors, or one, are combined by OP and written by STORE.
#define LIMIT_LOOP(NAME, TARGET, VECTOR, LOAD, STORE, OP)                                                 \
    __attribute__((target(TARGET), noinline)) inline void NAME(const float* a, const float* b, float* to, \
                                                               std::size_t n) {                           \
        constexpr std::size_t lanes = sizeof(VECTOR) / sizeof(float);                                     \
        static_cast<void>(b);                                                                             \
        for (std::size_t i = 0; i < n; i += 4 * lanes) {                                                  \
            const VECTOR v0 = OP(LOAD, i);                                                                \
            const VECTOR v1 = OP(LOAD, i + lanes);                                                        \
            const VECTOR v2 = OP(LOAD, i + 2 * lanes);                                                    \
            const VECTOR v3 = OP(LOAD, i + 3 * lanes);                                                    \
            STORE(to + i, v0);                                                                            \
            STORE(to + i + lanes, v1);                                                                    \
            STORE(to + i + 2 * lanes, v2);                                                                \
            STORE(to + i + 3 * lanes, v3);                                                                \
        }                                                                                                 \
        _mm_sfence();                                                                                     \
    }
#define LIMIT_ONE(LOAD, I) LOAD(a + (I))
#define LIMIT_TWO_128(LOAD, I) _mm_or_ps(LOAD(a + (I)), LOAD(b + (I)))
#define LIMIT_TWO_256(LOAD, I) _mm256_or_ps(LOAD(a + (I)), LOAD(b + (I)))
#define LIMIT_TWO_512(LOAD, I) \
    _mm512_castsi512_ps(_mm512_or_si512(_mm512_castps_si512(LOAD(a + (I))), _mm512_castps_si512(LOAD(b + (I)))))

LIMIT_LOOP(copy_128, "sse2", __m128, _mm_load_ps, _mm_store_ps, LIMIT_ONE)
LIMIT_LOOP(copy_256, "avx", __m256, _mm256_load_ps, _mm256_store_ps, LIMIT_ONE)
LIMIT_LOOP(copy_512, "avx512f", __m512, _mm512_load_ps, _mm512_store_ps, LIMIT_ONE)
LIMIT_LOOP(stream_128, "sse2", __m128, _mm_load_ps, _mm_stream_ps, LIMIT_ONE)
LIMIT_LOOP(stream_256, "avx", __m256, _mm256_load_ps, _mm256_stream_ps, LIMIT_ONE)
LIMIT_LOOP(stream_512, "avx512f", __m512, _mm512_load_ps, _mm512_stream_ps, LIMIT_ONE)
LIMIT_LOOP(two_128, "sse2", __m128, _mm_load_ps, _mm_store_ps, LIMIT_TWO_128)
LIMIT_LOOP(two_256, "avx", __m256, _mm256_load_ps, _mm256_store_ps, LIMIT_TWO_256)
LIMIT_LOOP(two_512, "avx512f", __m512, _mm512_load_ps, _mm512_store_ps, LIMIT_TWO_512)
LIMIT_LOOP(two_stream_128, "sse2", __m128, _mm_load_ps, _mm_stream_ps, LIMIT_TWO_128)
LIMIT_LOOP(two_stream_256, "avx", __m256, _mm256_load_ps, _mm256_stream_ps, LIMIT_TWO_256)
LIMIT_LOOP(two_stream_512, "avx512f", __m512, _mm512_load_ps, _mm512_stream_ps, LIMIT_TWO_512)

#undef LIMIT_LOOP
#undef LIMIT_ONE
#undef LIMIT_TWO_128
#undef LIMIT_TWO_256
#undef LIMIT_TWO_512

inline bool has_avx() { return __builtin_cpu_supports("avx") != 0; }
inline bool has_avx512() { return __builtin_cpu_supports("avx512f") != 0; }

/// Copies through the caches; memcpy, which may decide otherwise.
inline std::vector<way> copies() {
    return {{"memcpy", by_memcpy, true},
            {"16 bytes", copy_128, true},
            {"32 bytes", copy_256, has_avx()},
            {"64 bytes", copy_512, has_avx512()}};
}
/// Copies past the caches.
inline std::vector<way> streaming_copies() {
    return {
        {"16 bytes", stream_128, true}, {"32 bytes", stream_256, has_avx()}, {"64 bytes", stream_512, has_avx512()}};
}
/// Two tensors read, one written, through the caches or past them.
inline std::vector<way> two_into_one() {
    return {{"16 bytes", two_128, true},
            {"32 bytes", two_256, has_avx()},
            {"64 bytes", two_512, has_avx512()},
            {"16 bytes, streaming", two_stream_128, true},
            {"32 bytes, streaming", two_stream_256, has_avx()},
            {"64 bytes, streaming", two_stream_512, has_avx512()}};
}

#else

inline void two_plain(const float* a, const float* b, float* to, std::size_t n) {
    for (std::size_t i = 0; i < n; ++i) to[i] = a[i] < b[i] ? a[i] : b[i];
}
inline std::vector<way> copies() { return {{"memcpy", by_memcpy, true}}; }
inline std::vector<way> streaming_copies() { return copies(); }
inline std::vector<way> two_into_one() { return {{"plain loop", two_plain, true}}; }

#endif

/// The fastest way for n floats: the one with the least time of some runs, taken in turn.
inline way fastest(const std::vector<way>& ways, const float* a, const float* b, float* to, std::size_t n) {
    using clock = std::chrono::steady_clock;
    const std::size_t repeat = 1 + (std::size_t{1} << 18U) / n;
    std::vector<double> best(ways.size(), std::numeric_limits<double>::infinity());
    for (int round = 0; round < 12; ++round) {
        for (std::size_t w = 0; w < ways.size(); ++w) {
            if (!ways[w].runs_here) continue;
            ways[w].run(a, b, to, n);
            const auto start = clock::now();
            for (std::size_t r = 0; r < repeat; ++r) ways[w].run(a, b, to, n);
            const std::chrono::duration<double> took = clock::now() - start;
            if (took.count() < best[w]) best[w] = took.count();
        }
    }
    std::size_t found = 0;
    for (std::size_t w = 1; w < ways.size(); ++w) found = best[w] < best[found] ? w : found;
    return ways[found];
}

}  // namespace limits

#endif  // QGRAFT_BENCHMARKS_BENCH_LIMITS_HPP
