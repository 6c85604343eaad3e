// The variables that a rewrite has added, those of moving averages and of the quantization step included.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_EXAMPLES_GRAPHDEF_REWRITE_NEW_VARIABLES_HPP
#define QGRAFT_EXAMPLES_GRAPHDEF_REWRITE_NEW_VARIABLES_HPP

#include <optional>
#include <string>
#include <vector>

#include "rewrite.hpp"

namespace rewriter {

/// A scalar variable, as the program that trains the graph needs to know it.
struct added_variable {
    std::string name;
    std::string initializer;        ///< the operation that gives it its initial value
    std::optional<double> initial;  ///< that value
};

/// The new variables, in the order of the graph.
std::vector<added_variable> new_variables(const rewritten& r);

}  // namespace rewriter

#endif
