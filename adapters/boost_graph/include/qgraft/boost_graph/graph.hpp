// graph_traits of boost::adjacency_list.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_BOOST_GRAPH_GRAPH_HPP
#define QGRAFT_BOOST_GRAPH_GRAPH_HPP

#include <boost/graph/adjacency_list.hpp>
#include <cstddef>
#include <utility>
#include <vector>

#include <qgraft/boost_graph/access.hpp>
#include <qgraft/boost_graph/edit.hpp>
#include <qgraft/boost_graph/fields.hpp>
#include <qgraft/graph/traits.hpp>

namespace qgraft::boost_graph {

/// The functions of graph_traits for a Boost graph that has in_edges and parallel edges, and for
/// which access<BG> is specialized. Redirecting an operand removes an edge and adds one: what edges say is kept, the
/// order in which a vertex lists them is not.
template <class BG>
struct bidirectional_traits : detail::attribute_traits<BG> {
    static_assert(check_access<BG>());
    static_assert(
        detail::is_bidirectional<BG>,
        "qgraft: this Boost graph (directedS) cannot say what a node reads; rewrite boost_graph::indexed<BG>");

    using node = vertex_of<BG>;
    using node_data = new_vertex<BG>;

    static std::vector<node> nodes(const BG& g) { return detail::all_vertices(g); }

    /// Throws invalid_graph for two edges of one operand, and for an operand without an edge.
    static std::vector<value<node>> inputs(const BG& g, node n) {
        std::vector<value<node>> values;
        for (const incoming<BG>& i : operands(g, n)) values.push_back(i.from);
        return values;
    }

    static decltype(auto) name(const BG& g, node n) requires detail::has_name<BG> {
        return detail::read(access<BG>::name, g, n);
    }

    static tensor_shape shape(const BG& g, value<node> v) requires detail::has_shape<BG> {
        return detail::shape_of(g, v.node, v.port);
    }

    static std::vector<node> control_inputs(const BG& g, node n) requires detail::has_control<BG> {
        std::vector<node> nodes;
        for (auto [e, last] = in_edges(n, g); e != last; ++e) {
            if (detail::fields<BG>::is_control(g, *e)) nodes.push_back(source(*e, g));
        }
        return nodes;
    }

    static bool is_back_edge(const BG& g, node n, std::size_t operand) requires detail::has_back<BG> {
        return operands(g, n).at(operand).is_back;
    }

    static node add_node(BG& g, node_data data) { return detail::add_vertex_with_edges(g, std::move(data)); }
    /// Takes a node back that nothing reads. Throws rewrite_error for a numbered vertex that is not the last.
    static void erase_node(BG& g, node n) {
        detail::require_erasable(g, n);
        clear_vertex(n, g);
        remove_vertex(n, g);
    }

    static void set_input(BG& g, node n, std::size_t operand, value<node> v) {
        detail::move_edge(g, n, operand, operands(g, n).at(operand).from.node, v);
    }

private:
    static std::vector<incoming<BG>> operands(const BG& g, node n) {
        std::vector<incoming<BG>> edges;
        for (auto [e, last] = in_edges(n, g); e != last; ++e) {
            using fields = detail::fields<BG>;
            if (fields::is_control(g, *e)) continue;
            edges.push_back({fields::operand(g, *e), {source(*e, g), fields::port(g, *e)}, fields::is_back(g, *e)});
        }
        detail::sort_operands(g, n, edges);
        return edges;
    }
};

}  // namespace qgraft::boost_graph

/// A bidirectionalS graph is used as it is. A directedS graph does not know what a node reads: see
/// boost_graph::indexed.
template <class OutEdges, class Vertices, class Direction, class VertexProperties, class EdgeProperties,
          class GraphProperty, class Edges>
struct qgraft::graph_traits<
    boost::adjacency_list<OutEdges, Vertices, Direction, VertexProperties, EdgeProperties, GraphProperty, Edges>>
    : qgraft::boost_graph::bidirectional_traits<boost::adjacency_list<OutEdges, Vertices, Direction, VertexProperties,
                                                                      EdgeProperties, GraphProperty, Edges>> {};

#endif
