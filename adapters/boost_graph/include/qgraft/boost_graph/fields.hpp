// Reading and writing what access<BG> tells of: members, interior properties, property maps.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_BOOST_GRAPH_FIELDS_HPP
#define QGRAFT_BOOST_GRAPH_FIELDS_HPP

#include <boost/graph/graph_traits.hpp>
#include <boost/graph/properties.hpp>
#include <boost/property_map/property_map.hpp>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <qgraft/boost_graph/access.hpp>
#include <qgraft/graph/error.hpp>
#include <qgraft/graph/shape.hpp>

namespace qgraft::boost_graph::detail {

/// How a field is told: by the tag of an interior property, by a property map, or by the bundled properties.
template <class F>
concept interior_field = std::is_enum_v<F> || requires {
    typename F::kind;
};
template <class F, class BG>
concept mapped_field = !interior_field<F> && std::invocable<const F&, const BG&>;
template <class F, class BG, class D>
concept bundled_field = !interior_field<F> && !mapped_field<F, BG> &&
                        std::invocable<const F&, decltype(std::declval<const BG&>()[std::declval<const D&>()])>;

/// The value of a field at the vertex or edge `d`; with a graph that is not const, a reference where there is one.
template <class F, class BG, class D>
decltype(auto) read(const F& field, BG& g, const D& d) {
    using graph = std::remove_const_t<BG>;
    if constexpr (interior_field<F>) {
        return get(field, g, d);
    } else if constexpr (mapped_field<F, graph>) {
        return get(std::invoke(field, g), d);
    } else {
        return std::invoke(field, g[d]);
    }
}

template <class F, class BG, class D>
using field_value =
    std::remove_cvref_t<decltype(read(std::declval<const F&>(), std::declval<const BG&>(), std::declval<const D&>()))>;

/// Whether a field tells something of vertices or edges `D`, in one of the three ways.
template <class F, class BG, class D>
consteval bool tells() {
    if constexpr (interior_field<F>) {
        return true;
    } else if constexpr (mapped_field<F, BG>) {
        return requires(const F& field, const BG& g, const D& d) { get(std::invoke(field, g), d); };
    } else {
        return bundled_field<F, BG, D>;
    }
}

/// Whether a field can be written. A bundled one is, where it is a reference.
template <class F, class BG, class D>
consteval bool is_writable() {
    using type = field_value<F, BG, D>;
    if constexpr (bundled_field<F, BG, D>) {
        return requires(const F& field, BG& g, const D& d, type v) { std::invoke(field, g[d]) = std::move(v); };
    } else if constexpr (interior_field<F>) {
        return true;
    } else {
        return requires(const F& field, BG& g, const D& d, type v) { put(std::invoke(field, g), d, std::move(v)); };
    }
}

/// Writes a field at the vertex or edge `d`.
template <class F, class BG, class D, class T>
void write(const F& field, BG& g, const D& d, T&& v) {
    using type = field_value<F, BG, D>;
    if constexpr (bundled_field<F, BG, D>) {
        std::invoke(field, g[d]) = static_cast<type>(std::forward<T>(v));
    } else if constexpr (interior_field<F>) {
        put(field, g, d, static_cast<type>(std::forward<T>(v)));
    } else {
        put(std::invoke(field, g), d, static_cast<type>(std::forward<T>(v)));
    }
}

// Release 14 of clang-format breaks requires-clauses.
// clang-format off
template <class BG>
concept has_port = requires { access<BG>::port; };
template <class BG>
concept has_name = requires { access<BG>::name; };
template <class BG>
concept has_shape = requires { access<BG>::shape; };
template <class BG>
concept has_control = requires { access<BG>::is_control; };
template <class BG>
concept has_back = requires { access<BG>::is_back; };
template <class BG>
using attributes_field = std::remove_cvref_t<decltype(access<BG>::attributes)>;
template <class BG>
concept has_attributes = requires { access<BG>::attributes; } && tells<attributes_field<BG>, BG, vertex_of<BG>>() &&
    requires { typename field_value<attributes_field<BG>, BG, vertex_of<BG>>::mapped_type; };
// clang-format on

/// The fields of an edge.
template <class BG>
struct fields {
    using edge = edge_of<BG>;
    using operand_field = std::remove_cvref_t<decltype(access<BG>::operand)>;

    static std::size_t operand(const BG& g, const edge& e) {
        return static_cast<std::size_t>(read(access<BG>::operand, g, e));
    }
    static std::uint32_t port(const BG& g, const edge& e) {
        if constexpr (has_port<BG>) {
            return static_cast<std::uint32_t>(read(access<BG>::port, g, e));
        } else {
            return 0;
        }
    }
    static bool is_control(const BG& g, const edge& e) {
        if constexpr (has_control<BG>) {
            return static_cast<bool>(read(access<BG>::is_control, g, e));
        } else {
            return false;
        }
    }
    static bool is_back(const BG& g, const edge& e) {
        if constexpr (has_back<BG>) {
            return static_cast<bool>(read(access<BG>::is_back, g, e));
        } else {
            return false;
        }
    }

    /// What an edge says. Throws rewrite_error for a port other than 0 where edges do not say which port they read.
    static void set(BG& g, const edge& e, std::size_t operand, std::uint32_t port, bool is_back) {
        static_assert(is_writable<operand_field, BG, edge>(),
                      "qgraft: boost_graph::access<BG>::operand cannot be written, as a rewrite must");
        if constexpr (is_writable<operand_field, BG, edge>()) write(access<BG>::operand, g, e, operand);
        set_port(g, e, port);
        if constexpr (has_control<BG>) set_if_writable(access<BG>::is_control, g, e, false);
        if constexpr (has_back<BG>) set_if_writable(access<BG>::is_back, g, e, is_back);
    }
    /// Makes an edge say no more than "before". Throws rewrite_error where edges cannot be told so.
    static void set_control(BG& g, const edge& e) requires has_control<BG> {
        using control_field = std::remove_cvref_t<decltype(access<BG>::is_control)>;
        if constexpr (is_writable<control_field, BG, edge>()) {
            write(access<BG>::is_control, g, e, true);
            if constexpr (has_back<BG>) set_if_writable(access<BG>::is_back, g, e, false);
        } else {
            throw rewrite_error("", "this graph's edges cannot be made control edges");
        }
    }
    static void require_port(std::uint32_t port) {
        if (has_port<BG> || port == 0) return;
        throw rewrite_error("", "this graph's edges cannot read output " + std::to_string(port));
    }
    static void set_port(BG& g, const edge& e, std::uint32_t port) {
        require_port(port);
        if constexpr (has_port<BG>) write(access<BG>::port, g, e, port);
    }

private:
    template <class F>
    static void set_if_writable(const F& field, BG& g, const edge& e, bool v) {
        if constexpr (is_writable<F, BG, edge>()) write(field, g, e, v);
    }
};

/// What is known of the shape of output `port` of a vertex: the answer of a function of both, or an element of a range.
template <class BG>
tensor_shape shape_of(const BG& g, vertex_of<BG> v, std::uint32_t port) {
    using shape_field = decltype(access<BG>::shape);
    if constexpr (std::invocable<shape_field, decltype(g[v]), std::uint32_t>) {
        return std::invoke(access<BG>::shape, g[v], port);
    } else {
        std::uint32_t place = 0;
        for (const auto& s : read(access<BG>::shape, g, v)) {
            if (place++ == port) return s;
        }
        return {};
    }
}

/// The attributes of vertices: elements of an associative container, such as std::map<std::string, T>.
template <class BG>
struct attribute_traits {};
template <has_attributes BG>
struct attribute_traits<BG> {
    using attribute = typename field_value<attributes_field<BG>, BG, vertex_of<BG>>::mapped_type;

    static std::optional<attribute> attribute_of(const BG& g, vertex_of<BG> v, std::string_view key) {
        const auto& all = read(access<BG>::attributes, g, v);
        const auto found = all.find(std::string(key));
        return found == all.end() ? std::nullopt : std::optional<attribute>(found->second);
    }
    static void set_attribute(BG& g, vertex_of<BG> v, std::string_view key, std::optional<attribute> a) {
        auto& all = read(access<BG>::attributes, g, v);
        if (a) {
            all.insert_or_assign(std::string(key), *std::move(a));
        } else {
            all.erase(std::string(key));
        }
    }
};

/// The same as members of a class `Graph` that has the Boost graph as graph().
template <class BG, class Graph>
struct attribute_members {};
template <has_attributes BG, class Graph>
struct attribute_members<BG, Graph> {
    using attribute = typename attribute_traits<BG>::attribute;

    [[nodiscard]] std::optional<attribute> attribute_of(vertex_of<BG> v, std::string_view key) const {
        return attribute_traits<BG>::attribute_of(static_cast<const Graph&>(*this).graph(), v, key);
    }
    void set_attribute(vertex_of<BG> v, std::string_view key, std::optional<attribute> a) {
        attribute_traits<BG>::set_attribute(static_cast<Graph&>(*this).graph(), v, key, std::move(a));
    }
};

template <class BG>
consteval void check_fields() {
#define QGRAFT_FIELD(name, of)                                                              \
    if constexpr (requires { access<BG>::name; })                                           \
        static_assert(tells<std::remove_cvref_t<decltype(access<BG>::name)>, BG, of<BG>>(), \
                      "qgraft: boost_graph::access<BG>::" #name                             \
                      " is no member of the bundled properties, no tag of an "              \
                      "interior property, and no function of const BG& that returns a property map");
    QGRAFT_FIELD(operand, edge_of)
    QGRAFT_FIELD(port, edge_of)
    QGRAFT_FIELD(is_control, edge_of)
    QGRAFT_FIELD(is_back, edge_of)
    QGRAFT_FIELD(name, vertex_of)
    QGRAFT_FIELD(op, vertex_of)
    QGRAFT_FIELD(attributes, vertex_of)
#undef QGRAFT_FIELD
    if constexpr (requires { access<BG>::attributes; }) {
        static_assert(
            has_attributes<BG>,
            "qgraft: boost_graph::access<BG>::attributes is no map from keys to attributes, such as std::map");
    }
}

}  // namespace qgraft::boost_graph::detail

namespace qgraft::boost_graph {

/// One sentence at compile time for each thing that `BG` lacks.
template <class BG>
consteval bool check_access() {
    using parallel = typename boost::graph_traits<BG>::edge_parallel_category;
    using direction = typename boost::graph_traits<BG>::directed_category;
    static_assert(std::is_convertible_v<parallel, boost::allow_parallel_edge_tag>,
                  "qgraft: a Boost graph must allow parallel edges, for a node may read a tensor twice");
    static_assert(std::is_convertible_v<direction, boost::directed_tag>,
                  "qgraft: a Boost graph must have directed edges, from a tensor's producer to its reader");
    static_assert(
        requires { sizeof(access<BG>); }, "qgraft: there is no boost_graph::access<BG> for this graph type");
    if constexpr (requires { sizeof(access<BG>); }) {
        static_assert(
            requires { access<BG>::operand; },
            "qgraft: boost_graph::access<BG> lacks 'operand', which operand of its target an edge is");
        detail::check_fields<BG>();
    }
    return true;
}

}  // namespace qgraft::boost_graph

#endif
