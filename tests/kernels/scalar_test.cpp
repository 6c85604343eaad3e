// Tests of kernels/scalar.hpp on small tensors; tf115_table_test.cpp compares it with TensorFlow.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <qgraft/kernels/scalar.hpp>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

using qgraft::quant_error;
using qgraft::quant_range;
using qgraft::quant_spec;
using qgraft::range_gradient;
using kernels = qgraft::scalar<>;

namespace {

using floats = std::vector<float>;

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr quant_spec two_bits{.bits = 2};

floats quantized(const floats& in, quant_range range, const quant_spec& spec) {
    floats out(in.size());
    kernels::fake_quantize(in, out, range, spec);
    return out;
}

}  // namespace

TEST_CASE("values go to the nearest of the range's values, ties upwards, and are clamped") {
    CHECK(quantized({-9.0F, -1.0F, -0.6F, -0.5F, -0.4F, 0.0F, 0.5F, 1.5F, 1.6F, 9.0F}, {-1.0F, 2.0F}, two_bits) ==
          floats{-1.0F, -1.0F, -1.0F, 0.0F, 0.0F, 0.0F, 1.0F, 2.0F, 2.0F, 2.0F});
    CHECK(quantized({-infinity, infinity}, {-1.0F, 2.0F}, two_bits) == floats{-1.0F, 2.0F});
    CHECK(quantized({-2.0F, -0.4F, 1.7F}, {-1.0F, 1.0F}, {.bits = 2, .narrow_range = true}) ==
          floats{-1.0F, 0.0F, 1.0F});
    CHECK(std::isnan(quantized({not_a_number}, {-1.0F, 2.0F}, two_bits)[0]));
}

TEST_CASE("a spec at compile time gives the same values as at run time, in place too") {
    floats values{-1.7F, -0.3F, 0.12F, 0.77F, 5.0F};
    const floats expected = quantized(values, {-1.3F, 2.7F}, {.bits = 4, .narrow_range = true});
    kernels::fake_quantize<quant_spec{.bits = 4, .narrow_range = true}>(values, values, {-1.3F, 2.7F});
    CHECK(values == expected);
}

TEST_CASE("odd ranges") {
    CHECK(quantized({-1.0F, 2.0F, not_a_number}, {0.0F, 0.0F}, {}) == floats{0.0F, 0.0F, 0.0F});
    CHECK(quantized({-1.0F, 2.0F, 7.0F}, {1.0F, 6.0F}, {}) == quantized({-1.0F, 2.0F, 7.0F}, {0.0F, 5.0F}, {}));
    CHECK(quantized({-7.0F, -2.0F, 1.0F}, {-6.0F, -1.0F}, {}) == quantized({-7.0F, -2.0F, 1.0F}, {-5.0F, 0.0F}, {}));
    CHECK(quantized({-7.0F, 0.0F, 7.0F}, {3.0F, -2.0F}, {}) == floats{3.0F, 3.0F, 3.0F});
    CHECK(std::isnan(quantized({not_a_number}, {3.0F, -2.0F}, {})[0]));
    for (const quant_range range :
         {quant_range{2.0F, 2.0F}, quant_range{not_a_number, 1.0F}, quant_range{-1.0F, infinity},
          quant_range{-infinity, 1.0F}, quant_range{-3e38F, 3e38F}}) {
        for (float y : quantized({-1.0F, 0.0F, 1.0F, infinity}, range, {})) CHECK(std::isnan(y));
    }
}

TEST_CASE("the gradient passes inside the range and is summed outside") {
    const floats in{-3.0F, -1.0F, 0.0F, 2.0F, 2.5F, 4.0F, not_a_number};
    const floats grad{1.0F, 2.0F, 3.0F, 4.0F, -5.0F, 6.0F, 7.0F};
    floats dx(in.size());
    CHECK(kernels::fake_quantize_gradient(grad, in, dx, {-1.0F, 2.0F}, two_bits) == range_gradient{1.0F, 1.0F});
    CHECK(dx == floats{0.0F, 2.0F, 3.0F, 4.0F, 0.0F, 0.0F, 0.0F});
    CHECK(std::signbit(dx[4]));
    CHECK_FALSE(std::signbit(dx[5]));
}

TEST_CASE("the gradient on odd ranges") {
    const floats in{-1.0F, 0.0F, 1.0F};
    const floats grad{1.0F, 2.0F, 4.0F};
    floats dx(in.size());
    CHECK(kernels::fake_quantize_gradient(grad, in, dx, {0.0F, 0.0F}, {}) == range_gradient{0.0F, 0.0F});
    CHECK(dx == grad);
    CHECK(kernels::fake_quantize_gradient(grad, in, dx, {2.0F, 2.0F}, {}) == range_gradient{1.0F, 4.0F});
    CHECK(dx == floats{0.0F, 2.0F, 0.0F});
    CHECK(kernels::fake_quantize_gradient(grad, in, dx, {3.0F, -2.0F}, {}) == range_gradient{7.0F, 7.0F});
    CHECK(dx == floats{0.0F, 0.0F, 0.0F});
    CHECK(kernels::fake_quantize_gradient(grad, in, dx, {not_a_number, 1.0F}, {}) == range_gradient{0.0F, 0.0F});
    CHECK(dx == floats{0.0F, 0.0F, 0.0F});
}

TEST_CASE("gradient sums of many small values do not drift") {
    const std::size_t count = 1U << 20U;
    const floats in(count, 9.0F);
    const floats grad(count, 0.1F);
    floats dx(count);
    const range_gradient d = kernels::fake_quantize_gradient(grad, in, dx, {-1.0F, 1.0F}, {});
    CHECK(d.max == static_cast<float>(static_cast<double>(0.1F) * static_cast<double>(count)));
}

TEST_CASE("each channel has its own range; the channel is innermost") {
    const floats in{-9.0F, -9.0F, 0.4F, 0.4F, 9.0F, 9.0F};
    const floats grad{1.0F, 2.0F, 4.0F, 8.0F, 16.0F, 32.0F};
    const std::array<quant_range, 2> ranges{quant_range{-1.0F, 2.0F}, quant_range{0.0F, 0.0F}};
    floats out(in.size());
    kernels::fake_quantize_channels(in, out, ranges, two_bits);
    CHECK(out == floats{-1.0F, 0.0F, 0.0F, 0.0F, 2.0F, 0.0F});
    std::array<range_gradient, 2> d{};
    kernels::fake_quantize_channels_gradient(grad, in, out, ranges, d, two_bits);
    CHECK(out == floats{0.0F, 2.0F, 4.0F, 8.0F, 0.0F, 32.0F});
    CHECK(d[0] == range_gradient{1.0F, 16.0F});
    CHECK(d[1] == range_gradient{0.0F, 0.0F});
}

TEST_CASE("min_max passes over NaN, unless it is the only value") {
    CHECK(kernels::min_max(floats{3.0F, -1.0F, 2.0F}) == quant_range{-1.0F, 3.0F});
    CHECK(kernels::min_max(floats{not_a_number, -1.0F, not_a_number, 2.0F, not_a_number}) == quant_range{-1.0F, 2.0F});
    CHECK(kernels::min_max(floats{not_a_number, not_a_number}) == quant_range{infinity, -infinity});
    CHECK(kernels::min_max(floats{}) == quant_range{infinity, -infinity});
    CHECK(std::isnan(kernels::min_max(floats{not_a_number}).min));
    CHECK(kernels::min_max(floats{-infinity, infinity}) == quant_range{-infinity, infinity});
    std::array<quant_range, 2> ranges{};
    kernels::min_max_channels(floats{1.0F, -2.0F, 3.0F, not_a_number, not_a_number, 7.0F}, ranges);
    CHECK(ranges == std::array<quant_range, 2>{quant_range{1.0F, 3.0F}, quant_range{-2.0F, 7.0F}});
}

TEST_CASE("empty tensors are fine") {
    floats none;
    CHECK_NOTHROW(kernels::fake_quantize(none, none, {-1.0F, 1.0F}, {}));
    CHECK(kernels::fake_quantize_gradient(none, none, none, {-1.0F, 1.0F}, {}) == range_gradient{});
    CHECK_NOTHROW(kernels::fake_quantize_channels(none, none, {}, {}));
    CHECK_NOTHROW(kernels::min_max_channels(none, {}));
}

TEST_CASE("wrong sizes and specs are refused before anything is written") {
    const floats in{1.0F, 2.0F, 3.0F};
    floats out(3, 42.0F);
    floats small(2, 42.0F);
    const std::array<quant_range, 2> two{};
    std::array<range_gradient, 2> d{};
    CHECK_THROWS_WITH_AS(kernels::fake_quantize(in, small, {-1.0F, 1.0F}, {}), "qgraft: out has 2 elements, expected 3",
                         quant_error);
    CHECK_THROWS_AS(kernels::fake_quantize<quant_spec{}>(in, small, {-1.0F, 1.0F}), quant_error);
    CHECK_THROWS_AS(kernels::fake_quantize(in, out, {-1.0F, 1.0F}, {.bits = 1}), quant_error);
    CHECK_THROWS_AS(kernels::fake_quantize_gradient(small, in, out, {-1.0F, 1.0F}, {}), quant_error);
    CHECK_THROWS_AS(kernels::fake_quantize_gradient(in, in, small, {-1.0F, 1.0F}, {}), quant_error);
    CHECK_THROWS_AS(kernels::fake_quantize_gradient(in, in, out, {-1.0F, 1.0F}, {.bits = 17}), quant_error);
    CHECK_THROWS_WITH_AS(kernels::fake_quantize_channels(in, out, two, {}),
                         "qgraft: 3 elements are not a whole number of rows of 2 channels", quant_error);
    CHECK_THROWS_AS(kernels::fake_quantize_channels(in, out, {}, {}), quant_error);
    CHECK_THROWS_AS(kernels::fake_quantize_channels(small, small, two, {.bits = 0}), quant_error);
    CHECK_THROWS_AS(kernels::fake_quantize_channels(small, out, two, {}), quant_error);
    CHECK_THROWS_AS(kernels::fake_quantize_channels_gradient(small, small, small, two, {d.data(), 1}, {}), quant_error);
    CHECK(out == floats{42.0F, 42.0F, 42.0F});
    CHECK(small == floats{42.0F, 42.0F});
}

TEST_CASE("channels are scaled by a number each, wherever their dimension is, in place too") {
    const floats in{1.0F, 2.0F, 3.0F, 4.0F, 5.0F, 6.0F, 7.0F, 8.0F, 9.0F, 10.0F, 11.0F, 12.0F};
    const floats two{2.0F, -1.0F};
    floats out(in.size());
    kernels::scale_channels(in, out, two, 1);
    CHECK(out == floats{2.0F, -2.0F, 6.0F, -4.0F, 10.0F, -6.0F, 14.0F, -8.0F, 18.0F, -10.0F, 22.0F, -12.0F});
    kernels::scale_channels(in, out, two, 3);
    CHECK(out == floats{2.0F, 4.0F, 6.0F, -4.0F, -5.0F, -6.0F, 14.0F, 16.0F, 18.0F, -10.0F, -11.0F, -12.0F});
    kernels::scale_channels(out, out, floats{0.5F}, 12);
    CHECK(out[5] == -3.0F);
    kernels::scale_channels({}, {}, {}, 0);
    CHECK_THROWS_AS(kernels::scale_channels(in, out, {}, 1), quant_error);
    CHECK_THROWS_AS(kernels::scale_channels(in, out, two, 0), quant_error);
    CHECK_THROWS_AS(kernels::scale_channels(in, out, two, 4), quant_error);
    CHECK_THROWS_AS(kernels::scale_channels(in, out, two, 5), quant_error);
    CHECK_THROWS_AS(kernels::scale_channels(in, {out.data(), 6}, two, 1), quant_error);
    CHECK(out[5] == -3.0F);
}

TEST_CASE("a channel in the middle has the values and gradients of the same tensor with the channel last") {
    constexpr std::size_t outer = 2;
    constexpr std::size_t channels = 3;
    constexpr std::size_t inner = 5;
    const std::vector<quant_range> ranges{{-1.0F, 2.0F}, {0.0F, 6.0F}, {0.0F, 0.0F}};
    floats middle(outer * channels * inner);
    for (std::size_t i = 0; i < middle.size(); ++i) middle[i] = static_cast<float>(i) * 0.37F - 4.0F;
    const auto channel_last = [](const floats& from) {
        floats to(from.size());
        for (std::size_t o = 0; o < outer; ++o) {
            for (std::size_t c = 0; c < channels; ++c) {
                for (std::size_t i = 0; i < inner; ++i) {
                    to[(o * inner + i) * channels + c] = from[(o * channels + c) * inner + i];
                }
            }
        }
        return to;
    };
    const floats last = channel_last(middle);
    floats out_middle(middle.size());
    floats out_last(middle.size());
    kernels::fake_quantize_channels(middle, out_middle, ranges, {.bits = 4}, inner);
    kernels::fake_quantize_channels(last, out_last, ranges, {.bits = 4}, 1);
    CHECK(channel_last(out_middle) == out_last);

    std::vector<range_gradient> d_middle(channels);
    std::vector<range_gradient> d_last(channels);
    kernels::fake_quantize_channels_gradient(middle, middle, out_middle, ranges, d_middle, {.bits = 4}, inner);
    kernels::fake_quantize_channels_gradient(last, last, out_last, ranges, d_last, {.bits = 4}, 1);
    CHECK(channel_last(out_middle) == out_last);
    CHECK(d_middle == d_last);

    std::vector<quant_range> found_middle(channels);
    std::vector<quant_range> found_last(channels);
    kernels::min_max_channels(middle, found_middle, inner);
    kernels::min_max_channels(last, found_last, 1);
    CHECK(found_middle == found_last);
}
