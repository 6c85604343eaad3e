// The keys of a node in a JSON graph, read and checked. Errors name the node, or where it is.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_PROPERTY_TREE_NODE_KEYS_HPP
#define QGRAFT_PROPERTY_TREE_NODE_KEYS_HPP

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <qgraft/graph/error.hpp>
#include <qgraft/graph/shape.hpp>
#include <qgraft/property_tree/tree.hpp>

namespace qgraft::property_tree {

/// A tensor as a JSON graph spells it: "node" or "node:port".
struct tensor_name {
    std::string_view node;
    std::uint32_t port = 0;
};

/// Splits a spelling at its last colon, where a number follows.
inline tensor_name split_tensor_name(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon + 1 == text.size()) return {text};
    std::uint32_t port = 0;
    const char* end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data() + colon + 1, end, port);
    return failure == std::errc() && stop == end ? tensor_name{text.substr(0, colon), port} : tensor_name{text};
}

/// The spelling of a tensor; port 0 is left out.
inline std::string to_string(tensor_name t) {
    std::string text(t.node);
    if (t.port != 0) text += ":" + std::to_string(t.port);
    return text;
}

namespace detail {

/// A child of a node; null where there is none.
inline const tree* child_of(const tree& t, const char* key) {
    const auto at = t.find(key);
    return at == t.not_found() ? nullptr : &at->second;
}

/// Reads the keys of one node. Throws invalid_graph for a value of another kind, with `who`: the node's name or, before
/// that is known, its place.
class node_keys {
public:
    node_keys(const tree& node, std::string who) : node_(node), who_(std::move(who)) {
        if (node.data().what != kind::object) refuse("", node, "an object");
        for (auto at = node.begin(); at != node.end(); ++at) {
            if (node.count(at->first) > 1) throw invalid_graph(who_, "has the key '" + at->first + "' twice");
        }
    }

    void set_who(std::string who) { who_ = std::move(who); }

    /// A text that must be there, and not be empty.
    [[nodiscard]] const std::string& text(const char* key) const {
        const tree* t = child_of(node_, key);
        if (t == nullptr) throw invalid_graph(who_, std::string("has no '") + key + "'");
        if (t->data().what != kind::string || t->data().text.empty()) refuse(key, *t, "a string that is not empty");
        return t->data().text;
    }

    /// The elements of an array of strings; none where the key is missing.
    [[nodiscard]] std::vector<std::string_view> texts(const char* key) const {
        std::vector<std::string_view> all;
        each(key, [&](const std::string& path, const tree& e) {
            if (e.data().what != kind::string) refuse(path, e, "a string");
            all.push_back(e.data().text);
        });
        return all;
    }

    /// The elements of an array of whole numbers that are not negative.
    [[nodiscard]] std::vector<std::size_t> places(const char* key) const {
        std::vector<std::size_t> all;
        each(key, [&](const std::string& path, const tree& e) {
            const auto n = translator<std::uint32_t>().get_value(e.data());
            if (!n) refuse(path, e, "a whole number from 0 on");
            all.push_back(*n);
        });
        return all;
    }

    /// The shapes of the outputs.
    [[nodiscard]] std::vector<tensor_shape> shapes(const char* key) const {
        std::vector<tensor_shape> all;
        each(key, [&](const std::string& path, const tree& e) { all.push_back(shape(path, e)); });
        return all;
    }

    [[nodiscard]] bool flag(const char* key) const {
        const tree* t = child_of(node_, key);
        if (t == nullptr) return false;
        const auto b = translator<bool>().get_value(t->data());
        if (!b) refuse(key, *t, "true or false");
        return *b;
    }

    /// Checks that the attributes are an object, where there are any.
    void check_attributes(const char* key) const {
        const tree* t = child_of(node_, key);
        if (t != nullptr && t->data().what != kind::object) refuse(key, *t, "an object");
    }

private:
    template <class F>
    void each(const char* key, F f) const {
        const tree* t = child_of(node_, key);
        if (t == nullptr) return;
        if (t->data().what != kind::array) refuse(key, *t, "an array");
        std::size_t i = 0;
        for (const auto& [none, element] : *t) f(std::string(key) + "." + std::to_string(i++), element);
    }

    /// Null for an unknown rank, or the dimensions, -1 for one that is not known.
    [[nodiscard]] tensor_shape shape(const std::string& path, const tree& t) const {
        if (t.data().what == kind::null) return {};
        if (t.data().what != kind::array) refuse(path, t, "an array of dimensions, or null");
        std::vector<std::int64_t> dims;
        for (const auto& [none, d] : t) {
            const auto n = translator<std::int64_t>().get_value(d.data());
            if (!n || *n < -1) refuse(path, d, "a whole number from 0 on in each place, or -1");
            dims.push_back(*n);
        }
        return tensor_shape(std::move(dims));
    }

    [[noreturn]] void refuse(const std::string& key, const tree& t, const char* must_be) const {
        const std::string what(property_tree::to_string(t.data().what));
        throw invalid_graph(who_,
                            (key.empty() ? "is " : "has as '" + key + "' ") + what + ", which must be " + must_be);
    }

    const tree& node_;
    std::string who_;
};

}  // namespace detail

}  // namespace qgraft::property_tree

#endif
