// expect: qgraft: graph_traits<G>::node has no std::hash
// A handle that cannot be hashed is refused with a sentence.
// SPDX-License-Identifier: Apache-2.0
#include <qgraft/qat.hpp>

#include <cstddef>
#include <vector>

struct ir {};

struct handle {
    int id = 0;
    friend bool operator==(const handle&, const handle&) = default;
};

template <>
struct qgraft::graph_traits<ir> {
    using node = handle;
    using node_data = int;
    static std::vector<node> nodes(const ir&);
    static std::vector<value<node>> inputs(const ir&, node);
    static node add_node(ir&, node_data);
    static void erase_node(ir&, node);
    static void set_input(ir&, node, std::size_t, value<node>);
};

void use(ir& g) { qgraft::create_training_graph(g); }
