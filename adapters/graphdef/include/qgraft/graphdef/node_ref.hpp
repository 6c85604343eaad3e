// The node handle of a basic_graph.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_NODE_REF_HPP
#define QGRAFT_GRAPHDEF_NODE_REF_HPP

#include <cstddef>
#include <cstdint>
#include <functional>

namespace qgraft::graphdef {

/// A node of a basic_graph: its place in the file.
struct node_ref {
    std::uint32_t id = 0xffffffffU;
    friend bool operator==(const node_ref&, const node_ref&) = default;
};

}  // namespace qgraft::graphdef

template <>
struct std::hash<qgraft::graphdef::node_ref> {
    std::size_t operator()(const qgraft::graphdef::node_ref& n) const noexcept { return n.id; }
};

#endif
