// A rewrite under a policy fixed at compile time builds the same graph as one with options, and puts functors into it.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <qgraft/kernels/scalar.hpp>
#include <qgraft/qat.hpp>

#include "support/toy_graph.hpp"

using namespace qgraft;
using options = qat_options<toy::graph>;

namespace {

toy::graph network() {
    toy::graph g;
    const auto input = g("input", word::other);
    const auto a = toy::biased_layer(g, "a", input);
    g("output", word::other, {g("product", word::mul, {a, toy::biased_layer(g, "b", input)})});
    return g;
}

template <phase P, class Policy>
std::string by_policy(const options& o = {}) {
    toy::graph g = network();
    rewrite_for<P, Policy>(g, o);
    return toy::text(g);
}

template <phase P, class Kernels = no_kernels>
std::string by_options(const options& o) {
    toy::graph g = network();
    rewrite_for<P, Kernels>(g, o);
    return toy::text(g);
}

using kernels = scalar<>;

}  // namespace

TEST_CASE("the default policy is the default options") {
    CHECK(by_policy<phase::training, qat_policy<>>() == by_options<phase::training>({}));
    CHECK(by_policy<phase::evaluation, qat_policy<>>() == by_options<phase::evaluation>({}));
}

TEST_CASE("equal settings build equal graphs") {
    using policy = qat_policy<quant_spec{.bits = 4, .symmetric = true, .narrow_range = true},
                              quant_spec{.bits = 12, .symmetric = true}>;
    const options o{.weight_bits = 4, .activation_bits = 12, .symmetric = true, .quant_delay = 5, .scope = "a"};
    CHECK(by_policy<phase::training, policy>(o) == by_options<phase::training>(o));
    CHECK(by_policy<phase::evaluation, policy>(o) == by_options<phase::evaluation>(o));
}

TEST_CASE("equal settings with kernels build equal graphs") {
    using policy = qat_policy<quant_spec{.bits = 4, .narrow_range = true}, quant_spec{.bits = 6}, kernels>;
    const options o{.weight_bits = 4, .activation_bits = 6};
    CHECK(by_policy<phase::training, policy>() == by_options<phase::training, kernels>(o));
}

TEST_CASE("the nodes hold the functors of their own specs") {
    toy::graph g = network();
    rewrite_for<phase::evaluation,
                qat_policy<quant_spec{.bits = 2, .narrow_range = true}, quant_spec{.bits = 2}, kernels>>(g);
    const std::vector<float> in{-1.0F, 0.0F, 1.0F};
    std::vector<float> weights(3);
    std::vector<float> activations(3);
    g.at(g.find("a/weights_quant/fake_quant")).params.kernel(in, weights, -1.0F, 1.0F);
    g.at(g.find("a/act_quant/fake_quant")).params.kernel(in, activations, 0.0F, 3.0F);
    CHECK(weights == std::vector<float>{-1.0F, 0.0F, 1.0F});
    CHECK(activations == std::vector<float>{0.0F, 0.0F, 1.0F});
    CHECK((g.at(g.find("product/activation_mul_quant/fake_quant")).params.kernel != nullptr));
}

TEST_CASE("without kernels the nodes hold no functor") {
    toy::graph g = network();
    create_training_graph(g);
    CHECK((g.at(g.find("a/act_quant/fake_quant")).params.kernel == nullptr));
}
