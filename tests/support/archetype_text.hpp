// The archetype graph as text, for tests.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_SUPPORT_ARCHETYPE_TEXT_HPP
#define QGRAFT_TESTS_SUPPORT_ARCHETYPE_TEXT_HPP

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <vector>

#include <qgraft/ops/archetype.hpp>

/// A line a node: "%3 = add(%1, %2)", nodes numbered in their order.
inline std::string archetype_text(const qgraft::archetype_graph& g) {
    const std::vector<qgraft::archetype_node> nodes = g.all();
    const auto place = [&](const qgraft::archetype_node& n) {
        return std::to_string(std::find(nodes.begin(), nodes.end(), n) - nodes.begin());
    };
    std::string text;
    for (const auto& n : nodes) {
        text += "%" + place(n) + " = " + std::string(to_string(static_cast<qgraft::word>(g.kind_of(n)))) + "(";
        for (const auto& v : g.operands_of(n)) {
            text += (text.back() == '(' ? "%" : ", %") + place(v.node);
            if (v.port != 0) text += ":" + std::to_string(v.port);
        }
        text += ")\n";
    }
    return text;
}

/// Adds a node of a word to an archetype.
inline qgraft::archetype_node add(qgraft::archetype_graph& g, qgraft::word w,
                                  std::initializer_list<qgraft::archetype_node> inputs = {}) {
    std::vector<qgraft::value<qgraft::archetype_node>> values;
    for (const auto& n : inputs) values.push_back({n, 0});
    return g.append({static_cast<unsigned>(w), std::move(values)});
}

/// input, a layer with bias and relu, a sum of it and the input, and an output.
struct archetype_network {
    qgraft::archetype_graph graph{static_cast<unsigned>(qgraft::word::other)};
    qgraft::archetype_node layer;

    archetype_network() {
        using qgraft::word;
        layer = add(graph, word::conv2d, {graph.first(), add(graph, word::variable)});
        const auto biased = add(graph, word::bias_add, {layer, add(graph, word::variable)});
        const auto sum = add(graph, word::add, {graph.first(), add(graph, word::relu, {biased})});
        add(graph, word::other, {add(graph, word::mul, {sum, sum})});
    }

    qgraft::archetype_graph& operator*() { return graph; }
};

#endif
