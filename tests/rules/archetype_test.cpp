// Every rule and entry point, on the graph type that has only what the concepts ask for.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <qgraft/kernels/scalar.hpp>
#include <qgraft/qat.hpp>

#include "support/archetype_text.hpp"

using namespace qgraft;

static_assert(rewritable_graph<archetype_graph> && stateful_graph<archetype_graph>);
static_assert(!named_graph<archetype_graph> && !attributed_graph<archetype_graph>);
static_assert(!shaped_graph<archetype_graph> && !control_graph<archetype_graph>);
static_assert(rewritable_graph<full_archetype> && stateful_graph<full_archetype>);
static_assert(named_graph<full_archetype> && attributed_graph<full_archetype>);
static_assert(shaped_graph<full_archetype> && control_graph<full_archetype>);

namespace {

std::size_t count(const archetype_graph& g, word w) {
    const auto nodes = g.all();
    return static_cast<std::size_t>(std::count_if(
        nodes.begin(), nodes.end(), [&](const auto& n) { return g.kind_of(n) == static_cast<unsigned>(w); }));
}

}  // namespace

TEST_CASE("each rule by itself") {
    archetype_network net;
    const graph_index view(net.graph);
    script s(view.size());
    report r;
    const quantize_config config;
    refuse_training_graph(view);
    refuse_batch_norms(view);
    CHECK(find_warnings(view, config, {}).empty());
    CHECK(find_layers(view, config).size() == 1);
    auto handled = quantize_layers(view, config, s, r);
    quantize_activations(view, config, std::move(handled), s, r);
    validate(view, s);
    CHECK_FALSE(describe(view, s).empty());
}

TEST_CASE("the four entry points") {
    archetype_network a;
    CHECK(create_training_graph(*a).count(outcome::quantized) == 4);
    CHECK(count(*a, word::fake_quant) == 4);
    archetype_network b;
    create_training_graph(*b, 100);
    CHECK(count(*b, word::select) == 4);
    archetype_network c;
    create_eval_graph(*c);
    CHECK(count(*c, word::assign) == 0);
    archetype_network d;
    experimental_create_training_graph(*d, 4, 4, true);
    archetype_network e;
    experimental_create_eval_graph(*e, 4, 4, true);
    CHECK(count(*e, word::fake_quant) == 4);
}

TEST_CASE("folding by itself") {
    archetype_network net;
    const auto norm = add(*net, word::batch_norm, {net.layer});
    add(*net, word::other, {norm});
    const std::string before = archetype_text(*net);
    const report evaluation = fold_batch_norms(*net);
    REQUIRE(evaluation.decisions.size() == 1);
    CHECK(evaluation.decisions[0].what == outcome::left_as_is);
    CHECK(fold_batch_norms<phase::training>(*net, {.freeze_bn_delay = 5, .dry_run = true}).script.empty());
    CHECK(archetype_text(*net) == before);
}

TEST_CASE("options and policies") {
    archetype_network a;
    const std::string before = archetype_text(*a);
    CHECK_FALSE(rewrite_for<phase::training>(*a, qat_options<archetype_graph>{.dry_run = true}).script.empty());
    CHECK(archetype_text(*a) == before);
    rewrite_for<phase::training, scalar<>>(*a, qat_options<archetype_graph>{.exclude = {a.layer}});
    CHECK(archetype_text(*a) == before);

    archetype_network b;
    rewrite_for<phase::training, qat_policy<quant_spec{.narrow_range = true}, quant_spec{}, scalar<>>>(*b);
    archetype_network c;
    create_training_graph(*c);
    CHECK(archetype_text(*b) == archetype_text(*c));
}

TEST_CASE("a handle that is no node is refused") {
    archetype_network net;
    CHECK_THROWS_AS(rewrite_for<phase::training>(*net, qat_options<archetype_graph>{.exclude = {archetype_node()}}),
                    invalid_option);
}

TEST_CASE("the archetype that has everything folds a batch norm in training, and stops its averages") {
    full_archetype g;
    const auto kind = [](word w) { return static_cast<unsigned>(w); };
    const auto input = g.add_node({.kind = kind(word::other), .name = "net.input"});
    const auto parameter = g.add_node({.kind = kind(word::variable), .name = "net.parameter"});
    const auto layer =
        g.add_node({.kind = kind(word::conv2d), .name = "net.layer", .inputs = {{input, 0}, {parameter, 0}}});
    const auto norm = g.add_node({.kind = kind(word::batch_norm),
                                  .name = "net.norm",
                                  .inputs = {{layer, 0}, {parameter, 0}, {parameter, 0}},
                                  .attributes = {{"training", "yes"}}});
    const auto out = g.add_node({.kind = kind(word::other), .name = "out", .inputs = {{norm, 0}}});
    std::vector<std::size_t> averages;
    for (const std::uint32_t statistic : {1U, 2U}) {
        const auto moving = g.add_node({.kind = kind(word::variable), .name = "net.moving"});
        averages.push_back(g.add_node(
            {.kind = kind(word::ema_update), .name = "net.average", .inputs = {{moving, 0}, {norm, statistic}}}));
    }
    const report r = fold_batch_norms<phase::training>(g, {.freeze_bn_delay = 5});
    CHECK(r.count(outcome::folded) == 1);
    CHECK(g.name(g.inputs(out)[0].node) == "net.add_fold");
    CHECK(g.attribute_of(norm, "annotated") == "yes");
    for (const auto average : averages) {
        const auto selected = g.inputs(average)[1].node;
        REQUIRE(g.at(selected).kind == kind(word::select));
        CHECK(g.inputs(selected)[1] == g.inputs(average)[0]);
        CHECK(g.inputs(selected)[2].node == norm);
    }
}

TEST_CASE("the archetype that has everything: names, scopes and shapes of its own spelling") {
    full_archetype g;
    const auto kind = [](word w) { return static_cast<unsigned>(w); };
    g.add_node({.kind = kind(word::other), .name = "net.input"});
    g.add_node({.kind = kind(word::other), .name = "net.weights", .attributes = {{"trained", "yes"}}});
    g.add_node({.kind = kind(word::matmul), .name = "net.layer", .inputs = {{0, 0}, {1, 0}}});
    g.add_node({.kind = kind(word::relu), .name = "net.relu", .inputs = {{2, 0}}});
    g.add_node({.kind = kind(word::other), .name = "out", .inputs = {{3, 0}}});
    g.add_node({.kind = kind(word::other), .name = "back", .inputs = {{3, 0}}, .attributes = {{"left_alone", ""}}});
    const report r = rewrite_for<phase::evaluation>(g, qat_options<full_archetype>{.scope = "net"});
    CHECK(g.name(g.inputs(2)[1].node) == "net.weights_quant.fake_quant");
    CHECK(g.name(g.inputs(4)[0].node) == "net.act_quant.fake_quant");
    CHECK(g.name(g.inputs(5)[0].node) == "net.relu");
    CHECK(r.count(outcome::quantized) == 2);
}
