// Networks in property trees conform.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>

#include <qgraft/property_tree/dialect.hpp>
#include <qgraft/property_tree/graph.hpp>
#include <qgraft/qat.hpp>
#include <qgraft/testing/conformance.hpp>

#include "support/lines.hpp"

namespace {

namespace pt = qgraft::property_tree;
using pt::graph;

/// A convolution and a matmul, a loop, a control input, and one tensor read twice, spelled in two ways.
constexpr std::string_view conforming = R"({"nodes": [
    {"name": "image", "op": "input", "shapes": [[-1, 8, 8, 3]]},
    {"name": "net/filter", "op": "parameter"},
    {"name": "net/conv", "op": "conv2d", "inputs": ["image", "net/filter:0"], "attributes": {"strides": [1, 1]}},
    {"name": "net/square", "op": "mul", "inputs": ["net/conv", "net/conv:0"]},
    {"name": "net/tiles", "op": "batch_to_space", "inputs": ["net/square"], "attributes": {"block": [2, 2]}},
    {"name": "net/depth", "op": "depthwise_conv2d", "inputs": ["net/tiles", "net/filter"]},
    {"name": "net/dense", "op": "matmul", "inputs": ["net/depth", "net/filter"]},
    {"name": "loop", "op": "carry", "inputs": ["image", "again:1"], "back": [1]},
    {"name": "again", "op": "split", "inputs": ["loop"], "after": ["net/dense"]}
]})";

graph made() { return pt::read_graph(conforming); }
std::string print(const graph& g) { return pt::write_graph(g); }

}  // namespace

TEST_CASE("networks in property trees pass the conformance suite") {
    const auto new_node = [](graph& g) {
        graph::node_data data;
        data.keys = pt::detail::keys_of(pt::detail::free_name(g, "new"), "identity", {});
        data.inputs = {{g.find("again"), 1}};
        data.after = {g.find("image")};
        return data;
    };
    const auto data = [](graph& g) { return qgraft::value<graph::node>(g.find("net/square"), 0); };
    CHECK(qgraft::testing::check_graph<graph>(made, print, new_node, data) == lines{});
    const auto rewrite = [](graph& g, qgraft::edit_observer fail) {
        qgraft::qat_options<graph> options{.quant_delay = 10};
        options.on_change = std::move(fail);
        qgraft::rewrite_for<qgraft::phase::training>(g, options);
    };
    CHECK(qgraft::testing::check_all_or_nothing<graph>(made, print, rewrite) == lines{});
}
