// Which nodes run inside while loops.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_LOOPS_HPP
#define QGRAFT_GRAPHDEF_LOOPS_HPP

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <qgraft/graphdef/node_ref.hpp>

namespace qgraft::graphdef {

/// By node: whether it depends on an Enter without an Exit between, so that it runs once an iteration.
template <class G>
std::vector<bool> nodes_in_loops(const G& g) {
    const auto is = [&g](node_ref n, std::string_view op) {
        const std::string_view name = g.op(n);
        return name == op || (name.starts_with("Ref") && name.substr(3) == op);
    };
    const auto nodes = g.nodes();
    std::vector<bool> inside(nodes.size(), false);
    std::vector<node_ref> open;
    for (const node_ref n : nodes) {
        if (!is(n, "Enter")) continue;
        inside[n.id] = true;
        open.push_back(n);
    }
    if (open.empty()) return inside;
    std::vector<std::vector<node_ref>> users(nodes.size());
    for (const node_ref n : nodes) {
        for (const auto& v : g.inputs(n)) users[v.node.id].push_back(n);
        for (const node_ref c : g.control_inputs(n)) users[c.id].push_back(n);
    }
    while (!open.empty()) {
        const node_ref n = open.back();
        open.pop_back();
        for (const node_ref user : users[n.id]) {
            if (inside[user.id] || is(user, "Exit")) continue;
            inside[user.id] = true;
            open.push_back(user);
        }
    }
    return inside;
}

}  // namespace qgraft::graphdef

#endif
