// Tests of qat_options: what each changes, and what is refused. A graph that is refused stays as it was.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>

#include <string>

#include <qgraft/qat.hpp>

#include "support/toy_graph.hpp"

using namespace qgraft;
using options = qat_options<toy::graph>;

namespace {

/// The message of the error that a rewrite of `g` ends with; the graph must be unchanged.
template <class Error>
std::string refusal(toy::graph g, const options& o) {
    const std::string before = toy::text(g);
    std::string message = "not refused";
    try {
        rewrite_for<phase::training>(g, o);
    } catch (const Error& e) {
        message = e.what();
    }
    CHECK(toy::text(g) == before);
    return message;
}

toy::graph rewritten(const options& o, toy::graph g = toy::small_network()) {
    rewrite_for<phase::training>(g, o);
    return g;
}

}  // namespace

TEST_CASE("bits reach weights and activations") {
    const toy::graph g = rewritten({.weight_bits = 2, .activation_bits = 16});
    CHECK(g.at(g.find("conv/weights_quant/fake_quant")).params.bits == 2);
    CHECK(g.at(g.find("conv/act_quant/fake_quant")).params.bits == 16);
}

TEST_CASE("bits out of range are refused") {
    CHECK(refusal<invalid_option>(toy::small_network(), {.weight_bits = 1}) ==
          "weight_bits: is 1, and must be from 2 to 16");
    CHECK(refusal<invalid_option>(toy::small_network(), {.activation_bits = 17}) ==
          "activation_bits: is 17, and must be from 2 to 16");
}

TEST_CASE("negative delays, and a decay out of range, are refused") {
    CHECK(refusal<invalid_option>(toy::small_network(), {.quant_delay = -1}) == "quant_delay: is negative");
    CHECK(refusal<invalid_option>(toy::small_network(), {.freeze_bn_delay = -1}) == "freeze_bn_delay: is negative");
    CHECK(refusal<invalid_option>(toy::small_network(), {.ema_decay = 2}) == "ema_decay: is not from 0 to 1");
}

TEST_CASE("the decay reaches the moving averages") {
    const toy::graph g = rewritten({.ema_decay = 0.5});
    CHECK(g.at(g.find("conv/act_quant/assign_max_ema")).params.real == 0.5);
}

TEST_CASE("excluded layers stay as they are, and handles of another graph are refused") {
    toy::graph g = toy::small_network();
    CHECK(rewritten({.exclude = {g.find("conv/layer")}}).count(word::fake_quant) == 0);
    CHECK(refusal<invalid_option>(toy::small_network(), {.exclude = {1000}}) ==
          "exclude: holds a node that is not of this graph");
    CHECK(refusal<invalid_option>(toy::small_network(), {.exclude = {toy::small_network().find("output")}}) ==
          "exclude: holds 'output', which is not a layer (other): there is nothing to leave out");
}

TEST_CASE("graphs that cannot be rewritten are refused by name") {
    toy::graph training = toy::small_network();
    training("train/update", word::training_step);
    CHECK(refusal<refused_graph>(training, {}).starts_with("train/update: is a training operation"));

    toy::graph dangling = toy::small_network();
    dangling.set_input(dangling.find("output"), 0, {1000, 0});
    CHECK_THROWS_WITH_AS(create_training_graph(dangling), "output: reads a node that is not of this graph",
                         invalid_graph);

    toy::graph cyclic = toy::small_network();
    cyclic.set_input(cyclic.find("conv/layer"), 0, {cyclic.find("output"), 0});
    CHECK(refusal<invalid_graph>(cyclic, {}) == "conv/layer: is part of a cycle, or follows one");
}

TEST_CASE("a batch norm that cannot be folded is left, and the report says why") {
    toy::graph normed = toy::small_network();
    const auto norm = normed("norm", word::batch_norm, {normed.find("conv/layer")});
    normed("reader", word::other, {norm});
    const report r = create_training_graph(normed);
    const auto about_it = [](const decision& d) {
        return d.node == "norm" && d.what == outcome::left_as_is && !d.reason.empty();
    };
    CHECK(std::any_of(r.decisions.begin(), r.decisions.end(), about_it));
    CHECK(normed.count(word::fake_quant) == 2);
}

TEST_CASE("the fold stage alone quantizes nothing") {
    CHECK(toy::text(rewritten({.stages = stage::fold})) == toy::text(toy::small_network()));
}

TEST_CASE("warnings are in the report, and errors when strict") {
    toy::graph g = toy::small_network();
    const report r = rewrite_for<phase::training>(g, options{.scope = "nowhere"});
    REQUIRE(r.warnings.size() == 1);
    CHECK(r.warnings[0] == "no node is in the scope 'nowhere'");
    CHECK(refusal<refused_graph>(toy::small_network(), {.scope = "nowhere", .strict = true}) ==
          "no node is in the scope 'nowhere'");
    CHECK(rewritten({.strict = true}).count(word::fake_quant) == 2);
}

TEST_CASE("a dry run changes nothing and tells what it would do") {
    toy::graph g = toy::small_network();
    const std::string before = toy::text(g);
    const report planned = rewrite_for<phase::evaluation>(g, options{.dry_run = true});
    CHECK(toy::text(g) == before);
    CHECK(planned.script[0] == "rule quantize_layers");
    CHECK(planned.script[1] == "scope conv/weights_quant");
    CHECK(planned.script.back() == "reroute conv/activation -> %5 at output[0]");
    CHECK(planned.nodes_after > planned.nodes_before);

    const report done = rewrite_for<phase::evaluation>(g, {});
    CHECK(done.nodes_after == planned.nodes_after);
    CHECK(done.decisions.size() == planned.decisions.size());
    CHECK(done.moved.size() == planned.moved.size());
}
