// A graph type of one's own, from nothing to a quantized network: what a user of qgraft writes.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstddef>
#include <deque>
#include <string>
#include <variant>
#include <vector>

#include <qgraft/qat.hpp>

namespace readme {

// 1. The graph that you have. Nothing in it knows of qgraft.
struct op {
    std::string kind;
    std::vector<op*> args;
    double number = 0;
};

struct network {
    std::deque<op> ops;

    op* make(std::string kind, std::vector<op*> args = {}, double number = 0) {
        return &ops.emplace_back(op{std::move(kind), std::move(args), number});
    }
};

}  // namespace readme

// 2. How to read and change it.
template <>
struct qgraft::graph_traits<readme::network> {
    using node = readme::op*;
    using node_data = readme::op;

    static std::vector<node> nodes(const readme::network& g) {
        std::vector<node> all;
        for (const readme::op& o : g.ops) all.push_back(const_cast<node>(&o));
        return all;
    }
    static std::vector<value<node>> inputs(const readme::network&, node n) {
        std::vector<value<node>> all;
        for (const node a : n->args) all.push_back({a, 0});
        return all;
    }
    static node add_node(readme::network& g, node_data data) { return &g.ops.emplace_back(std::move(data)); }
    static void erase_node(readme::network& g, node) { g.ops.pop_back(); }
    static void set_input(readme::network&, node n, std::size_t operand, value<node> v) { n->args[operand] = v.node; }
};

// 3. Which of your operations is which word, and back.
template <>
struct qgraft::dialect<readme::network> {
    using node = readme::op*;

    static constexpr word_set spoken = training_words;

    static word classify(const readme::network&, node n) {
        if (n->kind == "conv") return word::conv2d;
        if (n->kind == "bias") return word::bias_add;
        if (n->kind == "relu") return word::relu;
        if (n->kind == "weight") return word::variable;
        if (n->kind == "quantize") return word::fake_quant;
        return word::other;
    }
    static value<node> build(editor<readme::network>& e, const instruction<node>& i) {
        readme::op made{i.op == word::fake_quant ? "quantize" : std::string(to_string(i.op)), {}};
        for (const auto& operand : i.operands) {
            if (const auto* tensor = std::get_if<value<node>>(&operand)) {
                made.args.push_back(tensor->node);
            } else {
                made.args.push_back(e.add({"number", {}, std::get<literal>(operand).number}));
            }
        }
        return {e.add(std::move(made)), 0};
    }
};

TEST_CASE("a network is prepared for quantization-aware training") {
    readme::network net;
    auto* image = net.make("image");
    auto* weight = net.make("weight");
    auto* conv = net.make("conv", {image, weight});
    auto* relu = net.make("relu", {net.make("bias", {conv, net.make("weight")})});
    auto* output = net.make("output", {relu});

    // 4. One call.
    const qgraft::report report = qgraft::create_training_graph(net);

    CHECK(conv->args[1]->kind == "quantize");
    CHECK(conv->args[1]->args[0] == weight);
    CHECK(output->args[0]->kind == "quantize");
    CHECK(output->args[0]->args[0] == relu);
    CHECK(report.count(qgraft::outcome::quantized) == 2);
    CHECK(report.nodes_after == net.ops.size());
}
