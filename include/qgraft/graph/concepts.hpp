// The small concepts over graph_traits that rules and algorithms ask for.
// SPDX-License-Identifier: Apache-2.0
// Release 14 of clang-format breaks requires-clauses.
// clang-format off
#ifndef QGRAFT_GRAPH_CONCEPTS_HPP
#define QGRAFT_GRAPH_CONCEPTS_HPP

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <qgraft/graph/shape.hpp>
#include <qgraft/graph/traits.hpp>

namespace qgraft {

namespace detail {

template <class R, class T>
concept range_of = requires(R& r, decltype(r.begin())& at) {
    { *at } -> std::convertible_to<T>;
    { at != r.end() } -> std::convertible_to<bool>;
    ++at;
};

template <class G>
concept has_node = requires { typename graph_traits<G>::node; } && std::regular<node_of<G>>;

template <class G>
concept has_hashable_node = has_node<G> && requires(const node_of<G>& n) {
    { std::hash<node_of<G>>{}(n) } -> std::convertible_to<std::size_t>;
};

template <class G>
concept has_nodes = has_node<G> && requires(const G& g, decltype(graph_traits<G>::nodes(g)) all) {
    { all } -> range_of<node_of<G>>;
};

template <class G>
concept has_inputs = has_node<G> && requires(const G& g, node_of<G> n, decltype(graph_traits<G>::inputs(g, n)) all) {
    { all } -> range_of<value_of<G>>;
};

template <class G>
concept has_add_node = has_node<G> && requires(G& g, typename graph_traits<G>::node_data data) {
    { graph_traits<G>::add_node(g, std::move(data)) } -> std::convertible_to<node_of<G>>;
};

template <class G>
concept has_erase_node = has_node<G> && requires(G& g, node_of<G> n) {
    graph_traits<G>::erase_node(g, n);
};

template <class G>
concept has_set_input = has_node<G> && requires(G& g, node_of<G> n, value_of<G> v) {
    graph_traits<G>::set_input(g, n, std::size_t{}, v);
};

template <class G>
concept has_checkpoint = requires(G& g) {
    graph_traits<G>::restore(g, graph_traits<G>::checkpoint(std::as_const(g)));
};

template <class G>
concept has_back_edges = has_node<G> && requires(const G& g, node_of<G> n) {
    { graph_traits<G>::is_back_edge(g, n, std::size_t{}) } -> std::convertible_to<bool>;
};

}  // namespace detail

/// Nodes can be listed, and the operands of each: all that matching needs.
template <class G>
concept readable_graph = detail::has_hashable_node<G> && detail::has_nodes<G> && detail::has_inputs<G>;

/// Nodes have names, which serve look-up, scopes and reports, never identity.
template <class G>
concept named_graph = readable_graph<G> && requires(const G& g, node_of<G> n) {
    { graph_traits<G>::name(g, n) } -> std::convertible_to<std::string_view>;
};

/// Nodes can be added and taken back, and operands redirected.
template <class G>
concept mutable_graph =
    readable_graph<G> && detail::has_add_node<G> && detail::has_erase_node<G> && detail::has_set_input<G>;

/// Nodes carry attributes by key.
template <class G>
concept attributed_graph = readable_graph<G> &&
    requires(G& g, node_of<G> n, std::optional<typename graph_traits<G>::attribute> a) {
    { graph_traits<G>::attribute_of(std::as_const(g), n, std::string_view{}) } -> std::convertible_to<decltype(a)>;
    graph_traits<G>::set_attribute(g, n, std::string_view{}, a);
};

/// Something is known of the shapes of tensors.
template <class G>
concept shaped_graph = readable_graph<G> && requires(const G& g, value_of<G> v) {
    { graph_traits<G>::shape(g, v) } -> std::convertible_to<tensor_shape>;
};

/// Nodes can be ordered without passing a tensor.
template <class G>
concept control_graph = readable_graph<G> && requires(const G& g, node_of<G> n) {
    { graph_traits<G>::control_inputs(g, n) } -> detail::range_of<node_of<G>>;
};

}  // namespace qgraft

#endif
