// expect: qgraft: graph_traits<G> lacks set_input(G&, node, std::size_t operand, value<node>)
// A graph type without set_input is refused with a sentence.
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
    static std::vector<value<node>> inputs(const ir&, node);
    static node add_node(ir&, node_data);
    static void erase_node(ir&, node);
};

void use(ir& g) { qgraft::create_eval_graph(g); }
