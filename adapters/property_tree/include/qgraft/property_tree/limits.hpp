// What is read at most of a text, and how deep its nesting is, found out before a recursive reader sees it.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_PROPERTY_TREE_LIMITS_HPP
#define QGRAFT_PROPERTY_TREE_LIMITS_HPP

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <qgraft/property_tree/error.hpp>

namespace qgraft::property_tree {

/// Bounds of what is read. Trees are destroyed by recursion, and Boost's readers recurse, so depth is a matter of the
/// stack.
struct limits {
    std::size_t bytes = std::size_t{1} << 30U;  ///< of the text
    std::size_t depth = 100;                    ///< of the nesting
};

namespace detail {

[[noreturn]] inline void refuse_depth(const char* format, std::size_t depth) {
    throw parse_error(format, "is nested deeper than " + std::to_string(depth));
}

/// Throws parse_error for a text that is too large, or that holds a zero byte, at which C strings end.
inline void check_size(const char* format, std::string_view text, const limits& most) {
    if (text.size() > most.bytes) {
        throw parse_error(format, "has more than " + std::to_string(most.bytes) + " bytes");
    }
    if (text.find('\0') != std::string_view::npos) throw parse_error(format, "holds a zero byte");
}

/// Space as Boost's INFO reader sees it.
constexpr bool is_info_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// Follows the nesting of one line of INFO, whose tokens are braces, strings and words. Throws parse_error for a
/// directive.
class info_nesting {
public:
    explicit info_nesting(std::size_t most) : most_(most) {}

    void read_line(std::string_view line) {
        skip_space(line);
        if (line.starts_with('#')) throw parse_error("INFO", "has a directive (#include): other files are not read");
        while (!line.empty() && line.front() != ';') {
            read_token(line);
            skip_space(line);
        }
    }

private:
    static void skip_space(std::string_view& line) {
        while (!line.empty() && is_info_space(line.front())) line.remove_prefix(1);
    }

    void read_token(std::string_view& line) {
        const char first = line.front();
        std::size_t length = 1;
        if (first == '{') {
            if (++depth_ > most_) refuse_depth("INFO", most_);
        } else if (first == '}') {
            if (depth_ > 0) --depth_;
        } else if (first == '"') {
            while (length < line.size() && line[length] != '"') length += line[length] == '\\' ? 2 : 1;
            ++length;
        } else {
            while (length < line.size() && !is_info_space(line[length]) && line[length] != ';') ++length;
        }
        line.remove_prefix(length < line.size() ? length : line.size());
    }

    std::size_t most_;
    std::size_t depth_ = 0;
};

/// Throws parse_error for INFO that is nested deeper than `most`, or that has a directive.
inline void check_info_nesting(std::string_view text, std::size_t most) {
    info_nesting nesting(most);
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        nesting.read_line(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
}

/// The length of a tag at the beginning of `text`: up to the first '>' outside of quotes. Throws parse_error where it
/// has no end, or where another tag begins inside.
inline std::size_t xml_tag_length(std::string_view text) {
    char quote = 0;
    for (std::size_t i = 1; i < text.size(); ++i) {
        const char c = text[i];
        if (quote != 0) {
            if (c == quote) quote = 0;
        } else if (c == '"' || c == '\'') {
            quote = c;
        } else if (c == '>') {
            return i + 1;
        } else if (c == '<') {
            break;
        }
    }
    throw parse_error("XML", "has a tag without an end");
}

/// The length of what begins here up to and with `end`. Throws parse_error where there is no end.
inline std::size_t xml_length_to(std::string_view text, std::string_view begin, std::string_view end) {
    const std::size_t at = text.find(end, begin.size());
    if (at == std::string_view::npos) throw parse_error("XML", "has '" + std::string(begin) + "' without an end");
    return at + end.size();
}

/// The name in a tag, which begins at `from`.
inline std::string_view xml_name(std::string_view tag, std::size_t from) {
    return tag.substr(from, tag.find_first_of(" \t\n\r/>", from) - from);
}

/// Follows the nesting of XML elements. Throws parse_error for those that are nested deeper than `most`, or closed by
/// another name.
class xml_nesting {
public:
    explicit xml_nesting(std::size_t most) : most_(most) {}

    void read_tag(std::string_view tag) {
        if (tag.starts_with("</")) {
            const std::string_view name = xml_name(tag, 2);
            if (open_.empty() || open_.back() != name) {
                throw parse_error("XML", "closes '" + std::string(name.substr(0, 100)) + "', which is not open there");
            }
            open_.pop_back();
        } else if (tag[tag.size() - 2] != '/') {
            if (open_.size() == most_) refuse_depth("XML", most_);
            open_.push_back(xml_name(tag, 1));
        }
    }

private:
    std::size_t most_;
    std::vector<std::string_view> open_;
};

/// Throws parse_error for XML that is nested deeper than `most`, whose tags do not fit, or that has a declaration
/// (<!DOCTYPE>).
inline void check_xml_nesting(std::string_view text, std::size_t most) {
    xml_nesting nesting(most);
    for (std::size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<')) {
        text.remove_prefix(at);
        std::size_t length = 0;
        if (text.starts_with("<!--")) {
            length = xml_length_to(text, "<!--", "-->");
        } else if (text.starts_with("<![CDATA[")) {
            length = xml_length_to(text, "<![CDATA[", "]]>");
        } else if (text.starts_with("<?")) {
            length = xml_length_to(text, "<?", "?>");
        } else if (text.starts_with("<!")) {
            throw parse_error("XML", "has a declaration (<!DOCTYPE>), which is not read");
        } else {
            length = xml_tag_length(text);
            nesting.read_tag(text.substr(0, length));
        }
        text.remove_prefix(length);
    }
}

}  // namespace detail

}  // namespace qgraft::property_tree

#endif
