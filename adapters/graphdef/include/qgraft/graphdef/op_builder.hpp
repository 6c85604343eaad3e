// op_builder: adds single operations with the names, attributes and constants that TensorFlow 1.15 gives them.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_OP_BUILDER_HPP
#define QGRAFT_GRAPHDEF_OP_BUILDER_HPP

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <qgraft/graph/editor.hpp>
#include <qgraft/graphdef/attributes.hpp>
#include <qgraft/graphdef/graph.hpp>
#include <qgraft/ops/instruction.hpp>

namespace qgraft::graphdef {

/// A path below a scope; the scope may be empty.
inline std::string path_in(std::string_view scope, std::string_view name) {
    std::string path;
    path.reserve(scope.size() + 1 + name.size());
    if (!scope.empty()) path.append(scope).append(1, '/');
    return path.append(name);
}

/// Adds operations to a basic_graph `G`. Every operation claims its name first; the constants and reads that its
/// operands need are then made inside the scope of that name, as TensorFlow does. Attributes are written to the node
/// that was added last.
template <class G>
class op_builder {
public:
    using node = node_ref;
    using tensor = value<node_ref>;
    using operand = operand_of<node_ref>;
    using node_def = typename G::node_def;

    explicit op_builder(editor<G>& e) : editor_(e), graph_(e.graph()) {}

    /// The graph, to read.
    [[nodiscard]] const G& graph() const noexcept { return graph_; }
    [[nodiscard]] editor<G>& edits() noexcept { return editor_; }
    [[nodiscard]] auto& collected() noexcept { return graph_.collected(); }

    /// Claims a name: the path below a scope, made unique.
    std::string_view claim(std::string_view scope, std::string_view name) { return graph_.names().unique(scope, name); }

    /// Adds a node without outputs.
    void add(new_node&& data) {
        last_ = editor_.add(std::move(data));
        graph_.list_operation();
    }

    /// Adds a node whose outputs, one or more, have the shapes given.
    template <class... Shapes>
    void add(new_node&& data, tensor_shape first, Shapes... others) {
        add(std::move(data));
        if (!graph_.has_shapes()) return;
        new_nodes& added = graph_.added();
        added.add_shape(std::move(first));
        (added.add_shape(std::move(others)), ...);
        write("_output_shapes", added.shapes(*graph_.facts_of(last_)));
    }

    /// The node that was added last.
    [[nodiscard]] node last() const noexcept { return last_; }
    [[nodiscard]] tensor last(std::uint32_t port) const noexcept { return {last_, port}; }

    /// Writes an attribute of the last node, a value that fields_of() knows: an element_type, a bool, an integer, a
    /// text, a shape, a tensor, or a list.
    template <class Value>
    void write(std::string_view key, const Value& v) {
        graph_.write_attribute(key, v);
    }

    /// A scalar constant, or one of a shape that holds the number everywhere. The name is claimed already.
    tensor constant(std::string_view name, double number, element_type type, std::vector<node> controls = {},
                    const tensor_shape& shape = tensor_shape::scalar()) {
        add({"Const", name, {}, std::move(controls), {}}, shape);
        write("dtype", type);
        if (type == element_type::int64 || type == element_type::int32) {
            write("value", integer_tensor{type, shape, static_cast<std::int64_t>(number)});
        } else {
            write("value", float_tensor{shape, static_cast<float>(number)});
        }
        return last(0);
    }

    /// A tensor of 32-bit floats. The name is claimed already.
    tensor floats(std::string_view name, const word_params& c) {
        const tensor_shape shape(c.dims);
        add({"Const", name, {}, {}, {}}, shape);
        write("dtype", element_type::float32);
        if (c.data.size() == 1) {
            write("value", float_tensor{shape, c.data.front()});
        } else {
            write("value", dense_tensor<float>{element_type::float32, shape, c.data});
        }
        return last(0);
    }

    /// A 32-bit integer constant. The name is claimed already.
    tensor integer(std::string_view name, std::int32_t number) { return constant(name, number, element_type::int32); }

    /// A vector of 32-bit integers. The name is claimed already.
    tensor integers(std::string_view name, const std::vector<std::int32_t>& numbers, std::vector<node> controls = {}) {
        const tensor_shape shape({static_cast<std::int64_t>(numbers.size())});
        add({"Const", name, {}, std::move(controls), {}}, shape);
        write("dtype", element_type::int32);
        if (numbers.size() == 1) {
            write("value", integer_tensor{element_type::int32, shape, numbers.front()});
        } else {
            write("value", dense_tensor<std::int32_t>{element_type::int32, shape, numbers});
        }
        return last(0);
    }

    /// A tensor of this shape that holds one number: a constant, or where it is large an operation that fills it. With
    /// a shape that is not wholly known, a scalar. The name is claimed already; the constants get the control inputs,
    /// all nodes the colocation groups, if any.
    tensor filled(std::string_view name, double number, const tensor_shape& shape, std::vector<node> controls = {},
                  std::optional<colocation_groups> groups = {}) {
        constexpr std::int64_t large = 1000;
        const auto number_of = [&](std::string_view of, const tensor_shape& s) {
            const tensor made = constant(of, number, element_type::float32, controls, s);
            if (groups) write_groups(*groups);
            return made;
        };
        if (!shape.is_complete()) return number_of(name, tensor_shape::scalar());
        if (shape.elements() < large) return number_of(name, shape);
        const std::vector<std::int32_t> dims(shape.dims().begin(), shape.dims().end());
        const tensor size = integers(claim(name, "shape_as_tensor"), dims, controls);
        if (groups) write_groups(*groups);
        const tensor value = number_of(claim(name, "Const"), tensor_shape::scalar());
        add({"Fill", name, {size, value}, {}, {}}, shape);
        write("T", element_type::float32);
        write("index_type", element_type::int32);
        if (groups) write_groups(*groups);
        return last(0);
    }

    /// The tensor to read for an operand inside `scope`: a number becomes a constant called `name`, a variable is read.
    tensor resolve(const operand& o, std::string_view scope, std::string_view name,
                   element_type type = element_type::float32) {
        if (const auto* s = std::get_if<literal>(&o)) return constant(claim(scope, name), s->number, type);
        const tensor t = std::get<tensor>(o);
        const std::string_view op = graph_.op(t.node);
        if (op == "VarHandleOp") return read(t, {}, scope);
        if (is_resource_write(op)) return read(graph_.inputs(t.node)[0], {t.node}, scope);
        return op == "VariableV2" && graph_.is_new(t.node) ? snapshot_of(t) : t;
    }

    /// Reads a resource variable, after `writes`.
    tensor read(tensor handle, std::vector<node> writes, std::string_view scope) {
        add({"ReadVariableOp", claim(scope, "ReadVariableOp"), {handle}, std::move(writes), {}},
            variable_shape(handle));
        if (const auto type = type_of(handle.node)) write("dtype", *type);
        return last(0);
    }

    /// An operation of one scalar or elementwise type T on operands that are tensors already.
    tensor elementwise(std::string_view op, std::string_view name, std::vector<tensor> inputs, tensor_shape shape,
                       element_type type = element_type::float32) {
        add({op, name, std::move(inputs), {}, {}}, std::move(shape));
        write("T", type);
        return last(0);
    }

    /// Puts the last node where `other` is: in its colocation groups and on its device.
    void colocate(node other) {
        write_groups(groups_of(other));
        put_on_device_of(other);
    }

    /// Puts the last node on the device of another.
    void put_on_device_of(node other) { graph_.set_device(graph_.device(other)); }

    /// The colocation groups of a node: those it says, or the one of its own name.
    [[nodiscard]] colocation_groups groups_of(node n) {
        const auto* facts = graph_.facts_of(n);
        if (facts != nullptr && !facts->groups.bytes.empty()) return facts->groups;
        std::vector<std::string> groups;
        const auto* a = facts != nullptr ? nullptr : find_attribute(graph().definition(n), "_class");
        if (a != nullptr) {
            for (const std::string& s : a->list().s()) {
                if (s.starts_with("loc:@")) groups.push_back(s);
            }
        }
        if (groups.empty()) return group_called(graph_.name(n));
        std::sort(groups.begin(), groups.end());
        groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
        return graph_.added().keep_spelled(std::span<const std::string>(groups));
    }

    /// The one group of a node's name.
    [[nodiscard]] colocation_groups group_called(std::string_view name) {
        const std::string group = std::string("loc:@").append(name);
        return graph_.added().keep_spelled(std::span(&group, 1));
    }

    /// Writes colocation groups into the last node.
    void write_groups(colocation_groups groups) {
        graph_.added().set_groups(groups);
        write("_class", groups);
    }

    /// Writes the type and the shape, a scalar's or a vector's, of the variable that was added last.
    void write_variable(element_type type, const tensor_shape& shape) {
        graph_.added().set_variable(type, shape.rank() == 0 ? std::nullopt : std::optional(shape.elements()));
        write("dtype", type);
        write("shape", shape);
    }

    /// The element type of a variable.
    [[nodiscard]] std::optional<element_type> type_of(node variable) const {
        if (const auto* facts = graph_.facts_of(variable)) return facts->type;
        const auto* a = find_attribute(graph().definition(variable), "dtype");
        return a == nullptr ? std::nullopt : std::optional(static_cast<element_type>(static_cast<int>(a->type())));
    }

    /// The shape of what a variable holds.
    [[nodiscard]] tensor_shape variable_shape(tensor variable) const {
        if (const auto* facts = graph_.facts_of(variable.node)) {
            return facts->length ? tensor_shape({*facts->length}) : tensor_shape::scalar();
        }
        const auto* a = find_attribute(graph().definition(variable.node), "shape");
        return a == nullptr ? tensor_shape() : read_shape(a->shape());
    }

    static bool is_resource_write(std::string_view op) {
        return op == "AssignVariableOp" || op == "AssignAddVariableOp" || op == "AssignSubVariableOp";
    }

private:
    /// The value of a variable that a rewrite has added: the second node after it reads it.
    [[nodiscard]] static tensor snapshot_of(tensor variable) { return {node{variable.node.id + 2}, 0}; }

    editor<G>& editor_;
    G& graph_;
    node last_;
};

}  // namespace qgraft::graphdef

#endif
