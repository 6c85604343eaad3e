// The table of ranges of --post-training.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_EXAMPLES_GRAPHDEF_REWRITE_RANGES_HPP
#define QGRAFT_EXAMPLES_GRAPHDEF_REWRITE_RANGES_HPP

#include <string>

#include <qgraft/graph/error.hpp>

#include "settings.hpp"

namespace rewriter {

/// Reads the file of --post-training, where there is one, into the settings: a JSON object of [min, max] by the names
/// of nodes. Throws qgraft::property_tree::parse_error with everything that is wrong in it.
void read_ranges(settings& s);

/// Throws qgraft::invalid_option where the table names what the graph does not have.
template <class Graph>
void check_ranges(const Graph& g, const settings& s) {
    if (!s.ranges) return;
    for (const auto& [name, range] : *s.ranges) {
        const auto colon = name.rfind(':');
        if (g.find(name) || (colon != std::string::npos && g.find(name.substr(0, colon)))) continue;
        throw qgraft::invalid_option("post_training", "names '" + name + "', which is no node of the graph");
    }
}

}  // namespace rewriter

#endif
