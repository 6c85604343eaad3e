// JSON to trees and back: what is a number, a boolean or a string stays one.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_PROPERTY_TREE_JSON_HPP
#define QGRAFT_PROPERTY_TREE_JSON_HPP

#include <cstddef>
#include <cstdint>
#include <exception>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <qgraft/property_tree/error.hpp>
#include <qgraft/property_tree/limits.hpp>
#include <qgraft/property_tree/tree.hpp>

namespace qgraft::property_tree {

namespace detail {

/// Takes the events of nlohmann's parser, which does not recurse, and makes a tree of them.
class json_events {
public:
    using library = nlohmann::json;

    explicit json_events(std::size_t most) : most_(most) {}

    /// The tree. Throws parse_error where there is none.
    tree take() && {
        if (!failure_.empty()) throw property_tree::parse_error("JSON", failure_);
        return std::move(root_);
    }

    bool null() { return put({kind::null, "null"}); }
    bool boolean(bool v) { return put({kind::boolean, v ? "true" : "false"}); }
    bool number_integer(library::number_integer_t v) { return put({kind::number, number_text(v)}); }
    bool number_unsigned(library::number_unsigned_t v) { return put({kind::number, number_text(v)}); }
    bool number_float(library::number_float_t, const std::string& text) { return put({kind::number, text}); }
    bool string(std::string& text) { return put({kind::string, std::move(text)}); }
    template <class Binary>
    bool binary(Binary&) {
        return fail("holds binary data");
    }

    bool start_object(std::size_t) { return open(kind::object); }
    bool start_array(std::size_t) { return open(kind::array); }
    bool end_object() { return close(); }
    bool end_array() { return close(); }
    bool key(std::string& text) {
        if (open_.back()->count(text) != 0) return fail("has the key '" + text + "' twice in one object");
        key_ = std::move(text);
        return true;
    }

    bool parse_error(std::size_t, const std::string&, const std::exception& e) {
        const std::string_view what = e.what();
        const std::size_t after_tag = what.find("] ");
        return fail(std::string(what.substr(after_tag == std::string_view::npos ? 0 : after_tag + 2)));
    }

private:
    bool fail(std::string why) {
        constexpr std::size_t longest = 300;
        if (why.size() > longest) why = why.substr(0, longest) + " ...";
        failure_ = std::move(why);
        return false;
    }

    /// Where the next value goes.
    tree& place() {
        if (open_.empty()) return root_;
        tree& made = open_.back()->push_back({std::move(key_), tree()})->second;
        key_.clear();
        return made;
    }

    bool put(scalar s) {
        place().data() = std::move(s);
        return true;
    }
    bool open(kind what) {
        if (open_.size() == most_) return fail("is nested deeper than " + std::to_string(most_));
        tree& made = place();
        made.data().what = what;
        open_.push_back(&made);
        return true;
    }
    bool close() {
        open_.pop_back();
        return true;
    }

    std::size_t most_;
    tree root_;
    std::vector<tree*> open_;  ///< the objects and arrays that have begun, each within the one before
    std::string key_;
    std::string failure_;
};

/// Writes a tree, by recursion no deeper than the limits.
class json_writer {
public:
    json_writer(std::string& out, bool in_lines, std::size_t most) : out_(out), in_lines_(in_lines), most_(most) {}

    void write(const tree& t) {
        const scalar& s = t.data();
        switch (s.what) {
            case kind::object:
            case kind::array:
                return write_children(t, s.what == kind::object);
            case kind::string:
            case kind::untyped:
                return write_string(s.text);
            default:
                return write_literal(s);
        }
    }

private:
    static bool is_flat(const tree& t) {
        for (const auto& [key, child] : t) {
            if (child.data().what <= kind::array) return false;
        }
        return true;
    }

    void write_children(const tree& t, bool is_object) {
        if (level_ == most_) refuse_depth("JSON", most_);
        const bool lines = in_lines_ && !t.empty() && (is_object || !is_flat(t));
        out_ += is_object ? '{' : '[';
        ++level_;
        const char* before = "";
        for (const auto& [key, child] : t) {
            out_ += before;
            before = in_lines_ && !lines ? ", " : ",";
            if (lines) new_line();
            if (is_object) {
                write_string(key);
                out_ += in_lines_ ? ": " : ":";
            } else if (!key.empty()) {
                throw parse_error("JSON", "cannot be written: an array has an element with the key '" + key + "'");
            }
            write(child);
        }
        --level_;
        if (lines) new_line();
        out_ += is_object ? '}' : ']';
    }

    void new_line() {
        out_ += '\n';
        out_.append(2 * level_, ' ');
    }

    void write_string(const std::string& text) {
        try {
            out_ += nlohmann::json(text).dump();
        } catch (const nlohmann::json::exception&) {
            throw parse_error("JSON", "cannot be written: a string is not UTF-8");
        }
    }

    void write_literal(const scalar& s) {
        const std::string& text = s.text;
        const bool starts_as_number = !text.empty() && (text[0] == '-' || (text[0] >= '0' && text[0] <= '9'));
        const bool fits = s.what == kind::null      ? text == "null"
                          : s.what == kind::boolean ? text == "true" || text == "false"
                                                    : starts_as_number && nlohmann::json::accept(text);
        if (!fits) {
            throw parse_error(
                "JSON", "cannot be written: '" + text + "' is not " + std::string(to_string(s.what)) + " of JSON");
        }
        out_ += text;
    }

    std::string& out_;
    bool in_lines_;
    std::size_t most_;
    std::size_t level_ = 0;
};

}  // namespace detail

/// Reads JSON; each value keeps its kind, and each number that is no integer its spelling. Throws parse_error, with the
/// line, for what is no JSON, for a key twice in an object, and beyond the limits.
inline tree read_json(std::string_view text, const limits& most = {}) {
    if (text.size() > most.bytes) {
        throw parse_error("JSON", "has more than " + std::to_string(most.bytes) + " bytes");
    }
    detail::json_events events(most.depth);
    nlohmann::json::sax_parse(text.begin(), text.end(), &events);
    return std::move(events).take();
}

/// How write_json lays the text out.
enum class layout : std::uint8_t {
    lines,    ///< a line a key, but for arrays without objects or arrays in them; indented by two
    compact,  ///< without any space
};

/// A tree as JSON, each value as what it is; untyped texts are strings. Throws parse_error for a tree that JSON cannot
/// express: text that is not UTF-8, a number that is none (infinities), keys in an array, nesting beyond `depth`.
inline std::string write_json(const tree& t, layout how = layout::lines, std::size_t depth = limits{}.depth) {
    std::string text;
    detail::json_writer(text, how == layout::lines, depth).write(t);
    if (how == layout::lines) text += '\n';
    return text;
}

}  // namespace qgraft::property_tree

#endif
