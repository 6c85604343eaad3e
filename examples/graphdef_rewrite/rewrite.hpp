// One rewrite: the file read, rewritten in memory, and what is to be told of it.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_EXAMPLES_GRAPHDEF_REWRITE_REWRITE_HPP
#define QGRAFT_EXAMPLES_GRAPHDEF_REWRITE_REWRITE_HPP

#include <string>
#include <vector>

#include <qgraft/graphdef/dialect.hpp>
#include <qgraft/graphdef/graph_file.hpp>
#include <qgraft/qat.hpp>

#include "progress.hpp"
#include "settings.hpp"

namespace rewriter {

using graph_file = qgraft::graphdef::graph_file;
using graph = graph_file::graph;

/// A rewritten graph and its account.
struct rewritten {
    graph_file file;
    qgraft::graphdef::file_format format;  ///< of the output
    graph g;                               ///< over `file`
    qgraft::report report;
    std::vector<std::string> values;  ///< of --list-values, which rewrites nothing

    /// Reads and rewrites. Throws qgraft::error.
    rewritten(const settings& s, progress& bar);

    /// Whether the rewrite has made this node.
    [[nodiscard]] bool is_new(graph::node n) const { return g.is_new(n); }
};

}  // namespace rewriter

#endif
