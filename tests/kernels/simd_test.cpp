// Tests of kernels/simd.hpp against kernels/scalar.hpp: every level that this processor has, every numerics.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "simd_check_channels.hpp"
#include "simd_check_tensor.hpp"

#include <cstdlib>

using qgraft::quant_error;
using qgraft::quant_range;

namespace {

simd_check::effort effort() {
    const bool full = std::getenv("QGRAFT_FULL_TESTS") != nullptr;
    return full ? simd_check::effort{.all_ranges = true} : simd_check::effort{.longest = 70};
}

template <class N>
void check(const char* numerics) {
    static_assert(qgraft::channel_kernel_policy<qgraft::simd<N>>);
    static_assert(qgraft::summing_kernel_policy<qgraft::simd<N>>);
    static_assert(qgraft::folding_kernel_policy<qgraft::simd<N>>);
    static_assert(qgraft::storage_kernel_policy<qgraft::simd<N>>);
    static_assert(qgraft::observing_kernel_policy<qgraft::simd<N>>);
    for (const qgraft::simd_level level : simd_check::levels()) {
        CAPTURE(numerics);
        CAPTURE(static_cast<int>(level));
        const simd_check::at_level at(level);
        simd_check::findings differences;
        simd_check::check_tensors<N>(effort(), differences);
        simd_check::check_all_channels<N>(effort(), differences);
        CHECK(differences.count() == 0);
    }
}

/// Compares the numbers of many ranges with those that the numerics' own nudge gives.
template <class N>
void check_nudge() {
    std::vector<quant_range> ranges = simd_check::ranges();
    simd_check::values source({-3.0F, 7.0F});
    while (ranges.size() < 3001) ranges.push_back({source.next(), source.next()});
    for (const qgraft::simd_level level : simd_check::levels()) {
        for (const qgraft::quant_spec& spec : simd_check::specs()) {
            qgraft::detail::channel_table<N> table(level, ranges, spec);
            std::size_t differ = 0;
            for (std::size_t c = 0; c < ranges.size(); ++c) {
                float expected[qgraft::detail::simd_params];
                qgraft::detail::put_params<N::channel_form>(N::nudge(ranges[c], spec), expected, 1);
                const bool live = qgraft::detail::is_live(expected, 1);
                if (live != qgraft::detail::is_live(table.data() + c, table.stride())) ++differ;
                for (std::size_t p = 0; p < qgraft::detail::at_live && live; ++p) {
                    if (!simd_check::same(table.data()[p * table.stride() + c], expected[p])) ++differ;
                }
            }
            CHECK(differ == 0);
        }
    }
}

}  // namespace

TEST_CASE("the vector kernels are the scalar definition, bit for bit: tf115") { check<qgraft::tf115>("tf115"); }
TEST_CASE("the vector kernels are the scalar definition, bit for bit: tf115_args") {
    check<qgraft::tf115_args>("tf115_args");
}
TEST_CASE("the vector kernels are the scalar definition, bit for bit: tf2") { check<qgraft::tf2>("tf2"); }
TEST_CASE("the vector kernels are the scalar definition, bit for bit: tf2_args") {
    check<qgraft::tf2_args>("tf2_args");
}
TEST_CASE("the vector kernels are the scalar definition, bit for bit: torch") { check<qgraft::torch>("torch"); }

TEST_CASE("quotients are corrected where neither they nor their remainders can leave the normal numbers") {
    // That corrected ones are exact there, is tried in tests/cuda/quotient_test.cpp.
    static_assert(qgraft::detail::is_common(1.0F));
    static_assert(!qgraft::detail::is_common(0x1p-48F) && !qgraft::detail::is_common(0x1p64F));
    static_assert(!qgraft::detail::is_common(-1.0F) && !qgraft::detail::is_common(0.0F));
    CHECK(!qgraft::detail::is_common(std::nanf("")));
}

TEST_CASE("ranges nudged in vectors are those nudged one by one") {
    check_nudge<qgraft::tf115>();
    check_nudge<qgraft::tf115_args>();
    check_nudge<qgraft::tf2>();
    check_nudge<qgraft::tf2_args>();
    check_nudge<qgraft::torch>();
}

TEST_CASE("tensors that are written past the caches are equal, too") {
    constexpr std::size_t size = qgraft::detail::streamed_bytes / sizeof(float) + 64;
    simd_check::findings differences;
    simd_check::check_tensor<qgraft::tf2>(size, 1, {-0.3F, 5.1F}, {}, differences);
    simd_check::check_channels<qgraft::tf115>({size / 64, 64, 1}, 3, simd_check::channel_ranges(64, false), {},
                                              differences);
    CHECK(differences.count() == 0);
}

TEST_CASE("bad arguments are refused before anything is written") {
    using kernels = qgraft::simd<>;
    const std::vector<float> in(3, 1.0F);
    std::vector<float> out(3, 42.0F);
    std::vector<float> small(2, 42.0F);
    const std::vector<quant_range> two(2, {-1.0F, 1.0F});
    std::vector<qgraft::range_gradient> d(2);
    CHECK_THROWS_AS(kernels::fake_quantize(in, small, {-1.0F, 1.0F}, {}), quant_error);
    CHECK_THROWS_AS(kernels::fake_quantize(in, out, {-1.0F, 1.0F}, {.bits = 17}), quant_error);
    CHECK_THROWS_AS(kernels::fake_quantize_gradient(small, in, out, {-1.0F, 1.0F}, {}), quant_error);
    CHECK_THROWS_AS(kernels::fake_quantize_gradient(in, in, small, {-1.0F, 1.0F}, {}), quant_error);
    CHECK_THROWS_AS(kernels::fake_quantize_channels(in, out, two, {}), quant_error);
    CHECK_THROWS_AS(kernels::fake_quantize_channels(small, small, two, {}, 0), quant_error);
    CHECK_THROWS_AS(kernels::fake_quantize_channels_gradient(small, small, small, two, {d.data(), 1}, {}), quant_error);
    CHECK_THROWS_AS(kernels::scale_channels(in, out, small, 1), quant_error);
    std::vector<std::uint8_t> bytes(3, 77);
    CHECK_THROWS_AS(
        kernels::quantize(std::span<const float>(in), std::span<std::uint8_t>(bytes), {-1.0F, 1.0F}, {.bits = 9}),
        quant_error);
    CHECK_THROWS_AS(kernels::quantize_int4(in, bytes, {-1.0F, 1.0F}, {.bits = 4}), quant_error);
    CHECK(out == std::vector<float>(3, 42.0F));
    CHECK(small == std::vector<float>(2, 42.0F));
    CHECK(bytes == std::vector<std::uint8_t>(3, 77));
}

namespace {

/// Gradients of values and gradients that are subnormal or just above, in ranges that end at zero, where they matter.
/// Of a tensor of whole blocks and a few elements more, and of these by themselves.
std::size_t wrong_subnormals(std::size_t size) {
    using kernels = qgraft::simd<qgraft::tf115>;
    constexpr float some[] = {1e-40F, -1e-40F, FLT_MIN, -FLT_MIN, 1.5F * FLT_MIN, -3e-37F, 0.0F, -0.0F, 2e-30F, 1.0F};
    const std::size_t all = qgraft::gradient_block + size;
    std::vector<float> x(all);
    std::vector<float> grad(all);
    for (std::size_t i = 0; i < all; ++i) {
        x[i] = some[i % 7];
        grad[i] = some[(i / 7) % (i < qgraft::gradient_block ? 1 : 9)];
    }
    simd_check::findings wrong;
    for (const quant_range range : {quant_range{0.0F, 1.0F}, quant_range{-1.0F, 0.0F}, quant_range{-1.0F, 1.0F}}) {
        std::vector<float> expected(all);
        std::vector<float> dx(all);
        qgraft::scalar<qgraft::tf115>::fake_quantize_gradient(grad, x, expected, range, {});
        const auto whole = kernels::fake_quantize_gradient_sums(grad, x, dx, range, {});
        simd_check::compare("whole", dx, expected, wrong);
        const std::span<const float> g(grad.data() + qgraft::gradient_block, size);
        const std::span<const float> few(x.data() + qgraft::gradient_block, size);
        const std::span<float> to(dx.data() + qgraft::gradient_block, size);
        std::fill(to.begin(), to.end(), 42.0F);
        const auto rest = kernels::fake_quantize_gradient_sums(g, few, to, range, {});
        simd_check::compare("few", dx, expected, wrong);
        if (whole.min != rest.min || whole.max != rest.max) wrong.differs("sums", "those of a part differ");
    }
    return wrong.count();
}

}  // namespace

TEST_CASE("few gradients that are subnormal, or may have such sums, are as those in a great tensor") {
    for (const qgraft::simd_level level : simd_check::levels()) {
        const simd_check::at_level at(level);
        for (const std::size_t size : {1U, 7U, 15U, 16U, 40U, 64U, 256U}) CHECK(wrong_subnormals(size) == 0);
    }
}

#if QGRAFT_SIMD_X86
TEST_CASE("the floating-point mode of the thread is as it was, and does not matter") {
    const auto mode = [] {
        std::uint32_t csr = 0;
        asm volatile("stmxcsr %0" : "=m"(csr));
        return csr & ~0x3fU;
    };
    const std::uint32_t before = mode();
    std::vector<float> x(300, 1e-40F);
    std::vector<float> y(300);
    qgraft::simd<qgraft::tf115>::fake_quantize_gradient(x, x, y, {-1.0F, 1.0F}, {});
    CHECK(y[299] == 0.0F);
    CHECK(mode() == before);
    {
        const qgraft::detail::flush_mode flushing;
        CHECK((mode() & 0x8040U) == 0x8040U);
        CHECK(wrong_subnormals(16) == 0);
        x.assign(300, 0.3F);
        qgraft::simd<qgraft::tf115>::fake_quantize(x, y, {-1.0F, 1.0F}, {});
        CHECK((mode() & 0x8040U) == 0x8040U);
    }
    CHECK(mode() == before);
}

namespace {

/// How many floats near the halves beside an integer are on the other side of its bounds than what they round to.
__attribute__((target("sse4.1"))) std::size_t wrong_bounds(int integer) {
    using namespace qgraft::detail::sse41;
    const auto whole = static_cast<float>(integer);
    const float low = _mm_cvtss_f32(end_of_rounding(set(whole), set(-0.5F)).r);
    const float high = _mm_cvtss_f32(end_of_rounding(set(whole), set(0.5F)).r);
    std::size_t wrong = 0;
    for (const float half : {whole - 0.5F, whole + 0.5F}) {
        for (const float x : {std::nextafter(half, -1e6F), half, std::nextafter(half, 1e6F)}) {
            const float rounded = qgraft::float_ops<qgraft::subnormals::keep>::nearest(x);
            wrong += (x >= low) != (rounded >= whole);
            wrong += (x <= high) != (rounded <= whole);
        }
    }
    return wrong;
}

/// How many zero points near a half are not those of the definition.
__attribute__((target("sse4.1"))) std::size_t wrong_zero_points(int integer) {
    using namespace qgraft::detail::sse41;
    const float half = static_cast<float>(integer) + 0.5F;
    std::size_t wrong = 0;
    for (const float z : {std::nextafter(half, -1e6F), half, std::nextafter(half, 1e6F), static_cast<float>(integer)}) {
        const auto expected = static_cast<float>(qgraft::detail::zero_point_at(z, 1, 65535));
        const vec found = zero_point_lanes<true>(set(z), set(1.0F), set(65535.0F));
        wrong += _mm_cvtss_f32(found.r) != expected;
        wrong += qgraft::detail::single::zero_point_lanes<true>({z}, {1.0F}, {65535.0F}).r != expected;
    }
    return wrong;
}

/// Whether floor(q - zero + 0.5), q >= 0, is another number where it takes one addition.
__attribute__((target("sse4.1"))) bool wrong_steps(float q, float zero) {
    using namespace qgraft::detail::sse41;
    const vec expected = floor(add(sub(set(q), set(zero)), set(0.5F)));
    const vec found = floor(add(set(q), half_less(set(zero))));
    return !simd_check::same(_mm_cvtss_f32(expected.r), _mm_cvtss_f32(found.r));
}

/// The same for the floats near a number of steps and near the half behind it.
std::size_t wrong_steps_near(int steps, int zero) {
    std::size_t wrong = 0;
    for (const float middle : {static_cast<float>(steps), static_cast<float>(steps) + 0.5F}) {
        for (float q = middle * (1.0F - 0x1p-22F); q <= middle * (1.0F + 0x1p-22F); q = std::nextafter(q, 1e6F)) {
            wrong += wrong_steps(q, static_cast<float>(zero));
        }
    }
    return wrong;
}

}  // namespace

TEST_CASE("rounding without rounding: bounds of integers, zero points") {
    std::size_t wrong = 0;
    for (int i = -65540; i <= 65540; ++i) wrong += wrong_bounds(i) + wrong_zero_points(i);
    CHECK(wrong == 0);
}

TEST_CASE("steps from zero, rounded once: those of the definition") {
    std::size_t wrong = 0;
    for (int zero = 0; zero < 256; ++zero) {
        for (int steps = 0; steps < 256; ++steps) wrong += wrong_steps_near(steps, zero);
    }
    for (int i = 0; i < 65536; ++i) wrong += wrong_steps_near(i, i) + wrong_steps_near(i, 65535 - i);
    for (std::uint32_t bits = 0; bits < 0x3f800000U; bits += 997)
        wrong += wrong_steps(std::bit_cast<float>(bits), 1.0F);
    CHECK(wrong == 0);
}
#endif
