// tree: a property tree that knows what each of its values is.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_PROPERTY_TREE_TREE_HPP
#define QGRAFT_PROPERTY_TREE_TREE_HPP

#include <boost/optional.hpp>
#include <boost/property_tree/ptree.hpp>
#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace qgraft::property_tree {

/// What a node of a tree is. Objects and arrays have children, an array's without keys; the others have text.
enum class kind : std::uint8_t {
    object,
    array,
    string,
    number,   ///< as it is written in JSON
    boolean,  ///< true or false
    null,
    untyped,  ///< of INFO, XML or a boost::property_tree::ptree, which know nothing but text
};

/// The kind with its article, for messages: "a number".
constexpr std::string_view to_string(kind k) {
    constexpr std::string_view names[] = {"an object", "an array", "a string", "a number",
                                          "a boolean", "null",     "a text"};
    return names[static_cast<std::size_t>(k)];
}

/// The data of a tree's node: the text of a value, and what it is. Boost's own property trees keep the text alone, and
/// so write every value of JSON as a string.
struct scalar {
    kind what = kind::object;
    std::string text{};

    friend bool operator==(const scalar&, const scalar&) = default;
};

/// A property tree of JSON's values. get, put and their kin take bool, integers, floating point and strings, and give
/// no value where a node is of another kind.
using tree = boost::property_tree::basic_ptree<std::string, scalar>;

namespace detail {

/// A number as the shortest text that reads back as the same; a real one with a point or an exponent.
template <class Number>
std::string number_text(Number n) {
    char text[64];
    std::string written(text, std::to_chars(text, text + sizeof text, n).ptr);
    if constexpr (std::floating_point<Number>) {
        if (written.find_first_of(".en") == std::string::npos) written += ".0";
    }
    return written;
}

/// The whole text as a number; without a value where it is none, or does not fit.
template <class Number>
boost::optional<Number> number_of(std::string_view text) {
    Number n{};
    const char* end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, n);
    if (failure != std::errc() || stop != end) return boost::none;
    return n;
}

}  // namespace detail

/// Reads a scalar as a `T`, and makes one of it.
template <class T>
struct translator {
    using internal_type = scalar;
    using external_type = T;

    boost::optional<T> get_value(const scalar& s) const {
        const bool untyped = s.what == kind::untyped;
        if constexpr (std::same_as<T, bool>) {
            if (s.what != kind::boolean && !untyped) return boost::none;
            if (s.text == "true") return true;
            if (s.text == "false") return false;
            return boost::none;
        } else if constexpr (std::is_arithmetic_v<T>) {
            if (s.what != kind::number && !untyped) return boost::none;
            return detail::number_of<T>(s.text);
        } else {
            if (s.what != kind::string && !untyped) return boost::none;
            return T(s.text);
        }
    }

    boost::optional<scalar> put_value(const T& v) const {
        if constexpr (std::same_as<T, bool>) {
            return scalar{kind::boolean, v ? "true" : "false"};
        } else if constexpr (std::is_arithmetic_v<T>) {
            return scalar{kind::number, detail::number_text(v)};
        } else {
            return scalar{kind::string, std::string(v)};
        }
    }
};

/// A node without children that holds a bool, a number or a string.
template <class T>
tree leaf(const T& v) {
    using held = std::conditional_t<std::is_arithmetic_v<T>, T, std::string>;
    return tree(*translator<held>().put_value(held(v)));
}

/// An array of the elements of a range, each as leaf makes it.
template <class Range>
tree array_of(const Range& elements) {
    tree all(scalar{kind::array, {}});
    for (const auto& e : elements) all.push_back({std::string(), leaf(e)});
    return all;
}

}  // namespace qgraft::property_tree

namespace boost::property_tree {

template <class T>
struct translator_between<qgraft::property_tree::scalar, T> {
    using type = qgraft::property_tree::translator<T>;
};
template <std::size_t N>
struct translator_between<qgraft::property_tree::scalar, char[N]> {
    using type = qgraft::property_tree::translator<const char*>;
};
template <>
struct translator_between<qgraft::property_tree::scalar, qgraft::property_tree::scalar> {
    using type = id_translator<qgraft::property_tree::scalar>;
};

}  // namespace boost::property_tree

#endif
