// Paths of names.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_PATHS_HPP
#define QGRAFT_RULES_PATHS_HPP

#include <string>

namespace qgraft {

/// The part of a path before its last separator; empty when there is none.
inline std::string parent_path(const std::string& path, char separator) {
    const auto at = path.rfind(separator);
    return at == std::string::npos || at + 1 == path.size() ? std::string() : path.substr(0, at);
}

}  // namespace qgraft

#endif
