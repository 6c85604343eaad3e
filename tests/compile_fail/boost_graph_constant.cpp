// expect: qgraft: boost_graph::access<BG>::operand cannot be written, as a rewrite must
// A Boost graph whose edges only tell their operand is refused with a sentence.
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
struct qgraft::boost_graph::access<network> {
    static constexpr auto operand = [](const wire& w) { return w.slot; };
};

template <>
struct qgraft::dialect<network> {
    using node = network::vertex_descriptor;
    static constexpr word_set spoken = training_words;
    static word classify(const network&, node) { return word::other; }
    static value<node> build(editor<network>& e, const instruction<node>&) { return {e.add({})}; }
};

void use(network& g) { qgraft::create_training_graph(g, 0); }
