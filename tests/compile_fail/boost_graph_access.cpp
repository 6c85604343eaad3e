// expect: qgraft: there is no boost_graph::access<BG> for this graph type
// A Boost graph of which nothing is said is refused with a sentence.
// SPDX-License-Identifier: Apache-2.0
#include <boost/graph/adjacency_list.hpp>
#include <qgraft/boost_graph/graph.hpp>
#include <qgraft/qat.hpp>

struct layer {};
struct wire {
    int slot;
};
using network = boost::adjacency_list<boost::listS, boost::listS, boost::bidirectionalS, layer, wire>;

void use(network& g) { qgraft::create_training_graph(g); }
