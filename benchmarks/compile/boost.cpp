// The yardstick of qgraft.cpp beside it: one graph type and one search of Boost.Graph.
// SPDX-License-Identifier: Apache-2.0
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/breadth_first_search.hpp>
#include <vector>

using graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::bidirectionalS>;

std::vector<int> distances(const graph& g) {
    std::vector<int> d(num_vertices(g));
    const auto visitor = boost::make_bfs_visitor(boost::record_distances(d.data(), boost::on_tree_edge()));
    boost::breadth_first_search(g, vertex(0, g), boost::visitor(visitor));
    return d;
}
