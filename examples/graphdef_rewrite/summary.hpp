// What the program says of a rewrite in a few lines.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_EXAMPLES_GRAPHDEF_REWRITE_SUMMARY_HPP
#define QGRAFT_EXAMPLES_GRAPHDEF_REWRITE_SUMMARY_HPP

#include <string>

#include "rewrite.hpp"

namespace rewriter {

/// What was done, what was not covered and why, and warnings. `seconds`: what the whole took.
std::string summary(const rewritten& r, const settings& s, double seconds);

}  // namespace rewriter

#endif
