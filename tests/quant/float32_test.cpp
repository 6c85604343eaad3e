// Tests of quant/float32.hpp.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <qgraft/quant/float32.hpp>

#include <bit>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

using keep = qgraft::float_ops<qgraft::subnormals::keep>;
using flush = qgraft::float_ops<qgraft::subnormals::flush>;

namespace {

std::uint32_t bits_of(float x) { return std::bit_cast<std::uint32_t>(x); }

float from_bits(std::uint64_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits)); }

bool same(float a, float b) { return bits_of(a) == bits_of(b) || (std::isnan(a) && std::isnan(b)); }

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

#if defined(__SSE2__)
/// Runs f with FTZ and DAZ set.
template <class F>
float in_flush_mode(F f) {
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x8040U);
  volatile float result = f();
  _mm_setcsr(before);
  return result;
}

bool agrees_with_hardware(float x, float y) {
  volatile float a = x;
  volatile float b = y;
  return same(flush::add(x, y), in_flush_mode([&] { return a + b; })) &&
         same(flush::sub(x, y), in_flush_mode([&] { return a - b; })) &&
         same(flush::mul(x, y), in_flush_mode([&] { return a * b; })) &&
         same(flush::div(x, y), in_flush_mode([&] { return a / b; }));
}

void check_against_hardware(float x, float y) {
  if (agrees_with_hardware(x, y)) return;
  CAPTURE(bits_of(x));
  CAPTURE(bits_of(y));
  FAIL("differs from the hardware");
}
#endif

}  // namespace

TEST_CASE("a product is rounded before it is added, whatever the flags") {
  volatile float a = 1.0F + 0x1p-12F;
  const float rounded = 1.0F + 0x1p-11F;  // a * a is 1 + 2^-11 + 2^-24: the last term is lost
  CHECK(keep::sub(keep::mul(a, a), rounded) == 0.0F);
  CHECK(flush::sub(flush::mul(a, a), rounded) == 0.0F);
  const float p = keep::mul(a, a);
  CHECK(p - rounded == 0.0F);
}

TEST_CASE("subnormal operands and results are kept or become zero with their sign") {
  CHECK(keep::add(1e-40F, 0.0F) == 1e-40F);
  CHECK(bits_of(flush::flushed(1e-40F)) == bits_of(0.0F));
  CHECK(bits_of(flush::flushed(-1e-40F)) == bits_of(-0.0F));
  CHECK(bits_of(flush::flushed(-FLT_MIN)) == bits_of(-FLT_MIN));
  CHECK(bits_of(flush::mul(-FLT_MIN, 0.5F)) == bits_of(-0.0F));
  CHECK(bits_of(flush::div(FLT_MIN, -2.0F)) == bits_of(-0.0F));
  CHECK(flush::sub(1.5F * FLT_MIN, FLT_MIN) == 0.0F);
  CHECK(flush::div(1.0F, 1e-40F) == infinity);
  CHECK(std::isnan(flush::flushed(not_a_number)));
  CHECK(flush::flushed(-infinity) == -infinity);
}

TEST_CASE("minimum and maximum give the first operand for NaN and for equals") {
  CHECK(keep::minimum(1.0F, 2.0F) == 1.0F);
  CHECK(keep::minimum(2.0F, 1.0F) == 1.0F);
  CHECK(keep::maximum(1.0F, 2.0F) == 2.0F);
  CHECK(keep::maximum(2.0F, 1.0F) == 2.0F);
  CHECK(std::isnan(keep::minimum(not_a_number, 1.0F)));
  CHECK(std::isnan(keep::maximum(not_a_number, 1.0F)));
  CHECK(keep::minimum(1.0F, not_a_number) == 1.0F);
  CHECK(keep::maximum(1.0F, not_a_number) == 1.0F);
  CHECK(bits_of(keep::minimum(0.0F, -0.0F)) == bits_of(0.0F));
  CHECK(bits_of(flush::minimum(-1e-40F, 0.0F)) == bits_of(-0.0F));
}

TEST_CASE("floor is std::floor, and constant") {
  static_assert(keep::floor(-2.5F) == -3.0F);
  static_assert(keep::floor(2.5F) == 2.0F);
  std::mt19937 random(1);
  for (int i = 0; i < 200000; ++i) {
    const auto any = from_bits(random());
    const bool equal_for_any = same(keep::floor(any), std::floor(any));
    if (!equal_for_any) FAIL("floor of ", any);
    const float near = static_cast<float>(static_cast<int>(random() % 200001U) - 100000) / 8.0F;
    const bool equal_near_ties = same(keep::floor(near), std::floor(near));
    if (!equal_near_ties) FAIL("floor of ", near);
  }
  for (float x : {0.0F, -0.0F, 0x1p23F, -0x1p23F, 0x1p23F - 0.5F, -0x1p23F + 0.5F, infinity, -infinity, not_a_number, 1e-40F}) {
    CHECK(same(keep::floor(x), std::floor(x)));
  }
}

#if defined(__SSE2__)
TEST_CASE("flush is what x86 does with FTZ and DAZ set") {
  std::mt19937 random(2);
  const auto any = [&random] { return from_bits(random()); };
  for (int i = 0; i < 100000; ++i) check_against_hardware(any(), any());
  // Around FLT_MIN, where it takes care to say whether a result is tiny: products and quotients of about 2^-126.
  const auto mantissa = [&random] { return from_bits(0x3f800000U + (random() & 0x7fffffU)); };
  for (int i = 0; i < 100000; ++i) {
    const float a = (random() & 1U) != 0 ? mantissa() : -mantissa();
    const float inverse = from_bits(bits_of(1.0F / a) + random() % 5U - 2U);
    check_against_hardware(a * 0x1p-64F, inverse * 0x1p-62F);
    const float near = from_bits(bits_of(a) + random() % 5U - 2U);
    check_against_hardware(a * 0x1p-64F, near * 0x1p62F);
  }
  for (float one : {1.0F - 0x1p-23F, 1.0F - 0x1p-24F, 1.0F, 1.0F + 0x1p-23F}) {
    check_against_hardware(one * 0x1p-64F, 0x1p-62F);
    check_against_hardware(one * 0x1p-64F, 0x1p62F);
  }
}
#endif
