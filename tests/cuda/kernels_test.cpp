// Tests of the functions of cuda that need no device: what they refuse, and that they promise the same everywhere.
// SPDX-License-Identifier: Apache-2.0
#include "host_executor.hpp"

#include <doctest/doctest.h>

#include <qgraft/kernels/numerics.hpp>
#include <qgraft/kernels/scalar.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

namespace {

using kernels = cuda_check::host_kernels<qgraft::tf2>;
static_assert(qgraft::device_kernel_policy<kernels>);

/// A numerics of a user's: as TensorFlow's, but NaN is quantized to 0.
struct no_nan : qgraft::tf115 {
    static constexpr qgraft::quantize_form tensor_form = qgraft::quantize_form::other;
    static constexpr qgraft::quantize_form channel_form = qgraft::quantize_form::other;
    QGRAFT_HOST_DEVICE static constexpr float quantize(float x, const qgraft::nudged_range& r) noexcept {
        return x != x ? 0.0F : tf115::quantize(x, r);
    }
    QGRAFT_HOST_DEVICE static constexpr float quantize_channel(float x, const qgraft::nudged_range& r) noexcept {
        return quantize(x, r);
    }
};

template <class F>
std::string error_of(F call) {
    try {
        call();
    } catch (const qgraft::quant_error& e) {
        return e.what();
    }
    return "none";
}

struct tensors {
    std::vector<float> x = std::vector<float>(12, 0.25F);
    std::vector<float> y = std::vector<float>(12, -1.0F);
    std::vector<float> min = std::vector<float>(4, -1.0F);
    std::vector<float> max = std::vector<float>(4, 1.0F);
    std::vector<float> d = std::vector<float>(8);
    alignas(16) std::array<std::byte, 4096> workspace{};

    qgraft::device_ranges ranges(std::size_t count) const { return {min.data(), max.data(), count}; }
    qgraft::device_ranges_out sums(std::size_t count) { return {d.data(), d.data() + 4, count}; }
};

}  // namespace

TEST_CASE("ranges lie side by side in a framework's tensors, or in pairs") {
    tensors t;
    const std::vector<qgraft::quant_range> pairs{{-1.0F, 1.0F}, {0.0F, 6.0F}};
    const qgraft::device_ranges r = qgraft::device_ranges_of(pairs);
    CHECK(r.count == 2);
    CHECK(r.min[r.stride] == 0.0F);
    CHECK(r.max[r.stride] == 6.0F);
    CHECK(kernels::fake_quantize(t.x, t.y, t.ranges(1), {.bits = 4}, 0) == 0);
    const std::vector<float> from_memory = t.y;
    CHECK(kernels::fake_quantize<qgraft::quant_spec{.bits = 4}>(t.x, t.y, qgraft::quant_range{-1.0F, 1.0F}, 0) == 0);
    CHECK(t.y == from_memory);
}

TEST_CASE("a bad spec and sizes that do not fit are refused by name, and nothing is written") {
    tensors t;
    const auto small = std::span<float>(t.y).first(7);
    CHECK(error_of([&] { kernels::fake_quantize(t.x, t.y, t.ranges(1), {.bits = 17}, 0); }) ==
          "qgraft: quant_spec bits must be from 2 to 16, not 17");
    CHECK(error_of([&] { kernels::fake_quantize(t.x, small, t.ranges(1), {}, 0); }) ==
          "qgraft: out has 7 elements, expected 12");
    CHECK(error_of([&] { kernels::fake_quantize(t.x, t.y, t.ranges(2), {}, 0); }) ==
          "qgraft: range has 2 elements, expected 1");
    CHECK(error_of([&] { kernels::fake_quantize(t.x, t.y, qgraft::device_ranges{}, {}, 0); }) ==
          "qgraft: range has no memory for min and max");
    CHECK(error_of([&] { kernels::fake_quantize_channels(t.x, t.y, t.ranges(4), {}, 2, 0); }) ==
          "qgraft: 12 elements are not a whole number of rows of 4 channels of 2 elements");
    CHECK(error_of([&] {
              kernels::fake_quantize_gradient(t.x, t.x, t.y, t.ranges(1), t.sums(1), {}, {t.workspace.data(), 8}, 0);
          }) == "qgraft: workspace has 8 bytes, expected at least 16");
    CHECK(error_of([&] {
              kernels::fake_quantize_gradient(t.x, t.x, t.y, t.ranges(1), t.sums(1), {}, {&t.workspace[4], 64}, 0);
          }) == "qgraft: workspace is not aligned to 16 bytes");
    CHECK(error_of([&] {
              kernels::fake_quantize_channels_gradient(t.x, t.x, t.y, t.ranges(4), t.sums(3), {}, 1, t.workspace, 0);
          }) == "qgraft: sums has 3 elements, expected 4");
    CHECK(error_of([&] {
              kernels::min_max(t.x, {nullptr, t.d.data()}, t.workspace, 0);
          }) == "qgraft: found has no memory for min and max");
    std::vector<std::int8_t> integers(12);
    CHECK(error_of([&] { kernels::quantize<std::int8_t>(t.x, integers, t.ranges(1), {.bits = 9}, 0); }) ==
          "qgraft: storage of 8 bits cannot hold a quant_spec of 9 bits");
    CHECK(t.y == std::vector<float>(12, -1.0F));
    CHECK(t.d == std::vector<float>(8));
}

TEST_CASE("a numerics of the user's is computed as it is written") {
    using theirs = cuda_check::host_kernels<no_nan>;
    tensors t;
    t.x = {-2.0F, std::nanf(""), 0.3F, -0.0F, 5.0F, 0.1F, std::nanf(""), 1.0F, -1.0F, 0.5F, 0.7F, 0.9F};
    std::vector<float> expected(12);
    qgraft::scalar<no_nan>::fake_quantize(t.x, expected, {-1.0F, 1.0F}, {.bits = 3});
    CHECK(theirs::fake_quantize(t.x, t.y, t.ranges(1), {.bits = 3}, 0) == 0);
    CHECK(t.y == expected);
    CHECK(theirs::fake_quantize_channels(t.x, t.y, t.ranges(4), {.bits = 3}, 1, 0) == 0);
    CHECK(t.y == expected);
    std::vector<std::int8_t> integers(12);
    CHECK(theirs::quantize<std::int8_t>(t.x, integers, t.ranges(1), {.bits = 3}, 0) == 0);
    const auto d = qgraft::scalar<no_nan>::fake_quantize_gradient(t.x, t.x, expected, {-1.0F, 1.0F}, {.bits = 3});
    CHECK(theirs::fake_quantize_gradient(t.x, t.x, t.y, t.ranges(1), t.sums(1), {.bits = 3}, t.workspace, 0) == 0);
    CHECK(t.y[0] == expected[0]);
    CHECK(std::isnan(d.max) == std::isnan(t.d[4]));
}

TEST_CASE("empty tensors are no work, but have sums and extremes") {
    tensors t;
    const std::vector<float> none;
    CHECK(kernels::workspace_size(0) == 0);
    CHECK(kernels::fake_quantize(none, {}, t.ranges(1), {}, 0) == 0);
    t.d.assign(8, 5.0F);
    CHECK(kernels::fake_quantize_channels_gradient(none, none, {}, t.ranges(4), t.sums(4), {}, 3, {}, 0) == 0);
    CHECK(t.d == std::vector<float>(8));
    CHECK(kernels::min_max(none, t.sums(1), {}, 0) == 0);
    CHECK(t.d[0] > t.d[4]);
}

TEST_CASE("a workspace is a small part of the tensor") {
    constexpr std::size_t size = std::size_t{1} << 24U;
    CHECK(kernels::workspace_size(size) == 32768);
    CHECK(kernels::workspace_size(size, 64, 1) <= size * sizeof(float) / 7);
    CHECK(kernels::workspace_size(size, 64, 4096) <= size * sizeof(float) / 64);
    CHECK(error_of([&] { kernels::workspace_size(size, 3, 1); }) ==
          "qgraft: 16777216 elements are not a whole number of rows of 3 channels");
}

TEST_CASE("the power of a moving average on a device is the rounded one") {
    int wrong = 0;
    for (const float decay : {0.999F, 0.99F, 0.9F, 0.5F, 0.0F, 0.9999F}) {
        for (int step = 1; step < 5000; ++step) {
            const long double power = std::pow(static_cast<long double>(decay), static_cast<long double>(step));
            wrong += qgraft::detail::whole_power(decay, static_cast<float>(step)) != static_cast<float>(power);
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("sums are the same in every run") {
    const std::vector<float> grad = [] {
        std::vector<float> g(100000);
        for (std::size_t i = 0; i < g.size(); ++i) g[i] = 1.0F / static_cast<float>(i + 1);
        return g;
    }();
    std::vector<float> x(grad.size(), 7.0F);
    std::vector<float> dx(grad.size());
    float sums[2][2]{};
    for (auto& s : sums) {
        std::vector<std::byte> workspace(kernels::workspace_size(x.size()), static_cast<std::byte>(s[0] == sums[0][0]));
        CHECK(kernels::fake_quantize_gradient(grad, x, dx, qgraft::quant_range{0.0F, 6.0F}, {&s[0], &s[1]}, {},
                                              workspace, 0) == 0);
    }
    CHECK(sums[0][1] == sums[1][1]);
    CHECK(sums[0][1] == doctest::Approx(12.0901).epsilon(1e-5));
    CHECK(sums[0][0] == 0.0F);
}
