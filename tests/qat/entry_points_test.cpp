// Tests of the four entry points of qat.hpp.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include <qgraft/qat.hpp>

#include "support/toy_graph.hpp"

using namespace qgraft;

namespace {

/// The text of a graph after `rewrite`.
template <class Rewrite>
std::string after(Rewrite rewrite, toy::graph g = toy::small_network()) {
    rewrite(g);
    return toy::text(g);
}

toy::graph network_with_sum() {
    toy::graph g;
    const auto input = g("input", word::other);
    const auto a = toy::biased_layer(g, "a", input);
    const auto b = toy::biased_layer(g, "b", input);
    g("output", word::other, {g("product", word::mul, {a, b})});
    return g;
}

}  // namespace

TEST_CASE("create_training_graph learns ranges") {
    toy::graph g = toy::small_network();
    const report r = create_training_graph(g);
    CHECK(g.count(word::fake_quant) == 2);
    CHECK(g.count(word::assign) == 2);
    CHECK(g.count(word::ema_update) == 2);
    CHECK(g.count(word::select) == 0);
    CHECK(g.at(g.find("conv/act_quant/assign_min_ema")).params.real == 0.999);
    CHECK(r.nodes_before == toy::small_network().size());
    CHECK(r.nodes_after == g.size());
    CHECK(r.variables.size() == 4);
    REQUIRE(r.moved.size() == 2);
    CHECK(r.moved[1].from == "conv/activation:0");
    CHECK(r.moved[1].to == "conv/act_quant/fake_quant:0");
    CHECK(r.moved[1].operands == 1);
    CHECK(r.script.empty());
}

TEST_CASE("create_eval_graph reads ranges") {
    toy::graph g = toy::small_network();
    create_eval_graph(g);
    CHECK(g.count(word::fake_quant) == 2);
    CHECK(g.count(word::assign) == 0);
    CHECK(g.count(word::ema_update) == 0);
    CHECK(g.source("conv/weights_quant/fake_quant", 1) == "conv/weights_quant/min");
}

TEST_CASE("create_training_graph with a delay") {
    toy::graph g = toy::small_network();
    create_training_graph(g, 500);
    CHECK(g.count(word::select) == 2);
    CHECK(g.at(g.find("conv/act_quant/activate_quant")).params.integer == 500);
    CHECK(g.source("output") == "conv/act_quant/delayed_quant");
}

TEST_CASE("the experimental entry points with their defaults are the plain ones") {
    CHECK(after([](toy::graph& g) { create_training_graph(g); }) ==
          after([](toy::graph& g) { experimental_create_training_graph(g); }));
    CHECK(after([](toy::graph& g) { create_eval_graph(g); }) ==
          after([](toy::graph& g) { experimental_create_eval_graph(g); }));
}

TEST_CASE("the experimental entry points pass everything on") {
    const qat_options<toy::graph> options{.weight_bits = 4,
                                          .activation_bits = 5,
                                          .symmetric = true,
                                          .quant_delay = 10,
                                          .freeze_bn_delay = 20,
                                          .scope = "a"};
    CHECK(after([&](toy::graph& g) { rewrite_for<phase::training>(g, options); }, network_with_sum()) ==
          after([](toy::graph& g) { experimental_create_training_graph(g, 4, 5, true, 10, 20, "a"); },
                network_with_sum()));
    CHECK(after([&](toy::graph& g) { rewrite_for<phase::evaluation>(g, options); }, network_with_sum()) ==
          after([](toy::graph& g) { experimental_create_eval_graph(g, 4, 5, true, 10, "a"); }, network_with_sum()));
}

TEST_CASE("the sweep comes after the layers, and is never symmetric") {
    toy::graph g = network_with_sum();
    rewrite_for<phase::training>(g, qat_options<toy::graph>{.symmetric = true});
    CHECK(g.source("output") == "product/activation_mul_quant/fake_quant");
    CHECK_FALSE(g.at(g.find("product/activation_mul_quant/fake_quant")).params.symmetric);
    CHECK(g.at(g.find("a/act_quant/fake_quant")).params.symmetric);
}

TEST_CASE("a graph without layers stays as it is") {
    toy::graph g;
    g("output", word::other, {g("input", word::other)});
    const std::string before = toy::text(g);
    const report r = create_training_graph(g);
    CHECK(toy::text(g) == before);
    CHECK(r.decisions.empty());
    toy::graph empty;
    CHECK(create_eval_graph(empty).nodes_after == 0);
}
