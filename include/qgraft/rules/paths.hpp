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

/// What is called `last` below a path, which may be empty.
inline std::string joined_path(const std::string& path, const std::string& last, char separator) {
    return path.empty() ? last : path + separator + last;
}

/// What the names of all nodes under a path begin with; empty for the empty path, which is that of every node.
inline std::string prefix_of_scope(const std::string& path, char separator) {
    return path.empty() || path.back() == separator ? path : path + separator;
}

}  // namespace qgraft

#endif
