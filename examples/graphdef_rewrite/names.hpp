// Names on their way to a person: on one line, and with thousands set apart.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_EXAMPLES_GRAPHDEF_REWRITE_NAMES_HPP
#define QGRAFT_EXAMPLES_GRAPHDEF_REWRITE_NAMES_HPP

#include <cstddef>
#include <string>
#include <string_view>

namespace rewriter {

/// The text on one line: control characters become question marks, and what is very long is cut.
std::string printable(std::string_view text);

/// A number with a comma between thousands.
std::string grouped(std::size_t number);

/// "1 layer", "2 layers": a number with a noun that takes an s.
std::string counted(std::size_t number, const std::string& noun);

/// The last part of a name.
std::string_view leaf(std::string_view name);

/// A name without its last part; empty where it has but one.
std::string_view parent(std::string_view name);

}  // namespace rewriter

#endif
