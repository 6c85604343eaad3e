// Tests of kernels/observer.hpp; tf115_table_test.cpp compares the observers with TensorFlow.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <qgraft/kernels/observer.hpp>

#include <limits>

using qgraft::debiased_average;
using qgraft::last_value;
using qgraft::moving_average;
using qgraft::quant_range;

TEST_CASE("observers start where TensorFlow's do") {
  CHECK(last_value{}.range == quant_range{-6.0F, 6.0F});
  CHECK(moving_average{}.range() == quant_range{-6.0F, 6.0F});
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
  CHECK(observer.range() == quant_range{-2.0F, 4.0F});
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
