// dominators: Boost's dominator tree where not every vertex can be reached.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_BOOST_GRAPH_DOMINATORS_HPP
#define QGRAFT_BOOST_GRAPH_DOMINATORS_HPP

#include <boost/graph/dominator_tree.hpp>
#include <boost/property_map/property_map.hpp>
#include <cstddef>
#include <limits>
#include <vector>

#include <qgraft/boost_graph/view.hpp>

namespace qgraft::boost_graph {

/// The immediate dominator of each vertex on the paths from `entry`; null_vertex() for `entry` and for what cannot be
/// reached from it. By boost::lengauer_tarjan_dominator_tree. Its short form counts vertices that cannot be reached,
/// such as the weights of a network seen from its input, as predecessors, and gives wrong dominators where there are
/// any; this one marks them as its long form asks. That recurses as deep as the longest path.
template <class G>
std::vector<std::size_t> dominators(const view<G>& g, std::size_t entry) {
    const std::size_t count = num_vertices(g);
    const auto index = get(boost::vertex_index, g);
    std::vector<std::size_t> numbers(count, std::numeric_limits<std::size_t>::max());
    std::vector<std::size_t> parents(count, view<G>::null_vertex());
    std::vector<std::size_t> by_number(parents);
    std::vector<std::size_t> found(parents);
    const auto map = [&index](std::vector<std::size_t>& v) { return make_iterator_property_map(v.begin(), index); };
    boost::lengauer_tarjan_dominator_tree(g, entry, index, map(numbers), map(parents), by_number, map(found));
    return found;
}

}  // namespace qgraft::boost_graph

#endif
