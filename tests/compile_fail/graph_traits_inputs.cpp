// expect: qgraft: graph_traits<G> lacks inputs(const G&, node), a range of value<node> in operand order
// A graph type whose operands cannot be read is refused with a sentence.
// SPDX-License-Identifier: Apache-2.0
#include <qgraft/qat.hpp>

#include <cstddef>
#include <vector>

struct ir {};

template <>
struct qgraft::graph_traits<ir> {
    using node = int;
    using node_data = int;
    static std::vector<node> nodes(const ir&);
    static node add_node(ir&, node_data);
    static void erase_node(ir&, node);
    static void set_input(ir&, node, std::size_t, value<node>);
};

void use(ir& g) { qgraft::create_training_graph(g); }
