// Tests of quant/quant_spec.hpp.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <qgraft/quant/quant_spec.hpp>

#include <limits>
#include <string>
#include <type_traits>

using qgraft::granularity;
using qgraft::quant_error;
using qgraft::quant_spec;

namespace {

template <quant_spec S>
struct takes_a_spec {
  static constexpr int levels = S.levels();
};

}  // namespace

TEST_CASE("a quant_spec is a template argument, the same type for equal specs") {
  static_assert(std::is_same_v<takes_a_spec<quant_spec{}>, takes_a_spec<quant_spec{.bits = 8}>>);
  static_assert(!std::is_same_v<takes_a_spec<quant_spec{}>, takes_a_spec<quant_spec{.symmetric = true}>>);
  static_assert(!std::is_same_v<takes_a_spec<quant_spec{}>, takes_a_spec<quant_spec{.grain = granularity::per_channel}>>);
  static_assert(takes_a_spec<quant_spec{.bits = 4}>::levels == 16);
  qgraft::require_valid<quant_spec{.bits = 2}>();
  qgraft::require_valid<quant_spec{.bits = 16}>();
}

TEST_CASE("the integers of a spec") {
  CHECK(quant_spec{}.qmin() == 0);
  CHECK(quant_spec{}.qmax() == 255);
  CHECK(quant_spec{}.levels() == 256);
  CHECK(quant_spec{.narrow_range = true}.qmin() == 1);
  CHECK(quant_spec{.narrow_range = true}.qmax() == 255);
  CHECK(quant_spec{.narrow_range = true}.levels() == 255);
  CHECK(quant_spec{.bits = 2}.qmax() == 3);
  CHECK(quant_spec{.bits = 16}.qmax() == 65535);
}

TEST_CASE("bits from 2 to 16 are valid, others are refused with the number") {
  for (int bits = 2; bits <= 16; ++bits) {
    CHECK(quant_spec{.bits = bits}.valid());
    CHECK_NOTHROW(qgraft::require_valid(quant_spec{.bits = bits}));
  }
  for (int bits : {-1, 0, 1, 17, 31, 32, std::numeric_limits<int>::max(), std::numeric_limits<int>::min()}) {
    const quant_spec spec{.bits = bits};
    CHECK_FALSE(spec.valid());
    CHECK_THROWS_AS(qgraft::require_valid(spec), quant_error);
    CHECK_THROWS_AS(static_cast<void>(spec.qmax()), quant_error);
    CHECK_THROWS_AS(static_cast<void>(spec.levels()), quant_error);
  }
  CHECK_THROWS_WITH(qgraft::require_valid(quant_spec{.bits = 17}),
                    "qgraft: quant_spec bits must be from 2 to 16, not 17");
}

TEST_CASE("dispatch_bits turns run-time bits into a constant") {
  for (int bits = 2; bits <= 16; ++bits) {
    CHECK(qgraft::dispatch_bits(bits, [](auto n) { return takes_a_spec<quant_spec{.bits = n()}>::levels; }) == 1 << bits);
  }
  int calls = 0;
  const auto count = [&calls](auto) -> int& { return ++calls; };
  static_assert(std::is_same_v<decltype(qgraft::dispatch_bits(8, count)), int&>);
  qgraft::dispatch_bits(8, count);
  CHECK(calls == 1);
  CHECK_THROWS_AS(qgraft::dispatch_bits(1, count), quant_error);
  CHECK_THROWS_AS(qgraft::dispatch_bits(17, count), quant_error);
  CHECK(calls == 1);
  static_assert(qgraft::dispatch_bits(5, [](auto n) { return n(); }) == 5);
}

TEST_CASE("a width that is not in the list of those compiled is an error that names it and them") {
  using two = qgraft::widths<4, 8>;
  const auto bits_of = [](auto n) { return n(); };
  CHECK(qgraft::dispatch_bits<two>(4, bits_of) == 4);
  CHECK(qgraft::dispatch_bits<two>(8, bits_of) == 8);
  CHECK_THROWS_WITH_AS(qgraft::dispatch_bits<two>(6, bits_of),
                       "qgraft: a quant_spec of 6 bits was not compiled in; those of 4 8 bits were",
                       qgraft::width_not_compiled);
  CHECK_THROWS_WITH_AS(qgraft::dispatch_bits<two>(17, bits_of), "qgraft: quant_spec bits must be from 2 to 16, not 17",
                       quant_error);
  try {
    qgraft::dispatch_spec<two>({.bits = 5}, [](auto) {});
    FAIL("5 bits were dispatched");
  } catch (const qgraft::width_not_compiled& e) {
    CHECK(e.bits() == 5);
  }
}

TEST_CASE("dispatch_spec turns a run-time spec into a constant") {
  for (int bits = 2; bits <= 16; ++bits) {
    for (int flags = 0; flags < 8; ++flags) {
      const quant_spec spec{.bits = bits,
                            .symmetric = (flags & 1) != 0,
                            .narrow_range = (flags & 2) != 0,
                            .grain = (flags & 4) != 0 ? granularity::per_channel : granularity::per_tensor};
      CHECK(qgraft::dispatch_spec(spec, [](auto s) { return s(); }) == spec);
      CHECK(qgraft::dispatch_spec(spec, [](auto s) { return takes_a_spec<s()>::levels; }) == spec.levels());
    }
  }
  static_assert(qgraft::dispatch_spec(quant_spec{.bits = 3}, [](auto s) { return takes_a_spec<s()>::levels; }) == 8);
  int calls = 0;
  const auto count = [&calls](auto) -> int& { return ++calls; };
  static_assert(std::is_same_v<decltype(qgraft::dispatch_spec(quant_spec{}, count)), int&>);
}
