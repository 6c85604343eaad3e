// graph_traits<G>: how qgraft talks to a graph type that it does not own.
// SPDX-License-Identifier: Apache-2.0
// Release 14 of clang-format breaks requires-clauses.
// clang-format off
#ifndef QGRAFT_GRAPH_TRAITS_HPP
#define QGRAFT_GRAPH_TRAITS_HPP

#include <cstddef>
#include <string_view>
#include <utility>

#include <qgraft/graph/value.hpp>

namespace qgraft {

/// Customization point: specialize it for a graph type `G`, with static functions. All of them:
///
///     using node = ...;                      a cheap handle: copied, compared with ==, hashed by std::hash,
///                                            valid until its own node is erased
///     nodes(const G&)                        -> range<node>: every node, in the graph's own order
///     inputs(const G&, node)                 -> range<value<node>>: the operands, in order
///   named_graph
///     name(const G&, node)                   -> std::string or std::string_view, for look-up, scopes and reports
///   mutable_graph
///     using node_data = ...;                 what the dialect fills in for a new node
///     add_node(G&, node_data)                -> node
///     erase_node(G&, node)                   undoes an add_node; called in reverse order of adding
///     set_input(G&, node, std::size_t operand, value<node>)
///   attributed_graph
///     using attribute = ...;
///     attribute_of(const G&, node, key)      -> std::optional<attribute>
///     set_attribute(G&, node, key, std::optional<attribute>): none removes it
///   shaped_graph
///     shape(const G&, value<node>)           -> tensor_shape
///   control_graph
///     control_inputs(const G&, node)         -> range<node>: nodes that must run before, without a tensor
///   optional
///     is_back_edge(const G&, node, std::size_t operand)
///                                            -> bool: the edge closes a loop; without it, cycles are refused
///     checkpoint(const G&), restore(G&, T)   -> T, and back to it: state beside the nodes, such as names in use
///
/// A type that has these as members (`G::node`, `g.nodes()`, `g.add_node(data)`, ...) needs no specialization.
template <class G>
struct graph_traits;

namespace detail {

/// Forwards each function of graph_traits to a member of the same name, where there is one.
template <class G>
struct member_traits {
    static auto nodes(const G& g)
        requires requires { g.nodes(); }
    {
        return g.nodes();
    }
    static decltype(auto) inputs(const G& g, auto n)
        requires requires { g.inputs(n); }
    {
        return g.inputs(n);
    }
    static decltype(auto) name(const G& g, auto n)
        requires requires { g.name(n); }
    {
        return g.name(n);
    }
    template <class Data>
    static auto add_node(G& g, Data&& data)
        requires requires { g.add_node(std::forward<Data>(data)); }
    {
        return g.add_node(std::forward<Data>(data));
    }
    static void erase_node(G& g, auto n)
        requires requires { g.erase_node(n); }
    {
        g.erase_node(n);
    }
    static void set_input(G& g, auto n, std::size_t operand, auto v)
        requires requires { g.set_input(n, operand, v); }
    {
        g.set_input(n, operand, v);
    }
    static auto attribute_of(const G& g, auto n, std::string_view key)
        requires requires { g.attribute_of(n, key); }
    {
        return g.attribute_of(n, key);
    }
    template <class Attribute>
    static void set_attribute(G& g, auto n, std::string_view key, Attribute&& a)
        requires requires { g.set_attribute(n, key, std::forward<Attribute>(a)); }
    {
        g.set_attribute(n, key, std::forward<Attribute>(a));
    }
    static auto shape(const G& g, auto v)
        requires requires { g.shape(v); }
    {
        return g.shape(v);
    }
    static decltype(auto) control_inputs(const G& g, auto n)
        requires requires { g.control_inputs(n); }
    {
        return g.control_inputs(n);
    }
    static bool is_back_edge(const G& g, auto n, std::size_t operand)
        requires requires { g.is_back_edge(n, operand); }
    {
        return g.is_back_edge(n, operand);
    }
    static auto checkpoint(const G& g)
        requires requires { g.checkpoint(); }
    {
        return g.checkpoint();
    }
    template <class State>
    static void restore(G& g, const State& state)
        requires requires { g.restore(state); }
    {
        g.restore(state);
    }
};

/// The member types of `G`, each where it is there.
template <class G>
struct member_node {};
template <class G>
requires requires { typename G::node; }
struct member_node<G> {
    using node = typename G::node;
};
template <class G>
struct member_node_data {};
template <class G>
requires requires { typename G::node_data; }
struct member_node_data<G> {
    using node_data = typename G::node_data;
};
template <class G>
struct member_attribute {};
template <class G>
requires requires { typename G::attribute; }
struct member_attribute<G> {
    using attribute = typename G::attribute;
};

}  // namespace detail

template <class G>
struct graph_traits : detail::member_traits<G>,
                      detail::member_node<G>,
                      detail::member_node_data<G>,
                      detail::member_attribute<G> {};

/// The node handle of a graph type.
template <class G>
using node_of = typename graph_traits<G>::node;

/// A tensor of a graph type.
template <class G>
using value_of = value<node_of<G>>;

}  // namespace qgraft

#endif
