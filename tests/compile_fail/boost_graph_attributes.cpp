// expect: qgraft: boost_graph::access<BG>::attributes is no map from keys to attributes, such as std::map
// A Boost graph whose attributes have no keys is refused with a sentence.
// SPDX-License-Identifier: Apache-2.0
#include <boost/graph/adjacency_list.hpp>
#include <qgraft/boost_graph/graph.hpp>
#include <qgraft/qat.hpp>

#include <vector>

struct layer {
    std::vector<int> numbers;
};
struct wire {
    int slot;
};
using network = boost::adjacency_list<boost::listS, boost::listS, boost::bidirectionalS, layer, wire>;

template <>
struct qgraft::boost_graph::access<network> {
    static constexpr auto operand = &wire::slot;
    static constexpr auto attributes = &layer::numbers;
};

void use(network& g) { qgraft::create_training_graph(g); }
