// INFO and XML to trees, by Boost's readers, behind checks of what these cannot bear; and any format by its look.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_PROPERTY_TREE_FORMATS_HPP
#define QGRAFT_PROPERTY_TREE_FORMATS_HPP

#include <boost/property_tree/info_parser.hpp>
#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>

#include <qgraft/property_tree/error.hpp>
#include <qgraft/property_tree/json.hpp>
#include <qgraft/property_tree/limits.hpp>
#include <qgraft/property_tree/tree.hpp>

namespace qgraft::property_tree {

namespace detail {

/// Copies the children of a node, and those of its XML attributes, as the children of another.
inline void copy_children(const boost::property_tree::ptree& from, tree& to, const char* format, std::size_t depth) {
    if (depth == 0) throw parse_error(format, "is nested too deeply");
    for (const auto& [key, child] : from) {
        if (key == "<xmlattr>") {
            copy_children(child, to, format, depth - 1);
            continue;
        }
        tree& made = to.push_back({key, tree(scalar{kind::untyped, child.data()})})->second;
        copy_children(child, made, format, depth - 1);
    }
}

/// The text with the line where Boost has it.
inline std::string message_of(const boost::property_tree::file_parser_error& e) {
    const std::string line = e.line() == 0 ? std::string() : "line " + std::to_string(e.line()) + ": ";
    return line + e.message().substr(0, 300);
}

}  // namespace detail

/// The tree of one of Boost's own: every value is untyped. Throws parse_error for nesting beyond `depth`.
inline tree of_ptree(const boost::property_tree::ptree& from, std::size_t depth = limits{}.depth) {
    tree t(scalar{kind::untyped, from.data()});
    detail::copy_children(from, t, "a property tree", depth + 1);
    return t;
}

/// Reads INFO, the format of Boost.PropertyTree; every value is untyped. Throws parse_error for what is no INFO, for a
/// directive such as #include, and beyond the limits.
inline tree read_info(std::string_view text, const limits& most = {}) {
    detail::check_size("INFO", text, most);
    detail::check_info_nesting(text, most.depth);
    std::istringstream in{std::string(text)};
    boost::property_tree::ptree found;
    try {
        boost::property_tree::read_info(in, found);
    } catch (const boost::property_tree::file_parser_error& e) {
        throw parse_error("INFO", detail::message_of(e));
    }
    return of_ptree(found, most.depth + 2);
}

/// Reads XML. The tree is that of the root element, whose name must be `root`; attributes are read as elements, every
/// value is untyped. Throws parse_error for what is no XML, for a declaration (<!DOCTYPE>), and beyond the limits.
inline tree read_xml(std::string_view text, std::string_view root, const limits& most = {}) {
    namespace bpt = boost::property_tree;
    detail::check_size("XML", text, most);
    detail::check_xml_nesting(text, most.depth);
    std::istringstream in{std::string(text)};
    bpt::ptree found;
    try {
        bpt::read_xml(in, found, bpt::xml_parser::no_comments | bpt::xml_parser::trim_whitespace);
    } catch (const bpt::file_parser_error& e) {
        throw parse_error("XML", detail::message_of(e));
    }
    if (found.size() != 1 || found.front().first != root) {
        throw parse_error("XML", "must have one root element, '" + std::string(root) + "'");
    }
    return of_ptree(found.front().second, most.depth + 2);
}

/// The formats that configurations come in.
enum class format : std::uint8_t { json, info, xml };

/// The format of a file: by the end of its name (.json, .info, .xml), else by the first character of its text.
inline format format_of(std::string_view name, std::string_view text) {
    if (name.ends_with(".json")) return format::json;
    if (name.ends_with(".info")) return format::info;
    if (name.ends_with(".xml")) return format::xml;
    const std::size_t first = text.find_first_not_of(" \t\r\n\xef\xbb\xbf");
    if (first == std::string_view::npos) return format::info;
    return text[first] == '{' || text[first] == '[' ? format::json : text[first] == '<' ? format::xml : format::info;
}

}  // namespace qgraft::property_tree

#endif
