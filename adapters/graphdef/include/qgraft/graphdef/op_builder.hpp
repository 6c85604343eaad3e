// op_builder: adds single operations with the names, attributes and constants that TensorFlow 1.15 gives them.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_OP_BUILDER_HPP
#define QGRAFT_GRAPHDEF_OP_BUILDER_HPP

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <qgraft/graph/editor.hpp>
#include <qgraft/graphdef/constants.hpp>
#include <qgraft/graphdef/graph.hpp>
#include <qgraft/ops/instruction.hpp>

namespace qgraft::graphdef {

/// A path below a scope; the scope may be empty.
inline std::string path_in(const std::string& scope, std::string_view name) {
    std::string path;
    path.reserve(scope.size() + 1 + name.size());
    if (!scope.empty()) path.append(scope).append(1, '/');
    return path.append(name);
}

/// Adds operations to a basic_graph `G`. Every operation claims its name first; the constants and reads that its
/// operands need are then made inside the scope of that name, as TensorFlow does.
template <class G>
class op_builder {
public:
    using node = node_ref;
    using tensor = value<node_ref>;
    using operand = operand_of<node_ref>;
    using node_def = typename G::node_def;

    explicit op_builder(editor<G>& e) : editor_(e), graph_(e.graph()) {}

    [[nodiscard]] G& graph() noexcept { return graph_; }
    [[nodiscard]] editor<G>& edits() noexcept { return editor_; }

    /// Claims a name: the path, made unique.
    std::string claim(std::string path) { return graph_.names().unique(std::move(path)); }

    /// Adds a node without outputs.
    node_def& add(new_node data) {
        last_ = editor_.add(std::move(data));
        node_def& def = graph_.definition(last_);
        graph_.collected().add_op(def.op());
        return def;
    }

    /// Adds a node whose outputs, one or more, have the shapes given.
    template <class... Shapes>
    node_def& add(new_node data, const tensor_shape& first, const Shapes&... others) {
        node_def& def = add(std::move(data));
        if (graph_.has_shapes()) {
            auto& list = *attribute(def, "_output_shapes").mutable_list();
            write_shape(first, *list.add_shape());
            (write_shape(others, *list.add_shape()), ...);
        }
        return def;
    }

    /// The node that was added last.
    [[nodiscard]] node last() const noexcept { return last_; }
    [[nodiscard]] tensor last(std::uint32_t port) const noexcept { return {last_, port}; }

    /// A scalar constant. The name is claimed already.
    tensor constant(std::string name, double number, element_type type, std::vector<node> controls = {}) {
        node_def& def = add({"Const", std::move(name), {}, std::move(controls), {}}, tensor_shape::scalar());
        set_type(def, "dtype", type);
        auto& value = tensor_attribute(def, type);
        value.mutable_tensor_shape();
        if (type == element_type::int64) {
            value.add_int64_val(static_cast<std::int64_t>(number));
        } else {
            value.add_float_val(static_cast<float>(number));
        }
        return last(0);
    }

    /// A tensor of 32-bit floats. The name is claimed already.
    tensor floats(std::string name, const word_params& c) {
        node_def& def = add({"Const", std::move(name), {}, {}, {}}, tensor_shape(c.dims));
        set_type(def, "dtype", element_type::float32);
        write_floats(c, tensor_attribute(def, element_type::float32));
        return last(0);
    }

    /// A 32-bit integer constant. The name is claimed already.
    tensor integer(std::string name, std::int32_t number) {
        node_def& def = add({"Const", std::move(name), {}, {}, {}}, tensor_shape::scalar());
        set_type(def, "dtype", element_type::int32);
        auto& value = tensor_attribute(def, element_type::int32);
        value.mutable_tensor_shape();
        value.add_int_val(number);
        return last(0);
    }

    /// A vector of 32-bit integers. The name is claimed already.
    tensor integers(std::string name, const std::vector<std::int32_t>& numbers, std::vector<node> controls = {}) {
        const auto size = static_cast<std::int64_t>(numbers.size());
        node_def& def = add({"Const", std::move(name), {}, std::move(controls), {}}, tensor_shape({size}));
        set_type(def, "dtype", element_type::int32);
        auto& value = tensor_attribute(def, element_type::int32);
        value.mutable_tensor_shape()->add_dim()->set_size(size);
        if (size == 1) {
            value.add_int_val(numbers[0]);
        } else {
            std::string bytes;
            for (const std::int32_t number : numbers) {
                for (unsigned shift = 0; shift < 32; shift += 8) {
                    bytes.push_back(static_cast<char>(static_cast<std::uint32_t>(number) >> shift & 0xffU));
                }
            }
            if (size > 0) value.set_tensor_content(bytes);
        }
        return last(0);
    }

    /// A tensor of this shape that holds one number: a constant, or where it is large an operation that fills it. With
    /// a shape that is not wholly known, a scalar. The name is claimed already; the constants get the control inputs.
    tensor filled(const std::string& name, double number, const tensor_shape& shape, std::vector<node> controls = {}) {
        if (!shape.is_complete()) return constant(name, number, element_type::float32, std::move(controls));
        constexpr std::int64_t large = 1000;
        if (shape.elements() < large) {
            node_def& def = add({"Const", name, {}, std::move(controls), {}}, shape);
            set_type(def, "dtype", element_type::float32);
            auto& value = tensor_attribute(def, element_type::float32);
            write_shape(shape, *value.mutable_tensor_shape());
            value.add_float_val(static_cast<float>(number));
            return last(0);
        }
        const std::vector<std::int32_t> dims(shape.dims().begin(), shape.dims().end());
        const tensor size = integers(claim(name + "/shape_as_tensor"), dims, controls);
        const tensor value = constant(claim(name + "/Const"), number, element_type::float32, std::move(controls));
        node_def& def = add({"Fill", name, {size, value}, {}, {}}, shape);
        set_type(def, "T", element_type::float32);
        set_type(def, "index_type", element_type::int32);
        return last(0);
    }

    /// The tensor to read for an operand inside `scope`: a number becomes a constant called `name`, a variable is read.
    tensor resolve(const operand& o, const std::string& scope, std::string_view name,
                   element_type type = element_type::float32) {
        if (const auto* s = std::get_if<literal>(&o)) return constant(claim(path_in(scope, name)), s->number, type);
        const tensor t = std::get<tensor>(o);
        const std::string& op = graph_.definition(t.node).op();
        if (op == "VarHandleOp") return read(t, {}, scope);
        if (is_resource_write(op)) return read(graph_.inputs(t.node)[0], {t.node}, scope);
        return op == "VariableV2" && graph_.is_new(t.node) ? snapshot_of(t) : t;
    }

    /// Reads a resource variable, after `writes`.
    tensor read(tensor handle, std::vector<node> writes, const std::string& scope) {
        const auto* type = find_attribute(graph_.definition(handle.node), "dtype");
        node_def& def =
            add({"ReadVariableOp", claim(path_in(scope, "ReadVariableOp")), {handle}, std::move(writes), {}},
                variable_shape(handle));
        if (type != nullptr) attribute(def, "dtype") = *type;
        return last(0);
    }

    /// An operation of one scalar or elementwise type T on operands that are tensors already.
    tensor elementwise(std::string_view op, std::string name, std::vector<tensor> inputs, const tensor_shape& shape,
                       element_type type = element_type::float32) {
        node_def& def = add({std::string(op), std::move(name), std::move(inputs), {}, {}}, shape);
        set_type(def, "T", type);
        return last(0);
    }

    /// Puts the last node where `other` is: in its colocation groups and on its device.
    void colocate(node other) {
        node_def& def = graph_.definition(last_);
        set_groups(def, groups_of(other));
        def.set_device(graph_.definition(other).device());
    }

    /// The colocation groups of a node, sorted: those it says, or the one of its own name.
    [[nodiscard]] std::vector<std::string> groups_of(node n) const {
        std::vector<std::string> groups;
        if (const auto* a = find_attribute(graph_.definition(n), "_class")) {
            for (const std::string& s : a->list().s()) {
                if (s.starts_with("loc:@")) groups.push_back(s);
            }
        }
        if (groups.empty()) groups.push_back(std::string("loc:@").append(graph_.name(n)));
        std::sort(groups.begin(), groups.end());
        groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
        return groups;
    }

    /// Writes colocation groups into a node.
    static void set_groups(node_def& def, const std::vector<std::string>& groups) {
        auto& list = *attribute(def, "_class").mutable_list();
        for (const std::string& g : groups) list.add_s(g);
    }

    /// What a variable holds.
    [[nodiscard]] tensor_shape variable_shape(tensor variable) const {
        const auto* a = find_attribute(graph_.definition(variable.node), "shape");
        return a == nullptr ? tensor_shape() : read_shape(a->shape());
    }

    static bool is_resource_write(std::string_view op) {
        return op == "AssignVariableOp" || op == "AssignAddVariableOp" || op == "AssignSubVariableOp";
    }

private:
    /// The value of a variable that this rewrite has added: the second node after it reads it.
    [[nodiscard]] tensor snapshot_of(tensor variable) const {
        const node read{variable.node.id + 2};
        return {read, 0};
    }

    static auto& tensor_attribute(node_def& def, element_type type) {
        auto& value = *attribute(def, "value").mutable_tensor();
        value.set_dtype(static_cast<decltype(value.dtype())>(type));
        return value;
    }

    editor<G>& editor_;
    G& graph_;
    node last_;
};

}  // namespace qgraft::graphdef

#endif
