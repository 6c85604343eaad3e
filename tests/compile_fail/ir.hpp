// A graph type whose traits are complete, for tests of what its dialect lacks. Nothing of it is defined.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_COMPILE_FAIL_IR_HPP
#define QGRAFT_TESTS_COMPILE_FAIL_IR_HPP

#include <cstddef>
#include <vector>

#include <qgraft/qat.hpp>

struct ir {};

template <>
struct qgraft::graph_traits<ir> {
    using node = int;
    using node_data = int;
    static std::vector<node> nodes(const ir&);
    static std::vector<value<node>> inputs(const ir&, node);
    static node add_node(ir&, node_data);
    static void erase_node(ir&, node);
    static void set_input(ir&, node, std::size_t, value<node>);
};

#endif
