// What the kernels cost beside the limit of the machine: forward, gradient, per channel, observed; one thread.
// SPDX-License-Identifier: Apache-2.0
//
// Names: limit/copy/N, limit/copy_streaming/N, limit/read2_write1/N; forward/WHAT/NUMERICS/N and
// gradient/WHAT/NUMERICS/N, where WHAT is tensor, channel (64, innermost), channel_256 and channel_1024 (innermost, too),
// channel_middle (64, 16 elements behind each), channel_outer (64), or for gradients tensor_in_place; observe/N,
// observe_forward/NUMERICS/N; call/WHAT/NUMERICS, of 16 elements. Times are of a call, in ns; the limits' labels say
// which loop was the fastest.
// QGRAFT_SIMD_LEVEL=baseline, sse41, avx2, avx512 measures that level; the level is in the output's context.
#include "bench_limits.hpp"

#include <qgraft/kernels/observer.hpp>
#include <qgraft/kernels/simd.hpp>

#include <benchmark/benchmark.h>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace {

constexpr std::size_t sizes[] = {4096, 65536, 1048576, 16777216};
constexpr std::size_t most = 16777216;
constexpr std::size_t channels = 64;
constexpr std::size_t most_channels = 1024;
constexpr qgraft::quant_range range{-1.0F, 1.1F};
constexpr qgraft::quant_spec spec{};

constexpr std::align_val_t huge_page{std::size_t{2} << 20U};

struct deleter {
    void operator()(float* p) const { ::operator delete[](p, huge_page); }
};
using buffer = std::unique_ptr<float[], deleter>;

/// Memory in huge pages where there are any: else a process is faster or slower by how the pages that it happens to get
/// share the cache.
buffer make_buffer(std::size_t floats) {
    buffer made(static_cast<float*>(::operator new[](floats * sizeof(float), huge_page)));
#if defined(MADV_HUGEPAGE)
    static_cast<void>(madvise(made.get(), floats * sizeof(float), MADV_HUGEPAGE));
#endif
    return made;
}

/// Three tensors. Between them is what keeps them apart in the nearest cache, too, where AMD's processors find lines by a
/// hash of the address: with a page between tensors of this size, two of them would take turns in one place.
struct data {
    static constexpr std::size_t apart = most + 5 * 1024;
    buffer memory = make_buffer(3 * apart);
    float* x = fill(memory.get(), 1);
    float* grad = fill(x + apart, 2);
    float* out = fill(grad + apart, 3);
    std::vector<qgraft::quant_range> ranges = std::vector<qgraft::quant_range>(most_channels, range);
    std::vector<qgraft::range_gradient> sums = std::vector<qgraft::range_gradient>(most_channels);

    static float* fill(float* tensor, unsigned seed) {
        std::minstd_rand random(seed);
        for (std::size_t i = 0; i < most; ++i) tensor[i] = static_cast<float>(random() % 65536U) / 27000.0F - 1.2F;
        return tensor;
    }

    std::span<const float> in(std::size_t n) const { return {x, n}; }
    std::span<const float> gradient(std::size_t n) const { return {grad, n}; }
    std::span<float> to(std::size_t n) { return {out, n}; }
};

data& tensors() {
    static data all;
    return all;
}

template <class F>
void add(const std::string& name, std::size_t n, F f) {
    benchmark::RegisterBenchmark(name.c_str(), [f, n](benchmark::State& state) {
        for (auto _ : state) {
            f(n);
            benchmark::ClobberMemory();
        }
        state.counters["ns_per_element"] = benchmark::Counter(
            static_cast<double>(n) * 1e-9, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
    })->Unit(benchmark::kNanosecond);
}

/// `prepare` returns, for a length, what makes a call with all it needs at hand.
template <class F>
void add_call(const std::string& name, F prepare) {
    benchmark::RegisterBenchmark(name.c_str(), [prepare](benchmark::State& state) {
        std::size_t n = 16;
        benchmark::DoNotOptimize(n);
        const auto call = prepare(n);
        for (auto _ : state) {
            call();
            benchmark::ClobberMemory();
        }
    })->Unit(benchmark::kNanosecond);
}

void add_limit(const std::string& name, std::size_t n, const std::vector<limits::way>& ways) {
    benchmark::RegisterBenchmark((name + "/" + std::to_string(n)).c_str(), [n, ways](benchmark::State& state) {
        data& t = tensors();
        const limits::way best = limits::fastest(ways, t.x, t.grad, t.out, n);
        for (auto _ : state) {
            best.run(t.x, t.grad, t.out, n);
            benchmark::ClobberMemory();
        }
        state.SetLabel(best.name);
    })->Unit(benchmark::kNanosecond);
}

/// A number of channels, with `inner` elements behind each.
struct layout {
    std::size_t count;
    std::size_t inner;
};

template <class N>
void add_channels(const std::string& which, const std::string& numerics, std::size_t n, layout of) {
    using kernels = qgraft::simd<N>;
    const std::string tail = which + "/" + numerics + "/" + std::to_string(n);
    add("forward/" + tail, n, [of](std::size_t size) {
        data& t = tensors();
        kernels::fake_quantize_channels(t.in(size), t.to(size), std::span(t.ranges).first(of.count), spec, of.inner);
    });
    add("gradient/" + tail, n, [of](std::size_t size) {
        data& t = tensors();
        kernels::fake_quantize_channels_gradient(t.gradient(size), t.in(size), t.to(size),
                                                 std::span(t.ranges).first(of.count), std::span(t.sums).first(of.count),
                                                 spec, of.inner);
    });
}

template <class N>
void forward(std::size_t n) {
    data& t = tensors();
    qgraft::simd<N>::fake_quantize(t.in(n), t.to(n), range, spec);
}

template <class N>
void gradient(std::size_t n) {
    data& t = tensors();
    benchmark::DoNotOptimize(qgraft::simd<N>::fake_quantize_gradient(t.gradient(n), t.in(n), t.to(n), range, spec));
}

template <class N>
void gradient_in_place(std::size_t n) {
    data& t = tensors();
    benchmark::DoNotOptimize(qgraft::simd<N>::fake_quantize_gradient(t.to(n), t.in(n), t.to(n), range, spec));
}

template <class N>
void add_numerics(const std::string& numerics) {
    for (const std::size_t n : sizes) {
        const std::string tail = numerics + "/" + std::to_string(n);
        add("forward/tensor/" + tail, n, forward<N>);
        add("gradient/tensor/" + tail, n, gradient<N>);
        add("gradient/tensor_in_place/" + tail, n, gradient_in_place<N>);
        add_channels<N>("channel", numerics, n, {channels, 1});
        add_channels<N>("channel_256", numerics, n, {256, 1});
        add_channels<N>("channel_1024", numerics, n, {1024, 1});
        add_channels<N>("channel_middle", numerics, n, {channels, 16});
        add_channels<N>("channel_outer", numerics, n, {channels, n / channels});
        add("observe_forward/" + tail, n, [](std::size_t size) {
            data& t = tensors();
            qgraft::last_value observer;
            benchmark::DoNotOptimize(qgraft::simd<N>::observe_fake_quantize(observer, t.in(size), t.to(size), spec));
        });
    }
    add_call("call/forward/" + numerics, [](std::size_t n) {
        return [in = tensors().in(n), to = tensors().to(n)] { qgraft::simd<N>::fake_quantize(in, to, range, spec); };
    });
    add_call("call/gradient/" + numerics, [](std::size_t n) {
        return [grad = tensors().gradient(n), in = tensors().in(n), to = tensors().to(n)] {
            benchmark::DoNotOptimize(qgraft::simd<N>::fake_quantize_gradient(grad, in, to, range, spec));
        };
    });
}

constexpr const char* levels[] = {"baseline", "neon", "sse41", "avx2", "avx512"};

void choose_level() {
    const char* const asked = std::getenv("QGRAFT_SIMD_LEVEL");
    if (asked == nullptr) return;
    for (int level = 0; level < 5; ++level) {
        if (std::strcmp(asked, levels[level]) == 0) qgraft::detail::simd_level_in_use = level;
    }
}

}  // namespace

int main(int argc, char** argv) {
    choose_level();
    for (const std::size_t n : sizes) {
        add_limit("limit/copy", n, limits::copies());
        add_limit("limit/copy_streaming", n, limits::streaming_copies());
        add_limit("limit/read2_write1", n, limits::two_into_one());
        add("observe/" + std::to_string(n), n,
            [](std::size_t size) { benchmark::DoNotOptimize(qgraft::simd<>::min_max(tensors().in(size))); });
    }
    add_numerics<qgraft::tf115>("tf115");
    add_numerics<qgraft::tf2>("tf2");
    add_numerics<qgraft::torch>("torch");
    benchmark::AddCustomContext("simd_level", levels[static_cast<int>(qgraft::detail::current_simd_level())]);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    tensors();  // now, not in what is measured first
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
