// Tests of kernels/parallel.hpp: whatever runs the pieces, in whatever order, values and sums are those of the policy.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <qgraft/kernels/parallel.hpp>
#include <qgraft/kernels/scalar.hpp>
#include <qgraft/kernels/simd.hpp>

#include "simd_check_channels.hpp"

#include <atomic>
#include <cstring>
#include <stdexcept>
#include <thread>
#include <type_traits>
#include <vector>

using qgraft::quant_error;
using qgraft::quant_range;
using qgraft::quant_spec;
using simd_check::floats;

namespace {

std::atomic<std::size_t> pieces_run{0};

/// Three threads; each takes every third piece, the last first.
struct three_threads {
    template <class Piece>
    void operator()(std::size_t count, const Piece& piece) const {
        std::vector<std::thread> threads;
        for (std::size_t t = 0; t < 3; ++t) {
            threads.emplace_back([=] {
                for (std::size_t i = count; i-- > 0;) {
                    if (i % 3 == t) piece(i);
                }
            });
        }
        for (std::thread& t : threads) t.join();
        pieces_run += count;
    }
};

struct backwards {
    void operator()(std::size_t count, qgraft::piece_function piece) const {
        while (count-- > 0) piece(count);
    }
};

template <class T>
bool equal_bits(const T& a, const T& b) {
    if (a.size() != b.size()) return false;
    return a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(a[0])) == 0;
}

/// Sums with NaN in them say little, and which NaN it is, is not defined.
float finite(float g) { return std::isfinite(g) ? g : 0.7F; }

template <class P>
void check_tensor(const P& policy, const auto& split, std::size_t n) {
    CAPTURE(n);
    simd_check::values source({-1.0F, 1.2F});
    floats x(n);
    floats g(n);
    for (float& v : x) v = source.next();
    for (float& v : g) v = finite(source.next_gradient());
    floats one(n);
    floats many(n);
    const quant_range range{-1.0F, 1.2F};
    policy.fake_quantize(x, one, range, {});
    split.fake_quantize(x, many, range, {});
    CHECK(equal_bits(one, many));
    many.assign(n, 0.0F);
    split.template fake_quantize<quant_spec{}>(x, many, range);
    CHECK(equal_bits(one, many));
    const auto a = policy.fake_quantize_gradient_sums(g, x, one, range, {});
    const auto b = split.fake_quantize_gradient_sums(g, x, many, range, {});
    CHECK(equal_bits(one, many));
    CHECK(std::memcmp(&a, &b, sizeof(a)) == 0);
    const quant_range least = policy.min_max(x);
    const quant_range found = split.min_max(x);
    CHECK(std::memcmp(&least, &found, sizeof(least)) == 0);

    std::vector<std::uint8_t> bytes(n);
    std::vector<std::uint8_t> same_bytes(n);
    policy.quantize(std::span<const float>(x), std::span(bytes), range, {});
    split.quantize(std::span<const float>(x), std::span(same_bytes), range, {});
    CHECK(bytes == same_bytes);
    split.dequantize(std::span<const std::uint8_t>(bytes), std::span(many), range, {});
    policy.dequantize(std::span<const std::uint8_t>(bytes), std::span(one), range, {});
    CHECK(equal_bits(one, many));
    std::vector<std::uint8_t> packed(n / 2 + n % 2);
    std::vector<std::uint8_t> same_packed(packed.size());
    policy.quantize_int4(x, packed, range, {.bits = 4});
    split.quantize_int4(x, same_packed, range, {.bits = 4});
    CHECK(packed == same_packed);
    policy.dequantize_int4(packed, one, range, {.bits = 4});
    split.dequantize_int4(packed, many, range, {.bits = 4});
    CHECK(equal_bits(one, many));
}

template <class P>
void check_channels(const P& policy, const auto& split, const simd_check::shape& s) {
    CAPTURE(s.outer);
    CAPTURE(s.channels);
    CAPTURE(s.inner);
    const std::size_t n = s.size();
    simd_check::values source({-1.0F, 1.2F});
    floats x(n);
    floats g(n);
    for (float& v : x) v = source.next();
    for (float& v : g) v = finite(source.next_gradient());
    floats one(n);
    floats many(n);
    const auto ranges = simd_check::channel_ranges(s.channels, false);
    policy.fake_quantize_channels(x, one, ranges, {}, s.inner);
    split.fake_quantize_channels(x, many, ranges, {}, s.inner);
    CHECK(equal_bits(one, many));
    std::vector<qgraft::range_sums> a(s.channels);
    std::vector<qgraft::range_sums> b(s.channels);
    policy.fake_quantize_channels_gradient_sums(g, x, one, ranges, a, {}, s.inner);
    split.fake_quantize_channels_gradient_sums(g, x, many, ranges, b, {}, s.inner);
    CHECK(equal_bits(one, many));
    CHECK(equal_bits(a, b));
    std::vector<quant_range> least(s.channels);
    std::vector<quant_range> found(s.channels);
    policy.min_max_channels(x, least, s.inner);
    split.min_max_channels(x, found, s.inner);
    CHECK(equal_bits(least, found));
    floats scales;
    for (const quant_range& r : ranges) scales.push_back(r.max);
    policy.scale_channels(x, one, scales, s.inner);
    split.scale_channels(x, many, scales, s.inner);
    CHECK(equal_bits(one, many));
}

template <class P>
void check(const P& policy) {
    const qgraft::parallel<P, three_threads> typed;
    for (const std::size_t n : {0U, 1U, 16384U, 131071U, 300001U}) check_tensor(policy, typed, n);
    for (const simd_check::shape& s : {simd_check::shape{4000, 64, 1},
                                       {6000, 37, 1},
                                       {1, 40, 9000},
                                       {3, 5, 40000},
                                       {9, 30, 700},
                                       {40, 3000, 2},
                                       {5, 70000, 1},
                                       {3000, 5, 9},
                                       {17, 129, 65},
                                       {0, 4, 1},
                                       {100, 2500, 1}}) {
        check_channels(policy, typed, s);
    }
    check_channels(policy, qgraft::parallel(policy, backwards{}), {900, 150, 1});
}

/// Kernels that fail in every piece.
struct failing : qgraft::scalar<> {
    static void fake_quantize(std::span<const float>, std::span<float>, quant_range, const quant_spec&) {
        throw std::runtime_error("no");
    }
    template <quant_spec S>
    static void fake_quantize(std::span<const float>, std::span<float>, quant_range) {}
};

}  // namespace

TEST_CASE("split over threads, values and sums are those of the policy, bit for bit") {
    pieces_run = 0;
    check(qgraft::simd<qgraft::tf115>{});
    CHECK(pieces_run > 100);
    check(qgraft::scalar<qgraft::torch>{});
    for (const qgraft::simd_level level : simd_check::levels()) {
        const simd_check::at_level at(level);
        check_channels(qgraft::simd<qgraft::torch>{}, qgraft::parallel(qgraft::simd<qgraft::torch>{}, backwards{}),
                       {500, 101, 3});
    }
}

TEST_CASE("sums do not depend on where a tensor lies, nor on whether it is streamed") {
    constexpr std::size_t size = qgraft::detail::streamed_bytes / sizeof(float) + 64;
    static_assert(size % 64 == 0);
    const quant_range range{-1.0F, 1.2F};
    const std::vector<quant_range> ranges = simd_check::channel_ranges(64, false);
    simd_check::values source(range);
    floats x(size);
    floats g(size);
    for (float& v : x) v = source.next();
    for (float& v : g) v = finite(source.next_gradient());
    for (const qgraft::simd_level level : simd_check::levels()) {
        CAPTURE(static_cast<int>(level));
        const simd_check::at_level at(level);
        const qgraft::simd<qgraft::tf2> whole;
        const qgraft::parallel pieces(whole, backwards{});
        for (const std::size_t n : {std::size_t{6400}, size}) {
            CAPTURE(n);
            const std::span<const float> in(x.data(), n);
            const std::span<const float> grad(g.data(), n);
            std::vector<qgraft::range_sums> expected(64);
            std::vector<qgraft::range_sums> found(64);
            simd_check::tensor dx(n, 0);
            const auto one = whole.fake_quantize_gradient_sums(grad, in, dx.span(), range, {});
            whole.fake_quantize_channels_gradient_sums(grad, in, dx.span(), ranges, expected, {});
            for (const std::size_t shift : {1U, 4U, 9U}) {
                simd_check::tensor elsewhere(n, shift);
                const auto other = whole.fake_quantize_gradient_sums(grad, in, elsewhere.span(), range, {});
                CHECK(std::memcmp(&one, &other, sizeof(one)) == 0);
                whole.fake_quantize_channels_gradient_sums(grad, in, elsewhere.span(), ranges, found, {});
                CHECK(equal_bits(expected, found));
                CHECK(equal_bits(dx.span(), elsewhere.span()));
                CHECK(elsewhere.guarded());
            }
            const auto split = pieces.fake_quantize_gradient_sums(grad, in, dx.span(), range, {});
            CHECK(std::memcmp(&one, &split, sizeof(one)) == 0);
            pieces.fake_quantize_channels_gradient_sums(grad, in, dx.span(), ranges, found, {});
            CHECK(equal_bits(expected, found));
        }
    }
}

TEST_CASE("a type where the split is empty, an object where it has state") {
    using typed = qgraft::parallel<qgraft::simd<>, three_threads>;
    static_assert(std::is_empty_v<typed>);
    static_assert(qgraft::summing_kernel_policy<typed>);
    static_assert(qgraft::folding_kernel_policy<typed>);
    static_assert(qgraft::storage_kernel_policy<typed>);
    static_assert(qgraft::observing_kernel_policy<typed>);
    std::size_t calls = 0;
    const qgraft::parallel kernels(qgraft::scalar<>{}, [&calls](std::size_t count, qgraft::piece_function piece) {
        ++calls;
        for (std::size_t i = 0; i < count; ++i) piece(i);
    });
    floats x(200000, 0.3F);
    kernels.fake_quantize(x, x, {-1.0F, 1.0F}, {});
    CHECK(calls == 1);
    floats few(100, 0.3F);
    kernels.fake_quantize(few, few, {-1.0F, 1.0F}, {});
    CHECK(calls == 1);  // too few to be split
}

TEST_CASE("bad arguments are refused before a piece runs; what a piece throws is thrown in the end") {
    const qgraft::parallel kernels(qgraft::scalar<>{}, backwards{});
    floats x(200000, 0.3F);
    floats out(199999, 42.0F);
    CHECK_THROWS_AS(kernels.fake_quantize(x, out, {-1.0F, 1.0F}, {}), quant_error);
    CHECK_THROWS_AS(kernels.fake_quantize(x, x, {-1.0F, 1.0F}, {.bits = 1}), quant_error);
    CHECK_THROWS_AS(kernels.fake_quantize_gradient(x, out, out, {-1.0F, 1.0F}, {}), quant_error);
    CHECK(out == floats(199999, 42.0F));

    CHECK_THROWS_AS(qgraft::parallel(failing{}, three_threads{}).fake_quantize(x, x, {-1.0F, 1.0F}, {}),
                    std::runtime_error);
}
