// edit_observer: who is told of each change of a graph.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPH_OBSERVER_HPP
#define QGRAFT_GRAPH_OBSERVER_HPP

#include <string_view>

#include <qgraft/graph/callback.hpp>

namespace qgraft {

/// Called before each change of a graph with what it is ("add_node", "set_input", ...). It may throw, and the change is
/// then not made.
using edit_observer = callback<std::string_view>;

}  // namespace qgraft

#endif
