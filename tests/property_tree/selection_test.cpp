// What a configuration does to a rewrite: selectors, and settings that reach the layers they choose.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include <qgraft/property_tree/read_configuration.hpp>
#include <qgraft/property_tree/select_layers.hpp>
#include <qgraft/qat.hpp>

#include "support/lines.hpp"
#include "support/toy_graph.hpp"

namespace {

namespace pt = qgraft::property_tree;
using qgraft::word;

/// conv1, depth, conv2 below net, and then dense: each with bias and relu.
toy::graph network() {
    toy::graph g;
    auto x = g("input", word::other);
    const auto add = [&](const std::string& scope, word op) {
        const auto layer = toy::layer(g, scope, x, op);
        const auto biased = g(scope + "/biased", word::bias_add, {layer, g(scope + "/bias", word::variable)});
        x = g(scope + "/activation", word::relu, {biased});
    };
    add("net/conv1", word::conv2d);
    add("net/depth", word::depthwise_conv2d);
    add("net/conv2", word::conv2d);
    add("dense", word::matmul);
    g("output", word::other, {x});
    return g;
}

qgraft::qat_options<toy::graph> options_of(std::string_view text) {
    qgraft::qat_options<toy::graph> o;
    pt::apply(pt::read_configuration(text, pt::format::json), o);
    return o;
}

toy::graph rewritten(std::string_view configuration) {
    toy::graph g = network();
    qgraft::rewrite_for<qgraft::phase::training>(g, options_of(configuration));
    return g;
}

/// The widths of the weights and activations of each layer, "8/8"; "-" where it is not quantized.
std::string widths(const toy::graph& g) {
    std::string all;
    for (const std::string scope : {"net/conv1", "net/depth", "net/conv2", "dense"}) {
        const auto bits = [&](const char* what) {
            const std::string name = scope + what;
            return g.has(name) ? std::to_string(g.at(g.find(name)).params.bits) : std::string("-");
        };
        all += (all.empty() ? "" : " ") + bits("/weights_quant/fake_quant") + "/" + bits("/act_quant/fake_quant");
    }
    return all;
}

std::string refusal(std::string_view configuration) {
    toy::graph g = network();
    const std::string before = toy::text(g);
    try {
        qgraft::rewrite_for<qgraft::phase::training>(g, options_of(configuration));
    } catch (const pt::invalid_configuration& e) {
        CHECK(toy::text(g) == before);
        return e.what();
    }
    return "not refused";
}

}  // namespace

TEST_CASE("mixed precision: 8 bits for the first and the last layer, 4-bit weights between") {
    CHECK(widths(rewritten(R"({
      "weights": {"bits": 4},
      "layers": [{"position": "first", "weights": {"bits": 8}}, {"position": "last", "weights": {"bits": 8}}]
    })")) == "8/8 4/8 4/8 8/8");
}

TEST_CASE("selectors") {
    const auto with = [](const std::string& selectors) {
        return widths(rewritten(R"({"layers": [{)" + selectors + R"(, "weights": {"bits": 4}}]})"));
    };
    CHECK(with(R"("name": "net/conv1/layer")") == "4/8 8/8 8/8 8/8");
    CHECK(with(R"("name": "*conv?*")") == "4/8 8/8 4/8 8/8");
    CHECK(with(R"("op": "matmul")") == "8/8 8/8 8/8 4/8");
    CHECK(with(R"("scope": "net")") == "4/8 4/8 4/8 8/8");
    CHECK(with(R"("scope": "net/")") == "4/8 4/8 4/8 8/8");
    CHECK(with(R"("position": 2)") == "8/8 8/8 4/8 8/8");
    CHECK(with(R"("position": -2)") == "8/8 8/8 4/8 8/8");
    CHECK(with(R"("op": "conv2d", "position": "last")") == "8/8 8/8 4/8 8/8");
    CHECK(with(R"("scope": "net", "name": "*depth*")") == "8/8 4/8 8/8 8/8");
}

TEST_CASE("of several choices for a layer the later one counts, key by key") {
    CHECK(widths(rewritten(R"({"activations": {"bits": 6}, "layers": [
      {"scope": "net", "weights": {"bits": 4}, "activations": {"bits": 5}},
      {"position": "first", "weights": {"bits": 7}},
      {"position": "last", "exclude": true},
      {"op": "matmul", "exclude": false}
    ]})")) == "7/5 4/5 4/5 8/6");
}

TEST_CASE("an excluded layer stays as it is") {
    CHECK(widths(rewritten(R"({"layers": [{"op": "depthwise_conv2d", "exclude": true}]})")) == "8/8 -/- 8/8 8/8");
}

TEST_CASE("settings of the whole graph reach it") {
    const toy::graph g = rewritten(R"({"weights": {"symmetric": true, "narrow_range": false, "range": "moving_average"},
                                       "ema_decay": 0.5, "quant_delay": 7, "scope": "net"})");
    CHECK(widths(g) == "8/8 8/8 8/8 -/-");
    const auto& weights = g.at(g.find("net/conv1/weights_quant/fake_quant")).params;
    CHECK(weights.symmetric);
    CHECK_FALSE(weights.narrow_range);
    CHECK(g.at(g.find("net/conv1/weights_quant/assign_min_ema")).params.real == 0.5);
    CHECK_FALSE(g.at(g.find("net/conv1/act_quant/fake_quant")).params.symmetric);
    CHECK(g.has("net/conv1/act_quant/delayed_quant"));
}

TEST_CASE("a configuration that says what options say gives the same graph") {
    qgraft::qat_options<toy::graph> o{.weight_bits = 5, .activation_bits = 6, .symmetric = true, .quant_delay = 3};
    toy::graph g = network();
    qgraft::rewrite_for<qgraft::phase::training>(g, o);
    CHECK(toy::text(g) == toy::text(rewritten(R"({"weights": {"bits": 5, "symmetric": true},
                                                  "activations": {"bits": 6, "symmetric": true}, "quant_delay": 3})")));
}

TEST_CASE("selectors that choose no layer are errors, all of them named, and the graph stays as it was") {
    CHECK(refusal(R"({"layers": [
      {"name": "net/conv", "exclude": true},
      {"position": "first", "weights": {"bits": 4}},
      {"op": "depthwise_conv2d", "scope": "dense", "weights": {"bits": 4}},
      {"position": 4, "weights": {"bits": 4}}
    ]})") ==
          "layers.0: no layer has name 'net/conv'; layers.2: no layer has op depthwise_conv2d, scope 'dense'; "
          "layers.3: no layer has position 4");
    CHECK(refusal(R"({"scope": "net", "layers": [{"op": "matmul", "exclude": true}]})") ==
          "layers.0: no layer has op matmul");
    CHECK(refusal(R"({"layers": [{"position": -9223372036854775808, "exclude": true}]})") ==
          "layers.0: no layer has position -9223372036854775808");
}

TEST_CASE("globs") {
    using pt::glob_matches;
    CHECK(glob_matches("", ""));
    CHECK(glob_matches("*", ""));
    CHECK(glob_matches("a*c", "abbc"));
    CHECK(glob_matches("*b*b*", "abab"));
    CHECK(glob_matches("a?c*", "abcdef"));
    CHECK_FALSE(glob_matches("a?c", "ac"));
    CHECK_FALSE(glob_matches("a*d", "abc"));
    CHECK_FALSE(glob_matches("", "a"));
    CHECK_FALSE(glob_matches(std::string(1000, '*') + "b", std::string(10000, 'a')));
}
