// Weights with a range for each output channel.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include <qgraft/kernels/scalar.hpp>
#include <qgraft/ops/archetype.hpp>
#include <qgraft/qat.hpp>

#include "support/toy_graph.hpp"

using namespace qgraft;

namespace {

using options = qat_options<toy::graph>;
using four_bits = qat<weights<quant_spec{.bits = 4, .narrow_range = true, .grain = granularity::per_channel}>>;

/// A convolution, one of each channel by itself, and a layer whose weights have an unknown shape.
toy::graph network() {
    toy::graph g;
    const auto first = toy::biased_layer(g, "first", g("input", word::other));
    const auto depthwise = toy::layer(g, "depthwise", first, word::depthwise_conv2d);
    g.set_channels(depthwise, {.split = true});
    const auto active = g("depthwise/activation", word::relu, {depthwise});
    g("output", word::other, {toy::biased_layer(g, "last", active)});
    g.set_shape("first/weights", {3, 3, 3, 4});
    g.set_shape("depthwise/weights", {3, 3, 4, 2});
    return g;
}

const options by_channel{.weight_granularity = granularity::per_channel};

const word_params& params(const toy::graph& g, const std::string& name) { return g.at(g.find(name)).params; }

const decision& decision_on(const report& r, const std::string& node) {
    for (const decision& d : r.decisions) {
        if (d.node == node) return d;
    }
    throw std::out_of_range("no decision on " + node);
}

}  // namespace

TEST_CASE("each output channel of weights has a range of its own, activations have one") {
    toy::graph g = network();
    rewrite_for<phase::training>(g, by_channel);
    CHECK(g.source("first/layer", 1) == "first/weights_quant/fake_quant_per_channel");
    CHECK(params(g, "first/weights_quant/fake_quant_per_channel").axis == std::size_t{3});
    CHECK(params(g, "first/weights_quant/min").dims == std::vector<std::int64_t>{4});
    CHECK(params(g, "first/weights_quant/min").real == -6);
    CHECK(params(g, "first/weights_quant/batch_max").axis == std::size_t{3});
    CHECK(g.has("first/act_quant/fake_quant"));
    CHECK(params(g, "first/act_quant/min").dims.empty());
}

TEST_CASE("channels on two axes are joined to be quantized") {
    toy::graph g = network();
    rewrite_for<phase::training>(g, by_channel);
    CHECK(g.source("depthwise/layer", 1) == "depthwise/weights_quant/split_channels");
    CHECK(params(g, "depthwise/weights_quant/join_channels").dims == std::vector<std::int64_t>{3, 3, 1, 8});
    CHECK(params(g, "depthwise/weights_quant/split_channels").dims == std::vector<std::int64_t>{3, 3, 4, 2});
    CHECK(g.source("depthwise/weights_quant/batch_min") == "depthwise/weights_quant/join_channels");
    CHECK(params(g, "depthwise/weights_quant/max").dims == std::vector<std::int64_t>{8});
}

TEST_CASE("weights whose channels are not known stay as they are, and the report names them") {
    toy::graph g = network();
    const report r = rewrite_for<phase::training>(g, by_channel);
    CHECK(g.source("last/layer", 1) == "last/weights");
    CHECK(g.has("last/act_quant/fake_quant"));
    CHECK(decision_on(r, "last/weights").what == outcome::left_as_is);
    CHECK(decision_on(r, "last/weights").reason == "how many channels the weights have is not known");
}

TEST_CASE("rewritten again, nothing changes, with a delay and without, for evaluation and for training") {
    for (const std::int64_t delay : {0, 100}) {
        options o = by_channel;
        o.quant_delay = delay;
        toy::graph training = network();
        rewrite_for<phase::training>(training, o);
        toy::graph again = training;
        CHECK(rewrite_for<phase::training>(again, o).count(outcome::quantized) == 0);
        CHECK(toy::text(again) == toy::text(training));
        CHECK(rewrite_for<phase::training>(again, {}).count(outcome::quantized) == 1);  // last/weights
        toy::graph evaluation = network();
        rewrite_for<phase::evaluation>(evaluation, o);
        again = evaluation;
        CHECK(rewrite_for<phase::evaluation>(again, o).count(outcome::quantized) == 0);
        CHECK(toy::text(again) == toy::text(evaluation));
    }
}

TEST_CASE("by options, by settings of layers and by a policy the graph is one") {
    options o = by_channel;
    o.weight_bits = 4;
    toy::graph by_options = network();
    rewrite_for<phase::training>(by_options, o);
    options single;
    single.layers = for_each_layer([](const auto&, layer_settings& s) {
        s.weights.bits = 4;
        s.weights.grain = granularity::per_channel;
    });
    toy::graph by_layers = network();
    rewrite_for<phase::training>(by_layers, single);
    toy::graph by_policy = network();
    rewrite_for<phase::training, four_bits>(by_policy);
    CHECK(toy::text(by_layers) == toy::text(by_options));
    CHECK(toy::text(by_policy) == toy::text(by_options));
}

TEST_CASE("overrides of a policy build what settings of layers build") {
    using is_first = decltype([](const layer_facts& l) { return l.name.starts_with("first/"); });
    using policy =
        qat<weights<quant_spec{.bits = 4, .narrow_range = true, .grain = granularity::per_channel}>,
            activations<quant_spec{}>, no_kernels, where<is_first, weights<quant_spec{.narrow_range = true}>>>;
    options o = by_channel;
    o.weight_bits = 4;
    o.layers = for_each_layer([](const auto& l, layer_settings& s) {
        if (l.name.starts_with("first/")) s.weights = {.narrow_range = true};
    });
    toy::graph by_options = network();
    rewrite_for<phase::training>(by_options, o);
    toy::graph by_policy = network();
    rewrite_for<phase::training, policy>(by_policy);
    CHECK(toy::text(by_policy) == toy::text(by_options));
    CHECK(by_policy.has("first/weights_quant/fake_quant"));
    CHECK(by_policy.has("depthwise/weights_quant/fake_quant_per_channel"));
}

TEST_CASE("kernels go into the nodes that have one range") {
    toy::graph g = network();
    rewrite_for<phase::training, scalar<>>(g, by_channel);
    CHECK((params(g, "first/weights_quant/fake_quant_per_channel").kernel == nullptr));
    CHECK((params(g, "first/act_quant/fake_quant").kernel != nullptr));
}

TEST_CASE("a graph whose dialect does not speak of channels refuses them") {
    full_archetype g;
    qat_options<full_archetype> o{.weight_granularity = granularity::per_channel};
    CHECK_THROWS_WITH_AS(rewrite_for<phase::training>(g, o),
                         "weight_granularity: is per_channel, and the dialect of this graph does not speak "
                         "'fake_quant_per_channel' and 'reshape'",
                         invalid_option);
}
