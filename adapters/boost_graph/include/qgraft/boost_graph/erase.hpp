// erase_unread: takes nodes out of a Boost graph for good.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_BOOST_GRAPH_ERASE_HPP
#define QGRAFT_BOOST_GRAPH_ERASE_HPP

#include <concepts>
#include <cstddef>
#include <unordered_map>
#include <utility>
#include <vector>

#include <qgraft/boost_graph/graph.hpp>
#include <qgraft/graph/check.hpp>

namespace qgraft::boost_graph {

/// Any Boost graph can grow: nodes are added, operands redirected, and what a failed rewrite has added last is taken
/// back. Here any node can be erased, for the descriptors of the others survive it: all choices of vertices but vecS.
template <class G>
concept erasable_graph = mutable_graph<G> && !std::integral<node_of<G>>;

/// Fails to compile, in one sentence, unless `G` is an erasable_graph. Returns whether it is.
template <class G>
consteval bool check_erasable_graph() {
    if constexpr (check_mutable_graph<G>()) {
        static_assert(erasable_graph<G>,
                      "qgraft: erasing a vertex renumbers the others of this Boost graph (vecS); a rule that erases "
                      "needs vertices that keep their descriptors (listS, setS)");
    }
    return erasable_graph<G>;
}

namespace detail {

/// What is read by nobody, or only by what comes before it in this list, and may be erased.
template <class G, class MayErase>
std::vector<node_of<G>> unread_nodes(const G& g, MayErase& may_erase) {
    using node = node_of<G>;
    std::unordered_map<node, std::size_t> readers;
    const auto for_each_read = [&g](const node& n, auto f) {
        for (const value<node> v : graph_traits<G>::inputs(g, n)) f(v.node);
        if constexpr (control_graph<G>) {
            for (const node c : graph_traits<G>::control_inputs(g, n)) f(c);
        }
    };
    const auto nodes = graph_traits<G>::nodes(g);
    for (const node n : nodes) for_each_read(n, [&readers](const node& of) { ++readers[of]; });
    std::vector<node> unread;
    const auto look_at = [&](const node& n) {
        if (readers[n] == 0 && may_erase(n)) unread.push_back(n);
    };
    for (const node n : nodes) look_at(n);
    for (std::size_t i = 0; i < unread.size(); ++i) {
        for_each_read(node(unread[i]), [&](const node& of) {
            --readers[of];
            look_at(of);
        });
    }
    return unread;
}

}  // namespace detail

/// Erases each node that nothing reads and for which `may_erase(node)` is true, then those that only it has read, and
/// so on: after folding, the layers and batch norms whose place was taken. A node that runs before another is kept.
/// Returns how many were erased. Where `may_erase` throws, or an operand is missing (invalid_graph), nothing is erased.
/// `G` is a Boost graph or an indexed one. Property maps beside the graph keep what they have of erased vertices.
template <class G, std::predicate<const node_of<G>&> MayErase>
std::size_t erase_unread(G& g, MayErase may_erase) {
    if constexpr (check_erasable_graph<G>()) {
        const std::vector<node_of<G>> unread = detail::unread_nodes(std::as_const(g), may_erase);
        for (const node_of<G>& n : unread) graph_traits<G>::erase_node(g, n);
        return unread.size();
    } else {
        return 0;
    }
}

}  // namespace qgraft::boost_graph

#endif
