// expect: qgraft: boost_graph::access<BG> lacks 'operand', which operand of its target an edge is
// A Boost graph whose edges do not say which operand they are is refused with a sentence.
// SPDX-License-Identifier: Apache-2.0
#include <boost/graph/adjacency_list.hpp>
#include <qgraft/boost_graph/graph.hpp>
#include <qgraft/qat.hpp>

struct layer {};
struct wire {
    int slot;
};
using network = boost::adjacency_list<boost::listS, boost::listS, boost::bidirectionalS, layer, wire>;

template <>
struct qgraft::boost_graph::access<network> {};

void use(network& g) { qgraft::create_training_graph(g); }
