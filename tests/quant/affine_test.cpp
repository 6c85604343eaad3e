// Tests of quant/affine.hpp.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <qgraft/quant/affine.hpp>

#include <cmath>
#include <limits>

using qgraft::nudge;
using qgraft::nudged_range;
using qgraft::quant_range;
using qgraft::quant_spec;
using qgraft::range_of;

namespace {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

}  // namespace

TEST_CASE("nudge puts zero on an integer") {
  const nudged_range r = nudge({-1.0F, 3.0F}, 0, 15);
  CHECK(r.scale == 4.0F / 15.0F);
  CHECK(r.inv_scale == 15.0F / 4.0F);
  CHECK(r.zero_point == 4);  // 3.75
  CHECK(r.min == -4.0F * r.scale);
  CHECK(r.max == 11.0F * r.scale);
  CHECK_FALSE(r.collapsed);
}

TEST_CASE("the zero point is rounded half away from zero") {
  CHECK(nudge({-0.5F, 2.5F}, 0, 3).zero_point == 1);
  CHECK(nudge({-1.5F, 1.5F}, 0, 3).zero_point == 2);
  CHECK(nudge({-2.5F, 0.5F}, 0, 3).zero_point == 3);
  CHECK(nudge({-0.5F, 1.5F}, 1, 3).zero_point == 2);
}

TEST_CASE("nudge is a constant expression") {
  constexpr nudged_range r = nudge({-1.0F, 1.0F}, quant_spec{.bits = 2, .narrow_range = true});
  static_assert(r.zero_point == 2 && r.min == -1.0F && r.max == 1.0F && r.scale == 1.0F && r.inv_scale == 1.0F);
  constexpr nudged_range at_run_time_too = nudge({-1.3F, 2.7F}, 0, 255);
  volatile float low = -1.3F;
  CHECK(nudge({low, 2.7F}, 0, 255) == at_run_time_too);
  static_assert(nudge({0.0F, 0.0F}, 0, 255).collapsed);
}

TEST_CASE("inv_scale is not the rounded 1 / scale") {
  int differing = 0;
  for (int i = 1; i <= 1000; ++i) {
    const nudged_range r = nudge({0.0F, static_cast<float>(i) / 7.0F}, 0, 255);
    differing += r.inv_scale != 1.0F / r.scale ? 1 : 0;
  }
  CHECK(differing > 0);
}

TEST_CASE("ranges that do not contain zero are moved") {
  CHECK(nudge({1.0F, 6.0F}, 0, 255) == nudge({0.0F, 5.0F}, 0, 255));
  CHECK(nudge({-6.0F, -1.0F}, 0, 255) == nudge({-5.0F, 0.0F}, 0, 255));
}

TEST_CASE("ranges in the wrong order, of no width, broken or too wide") {
  const nudged_range reversed = nudge({3.0F, -2.0F}, 0, 255);
  CHECK(reversed.scale < 0.0F);
  CHECK(reversed.min == 3.0F);
  CHECK(reversed.max == -2.0F);
  for (float at : {2.0F, -2.0F}) {
    const nudged_range point = nudge({at, at}, 0, 255);
    CHECK(point.scale == 0.0F);
    CHECK(point.min == 0.0F);
    CHECK(point.max == 0.0F);
    CHECK_FALSE(point.collapsed);
  }
  for (const quant_range broken : {quant_range{not_a_number, 1.0F}, quant_range{-1.0F, not_a_number}, quant_range{-1.0F, infinity},
                                   quant_range{-infinity, infinity}, quant_range{-3e38F, 3e38F}}) {
    CHECK_FALSE(std::isfinite(nudge(broken, 0, 255).scale));
    CHECK_FALSE(std::isfinite(nudge(broken, 1, 255).scale));
  }
}

TEST_CASE("a range of zeros is collapsed; subnormal ends count as zeros unless they are kept") {
  CHECK(nudge({0.0F, -0.0F}, 0, 255) == nudged_range{.collapsed = true, .qmax = 255});
  CHECK(nudge({0.0F, 0.0F}, 1, 15) == nudged_range{.zero_point = 1, .collapsed = true, .qmin = 1, .qmax = 15});
  CHECK(nudge({-1e-40F, 1e-40F}, 0, 255).collapsed);
  const nudged_range kept = nudge<qgraft::subnormals::keep>({-1e-40F, 1e-40F}, 0, 3);
  CHECK_FALSE(kept.collapsed);
  CHECK(kept.scale > 0.0F);
  CHECK(nudge({-3e-37F, 5e-37F}, 0, 255).scale == 0.0F);
}

TEST_CASE("nudge refuses integers it has no room for") {
  CHECK_THROWS_AS(nudge({-1.0F, 1.0F}, 0, 0), qgraft::quant_error);
  CHECK_THROWS_AS(nudge({-1.0F, 1.0F}, -1, 3), qgraft::quant_error);
  CHECK_THROWS_AS(nudge({-1.0F, 1.0F}, 0, 65536), qgraft::quant_error);
  CHECK_THROWS_AS(nudge({-1.0F, 1.0F}, quant_spec{.bits = 17}), qgraft::quant_error);
}

TEST_CASE("an asymmetric range is extended to zero") {
  CHECK(range_of(-1.0F, 2.0F, {}) == quant_range{-1.0F, 2.0F});
  CHECK(range_of(1.0F, 2.0F, {}) == quant_range{0.0F, 2.0F});
  CHECK(range_of(-2.0F, -1.0F, {}) == quant_range{-2.0F, 0.0F});
}

TEST_CASE("a symmetric range goes to the farther end; a wide one reaches farther down") {
  constexpr quant_spec narrow{.bits = 8, .symmetric = true, .narrow_range = true};
  CHECK(range_of(-1.0F, 2.0F, narrow) == quant_range{-2.0F, 2.0F});
  CHECK(range_of(-3.0F, 2.0F, narrow) == quant_range{-3.0F, 3.0F});
  CHECK(range_of(1.0F, 2.0F, narrow) == quant_range{-2.0F, 2.0F});
  constexpr quant_spec wide{.bits = 8, .symmetric = true};
  CHECK(range_of(-1.0F, 127.0F, wide) == quant_range{-128.0F, 127.0F});
  CHECK(range_of(-128.0F, 0.0F, wide) == quant_range{-128.0F, 127.0F});
  CHECK(range_of(-2.0F, 0.5F, {.bits = 2, .symmetric = true}) == quant_range{-2.0F, 1.0F});
  static_assert(range_of(-1.0F, 127.0F, wide).min == -128.0F);
}

TEST_CASE("an end that is NaN stays NaN") {
  CHECK(std::isnan(range_of(not_a_number, 1.0F, {}).min));
  CHECK(std::isnan(range_of(-1.0F, not_a_number, {}).max));
  CHECK(range_of(not_a_number, 1.0F, {}).max == 1.0F);
  CHECK(std::isnan(range_of(not_a_number, 1.0F, {.symmetric = true}).min));
}

TEST_CASE("range_of refuses a bad spec") {
  CHECK_THROWS_AS(static_cast<void>(range_of(-1.0F, 1.0F, {.bits = 1})), qgraft::quant_error);
}
