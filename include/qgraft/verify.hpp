// The verifier: what a target needs of the ranges of a graph, and does not find.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_VERIFY_HPP
#define QGRAFT_VERIFY_HPP

#include <qgraft/ops/dialect.hpp>
#include <qgraft/ops/index.hpp>
#include <qgraft/rewrite/report.hpp>
#include <qgraft/rules/missing_ranges.hpp>
#include <qgraft/rules/target.hpp>

namespace qgraft {

/// Checks a graph that was rewritten for evaluation, of any type whose dialect tells words, for a target: which values
/// lack a range, by the node that computes them, and which operations should have one range for values that have
/// several. A graph for training may have more than inference will (dropout, losses): that is checked too.
/// Throws invalid_graph. The graph is only read.
template <class G>
range_check missing_ranges(const G& graph, target t) {
    if constexpr (check_matchable_graph<G>()) {
        return find_missing_ranges(graph_index<G>(graph), t);
    } else {
        return {};
    }
}

/// For qat_options::verify: `options.verify = &qgraft::verify_ranges<qgraft::target::tflite_uint8>`. Puts what is
/// missing into report::ranges.
template <target T>
void verify_ranges(const graph_view& view, report& r) {
    r.ranges = find_missing_ranges(view, T);
}

}  // namespace qgraft

#endif
