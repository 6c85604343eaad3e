// Tests of kernels/observer.hpp and kernels/observe.hpp; the table tests compare observers with TensorFlow and PyTorch.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <qgraft/kernels/observe.hpp>
#include <qgraft/kernels/observer.hpp>
#include <qgraft/kernels/scalar.hpp>

#include <array>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

using qgraft::observer_mode;
using qgraft::plain_moving_average;
using qgraft::quant_error;
using qgraft::running_min_max;
using qgraft::torch_min_max;
using qgraft::torch_moving_average;
using kernels = qgraft::scalar<>;
using qgraft::debiased_average;
using qgraft::last_value;
using qgraft::moving_average;
using qgraft::quant_range;

TEST_CASE("observers start where TensorFlow's do") {
    CHECK(last_value{}.range == quant_range{-6.0F, 6.0F});
    CHECK(moving_average{}.current() == quant_range{-6.0F, 6.0F});
}

TEST_CASE("the last value is the range of the last batch, extended to zero or made symmetric") {
    last_value observer;
    CHECK(observer.update({-1.0F, 2.0F}, {}) == quant_range{-1.0F, 2.0F});
    CHECK(observer.update({1.0F, 2.0F}, {}) == quant_range{0.0F, 2.0F});
    CHECK(observer.update({1.0F, 2.0F}, {.symmetric = true, .narrow_range = true}) == quant_range{-2.0F, 2.0F});
    CHECK(observer.range == quant_range{-2.0F, 2.0F});
}

TEST_CASE("the first batch gives the moving average its full value") {
    moving_average observer{.decay = 0.5};
    CHECK(observer.update({-4.0F, 8.0F}, {}) == quant_range{-4.0F, 8.0F});
    CHECK(observer.min == debiased_average{-4.0F, -2.0F, 1.0F});
    CHECK(observer.update({-1.0F, 2.0F}, {}) == quant_range{-2.0F, 4.0F});
    CHECK(observer.current() == quant_range{-2.0F, 4.0F});
}

TEST_CASE("a moving average of a constant stays near it") {
    moving_average observer;
    for (int i = 0; i < 5000; ++i) observer.update({-1.0F, 3.0F}, {});
    CHECK(observer.min.value == doctest::Approx(-1.0).epsilon(1e-4));
    CHECK(observer.max.value == doctest::Approx(3.0).epsilon(1e-4));
    CHECK(observer.max.step == 5000.0F);
}

TEST_CASE("an observer goes on from a saved state as if nothing had happened") {
    moving_average one;
    one.update({-1.0F, 2.0F}, {});
    const debiased_average min = one.min;
    const debiased_average max = one.max;
    moving_average other{.decay = one.decay, .min = min, .max = max};
    CHECK(other == one);
    CHECK(other.update({-3.0F, 1.0F}, {}) == one.update({-3.0F, 1.0F}, {}));
    CHECK(other == one);
}

TEST_CASE("bad decays and specs are refused and leave the state as it was") {
    for (double decay : {-0.1, 1.0, 2.0, std::numeric_limits<double>::quiet_NaN()}) {
        moving_average observer{.decay = decay};
        CHECK_THROWS_AS(observer.update({-1.0F, 1.0F}, {}), qgraft::quant_error);
        CHECK(observer.min == moving_average{}.min);
        CHECK(observer.max == moving_average{}.max);
    }
    moving_average observer;
    CHECK_THROWS_AS(observer.update({-1.0F, 1.0F}, {.bits = 1}), qgraft::quant_error);
    CHECK(observer == moving_average{});
    last_value last;
    CHECK_THROWS_AS(last.update({-1.0F, 1.0F}, {.bits = 1}), qgraft::quant_error);
    CHECK(last == last_value{});
}

namespace {

/// Some batches, for any observer.
const std::vector<std::vector<float>> batches{{-1.0F, 2.0F, 0.5F}, {-4.0F, 0.25F}, {3.0F, 1.0F, 8.0F, 0.125F}};

template <class O>
std::vector<quant_range> ranges_after(O& o, std::size_t from, std::size_t to) {
    std::vector<quant_range> found;
    for (std::size_t i = from; i < to; ++i) found.push_back(o.update(kernels::min_max(batches[i]), {}));
    return found;
}

}  // namespace

TEST_CASE("running_min_max has the range of all batches") {
    running_min_max observer;
    CHECK(observer.current() == qgraft::empty_range);
    CHECK(observer.update({1.0F, 2.0F}, {}) == quant_range{0.0F, 2.0F});
    CHECK(observer.update({-3.0F, 1.0F}, {}) == quant_range{-3.0F, 2.0F});
    torch_min_max as_observed;
    CHECK(as_observed.update({1.0F, 2.0F}, {}) == quant_range{1.0F, 2.0F});
    CHECK(as_observed.update(qgraft::empty_range, {}) == quant_range{1.0F, 2.0F});
}

TEST_CASE("a plain moving average starts from the first batch, or from a value that is given") {
    plain_moving_average observer{.decay = 0.5};
    CHECK(observer.update({-4.0F, 8.0F}, {}) == quant_range{-4.0F, 8.0F});
    CHECK(observer.update({-2.0F, 2.0F}, {}) == quant_range{-3.0F, 5.0F});
    plain_moving_average started{.decay = 0.5, .range = {-6.0F, 6.0F}, .started = true};
    CHECK(started.update({-4.0F, 8.0F}, {}) == quant_range{-5.0F, 7.0F});
    torch_moving_average torch_like{.decay = 0.5};
    CHECK(torch_like.update(qgraft::empty_range, {}) == qgraft::empty_range);
    CHECK(torch_like.update({1.0F, 8.0F}, {}) == quant_range{1.0F, 8.0F});
}

TEST_CASE_TEMPLATE("every observer is frozen, saved and resumed", O, last_value, running_min_max, plain_moving_average,
                   moving_average, torch_min_max, torch_moving_average) {
    static_assert(qgraft::observer<O>);
    static_assert(std::is_trivially_copyable_v<O>);
    O whole;
    const std::vector<quant_range> expected = ranges_after(whole, 0, 3);
    O first;
    ranges_after(first, 0, 1);
    O second = first;
    CHECK(second == first);
    CHECK(ranges_after(second, 1, 3) == std::vector<quant_range>{expected[1], expected[2]});
    CHECK(second == whole);
    second.mode = observer_mode::frozen;
    CHECK_FALSE(second == whole);
    CHECK(ranges_after(second, 0, 3) == std::vector<quant_range>(3, expected[2]));
    second.mode = observer_mode::quantizing;
    CHECK(second == whole);
    CHECK_THROWS_AS(second.update({-1.0F, 1.0F}, {.bits = 17}), quant_error);
    CHECK(second == whole);
}

TEST_CASE("observe, update and quantize in one call: the range just updated quantizes") {
    static_assert(qgraft::observing_kernel_policy<kernels>);
    const std::vector<float> in{-1.0F, 2.0F, 0.3F};
    std::vector<float> expected(3);
    std::vector<float> out(3);
    moving_average observer{.decay = 0.5};
    moving_average alone = observer;
    const quant_range range = alone.update(kernels::min_max(in), {.bits = 4});
    kernels::fake_quantize(in, expected, range, {.bits = 4});
    CHECK(kernels::observe_fake_quantize(observer, in, out, {.bits = 4}) == range);
    CHECK(observer == alone);
    CHECK(out == expected);

    observer.mode = observer_mode::frozen;
    kernels::fake_quantize(std::vector<float>{-9.0F, 9.0F, 0.3F}, expected, range, {.bits = 4});
    out = {-9.0F, 9.0F, 0.3F};
    CHECK(kernels::observe_fake_quantize(observer, out, out, {.bits = 4}) == range);
    CHECK(out == expected);

    observer.mode = observer_mode::observing;
    CHECK_FALSE(kernels::observe_fake_quantize(observer, std::vector<float>{-9.0F, 9.0F, 0.3F}, out, {}) == range);
    CHECK(out == std::vector<float>{-9.0F, 9.0F, 0.3F});
}

TEST_CASE("an observer a channel, wherever the channel is") {
    const std::vector<float> innermost{-1.0F, 2.0F, 0.5F, 4.0F, 0.3F, -6.0F};
    const std::vector<float> outermost{-1.0F, 0.5F, 0.3F, 2.0F, 4.0F, -6.0F};
    std::vector<float> out(6);
    std::vector<float> expected(6);
    std::array<quant_range, 2> ranges{};
    std::array<last_value, 2> observers{};
    kernels::observe_fake_quantize_channels(std::span<last_value>(observers), innermost, out, ranges, {.bits = 4});
    CHECK(ranges == std::array<quant_range, 2>{quant_range{-1.0F, 0.5F}, quant_range{-6.0F, 4.0F}});
    CHECK(observers[1].range == ranges[1]);
    kernels::fake_quantize_channels(innermost, expected, ranges, {.bits = 4});
    CHECK(out == expected);
    kernels::observe_fake_quantize_channels(std::span<last_value>(observers), outermost, out, ranges, {.bits = 4}, 3);
    kernels::fake_quantize_channels(outermost, expected, ranges, {.bits = 4}, 3);
    CHECK(out == expected);
    CHECK(ranges == std::array<quant_range, 2>{quant_range{-1.0F, 0.5F}, quant_range{-6.0F, 4.0F}});
}

TEST_CASE("observers that cannot be, and wrong sizes, are refused before anything changes") {
    const std::vector<float> in{-1.0F, 2.0F, 0.5F, 4.0F};
    std::vector<float> out(4, 42.0F);
    std::array<quant_range, 2> ranges{};
    std::array<moving_average, 2> observers{};
    const auto run = [&](std::size_t size, std::size_t inner = 1) {
        kernels::observe_fake_quantize_channels(std::span<moving_average>(observers), in, {out.data(), size}, ranges,
                                                {}, inner);
    };
    CHECK_THROWS_AS(run(3), quant_error);
    CHECK_THROWS_AS(run(4, 3), quant_error);
    observers[1].decay = 1.5;
    CHECK_THROWS_WITH_AS(run(4), "qgraft: the decay of a moving average must be at least 0 and below 1", quant_error);
    observers[1] = {.mode = observer_mode::frozen};
    CHECK_THROWS_WITH_AS(run(4), "qgraft: the observers of the channels of a tensor must be in one mode", quant_error);
    CHECK_THROWS_AS(kernels::observe_fake_quantize(observers[0], in, {out.data(), 3}, {}), quant_error);
    CHECK(observers[0] == moving_average{});
    CHECK(out == std::vector<float>(4, 42.0F));
    CHECK(ranges == std::array<quant_range, 2>{});
}
