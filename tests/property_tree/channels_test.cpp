// Weights with a range for each output channel in networks that are property trees.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include <qgraft/property_tree/dialect.hpp>
#include <qgraft/property_tree/graph.hpp>
#include <qgraft/property_tree/read_configuration.hpp>
#include <qgraft/property_tree/select_layers.hpp>
#include <qgraft/qat.hpp>

namespace {

namespace pt = qgraft::property_tree;

constexpr const char* network = R"({"nodes": [
    {"name": "image", "op": "input", "shapes": [[-1, 8, 8, 3]]},
    {"name": "filter", "op": "parameter", "shapes": [[4, 3, 3, 3]]},
    {"name": "conv", "op": "conv2d", "inputs": ["image", "filter"], "attributes": {"filter_format": "OHWI"}},
    {"name": "conv_act", "op": "relu6", "inputs": ["conv"]},
    {"name": "depth_filter", "op": "parameter", "shapes": [[3, 3, 4, 2]]},
    {"name": "depth", "op": "depthwise_conv2d", "inputs": ["conv_act", "depth_filter"]},
    {"name": "depth_act", "op": "relu6", "inputs": ["depth"]},
    {"name": "out", "op": "output", "inputs": ["depth_act"]}
]})";

/// The network rewritten under a configuration.
pt::graph rewritten(const char* configuration) {
    pt::graph g = pt::read_graph(network);
    qgraft::qat_options<pt::graph> options;
    pt::apply(pt::read_configuration(configuration, pt::format::json), options);
    qgraft::rewrite_for<qgraft::phase::training>(g, options);
    return g;
}

std::int64_t number(const pt::graph& g, const char* node, const char* key) {
    return pt::attribute_of<std::int64_t>(g.find(node), key).value_or(-1);
}

}  // namespace

TEST_CASE("channels are where the layout of the layer says") {
    const pt::graph g = rewritten(R"({"weights": {"granularity": "per_channel"}})");
    CHECK(number(g, "weights_quant/fake_quant_per_channel", "axis") == 0);
    CHECK(number(g, "weights_quant/batch_min", "kept_axis") == 0);
    CHECK(pt::detail::numbers_of<std::int64_t>(g.find("weights_quant/min"), "dims") == std::vector<std::int64_t>{4});
    CHECK(g.find("conv")->inputs[1].node == g.find("weights_quant/fake_quant_per_channel"));
    CHECK(number(g, "weights_quant/fake_quant_per_channel_1", "axis") == 3);
    CHECK(pt::detail::numbers_of<std::int64_t>(g.find("weights_quant/join_channels"), "dims") ==
          std::vector<std::int64_t>{3, 3, 1, 8});
    CHECK(g.find("depth")->inputs[1].node == g.find("weights_quant/split_channels"));
    CHECK(number(g, "act_quant/fake_quant", "axis") == -1);
}

TEST_CASE("single layers may have them, or may not") {
    const pt::graph all_but_one = rewritten(
        R"({"weights": {"granularity": "per_channel"},
            "layers": [{"name": "depth", "weights": {"granularity": "per_tensor"}}]})");
    CHECK(all_but_one.find("weights_quant/fake_quant_per_channel") != nullptr);
    CHECK(all_but_one.find("weights_quant/fake_quant") != nullptr);
    const pt::graph one = rewritten(R"({"layers": [{"name": "depth", "weights": {"granularity": "per_channel"}}]})");
    CHECK(one.find("weights_quant/join_channels") != nullptr);
    CHECK(one.find("weights_quant/fake_quant") != nullptr);
}

TEST_CASE("rewritten again, the network stays as it is") {
    pt::graph g = rewritten(R"({"weights": {"granularity": "per_channel"}})");
    const std::string once = pt::write_graph(g);
    qgraft::rewrite_for<qgraft::phase::training>(g, qgraft::qat_options<pt::graph>{});
    CHECK(pt::write_graph(g) == once);
}
