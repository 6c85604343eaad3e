// The version of qgraft, for the preprocessor and for programs.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_VERSION_HPP
#define QGRAFT_VERSION_HPP

#include <string_view>

/// The three numbers of the version. Before 1.0, a new minor version may break sources that use the library.
#define QGRAFT_VERSION_MAJOR 0
#define QGRAFT_VERSION_MINOR 1
#define QGRAFT_VERSION_PATCH 0

/// The version as one integer that grows with it: major * 10000 + minor * 100 + patch.
#define QGRAFT_VERSION (QGRAFT_VERSION_MAJOR * 10000 + QGRAFT_VERSION_MINOR * 100 + QGRAFT_VERSION_PATCH)

namespace qgraft {

/// The version as text, "major.minor.patch".
inline constexpr std::string_view version = "0.1.0";

}  // namespace qgraft

#endif  // QGRAFT_VERSION_HPP
