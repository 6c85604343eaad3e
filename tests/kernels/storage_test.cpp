// Tests of kernels/scalar_storage.hpp: integers of every type and numerics. torch_table_test.cpp compares uint8 with
// PyTorch.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <qgraft/kernels/scalar.hpp>

#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

using qgraft::quant_error;
using qgraft::quant_range;
using qgraft::quant_spec;
using qgraft::scalar;

namespace {

using floats = std::vector<float>;

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();
constexpr float infinity = std::numeric_limits<float>::infinity();

/// Values in and around a range.
floats values_around(quant_range r) {
    floats values{0.0F, -0.0F, r.min, r.max, -1e30F, 1e30F, -infinity, infinity, 1e-40F};
    for (int i = -20; i <= 120; ++i) values.push_back(r.min + (r.max - r.min) * static_cast<float>(i) / 100.0F);
    return values;
}

/// How many values do not come back as fake quantization has them, bit for bit; NaN is left out.
std::size_t differences(const floats& expected, const floats& got) {
    std::size_t differ = 0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
        if (expected[i] != expected[i]) continue;
        differ += std::bit_cast<std::uint32_t>(expected[i]) == std::bit_cast<std::uint32_t>(got[i]) ? 0 : 1;
    }
    return differ;
}

template <class Kernels, class Integer>
std::size_t round_trip_differences(const floats& in, quant_range range, const quant_spec& spec) {
    std::vector<Integer> stored(in.size());
    floats expected(in.size());
    floats got(in.size());
    Kernels::fake_quantize(in, expected, range, spec);
    Kernels::template quantize<Integer>(in, stored, range, spec);
    Kernels::template dequantize<Integer>(stored, got, range, spec);
    return differences(expected, got);
}

template <class Kernels>
std::size_t packed_round_trip_differences(const floats& in, quant_range range, const quant_spec& spec) {
    std::vector<std::uint8_t> packed((in.size() + 1) / 2);
    floats expected(in.size());
    floats got(in.size());
    Kernels::fake_quantize(in, expected, range, spec);
    Kernels::quantize_int4(in, packed, range, spec);
    Kernels::dequantize_int4(packed, got, range, spec);
    return differences(expected, got);
}

}  // namespace

TEST_CASE_TEMPLATE("dequantized integers are the fake-quantized values, bit for bit", N, qgraft::tf115,
                   qgraft::tf115_args, qgraft::tf2, qgraft::tf2_args, qgraft::torch, qgraft::torch_fused) {
    using kernels = scalar<N>;
    for (const quant_range range : {quant_range{-1.3F, 2.7F}, quant_range{0.0F, 6.0F}, quant_range{-255.0F, 0.0F},
                                    quant_range{-0.013F, 5.1F}, quant_range{1.0F, 6.0F}, quant_range{-6.0F, -1.0F}}) {
        const floats in = values_around(range);
        for (const bool narrow : {false, true}) {
            for (int bits = 2; bits <= 16; ++bits) {
                const quant_spec spec{.bits = bits, .narrow_range = narrow};
                CAPTURE(range.min);
                CAPTURE(range.max);
                CAPTURE(bits);
                CAPTURE(narrow);
                CHECK(round_trip_differences<kernels, std::int16_t>(in, range, spec) == 0);
                CHECK(round_trip_differences<kernels, std::uint16_t>(in, range, spec) == 0);
                if (bits <= 8) CHECK(round_trip_differences<kernels, std::int8_t>(in, range, spec) == 0);
                if (bits <= 8) CHECK(round_trip_differences<kernels, std::uint8_t>(in, range, spec) == 0);
                if (bits <= 4) CHECK(packed_round_trip_differences<kernels>(in, range, spec) == 0);
            }
        }
    }
}

TEST_CASE("integers are stored from qmin to qmax, in signed types less 2^(bits - 1)") {
    const floats in{-1.0F, 0.0F, 1.0F, 2.0F};
    std::array<std::uint8_t, 4> as_unsigned{};
    scalar<>::quantize<std::uint8_t>(in, as_unsigned, {-1.0F, 2.0F}, {.bits = 2});
    CHECK(as_unsigned == std::array<std::uint8_t, 4>{0, 1, 2, 3});
    std::array<std::int16_t, 4> as_signed{};
    scalar<>::quantize<std::int16_t>(in, as_signed, {-1.0F, 2.0F}, {.bits = 2});
    CHECK(as_signed == std::array<std::int16_t, 4>{-2, -1, 0, 1});
    scalar<>::quantize<std::uint8_t>(in, as_unsigned, {-1.0F, 1.0F}, {.bits = 2, .narrow_range = true});
    CHECK(as_unsigned == std::array<std::uint8_t, 4>{1, 2, 3, 3});
}

TEST_CASE("packed integers: the first in the low half, and 0 where there is no second") {
    const floats in{-1.0F, 2.0F, 0.0F};
    std::array<std::uint8_t, 2> packed{};
    scalar<>::quantize_int4(in, packed, {-1.0F, 2.0F}, {.bits = 2});
    CHECK(packed == std::array<std::uint8_t, 2>{0x1E, 0x0F});
}

TEST_CASE("NaN becomes what the numerics says") {
    const floats in{not_a_number};
    std::array<std::uint8_t, 1> stored{};
    scalar<qgraft::tf115>::quantize<std::uint8_t>(in, stored, {-1.0F, 2.0F}, {.bits = 2});
    CHECK(stored[0] == 1);  // the zero point
    scalar<qgraft::torch>::quantize<std::uint8_t>(in, stored, {-1.0F, 2.0F}, {.bits = 2});
    CHECK(stored[0] == 3);  // the highest, as PyTorch stores it
}

TEST_CASE("what storage cannot hold, and spans of the wrong size, are refused before anything is written") {
    const floats in{1.0F, 2.0F};
    std::array<std::int8_t, 2> small{7, 7};
    CHECK_THROWS_AS(scalar<>::quantize<std::int8_t>(in, small, {0.0F, 6.0F}, {.bits = 9}), quant_error);
    CHECK_THROWS_AS(scalar<>::quantize<std::int8_t>(in, std::span(small).first(1), {0.0F, 6.0F}, {}), quant_error);
    std::array<std::uint8_t, 1> packed{7};
    CHECK_THROWS_AS(scalar<>::quantize_int4(in, packed, {0.0F, 6.0F}, {.bits = 5}), quant_error);
    CHECK_THROWS_AS(scalar<>::quantize_int4(floats(3), packed, {0.0F, 6.0F}, {.bits = 4}), quant_error);
    CHECK(small == std::array<std::int8_t, 2>{7, 7});
    CHECK(packed[0] == 7);
}

TEST_CASE("the definition can be used in constant expressions") {
    constexpr auto quantized = [] {
        const std::array<float, 3> in{-9.0F, 0.4F, 1.6F};
        std::array<float, 3> out{};
        scalar<>::fake_quantize(in, out, {-1.0F, 2.0F}, {.bits = 2});
        return out;
    }();
    static_assert(quantized == std::array<float, 3>{-1.0F, 0.0F, 2.0F});
    constexpr auto stored = [] {
        const std::array<float, 3> in{-9.0F, 0.4F, 1.6F};
        std::array<std::int8_t, 3> out{};
        scalar<>::quantize<std::int8_t>(in, out, {-1.0F, 2.0F}, {.bits = 2});
        return out;
    }();
    static_assert(stored == std::array<std::int8_t, 3>{-2, -1, 1});
}
