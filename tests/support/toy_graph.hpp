// A tiny named graph for tests: its members are what graph_traits wants, and its nodes keep words of the vocabulary.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_SUPPORT_TOY_GRAPH_HPP
#define QGRAFT_TESTS_SUPPORT_TOY_GRAPH_HPP

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <numeric>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include <qgraft/ops/dialect.hpp>
#include <qgraft/rules/config.hpp>

namespace toy {

using qgraft::word;
using value = qgraft::value<std::uint32_t>;

struct toy_node {
    std::string name;
    word op = word::other;
    std::vector<value> inputs;
    qgraft::word_params params{};
};

/// A list of nodes; a handle is a place in it.
class graph {
public:
    using node = std::uint32_t;
    using node_data = toy_node;

    /// Adds a node that reads output 0 of each of `inputs`.
    node operator()(std::string name, word op, std::initializer_list<node> inputs = {}) {
        toy_node data{std::move(name), op, {}};
        for (const node n : inputs) data.inputs.push_back({n, 0});
        return add_node(std::move(data));
    }

    /// Adds a constant; a scalar, unless it is given a shape.
    node constant(std::string name, std::vector<float> data, std::vector<std::int64_t> dims = {}) {
        toy_node made{std::move(name), word::constant, {}};
        made.params.data = std::move(data);
        made.params.dims = std::move(dims);
        return add_node(std::move(made));
    }

    [[nodiscard]] std::vector<node> nodes() const {
        std::vector<node> all(nodes_.size());
        std::iota(all.begin(), all.end(), node{0});
        return all;
    }
    [[nodiscard]] const std::vector<value>& inputs(node n) const { return nodes_.at(n).inputs; }
    [[nodiscard]] const std::string& name(node n) const { return nodes_.at(n).name; }

    node add_node(node_data data) {
        const auto n = static_cast<node>(nodes_.size());
        by_name_.emplace(data.name, n);
        nodes_.push_back(std::move(data));
        return n;
    }
    void erase_node(node n) {
        if (n + 1 != nodes_.size()) throw std::logic_error("only the last node can be erased");
        by_name_.erase(nodes_[n].name);
        nodes_.pop_back();
    }
    void set_input(node n, std::size_t operand, value v) { nodes_.at(n).inputs.at(operand) = v; }

    /// A graph knows the shapes that it is told.
    [[nodiscard]] qgraft::tensor_shape shape(value v) const {
        const auto it = shapes_.find(nodes_.at(v.node).name);
        return it == shapes_.end() ? qgraft::tensor_shape() : it->second;
    }
    void set_shape(const std::string& name, std::vector<std::int64_t> dims) {
        shapes_[name] = qgraft::tensor_shape(std::move(dims));
    }
    /// A layer has its channels last, unless it is told another layout.
    [[nodiscard]] qgraft::channel_layout channels(node n) const {
        const auto it = layouts_.find(n);
        return it == layouts_.end() ? qgraft::channel_layout() : it->second;
    }
    void set_channels(node n, qgraft::channel_layout layout) { layouts_[n] = layout; }
    /// Sets the params of a node: of a batch_norm, `real` is its epsilon, and `integer` 1 in training.
    void set_params(node n, qgraft::word_params params) { nodes_.at(n).params = std::move(params); }

    [[nodiscard]] const toy_node& at(node n) const { return nodes_.at(n); }
    [[nodiscard]] std::size_t size() const { return nodes_.size(); }
    [[nodiscard]] bool has(const std::string& name) const { return by_name_.count(name) != 0; }
    [[nodiscard]] node find(const std::string& name) const {
        const auto it = by_name_.find(name);
        if (it == by_name_.end()) throw std::out_of_range("no node is called " + name);
        return it->second;
    }
    /// The name of the node that an operand reads.
    [[nodiscard]] const std::string& source(const std::string& name, std::size_t operand = 0) const {
        return at(inputs(find(name)).at(operand).node).name;
    }
    /// How many nodes are of a word.
    [[nodiscard]] std::size_t count(word w) const {
        std::size_t n = 0;
        for (const toy_node& x : nodes_) n += x.op == w ? 1 : 0;
        return n;
    }

private:
    std::vector<toy_node> nodes_;
    std::unordered_map<std::string, node> by_name_;
    std::unordered_map<std::string, qgraft::tensor_shape> shapes_;
    std::unordered_map<node, qgraft::channel_layout> layouts_;
};

/// The whole graph, a line a node.
inline std::string text(const graph& g) {
    std::ostringstream out;
    for (const auto n : g.nodes()) {
        const toy_node& x = g.at(n);
        out << x.name << " = " << to_string(x.op) << '(';
        for (std::size_t i = 0; i < x.inputs.size(); ++i) {
            out << (i == 0 ? "" : ", ") << g.name(x.inputs[i].node);
            if (x.inputs[i].port != 0) out << ':' << x.inputs[i].port;
        }
        out << ')';
        const qgraft::word_params& p = x.params;
        if (p.real != 0) out << " real=" << p.real;
        if (p.integer != 0) out << " integer=" << p.integer;
        if (qgraft::quantizers.contains(x.op)) out << " bits=" << p.bits;
        if (p.axis) out << " axis=" << *p.axis;
        for (const auto d : p.dims) out << " dim=" << d;
        for (const float f : p.data) out << " data=" << f;
        if (p.narrow_range) out << " narrow";
        if (p.symmetric) out << " symmetric";
        if (p.kernel != nullptr) out << " kernel";
        out << '\n';
    }
    return out.str();
}

}  // namespace toy

namespace qgraft {

/// One node a word. A number among the operands becomes a node of no word, its value in params.real. A node whose name
/// begins with "gradients/" is left alone; a constant below "trained/" is a parameter, as a variable is.
template <>
struct dialect<toy::graph> {
    using graph = toy::graph;
    using node = graph::node;

    static constexpr word_set spoken = training_words | training_fold_words | constant_fold_words | per_channel_words;

    static word classify(const graph& g, node n) { return g.at(n).op; }
    static batch_norm_facts batch_norm_of(const graph& g, node n) {
        const word_params& p = g.at(n).params;
        return {.is_training = p.integer != 0, .epsilon = p.real};
    }
    static std::optional<constant_tensor> constant_of(const graph& g, value<node> v) {
        const toy::toy_node& x = g.at(v.node);
        return x.op == word::constant ? std::optional(constant_tensor{x.params.data, x.params.dims}) : std::nullopt;
    }
    static channel_layout channels_of(const graph& g, node n) { return g.channels(n); }
    static bool is_parameter(const graph& g, node n) {
        const word w = g.at(n).op;
        return w == word::variable || w == word::read_variable ||
               (w == word::constant && g.name(n).starts_with("trained/"));
    }
    static bool is_left_alone(const graph& g, node n) { return g.name(n).starts_with("gradients/"); }

    static value<node> build(editor<graph>& e, const instruction<node>& i) {
        const std::string& scope = i.op == word::variable ? i.scope.state : i.scope.path;
        const std::string last(i.hint.empty() ? to_string(i.op) : i.hint);
        const std::string name = unique(e.graph(), scope.empty() ? last : scope + "/" + last);
        toy::toy_node data{name, i.op, {}, i.params};
        for (const operand_of<node>& o : i.operands) {
            if (const auto* number = std::get_if<literal>(&o)) {
                const node n = e.add({unique(e.graph(), name + "/number"), word::other, {}, {.real = number->number}});
                data.inputs.push_back({n, 0});
            } else {
                data.inputs.push_back(std::get<value<node>>(o));
            }
        }
        return {e.add(std::move(data)), 0};
    }

private:
    static std::string unique(const graph& g, const std::string& path) {
        std::string name = path;
        for (int i = 1; g.has(name); ++i) name = path + "_" + std::to_string(i);
        return name;
    }
};

}  // namespace qgraft

namespace toy {

/// input, and x = a layer on it with a weight: `scope`/weights and `scope`/layer.
inline graph::node layer(graph& g, const std::string& scope, graph::node input, word op = word::conv2d) {
    const auto weights = g(scope + "/weights", word::variable);
    return g(scope + "/layer", op, {input, weights});
}

/// layer, bias_add and relu below `scope`; the result is the relu.
inline graph::node biased_layer(graph& g, const std::string& scope, graph::node input, word activation = word::relu) {
    const auto x = layer(g, scope, input);
    const auto bias = g(scope + "/bias", word::variable);
    return g(scope + "/activation", activation, {g(scope + "/biased", word::bias_add, {x, bias})});
}

/// The smallest network: input, a layer with bias and relu in the scope conv, and an output of no word.
inline graph small_network() {
    graph g;
    const auto input = g("input", word::other);
    g("output", word::other, {biased_layer(g, "conv", input)});
    return g;
}

}  // namespace toy

#endif
