// The report as JSON.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_EXAMPLES_GRAPHDEF_REWRITE_REPORT_JSON_HPP
#define QGRAFT_EXAMPLES_GRAPHDEF_REWRITE_REPORT_JSON_HPP

#include <string>

#include "rewrite.hpp"

namespace rewriter {

/// Everything that the rewrite decided and did. Equal rewrites give equal text.
std::string report_json(const rewritten& r, const settings& s);

}  // namespace rewriter

#endif
