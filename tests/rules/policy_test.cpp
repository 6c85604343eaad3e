// Tests of rules/policy.hpp: the functors that a policy gives for a spec.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <vector>

#include <qgraft/kernels/scalar.hpp>
#include <qgraft/rules/policy.hpp>

using namespace qgraft;

TEST_CASE("without kernels there is no functor") {
    static_assert(kernel_for<no_kernels, quant_spec{}>() == nullptr);
    CHECK((kernel_for<no_kernels>(quant_spec{}) == nullptr));
    CHECK_THROWS_AS(kernel_for<no_kernels>(quant_spec{.bits = 17}), quant_error);
}

TEST_CASE("the same spec has the same functor, chosen at compile time or at run time") {
    using kernels = qgraft::scalar<>;
    CHECK((kernel_for<kernels>(quant_spec{.bits = 4}) == kernel_for<kernels, quant_spec{.bits = 4}>()));
    CHECK((kernel_for<kernels>(quant_spec{.bits = 4}) != kernel_for<kernels>(quant_spec{.bits = 5})));
    CHECK((kernel_for<kernels>(quant_spec{.narrow_range = true}) != kernel_for<kernels>(quant_spec{})));
    CHECK((kernel_for<kernels>(quant_spec{.symmetric = true}) == kernel_for<kernels>(quant_spec{})));
}

TEST_CASE("a symmetric spec has a functor of its own where the numerics nudges it in another way") {
    using kernels = qgraft::scalar<qgraft::torch>;
    const auto symmetric = kernel_for<kernels>(quant_spec{.symmetric = true});
    CHECK((symmetric != kernel_for<kernels>(quant_spec{})));
    CHECK((symmetric == kernel_for<kernels, quant_spec{.symmetric = true}>()));
    CHECK((kernel_for<kernels>(quant_spec{.symmetric = true, .narrow_range = true}) ==
           kernel_for<kernels, quant_spec{.symmetric = true, .narrow_range = true}>()));
}

namespace {

struct two_widths : qgraft::scalar<> {
    using compiled_widths = qgraft::widths<4, 8>;
};

}  // namespace

TEST_CASE("a width that the kernels were not compiled for is an error") {
    CHECK((kernel_for<two_widths>(quant_spec{.bits = 4}) == kernel_for<two_widths, quant_spec{.bits = 4}>()));
    CHECK_THROWS_AS(kernel_for<two_widths>(quant_spec{.bits = 5}), qgraft::width_not_compiled);
}

TEST_CASE("the functor quantizes") {
    const std::vector<float> in{-1.0F, 0.3F, 5.0F};
    std::vector<float> out(3);
    kernel_for<qgraft::scalar<>>(quant_spec{.bits = 2})(in, out, 0.0F, 3.0F);
    CHECK(out == std::vector<float>{0.0F, 0.0F, 3.0F});
}

TEST_CASE("a functor has one range: a spec of channels has none") {
    constexpr quant_spec channels{.bits = 4, .grain = granularity::per_channel};
    static_assert(kernel_for<scalar<>, channels>() == nullptr);
    CHECK((kernel_for<scalar<>>(channels) == nullptr));
    CHECK_THROWS_AS(kernel_for<scalar<>>(quant_spec{.bits = 1, .grain = granularity::per_channel}), quant_error);
}
