// A tensor, named by the node that produces it and the output port.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPH_VALUE_HPP
#define QGRAFT_GRAPH_VALUE_HPP

#include <cstdint>

namespace qgraft {

/// One output of a node: what an operand slot of another node reads. `Node` is the graph's own handle; it converts to
/// its first output.
template <class Node>
struct value {
    Node node{};
    std::uint32_t port = 0;

    constexpr value() = default;
    constexpr value(Node producer, std::uint32_t output = 0) : node(producer), port(output) {}

    friend bool operator==(const value&, const value&) = default;
};

}  // namespace qgraft

#endif
