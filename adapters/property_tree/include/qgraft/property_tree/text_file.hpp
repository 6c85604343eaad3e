// Reads a file of text that must not be large.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_PROPERTY_TREE_TEXT_FILE_HPP
#define QGRAFT_PROPERTY_TREE_TEXT_FILE_HPP

#include <cstddef>
#include <fstream>
#include <ios>
#include <string>

#include <qgraft/property_tree/error.hpp>

namespace qgraft::property_tree {

/// The first `most` bytes of a file. Throws parse_error, with the name as its subject, where it cannot be read.
inline std::string read_text_file(const std::string& name, std::size_t most) {
    std::ifstream in(name, std::ios::binary);
    if (!in) throw parse_error(name, "cannot be read");
    std::string text(most, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (in.bad()) throw parse_error(name, "cannot be read");
    text.resize(static_cast<std::size_t>(in.gcount()));
    return text;
}

}  // namespace qgraft::property_tree

#endif
