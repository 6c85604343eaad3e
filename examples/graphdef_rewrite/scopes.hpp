// The boxes of a picture: the name scopes worth drawing.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_EXAMPLES_GRAPHDEF_REWRITE_SCOPES_HPP
#define QGRAFT_EXAMPLES_GRAPHDEF_REWRITE_SCOPES_HPP

#include <cstddef>
#include <string>
#include <vector>

namespace rewriter {

/// A scope to draw, with the scopes inside it and the things that lie directly in it, by their place in the list.
struct scope {
    std::string path;
    std::string label;
    std::vector<scope> inside;
    std::vector<std::size_t> things;
};

/// Sorts names into scopes: two levels of those that hold at least two things; a scope that holds nearly everything is
/// drawn and does not count as a level. The result is the top, which is no box itself.
scope scopes_of(const std::vector<std::string>& names);

}  // namespace rewriter

#endif
