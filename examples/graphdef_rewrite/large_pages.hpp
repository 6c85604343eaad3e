// Memory in large pages: a short run spends much of its time on being given small ones.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_EXAMPLES_GRAPHDEF_REWRITE_LARGE_PAGES_HPP
#define QGRAFT_EXAMPLES_GRAPHDEF_REWRITE_LARGE_PAGES_HPP

#include <string>

namespace rewriter {

/// Asks the system to back what the program allocates from now on, about as much as rewriting this file takes, with
/// large pages. Where that cannot be had, nothing changes.
void use_large_pages(const std::string& file);

}  // namespace rewriter

#endif
