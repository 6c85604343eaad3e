// access<BG>: where a Boost graph keeps what qgraft asks for.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_BOOST_GRAPH_ACCESS_HPP
#define QGRAFT_BOOST_GRAPH_ACCESS_HPP

#include <algorithm>
#include <boost/graph/graph_traits.hpp>
#include <boost/graph/properties.hpp>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <qgraft/graph/error.hpp>
#include <qgraft/graph/shape.hpp>
#include <qgraft/graph/value.hpp>

namespace qgraft::boost_graph {

/// Customization point: specialize it for a Boost graph type `BG`. An edge goes from the producer of a tensor to the
/// node that reads it; since in_edges come in no particular order, the edge says which operand it is.
///
///     static constexpr auto operand = &wire::slot;      which operand of its target an edge is, from 0 on
///   and, as far as the graph has them,
///     static constexpr auto port = &wire::output;       which output of its source an edge reads; default: 0
///     static constexpr auto name = &layer::label;       a node's name
///     static constexpr auto shape = ...;                called with (const vertex_bundled&, port): a tensor_shape
///     static constexpr auto is_control = &wire::order;  true for an edge that carries no tensor
///     static constexpr auto is_back = &wire::back;      true for an edge that closes a loop
///
/// Each but `shape` is a pointer to a member of the bundled properties, or anything else that std::invoke takes with
/// them. `operand` and `port` are written too, and must give a reference where the bundle is not const.
template <class BG>
struct access;

template <class BG>
using vertex_of = typename boost::graph_traits<BG>::vertex_descriptor;
template <class BG>
using vertex_properties = typename boost::vertex_bundle_type<BG>::type;
template <class BG>
using edge_properties = typename boost::edge_bundle_type<BG>::type;

/// One sentence at compile time for each thing that `BG` lacks.
template <class BG>
consteval bool check_access() {
    using parallel = typename boost::graph_traits<BG>::edge_parallel_category;
    using direction = typename boost::graph_traits<BG>::directed_category;
    static_assert(std::is_convertible_v<parallel, boost::allow_parallel_edge_tag>,
                  "qgraft: a Boost graph must allow parallel edges, for a node may read a tensor twice");
    static_assert(std::is_convertible_v<direction, boost::directed_tag>,
                  "qgraft: a Boost graph must have directed edges, from a tensor's producer to its reader");
    static_assert(
        requires { sizeof(access<BG>); }, "qgraft: there is no boost_graph::access<BG> for this graph type");
    if constexpr (requires { sizeof(access<BG>); }) {
        static_assert(
            requires { access<BG>::operand; },
            "qgraft: boost_graph::access<BG> lacks 'operand', which operand of its target an edge is");
    }
    return true;
}

/// A new node: its bundled properties, what it reads, and what must run before it.
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

namespace detail {

template <class BG>
concept has_port = requires {
    access<BG>::port;
};
template <class BG>
concept has_name = requires {
    access<BG>::name;
};
template <class BG>
concept has_shape = requires {
    access<BG>::shape;
};
template <class BG>
concept has_control = requires {
    access<BG>::is_control;
};
template <class BG>
concept has_back = requires {
    access<BG>::is_back;
};

/// Whether in_edges can be asked for.
template <class BG>
inline constexpr bool is_bidirectional =
    std::is_convertible_v<typename boost::graph_traits<BG>::traversal_category, boost::bidirectional_graph_tag>;

/// Whether a vertex descriptor is a number, and the vertices a growing array.
template <class BG>
inline constexpr bool is_numbered = std::is_integral_v<vertex_of<BG>>;

/// The fields of an edge.
template <class BG>
struct fields {
    using edge = edge_properties<BG>;

    static std::size_t operand(const edge& e) { return static_cast<std::size_t>(std::invoke(access<BG>::operand, e)); }
    static std::uint32_t port(const edge& e) {
        if constexpr (has_port<BG>) {
            return static_cast<std::uint32_t>(std::invoke(access<BG>::port, e));
        } else {
            return 0;
        }
    }
    static bool is_control(const edge& e) {
        if constexpr (has_control<BG>) {
            return static_cast<bool>(std::invoke(access<BG>::is_control, e));
        } else {
            return false;
        }
    }
    static bool is_back(const edge& e) {
        if constexpr (has_back<BG>) {
            return static_cast<bool>(std::invoke(access<BG>::is_back, e));
        } else {
            return false;
        }
    }

    static void set_operand(edge& e, std::size_t operand) {
        auto& field = std::invoke(access<BG>::operand, e);
        field = static_cast<std::remove_cvref_t<decltype(field)>>(operand);
    }
    /// Throws rewrite_error for a port other than 0 where edges do not say which port they read.
    static void set_port(edge& e, std::uint32_t port) {
        if constexpr (has_port<BG>) {
            auto& field = std::invoke(access<BG>::port, e);
            field = static_cast<std::remove_cvref_t<decltype(field)>>(port);
        } else if (port != 0) {
            throw rewrite_error("", "this graph's edges cannot read output " + std::to_string(port));
        }
    }
    static edge made(std::size_t operand, std::uint32_t port) {
        edge e{};
        set_operand(e, operand);
        set_port(e, port);
        return e;
    }
    /// The properties of an edge that only says "before".
    static edge made_control() requires has_control<BG> {
        edge e{};
        std::invoke(access<BG>::is_control, e) = true;
        return e;
    }
};

/// A node's name for messages; empty where the graph has none.
template <class BG>
std::string name_for_message(const BG& g, vertex_of<BG> v) {
    if constexpr (has_name<BG>) {
        return std::string(std::invoke(access<BG>::name, g[v]));
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

/// Whether an edge from `from` is the operand `operand` of `to`.
template <class BG>
bool is_edge_of(const BG& g, const typename boost::graph_traits<BG>::edge_descriptor& e, vertex_of<BG> from,
                vertex_of<BG> to, std::size_t operand) {
    return source(e, g) == from && target(e, g) == to && !fields<BG>::is_control(g[e]) &&
           fields<BG>::operand(g[e]) == operand;
}

/// Moves the edge that is operand `operand` of `to` from the source `before` to the value `v`. What else the edge
/// says goes with it. Throws rewrite_error, and leaves the graph as it was, where there is no such edge.
template <class BG>
void move_edge(BG& g, vertex_of<BG> to, std::size_t operand, vertex_of<BG> before, value<vertex_of<BG>> v) {
    const auto [first, last] = out_edges(before, g);
    const auto found = std::find_if(first, last, [&](const auto& e) { return is_edge_of(g, e, before, to, operand); });
    if (found == last) throw rewrite_error(name_for_message(g, to), "has no operand " + std::to_string(operand));
    const auto old = *found;
    edge_properties<BG> properties = g[old];
    fields<BG>::set_port(properties, v.port);
    if (before == v.node) {
        g[old] = std::move(properties);
        return;
    }
    add_edge(v.node, to, std::move(properties), g);
    // With a vector of edges, adding one may have moved the others.
    const auto [begin, end] = out_edges(before, g);
    const auto again = std::find_if(begin, end, [&](const auto& e) { return is_edge_of(g, e, before, to, operand); });
    remove_edge(*again, g);
}

/// Adds a node with its edges; all of it or, with an exception, nothing.
template <class BG>
vertex_of<BG> add_vertex_with_edges(BG& g, new_vertex<BG> data) {
    const vertex_of<BG> v = add_vertex(std::move(data.properties), g);
    try {
        for (std::size_t i = 0; i < data.inputs.size(); ++i) {
            add_edge(data.inputs[i].node, v, fields<BG>::made(i, data.inputs[i].port), g);
        }
        if constexpr (has_control<BG>) {
            for (const vertex_of<BG> c : data.controls) add_edge(c, v, fields<BG>::made_control(), g);
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

}  // namespace detail

}  // namespace qgraft::boost_graph

#endif
