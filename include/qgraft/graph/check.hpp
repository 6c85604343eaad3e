// One sentence for each thing that a graph type lacks, before any other compile error.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPH_CHECK_HPP
#define QGRAFT_GRAPH_CHECK_HPP

#include <qgraft/graph/concepts.hpp>

namespace qgraft {

/// Fails to compile, in one sentence, unless `G` is a readable_graph. Returns whether it is.
template <class G>
consteval bool check_readable_graph() {
    static_assert(detail::has_node<G>, "qgraft: graph_traits<G> lacks the type 'node', a regular handle of a node");
    if constexpr (detail::has_node<G>) {
        static_assert(detail::has_hashable_node<G>, "qgraft: graph_traits<G>::node has no std::hash");
        static_assert(detail::has_nodes<G>, "qgraft: graph_traits<G> lacks nodes(const G&), a range of every node");
        static_assert(detail::has_inputs<G>,
                      "qgraft: graph_traits<G> lacks inputs(const G&, node), a range of value<node> in operand order");
    }
    return readable_graph<G>;
}

/// Fails to compile, in one sentence, unless `G` is a mutable_graph.
template <class G>
consteval bool check_mutable_graph() {
    if constexpr (check_readable_graph<G>()) {
        static_assert(
            detail::has_add_node<G>,
            "qgraft: graph_traits<G> lacks the type 'node_data' or add_node(G&, node_data), which returns the node");
        static_assert(detail::has_erase_node<G>,
                      "qgraft: graph_traits<G> lacks erase_node(G&, node), which takes back an added node");
        static_assert(detail::has_set_input<G>,
                      "qgraft: graph_traits<G> lacks set_input(G&, node, std::size_t operand, value<node>)");
    }
    return mutable_graph<G>;
}

}  // namespace qgraft

#endif
