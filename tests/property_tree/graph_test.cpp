// Networks in property trees: what is read, what comes back, and what is refused.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include <qgraft/property_tree/dialect.hpp>
#include <qgraft/property_tree/graph.hpp>
#include <qgraft/qat.hpp>

namespace {

namespace pt = qgraft::property_tree;
using qgraft::word;

constexpr std::string_view small_network = R"({
  "producer": {"name": "somebody", "version": "1.0", "stable": true},
  "nodes": [
    {"name": "image", "op": "input", "shapes": [[-1, 8, 8, 3]], "device": 7},
    {"name": "conv/filter", "op": "parameter", "shapes": [[3, 3, 3, 4]]},
    {"name": "conv/conv", "op": "conv2d", "inputs": ["image:0", "conv/filter"],
     "attributes": {"strides": [1, 1], "padding": "same", "groups": "1", "scale": 1.50, "nothing": null}},
    {"name": "conv/offset", "op": "parameter", "shapes": [[4]]},
    {"name": "conv/bias", "op": "bias_add", "inputs": ["conv/conv", "conv/offset"], "after": ["image"]},
    {"name": "conv/act", "op": "relu6", "inputs": ["conv/bias"]},
    {"name": "out", "op": "my_own_head", "inputs": ["conv/act"], "shapes": [null, [1]]}
  ]
})";

template <class Error>
std::string refusal_of(std::string_view text) {
    try {
        pt::graph g = pt::read_graph(text);
        qgraft::create_training_graph(g);
    } catch (const Error& e) {
        return e.what();
    }
    return "not refused";
}

std::string with_nodes(const std::string& nodes) { return R"({"nodes": [)" + nodes + "]}"; }

}  // namespace

TEST_CASE("a network is read") {
    const pt::graph g = pt::read_graph(small_network);
    using traits = qgraft::graph_traits<pt::graph>;
    REQUIRE(traits::nodes(g).size() == 7);
    const auto conv = g.find("conv/conv");
    CHECK(traits::inputs(g, conv)[0] == qgraft::value<pt::graph::node>(g.find("image"), 0));
    CHECK(traits::control_inputs(g, g.find("conv/bias")).at(0) == g.find("image"));
    CHECK(g.shape({g.find("image"), 0}) == qgraft::tensor_shape({-1, 8, 8, 3}));
    CHECK_FALSE(g.shape({g.find("out"), 0}).has_rank());
    CHECK(g.shape({g.find("out"), 1}) == qgraft::tensor_shape({1}));
    CHECK(pt::attribute_of<double>(conv, "scale") == 1.5);
    CHECK(pt::attribute_of<std::string>(conv, "groups") == "1");
    CHECK_FALSE(pt::attribute_of<int>(conv, "groups"));
    using dialect = qgraft::dialect<pt::graph>;
    CHECK(dialect::classify(g, conv) == word::conv2d);
    CHECK(dialect::classify(g, g.find("out")) == word::other);
    CHECK(dialect::op_name(g, g.find("out")) == "my_own_head");
    CHECK(dialect::is_parameter(g, g.find("conv/filter")));
}

TEST_CASE("what is not changed comes back as it was") {
    const auto before = nlohmann::ordered_json::parse(small_network);
    pt::graph g = pt::read_graph(small_network);
    CHECK(nlohmann::ordered_json::parse(pt::write_graph(g)) == before);

    qgraft::create_training_graph(g);
    auto after = nlohmann::ordered_json::parse(pt::write_graph(g));
    CHECK(after["nodes"].size() > before["nodes"].size());
    CHECK(after["producer"] == before["producer"]);
    for (std::size_t i = 0; i < before["nodes"].size(); ++i) {
        auto node = after["nodes"][i];
        if (node["name"] == "conv/conv") {
            CHECK(node["inputs"][0] == "image:0");
            CHECK(node["inputs"][1] == "conv/weights_quant/fake_quant");
            node["inputs"][1] = "conv/filter";
        }
        if (node["name"] == "out") {
            CHECK(node["inputs"][0] == "conv/act_quant/fake_quant");
            node["inputs"][0] = "conv/act";
        }
        CHECK(node == before["nodes"][i]);
    }
}

TEST_CASE("a rewritten network can be written, read, and rewritten again without a change") {
    pt::graph g = pt::read_graph(small_network);
    qgraft::qat_options<pt::graph> options{.weight_bits = 4, .quant_delay = 100};
    CHECK(qgraft::rewrite_for<qgraft::phase::training>(g, options).count(qgraft::outcome::quantized) == 2);
    const std::string once = pt::write_graph(g);
    pt::graph again = pt::read_graph(once);
    CHECK(pt::attribute_of<int>(again.find("conv/weights_quant/fake_quant"), "bits") == 4);
    CHECK(pt::attribute_of<double>(again.find("conv/weights_quant/min"), "initial") == -6);
    CHECK(pt::attribute_of<int>(again.find("conv/act_quant/activate_quant"), "step") == 100);
    CHECK(qgraft::rewrite_for<qgraft::phase::training>(again, options).count(qgraft::outcome::quantized) == 0);
    CHECK(pt::write_graph(again) == once);
}

TEST_CASE("batch norms are folded, in either layout, and need their epsilon") {
    const auto net = [](const std::string& layout, const std::string& norm) {
        return with_nodes(R"({"name": "x", "op": "input"}, {"name": "w", "op": "parameter", "shapes": [[3, 3, 3, 4]]},
            {"name": "c", "op": "conv2d", "inputs": ["x", "w"], "attributes": {)" +
                          layout + R"(}}, {"name": "a", "op": "parameter"}, {"name": "b", "op": "parameter"},
            {"name": "m", "op": "variable"}, {"name": "v", "op": "variable"},
            {"name": "n", "op": "batch_norm", "inputs": ["c", "a", "b", "m", "v"], "attributes": {)" +
                          norm + R"(}}, {"name": "r", "op": "relu", "inputs": ["n"]},
            {"name": "y", "op": "output", "inputs": ["r"]})");
    };
    pt::graph last = pt::read_graph(net("", R"("epsilon": 0.001)"));
    CHECK(qgraft::create_eval_graph(last).count(qgraft::outcome::folded) == 1);
    pt::graph second = pt::read_graph(
        net(R"("data_format": "NCHW", "filter_format": "OIHW")", R"("epsilon": 1e-3, "data_format": "NCHW")"));
    CHECK(qgraft::create_eval_graph(second).count(qgraft::outcome::folded) == 1);
    CHECK(pt::write_graph(last).find("\"reshape\"") == std::string::npos);
    CHECK(pt::write_graph(second).find("\"dims\": [-1, 1, 1, 1]") != std::string::npos);
    CHECK(pt::write_graph(second).find("\"dims\": [-1, 1, 1]\n") != std::string::npos);
    pt::graph none = pt::read_graph(net("", ""));
    CHECK(qgraft::create_eval_graph(none).decisions.at(0).reason == "has no number as its attribute 'epsilon'");
}

TEST_CASE("graphs that are none are refused by the node's name, and the reason") {
    using qgraft::invalid_graph;
    const auto refused = [](const std::string& nodes) { return refusal_of<invalid_graph>(with_nodes(nodes)); };
    CHECK(refusal_of<invalid_graph>("[]") == "the document is no object with 'nodes'");
    CHECK(refusal_of<invalid_graph>("{}") == "the document must have 'nodes' once");
    CHECK(refusal_of<invalid_graph>(R"({"nodes": {}})") == "nodes: must be an array");
    CHECK(refused("7") == "nodes.0: is a number, which must be an object");
    CHECK(refused(R"({"op": "input"})") == "nodes.0: has no 'name'");
    CHECK(refused(R"({"name": 7, "op": "input"})") ==
          "nodes.0: has as 'name' a number, which must be a string that is not empty");
    CHECK(refused(R"({"name": "", "op": "input"})") ==
          "nodes.0: has as 'name' a string, which must be a string that is not empty");
    CHECK(refused(R"({"name": "a:0", "op": "input"})") ==
          "a:0: is a name that ends in a colon and a number, as tensors do");
    CHECK(refused(R"({"name": "a"})") == "a: has no 'op'");
    CHECK(refused(R"({"name": "a", "op": "x"}, {"name": "a", "op": "y"})") == "a: is the name of two nodes");
    CHECK(refused(R"({"name": "a", "op": "x", "inputs": ["b"]})") == "a: reads 'b', which is no node");
    CHECK(refused(R"({"name": "a", "op": "x", "inputs": ["a:"]})") == "a: reads 'a:', which is no node");
    CHECK(refused(R"({"name": "a", "op": "x", "inputs": ["a:99999999999"]})") ==
          "a: reads 'a:99999999999', which is no node");
    CHECK(refused(R"({"name": "a", "op": "x", "inputs": "a"})") ==
          "a: has as 'inputs' a string, which must be an array");
    CHECK(refused(R"({"name": "a", "op": "x", "inputs": [0]})") ==
          "a: has as 'inputs.0' a number, which must be a string");
    CHECK(refused(R"({"name": "a", "op": "x", "after": ["b"]})") == "a: reads 'b', which is no node");
    CHECK(refused(R"({"name": "a", "op": "x", "shapes": [[1, -2]]})") ==
          "a: has as 'shapes.0' a number, which must be a whole number from 0 on in each place, or -1");
    CHECK(refused(R"({"name": "a", "op": "x", "shapes": [1]})") ==
          "a: has as 'shapes.0' a number, which must be an array of dimensions, or null");
    CHECK(refused(R"({"name": "a", "op": "x", "in_loop": "true"})") ==
          "a: has as 'in_loop' a string, which must be true or false");
    CHECK(refused(R"({"name": "a", "op": "x", "attributes": []})") ==
          "a: has as 'attributes' an array, which must be an object");
    CHECK(refused(R"({"name": "a", "op": "x", "back": [0]})") == "a: has in 'back' operand 0, and has 0");
    CHECK(refused(R"({"name": "a", "op": "x"}, {"name": "b", "op": "conv2d", "inputs": ["a"]})") ==
          "b: has the op conv2d, which does not take 1 input");
    CHECK(refused(R"({"name": "a", "op": "x"}, {"name": "b", "op": "parameter", "inputs": ["a"]})") ==
          "b: has the op parameter, which does not take 1 input");
    CHECK(refused(R"({"name": "a", "op": "x"}, {"name": "b", "op": "add", "inputs": ["a", "a", "a"]})") ==
          "b: has the op add, which does not take 3 inputs");
    CHECK(refusal_of<pt::parse_error>(R"({"nodes": [{"name": "a", "name": "b"}]})") ==
          "JSON: has the key 'name' twice in one object");
    CHECK(refusal_of<pt::parse_error>(std::string(1000000, '[')) == "JSON: is nested deeper than 100");
}

TEST_CASE("cycles are refused outside of loops") {
    const std::string a = R"({"name": "a", "op": "x", "inputs": ["b"]}, )";
    CHECK(refusal_of<qgraft::invalid_graph>(with_nodes(a + R"({"name": "b", "op": "x", "inputs": ["a"]})")) ==
          "a: is part of a cycle, or follows one");
    CHECK(refusal_of<qgraft::invalid_graph>(
              with_nodes(a + R"({"name": "b", "op": "x", "inputs": ["a"], "back": [0]})")) == "not refused");
    CHECK(refusal_of<qgraft::invalid_graph>(with_nodes(R"({"name": "a", "op": "x", "after": ["a"]})")) ==
          "a: is part of a cycle, or follows one");
}

TEST_CASE("a tree that was made by hand is checked, too") {
    pt::tree node = pt::detail::keys_of("a", "x", {});
    node.push_back({"op", pt::leaf("y")});
    pt::tree list(pt::scalar{pt::kind::array, {}});
    list.push_back({"", node});
    pt::tree document;
    document.push_back({"nodes", list});
    CHECK_THROWS_WITH_AS(pt::graph{document}, "nodes.0: has the key 'op' twice", qgraft::invalid_graph);
    document.front().second.front().second.erase("op");
    CHECK_THROWS_WITH_AS(pt::graph{document}, "a: has no 'op'", qgraft::invalid_graph);
    document.push_back({"nodes", list});
    CHECK_THROWS_WITH_AS(pt::graph{document}, "the document must have 'nodes' once", qgraft::invalid_graph);
}
