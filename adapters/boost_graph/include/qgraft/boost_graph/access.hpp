// access<BG>: where a Boost graph keeps what qgraft asks for.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_BOOST_GRAPH_ACCESS_HPP
#define QGRAFT_BOOST_GRAPH_ACCESS_HPP

#include <boost/graph/graph_traits.hpp>
#include <boost/graph/properties.hpp>
#include <cstddef>
#include <vector>

#include <qgraft/graph/value.hpp>

namespace qgraft::boost_graph {

/// Customization point: specialize it for a Boost graph type `BG`. An edge goes from the producer of a tensor to the
/// node that reads it; since in_edges come in no particular order, the edge says which operand it is.
///
///     static constexpr auto operand = &wire::slot;      which operand of its target an edge is, from 0 on
///   and, as far as the graph has them,
///     static constexpr auto port = &wire::output;       which output of its source an edge reads; default: 0
///     static constexpr auto is_control = &wire::order;  true for an edge that carries no tensor
///     static constexpr auto is_back = &wire::back;      true for an edge that closes a loop
///     static constexpr auto name = &layer::label;       a node's name
///     static constexpr auto op = &layer::kind;          what a node does, for words_by_op
///     static constexpr auto attributes = &layer::more;  a map, such as std::map, from keys to attributes
///     static constexpr auto shape = &layer::shapes;     a range of tensor_shape, one an output
///
/// Each is one of
///   - a pointer to a member of the bundled properties, or anything else that std::invoke takes with them alone (shape:
///     perhaps with them and a port, for one tensor_shape);
///   - the tag of an interior property, such as boost::vertex_name;
///   - a function of the graph, const or not, that returns a property map: for exterior properties, which the graph
///     leads to (in its graph property, or in a type derived from adjacency_list). The map must have an answer for
///     each vertex or edge, a new one too.
/// What is told is written too, where a reference or a writable map is given. In a graph that is rewritten `operand`
/// and `port` must be written, and `is_control` where nodes are added with control inputs.
template <class BG>
struct access;

template <class BG>
using vertex_of = typename boost::graph_traits<BG>::vertex_descriptor;
/// All that a vertex or an edge keeps: its bundled properties, or a boost::property of interior ones.
template <class BG>
using vertex_properties = typename boost::vertex_property_type<BG>::type;
template <class BG>
using edge_properties = typename boost::edge_property_type<BG>::type;
template <class BG>
using edge_of = typename boost::graph_traits<BG>::edge_descriptor;

/// A new node: its properties, what it reads, and what must run before it.
template <class BG>
struct new_vertex {
    vertex_properties<BG> properties{};
    std::vector<value<vertex_of<BG>>> inputs{};
    std::vector<vertex_of<BG>> controls{};
};

/// An edge as the node that it leads to sees it.
template <class BG>
struct incoming {
    std::size_t operand = 0;
    value<vertex_of<BG>> from{};
    bool is_back = false;
};

}  // namespace qgraft::boost_graph

#endif
