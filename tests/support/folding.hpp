// Small networks with batch norms, and the fold rules run on them.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_SUPPORT_FOLDING_HPP
#define QGRAFT_TESTS_SUPPORT_FOLDING_HPP

#include <string>

#include <qgraft/rewrite/transaction.hpp>

#include "support/lines.hpp"
#include "support/toy_graph.hpp"

namespace toy {

/// Runs a fold rule and keeps its changes.
template <class Rule>
qgraft::report fold(graph& g, Rule rule, const qgraft::fold_config& config) {
    qgraft::transaction<graph> t(g);
    qgraft::script s(t.view().size());
    rule(t.view(), config, s, t.account());
    t.apply(s);
    t.commit();
    return t.account();
}

/// A node as "word(names of operands)".
inline std::string shown(const graph& g, const std::string& name) {
    const toy_node& x = g.at(g.find(name));
    std::string text(to_string(x.op));
    const char* before = "(";
    for (const auto& v : x.inputs) {
        text += before + g.name(v.node) + (v.port == 0 ? "" : ":" + std::to_string(v.port));
        before = ", ";
    }
    return text + ")";
}

/// The decisions as "node: outcome, reason".
inline lines decisions(const qgraft::report& r) {
    lines all;
    for (const qgraft::decision& d : r.decisions) {
        all.push_back(d.node + ": " + std::string(to_string(d.what)) + ", " + d.reason);
    }
    return all;
}

/// moving -= (moving - output `port` of n) * rate, below `scope`.
inline void moving_average_of(graph& g, const std::string& scope, graph::node n, std::uint32_t port) {
    const auto moving = g(scope + "/moving", word::variable);
    const auto difference = g(scope + "/difference", word::sub, {moving, n});
    g.set_input(difference, 1, {n, port});
    const auto rate = g(scope + "/rate", word::other);
    g(scope + "/update", word::other, {moving, g(scope + "/change", word::mul, {difference, rate})});
}

}  // namespace toy

#endif
