// expect: qgraft: a Boost graph must have directed edges, from a tensor's producer to its reader
// A Boost graph whose edges have no direction is refused with a sentence.
// SPDX-License-Identifier: Apache-2.0
#include <boost/graph/adjacency_list.hpp>
#include <qgraft/boost_graph/graph.hpp>
#include <qgraft/qat.hpp>

struct layer {};
struct wire {
    int slot;
};
using network = boost::adjacency_list<boost::listS, boost::listS, boost::undirectedS, layer, wire>;

template <>
struct qgraft::boost_graph::access<network> {
    static constexpr auto operand = &wire::slot;
};

void use(network& g) { qgraft::create_training_graph(g); }
