// A tensor, named by the node that produces it and the output port.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPH_VALUE_HPP
#define QGRAFT_GRAPH_VALUE_HPP

#include <cstdint>

namespace qgraft {

/// One output of a node: what an operand slot of another node reads. `Node` is the graph's own handle.
template <class Node>
struct value {
    Node node{};
    std::uint32_t port = 0;

    friend bool operator==(const value&, const value&) = default;
};

template <class Node>
value(Node) -> value<Node>;
template <class Node, class Port>
value(Node, Port) -> value<Node>;

}  // namespace qgraft

#endif
