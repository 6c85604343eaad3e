// Where a rewrite has put fake quantization: read off graphs of any type, and off the reference's result.
// SPDX-License-Identifier: Apache-2.0
#include "support/placements.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "boost_graph/network_dialect.hpp"
#include "ir_dialect.hpp"

namespace qgraft::testing_support {

namespace {

/// The readers of each node, an entry an operand.
template <class G>
std::unordered_map<node_of<G>, std::vector<node_of<G>>> readers_of(const G& g) {
    std::unordered_map<node_of<G>, std::vector<node_of<G>>> readers;
    for (const auto n : graph_traits<G>::nodes(g)) {
        for (const auto v : graph_traits<G>::inputs(g, n)) readers[v.node].push_back(n);
    }
    return readers;
}

std::pair<int, bool> width_of(const in_house::module&, const in_house::op* o) {
    return {static_cast<int>(o->get("bits", std::int64_t{0})), o->get("narrow_range", false)};
}
std::pair<int, bool> width_of(const sketch_network& net, sketch_network::vertex_descriptor v) {
    return {net[v].bits, net[v].leaves_out_lowest};
}
std::pair<int, bool> width_of(const property_tree::graph&, property_tree::graph::node n) {
    return {property_tree::attribute_of<int>(n, "bits").value_or(0),
            property_tree::attribute_of<bool>(n, "narrow_range").value_or(false)};
}

range_kind range_of(word end) {
    switch (end) {
        case word::variable:
            return range_kind::only_read;
        case word::assign:
            return range_kind::last_value;
        case word::ema_update:
            return range_kind::moving_average;
        default:
            return range_kind::unknown;
    }
}

/// Reads a graph in whose dialect every word is one node.
template <class G>
std::vector<quantization> placements_by_word(const G& g, const nodes_before<node_of<G>>& before) {
    using traits = graph_traits<G>;
    const auto readers = readers_of(g);
    const graph_index<G> index(g);
    const auto word_of = [&index](node_of<G> n) { return index.word_of(*index.find(n)); };
    std::vector<quantization> found;
    for (const auto n : traits::nodes(g)) {
        if (before.contains(n) || word_of(n) != word::fake_quant) continue;
        const auto operands = traits::inputs(g, n);
        quantization q;
        q.producer = traits::name(g, operands[0].node);
        std::tie(q.bits, q.narrow_range) = width_of(g, n);
        const range_kind low = range_of(word_of(operands[1].node));
        const range_kind high = range_of(word_of(operands[2].node));
        q.range = low == high ? low : range_kind::unknown;
        node_of<G> passed_on = n;
        const auto chosen = readers.find(n);
        if (chosen != readers.end() && chosen->second.size() == 1 && word_of(chosen->second[0]) == word::delayed) {
            q.delayed = true;
            passed_on = chosen->second[0];
        }
        if (const auto all = readers.find(passed_on); all != readers.end()) {
            for (const auto reader : all->second) {
                if (before.contains(reader)) q.consumers.emplace_back(traits::name(g, reader));
            }
        }
        std::sort(q.consumers.begin(), q.consumers.end());
        found.push_back(std::move(q));
    }
    std::sort(found.begin(), found.end());
    return found;
}

using node = node_of<tensorflow_graph>;

/// What one end of a range is, by the operation whose result it is: the average divides.
range_kind range_of(const tensorflow_graph& g, node end) {
    const auto by_value = [&g](node assign) {
        const std::string& op = g.definition(g.inputs(assign).at(1).node).op();
        return op == "RealDiv"                      ? range_kind::moving_average
               : op == "Minimum" || op == "Maximum" ? range_kind::last_value
                                                    : range_kind::unknown;
    };
    const std::string& op = g.definition(end).op();
    if (op == "Assign") return by_value(end);
    if (op == "Identity") return range_kind::only_read;
    if (op != "ReadVariableOp") return range_kind::unknown;
    for (const node c : g.control_inputs(end)) {
        if (g.definition(c).op() == "AssignVariableOp") return by_value(c);
    }
    return range_kind::only_read;
}

}  // namespace

std::string to_string(const quantization& q) {
    constexpr std::string_view ranges[] = {"range only read", "last value", "moving average", "unknown range"};
    std::string text = q.producer + " ->";
    for (const std::string& c : q.consumers) text += ' ' + c;
    return text + ": " + std::to_string(q.bits) + " bits, " + (q.narrow_range ? "narrow range, " : "") +
           std::string(ranges[static_cast<std::size_t>(q.range)]) + (q.delayed ? ", delayed" : "");
}

std::vector<quantization> placements(const in_house::module& m, const nodes_before<in_house::op*>& before) {
    return placements_by_word(m, before);
}

std::vector<quantization> placements(const sketch_network& net,
                                     const nodes_before<sketch_network::vertex_descriptor>& before) {
    return placements_by_word(net, before);
}

std::vector<quantization> placements(const property_tree::graph& g,
                                     const nodes_before<property_tree::graph::node>& before) {
    return placements_by_word(g, before);
}

std::vector<quantization> placements(const tensorflow_graph& after, const tensorflow_graph& before) {
    const auto readers = readers_of(after);
    const auto readers_named = [&](node n, std::string_view op) {
        std::vector<node> nodes;
        if (const auto all = readers.find(n); all != readers.end()) {
            for (const node r : all->second) {
                if (after.definition(r).op() == op && !before.find(after.name(r))) nodes.push_back(r);
            }
        }
        return nodes;
    };
    std::vector<quantization> found;
    for (const node n : after.nodes()) {
        if (after.definition(n).op() != "FakeQuantWithMinMaxVars" || before.find(after.name(n))) continue;
        quantization q;
        q.producer = after.name(after.inputs(n).at(0).node);
        q.bits = static_cast<int>(after.attribute_of(n, "num_bits")->i());
        q.narrow_range = after.attribute_of(n, "narrow_range")->b();
        const range_kind low = range_of(after, after.inputs(n).at(1).node);
        const range_kind high = range_of(after, after.inputs(n).at(2).node);
        q.range = low == high ? low : range_kind::unknown;
        node passed_on = n;
        for (const node s : readers_named(n, "Switch")) {
            for (const node m : readers_named(s, "Merge")) {
                q.delayed = true;
                passed_on = m;
            }
        }
        if (const auto all = readers.find(passed_on); all != readers.end()) {
            for (const node r : all->second) {
                if (before.find(after.name(r))) q.consumers.emplace_back(after.name(r));
            }
        }
        std::sort(q.consumers.begin(), q.consumers.end());
        found.push_back(std::move(q));
    }
    std::sort(found.begin(), found.end());
    return found;
}

}  // namespace qgraft::testing_support
