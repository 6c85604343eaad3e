// Changing a Boost graph: edges that say which operand they are, vertices with their edges.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_BOOST_GRAPH_EDIT_HPP
#define QGRAFT_BOOST_GRAPH_EDIT_HPP

#include <algorithm>
#include <boost/graph/graph_traits.hpp>
#include <boost/graph/properties.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <qgraft/boost_graph/access.hpp>
#include <qgraft/boost_graph/fields.hpp>
#include <qgraft/graph/error.hpp>

namespace qgraft::boost_graph::detail {

/// Whether in_edges can be asked for.
template <class BG>
inline constexpr bool is_bidirectional =
    std::is_convertible_v<typename boost::graph_traits<BG>::traversal_category, boost::bidirectional_graph_tag>;

/// Whether a vertex descriptor is a number, and the vertices a growing array.
template <class BG>
inline constexpr bool is_numbered = std::is_integral_v<vertex_of<BG>>;

/// A node's name for messages; empty where the graph has none.
template <class BG>
std::string name_for_message(const BG& g, vertex_of<BG> v) {
    if constexpr (has_name<BG>) {
        return std::string(read(access<BG>::name, g, v));
    } else {
        return {};
    }
}

/// Sorts incoming edges by operand. Throws invalid_graph unless they are the operands 0, 1, ..., each once.
template <class BG>
void sort_operands(const BG& g, vertex_of<BG> v, std::vector<incoming<BG>>& edges) {
    const auto by_operand = [](const incoming<BG>& a, const incoming<BG>& b) { return a.operand < b.operand; };
    if (!std::is_sorted(edges.begin(), edges.end(), by_operand)) std::sort(edges.begin(), edges.end(), by_operand);
    for (std::size_t i = 0; i < edges.size(); ++i) {
        if (edges[i].operand == i) continue;
        const bool twice = edges[i].operand < i;
        throw invalid_graph(
            name_for_message(g, v),
            (twice ? "has two edges for operand " : "has no edge for operand ") + std::to_string(twice ? i - 1 : i));
    }
}

/// The edge that is operand `operand` of `to` among those from `from`, or none.
template <class BG>
std::optional<edge_of<BG>> find_edge(const BG& g, vertex_of<BG> from, vertex_of<BG> to, std::size_t operand) {
    for (auto [e, last] = out_edges(from, g); e != last; ++e) {
        const bool is_tensor = target(*e, g) == to && !fields<BG>::is_control(g, *e);
        if (is_tensor && fields<BG>::operand(g, *e) == operand) return *e;
    }
    return std::nullopt;
}

/// Adds an edge like `properties`, or says that it cannot be.
template <class BG>
edge_of<BG> add_edge_like(BG& g, vertex_of<BG> from, vertex_of<BG> to, edge_properties<BG> properties) {
    const auto [e, added] = add_edge(from, to, std::move(properties), g);
    if (!added) throw rewrite_error("", "the graph has refused an edge");
    return e;
}

/// Moves the edge that is operand `operand` of `to` from the source `before` to the value `v`. What else its properties
/// say goes with it. Throws rewrite_error, and leaves the graph as it was, where there is no such edge.
template <class BG>
void move_edge(BG& g, vertex_of<BG> to, std::size_t operand, vertex_of<BG> before, value<vertex_of<BG>> v) {
    const auto old = find_edge(g, before, to, operand);
    if (!old) throw rewrite_error(name_for_message(g, to), "has no operand " + std::to_string(operand));
    fields<BG>::require_port(v.port);
    if (before == v.node) {
        fields<BG>::set_port(g, *old, v.port);
        return;
    }
    const bool is_back = fields<BG>::is_back(g, *old);
    const auto made = add_edge_like(g, v.node, to, get(boost::edge_all, std::as_const(g), *old));
    fields<BG>::set(g, made, operand, v.port, is_back);
    // With a vector of edges, adding one may have moved the others.
    remove_edge(*find_edge(g, before, to, operand), g);
}

/// Adds a node with its edges; all of it or, with an exception, nothing.
template <class BG>
vertex_of<BG> add_vertex_with_edges(BG& g, new_vertex<BG> data) {
    const vertex_of<BG> v = add_vertex(std::move(data.properties), g);
    try {
        for (std::size_t i = 0; i < data.inputs.size(); ++i) {
            fields<BG>::set(g, add_edge_like(g, data.inputs[i].node, v, {}), i, data.inputs[i].port, false);
        }
        if constexpr (has_control<BG>) {
            for (const vertex_of<BG> c : data.controls) fields<BG>::set_control(g, add_edge_like(g, c, v, {}));
        } else if (!data.controls.empty()) {
            throw rewrite_error(name_for_message(g, v), "cannot be ordered: this graph has no control edges");
        }
    } catch (...) {
        clear_vertex(v, g);
        remove_vertex(v, g);
        throw;
    }
    return v;
}

/// Where vertices are numbered only the last can be erased: erasing another would renumber the rest. Throws
/// rewrite_error for one that is not.
template <class BG>
void require_erasable(const BG& g, vertex_of<BG> v) {
    if constexpr (is_numbered<BG>) {
        if (v + 1 != num_vertices(g)) {
            throw rewrite_error(name_for_message(g, v), "is not the last vertex, and only that one can be erased");
        }
    }
}

/// Every vertex, in the graph's order.
template <class BG>
std::vector<vertex_of<BG>> all_vertices(const BG& g) {
    const auto [first, last] = vertices(g);
    return {first, last};
}

}  // namespace qgraft::boost_graph::detail

#endif
