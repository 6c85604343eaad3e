// expect: qgraft: graph_traits<G> lacks nodes(const G&), a range of every node
// A graph type whose nodes cannot be listed is refused with a sentence.
// SPDX-License-Identifier: Apache-2.0
#include <qgraft/qat.hpp>

#include <cstddef>
#include <vector>

struct ir {};

template <>
struct qgraft::graph_traits<ir> {
    using node = int;
    using node_data = int;
    static std::vector<value<node>> inputs(const ir&, node);
    static node add_node(ir&, node_data);
    static void erase_node(ir&, node);
    static void set_input(ir&, node, std::size_t, value<node>);
};

void use(ir& g) { qgraft::create_training_graph(g); }
