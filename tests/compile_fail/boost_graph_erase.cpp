// expect: qgraft: erasing a vertex renumbers the others of this Boost graph (vecS); a rule that erases needs vertices that keep their descriptors (listS, setS)
// A Boost graph whose vertices are numbers can grow, but a rule that erases is refused with a sentence.
// SPDX-License-Identifier: Apache-2.0
#include <boost/graph/adjacency_list.hpp>
#include <qgraft/boost_graph/erase.hpp>

struct layer {};
struct wire {
    int slot;
};
using network = boost::adjacency_list<boost::listS, boost::vecS, boost::bidirectionalS, layer, wire>;

template <>
struct qgraft::boost_graph::access<network> {
    static constexpr auto operand = &wire::slot;
};

std::size_t use(network& g) {
    return qgraft::boost_graph::erase_unread(g, [](auto) { return true; });
}
