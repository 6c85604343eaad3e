// expect: qgraft: graph_traits<G> lacks the type 'node_data' or add_node(G&, node_data), which returns the node
// A graph type that does not say what a new node is made of is refused with a sentence.
// SPDX-License-Identifier: Apache-2.0
#include <qgraft/qat.hpp>

#include <cstddef>
#include <vector>

struct ir {};

template <>
struct qgraft::graph_traits<ir> {
    using node = int;
    static std::vector<node> nodes(const ir&);
    static std::vector<value<node>> inputs(const ir&, node);
    static node add_node(ir&, int);
    static void erase_node(ir&, node);
    static void set_input(ir&, node, std::size_t, value<node>);
};

void use(ir& g) { qgraft::create_training_graph(g); }
