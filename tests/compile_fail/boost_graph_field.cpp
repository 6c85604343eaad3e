// expect: qgraft: boost_graph::access<BG>::operand is no member of the bundled properties, no tag of an interior property, and no function of const BG& that returns a property map
// A Boost graph that is told of by a member of something else is refused with a sentence.
// SPDX-License-Identifier: Apache-2.0
#include <boost/graph/adjacency_list.hpp>
#include <qgraft/boost_graph/graph.hpp>
#include <qgraft/qat.hpp>

struct layer {
    int slot;
};
struct wire {};
using network = boost::adjacency_list<boost::listS, boost::listS, boost::bidirectionalS, layer, wire>;

template <>
struct qgraft::boost_graph::access<network> {
    static constexpr auto operand = &layer::slot;
};

void use(network& g) { qgraft::create_training_graph(g); }
