// The in-house module as a graph of qgraft: all that its rules need to know of its structure.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_IR_TRAITS_HPP
#define IN_HOUSE_IR_TRAITS_HPP

#include <qgraft/graph/shape.hpp>
#include <qgraft/graph/traits.hpp>

#include "ir.hpp"

template <>
struct qgraft::graph_traits<in_house::module> {
    using module = in_house::module;
    using node = in_house::op*;
    using node_data = in_house::op_state;
    using attribute = in_house::attribute;

    static std::vector<node> nodes(const module& m) { return m.ops(); }

    static std::vector<value<node>> inputs(const module&, node n) {
        std::vector<value<node>> values;
        values.reserve(n->operands().size());
        for (const in_house::use& u : n->operands()) values.push_back({u.get()->producer, u.get()->index});
        return values;
    }

    static const std::string& name(const module&, node n) { return n->name; }
    static const std::vector<node>& control_inputs(const module&, node n) { return n->after; }

    static tensor_shape shape(const module&, value<node> v) {
        const bool known = v.port < v.node->results() && v.node->result(v.port).type;
        return known ? tensor_shape(*v.node->result(v.port).type) : tensor_shape();
    }

    static node add_node(module& m, node_data o) { return m.insert(std::move(o)); }
    static void erase_node(module&, node n) { n->parent()->erase(n); }
    static void set_input(module&, node n, std::size_t operand, value<node> v) {
        n->set_operand(operand, {v.node, v.port});
    }

    static std::optional<attribute> attribute_of(const module&, node n, std::string_view key) {
        const attribute* found = n->attributes.find(key);
        return found == nullptr ? std::nullopt : std::optional(*found);
    }
    static void set_attribute(module&, node n, std::string_view key, std::optional<attribute> a) {
        if (!a) return n->attributes.erase(key);
        n->attributes.set(key, std::move(*a));
    }

    static bool is_back_edge(const module&, node n, std::size_t operand) {
        return n->what == in_house::kind::loop_value && operand == 1;
    }
};

#endif
