// Tests of kernels/policy.hpp and kernels/numerics.hpp: what satisfies the concepts, and what does not.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <qgraft/kernels/observe.hpp>
#include <qgraft/kernels/policy.hpp>
#include <qgraft/kernels/scalar.hpp>

#include <array>

namespace {

/// A user's numerics: no rounding at all, only clamping.
struct clamp_only {
    using ops = qgraft::float_ops<qgraft::subnormals::keep>;
    static constexpr auto tensor_form = qgraft::quantize_form::other;
    static constexpr auto channel_form = qgraft::quantize_form::other;
    static constexpr bool min_max_keeps_nan = false;
    static constexpr bool nudges_symmetric = false;
    static qgraft::nudged_range nudge(qgraft::quant_range r, const qgraft::quant_spec&) {
        return {.min = r.min, .max = r.max};
    }
    static float quantize(float x, const qgraft::nudged_range& r) { return x < r.min ? r.min : x > r.max ? r.max : x; }
    static float quantize_channel(float x, const qgraft::nudged_range& r) { return quantize(x, r); }
    static int to_integer(float, const qgraft::nudged_range&) { return 0; }
    static float to_real(int, const qgraft::nudged_range&) { return 0.0F; }
    static bool passes(float x, const qgraft::nudged_range& r) { return x >= r.min && x <= r.max; }
    static bool below(float x, const qgraft::nudged_range& r) { return x < r.min; }
    static bool above(float x, const qgraft::nudged_range& r) { return x > r.max; }
};

/// A user's kernels that lack the functions for channels.
struct tensor_only {
    static void fake_quantize(std::span<const float>, std::span<float>, qgraft::quant_range, qgraft::quant_spec) {}
    template <qgraft::quant_spec S>
    static void fake_quantize(std::span<const float>, std::span<float>, qgraft::quant_range) {}
    static qgraft::range_gradient fake_quantize_gradient(std::span<const float>, std::span<const float>,
                                                         std::span<float>, qgraft::quant_range, qgraft::quant_spec) {
        return {};
    }
    static qgraft::quant_range min_max(std::span<const float>) { return {}; }
};

/// A user's kernels with a state: they count how often they are called.
struct counting_kernels {
    int* calls;

    void fake_quantize(std::span<const float> in, std::span<float> out, qgraft::quant_range range,
                       const qgraft::quant_spec& spec) const {
        ++*calls;
        qgraft::scalar<>::fake_quantize(in, out, range, spec);
    }
    template <qgraft::quant_spec S>
    void fake_quantize(std::span<const float> in, std::span<float> out, qgraft::quant_range range) const {
        fake_quantize(in, out, range, S);
    }
    qgraft::range_gradient fake_quantize_gradient(std::span<const float> grad, std::span<const float> in,
                                                  std::span<float> dx, qgraft::quant_range range,
                                                  const qgraft::quant_spec& spec) const {
        ++*calls;
        return qgraft::scalar<>::fake_quantize_gradient(grad, in, dx, range, spec);
    }
    qgraft::quant_range min_max(std::span<const float> in) const {
        ++*calls;
        return qgraft::scalar<>::min_max(in);
    }
};

struct nothing {};

}  // namespace

TEST_CASE("the scalar kernels satisfy the concepts, for every numerics") {
    static_assert(qgraft::channel_kernel_policy<qgraft::scalar<>>);
    static_assert(qgraft::channel_kernel_policy<qgraft::scalar<clamp_only>>);
    static_assert(qgraft::folding_kernel_policy<qgraft::scalar<>>);
    qgraft::require_kernel_policy<qgraft::scalar<>>();
    qgraft::require_folding_kernel_policy<qgraft::scalar<>>();
}

TEST_CASE("kernels without channels are a kernel policy, an empty type is none") {
    static_assert(qgraft::kernel_policy<tensor_only>);
    static_assert(!qgraft::channel_kernel_policy<tensor_only>);
    static_assert(!qgraft::folding_kernel_policy<tensor_only>);
    static_assert(!qgraft::kernel_policy<nothing>);
    static_assert(qgraft::numerics_policy<qgraft::tf115>);
    static_assert(!qgraft::numerics_policy<nothing>);
    qgraft::require_kernel_policy<tensor_only>();
}

TEST_CASE("the scalar kernels compute with the numerics they are given") {
    const std::array<float, 3> in{-2.0F, 0.3F, 2.0F};
    std::array<float, 3> out{};
    qgraft::scalar<clamp_only>::fake_quantize(in, out, {-1.0F, 1.0F}, {});
    CHECK(out == std::array<float, 3>{-1.0F, 0.3F, 1.0F});
}

TEST_CASE("a user's kernels with a state are a kernel policy, and observe, update and quantize in one call") {
    static_assert(qgraft::kernel_policy<counting_kernels>);
    int calls = 0;
    const counting_kernels kernels{&calls};
    const std::array<float, 4> in{-1.0F, 0.4F, 1.6F, 2.0F};
    std::array<float, 4> out{};
    qgraft::last_value observer;
    const auto range = qgraft::detail::observe_fake_quantize(kernels, observer, in, out, {.bits = 2});
    CHECK(range == qgraft::quant_range{-1.0F, 2.0F});
    CHECK(out == std::array<float, 4>{-1.0F, 0.0F, 2.0F, 2.0F});
    CHECK(calls == 2);
}
