// A picture of what a rewrite has changed, in GraphViz's DOT.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_EXAMPLES_GRAPHDEF_REWRITE_PICTURE_HPP
#define QGRAFT_EXAMPLES_GRAPHDEF_REWRITE_PICTURE_HPP

#include <string>

#include "rewrite.hpp"

namespace rewriter {

/// The rewritten network's skeleton with what is new in colour. Equal rewrites give equal text.
std::string picture(const rewritten& r, const settings& s);

}  // namespace rewriter

#endif
