// The bandwidth of cuda's kernels beside that of a copy on the same device. Exits 77 where there is no GPU.
// SPDX-License-Identifier: Apache-2.0
//
// usage: bench_cuda [--check]        --check: exits 1 where a forward kernel, or a gradient, of 2^26 elements has less
//                                    than 0.9 of the bandwidth of a copy
#include "../tests/cuda/device.hpp"

#include <qgraft/kernels/cuda.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <exception>
#include <span>

namespace {

using cuda_check::require;

constexpr double fraction = 0.9;
constexpr std::size_t largest = std::size_t{1} << 26U;
constexpr std::size_t channels = 64;

struct buffers {
    float* x;
    float* g;
    float* y;
    float* ranges;  // channels of min, channels of max
    float* sums;
    std::span<std::byte> workspace;
};

/// Seconds that one call takes: the least of several runs of many.
template <class Call>
double seconds_of(Call call) {
    cudaEvent_t start{};
    cudaEvent_t stop{};
    require(cudaEventCreate(&start));
    require(cudaEventCreate(&stop));
    double least = 1e9;
    for (int run = 0; run < 7; ++run) {
        constexpr int calls = 20;
        require(cudaEventRecord(start));
        for (int i = 0; i < calls; ++i) require(call());
        require(cudaEventRecord(stop));
        require(cudaEventSynchronize(stop));
        float ms = 0.0F;
        require(cudaEventElapsedTime(&ms, start, stop));
        if (run > 0) least = std::min(least, static_cast<double>(ms) / 1e3 / calls);
    }
    require(cudaEventDestroy(start));
    require(cudaEventDestroy(stop));
    return least;
}

class table {
public:
    table(const buffers& b, std::size_t size) : b_(b), size_(size) {
        const double t = seconds_of(
            [&] { return cudaMemcpyAsync(b.y, b.x, size * sizeof(float), cudaMemcpyDeviceToDevice, nullptr); });
        copy_ = 2.0 * sizeof(float) * static_cast<double>(size) / t;
        std::printf("%-28s %10zu elements %8.1f GB/s\n", "copy", size, copy_ / 1e9);
    }

    template <class N>
    void rows(const char* name) {
        using kernels = qgraft::cuda<N>;
        const std::span<const float> x{b_.x, size_};
        const std::span<const float> g{b_.g, size_};
        const std::span<float> y{b_.y, size_};
        const qgraft::device_ranges range{b_.ranges, b_.ranges + channels};
        const qgraft::device_ranges ranges{b_.ranges, b_.ranges + channels, channels};
        const qgraft::device_ranges_out sum{b_.sums, b_.sums + channels};
        const qgraft::device_ranges_out sums{b_.sums, b_.sums + channels, channels};
        row("forward", name, 2, [&] { return kernels::fake_quantize(x, y, range, {}, nullptr); });
        row("gradient", name, 3,
            [&] { return kernels::fake_quantize_gradient(g, x, y, range, sum, {}, b_.workspace, nullptr); });
        for (const std::size_t inner : {std::size_t{1}, std::size_t{4096}}) {
            const char* where = inner == 1 ? ", 64 innermost" : ", 64 x 4096";
            row(
                "forward", name, 2, [&] { return kernels::fake_quantize_channels(x, y, ranges, {}, inner, nullptr); },
                where);
            row(
                "gradient", name, 3,
                [&] {
                    return kernels::fake_quantize_channels_gradient(g, x, y, ranges, sums, {}, inner, b_.workspace,
                                                                    nullptr);
                },
                where);
        }
        row("min_max", name, 1, [&] { return kernels::min_max(x, sum, b_.workspace, nullptr); });
    }

    bool is_slow() const { return slow_; }

private:
    template <class Call>
    void row(const char* what, const char* numerics, int tensors, Call call, const char* where = "") {
        const double t = seconds_of(call);
        const double rate = tensors * static_cast<double>(sizeof(float) * size_) / t;
        std::printf("%-9s %-6s%-14s %9zu elements %8.1f GB/s, %.2f of copy\n", what, numerics, where, size_, rate / 1e9,
                    rate / copy_);
        slow_ = slow_ || (tensors > 1 && *where == '\0' && rate < fraction * copy_);
    }

    const buffers& b_;
    std::size_t size_;
    double copy_;
    bool slow_ = false;
};

float* floats(std::size_t count) {
    auto* p = static_cast<float*>(cuda_check::device_memory::allocate(count * sizeof(float)));
    require(cudaMemset(p, 0x3e, count * sizeof(float)));
    return p;
}

}  // namespace

int main(int argc, char** argv) try {
    if (!cuda_check::has_device()) return cuda_check::skipped;
    const bool check = argc > 1 && std::strcmp(argv[1], "--check") == 0;
    using any = qgraft::cuda<>;
    const std::size_t bytes = std::max(any::workspace_size(largest), any::workspace_size(largest, channels, 1));
    buffers b{floats(largest),      floats(largest),
              floats(largest),      floats(2 * channels),
              floats(2 * channels), {static_cast<std::byte*>(cuda_check::device_memory::allocate(bytes)), bytes}};
    float ends[2 * channels];
    std::fill(ends, ends + channels, -1.0F);
    std::fill(ends + channels, ends + 2 * channels, 1.0F);
    cuda_check::device_memory::copy(b.ranges, ends, sizeof(ends));
    bool slow = false;
    for (const std::size_t size : {std::size_t{1} << 16U, std::size_t{1} << 20U, std::size_t{1} << 24U, largest}) {
        table t(b, size);
        t.rows<qgraft::tf115>("tf115");
        t.rows<qgraft::tf2>("tf2");
        t.rows<qgraft::torch>("torch");
        slow = t.is_slow();
    }
    if (check && slow) std::printf("slower than %.2f of a copy\n", fraction);
    return check && slow ? 1 : 0;
} catch (const std::exception& e) {
    std::printf("%s\n", e.what());
    return 1;
}
