// Variables, assignments and moving averages as TensorFlow 1.15 builds them, of both kinds: by reference and by
// resource. SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_VARIABLES_HPP
#define QGRAFT_GRAPHDEF_VARIABLES_HPP

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <qgraft/graphdef/op_builder.hpp>

namespace qgraft::graphdef {

/// What is particular of a variable.
struct variable_facts {
    double initial = 0;
    element_type type = element_type::float32;
    /// The initial value's name: a constant initializer's, or that of zeros.
    std::string_view initializer = "Const";
    variable_aggregation aggregation = variable_aggregation::none;
    /// A variable that this one lives beside.
    std::optional<node_ref> beside{};
    /// A scalar's, or a vector's.
    tensor_shape shape = tensor_shape::scalar();
};

/// Builds variables, scalars and vectors, and what writes them.
template <class G>
class variable_builder : public op_builder<G> {
public:
    using base = op_builder<G>;
    using typename base::node;
    using typename base::operand;
    using typename base::tensor;

    using base::base;

    /// A variable at `path` below a scope: four nodes, or five for a resource, and an entry in the global
    /// variables.
    tensor variable(std::string_view scope, std::string_view path, const variable_facts& facts) {
        const std::string_view name = this->claim(scope, path);
        const colocation_groups groups = facts.beside ? this->groups_of(*facts.beside) : this->group_called(name);
        const std::string_view initializer = this->claim(this->claim(name, "Initializer"), facts.initializer);
        const tensor initial = initial_value(initializer, facts, groups);
        variable_note note{.variable_name = output_of(name),
                           .initial_value_name = output_of(initializer),
                           .is_resource = is_resource(),
                           .aggregation = facts.aggregation};
        const tensor made = is_resource() ? resource(name, initial, groups, facts, note)
                                          : reference(name, initial, groups, facts, note);
        this->edits().note("add_variable");
        this->collected().add(note);
        return made;
    }

    /// Stores `x`; the result stands for the variable after that.
    tensor assign(std::string_view scope, std::string_view hint, tensor variable, const operand& x) {
        const std::string_view name = this->claim(scope, hint);
        const tensor stored = this->resolve(x, name, "value");
        store(name, "Assign", variable, stored);
        if (!is_resource()) return this->last(0);
        return written(scope);
    }

    /// `variable` += or -= `x`: an operation called `name`.
    tensor accumulate(std::string_view scope, std::string_view op, tensor variable, const operand& x,
                      element_type type) {
        if (is_resource()) {
            const tensor amount =
                std::holds_alternative<literal>(x) ? this->resolve(x, scope, "Const", type) : std::get<tensor>(x);
            store(this->claim(scope, std::string(op).append("VariableOp")), op, variable, amount);
            return written(scope);
        }
        const std::string_view name = this->claim(scope, op);
        const tensor amount = this->resolve(x, name, "value", type);
        store(name, op, variable, amount);
        return this->last(0);
    }

    /// variable <- its zero-debiased moving average, with `decay`, over what `x` has been. The average itself and the
    /// count of its steps are variables beside it.
    tensor ema_update(const naming_scope& in, std::string_view hint, tensor variable, tensor x, double decay) {
        const std::string_view scope = this->claim(in.path, hint);
        const tensor rate = this->constant(this->claim(scope, "decay"), 1.0 - decay, element_type::float32);
        const std::string beside = path_in(in.state, this->graph().name(variable.node));
        const tensor_shape shape = this->variable_shape(variable);
        const auto combined = [&](std::string_view op, std::string_view name, tensor a, tensor b) {
            return this->elementwise(op, this->claim(scope, name), {a, b}, shape);
        };
        const tensor biased =
            this->variable(beside, "biased", {.initializer = "zeros", .beside = variable.node, .shape = shape});
        const tensor steps = this->variable(beside, "local_step", {.initializer = "zeros", .beside = variable.node});
        const tensor error = combined("Sub", "sub", read_in(biased, scope), x);
        const tensor change = combined("Mul", "mul", error, rate);
        const tensor average = accumulate(scope, "AssignSub", biased, change, element_type::float32);
        const tensor count = accumulate(scope, "AssignAdd", steps, literal{1}, element_type::float32);
        const tensor kept = one_minus(scope, rate);
        const std::string_view power = this->claim(scope, "Pow");
        const tensor exponent = this->resolve(count, power, {});
        this->elementwise("Pow", power, {kept, exponent}, tensor_shape::scalar());
        const tensor weight = one_minus(scope, this->last(0));
        const tensor unbiased = combined("RealDiv", "truediv", read_in(average, scope), weight);
        store(scope, "Assign", variable, unbiased);
        if (!is_resource()) return this->last(0);
        return written(scope);
    }

    [[nodiscard]] bool is_resource() const { return this->graph().options().resource_variables; }

private:
    tensor initial_value(std::string_view name, const variable_facts& facts, colocation_groups groups) {
        if (facts.shape.rank() > 0 && facts.initializer == "zeros") {
            return this->filled(name, 0, facts.shape, {}, groups);
        }
        const tensor made = this->constant(name, facts.initial, facts.type, {}, facts.shape);
        this->write_groups(groups);
        return made;
    }

    static std::string output_of(std::string_view name) {
        std::string tensor;
        tensor.reserve(name.size() + 2);
        return tensor.append(name).append(":0");
    }

    tensor reference(std::string_view name, tensor initial, colocation_groups groups, const variable_facts& facts,
                     variable_note& note) {
        const tensor made = declare("VariableV2", name, {}, groups, facts);
        const std::string_view assign = this->claim(name, "Assign");
        const std::string_view snapshot = this->claim(name, "read");
        store(assign, "Assign", made, initial);
        this->elementwise("Identity", snapshot, {made}, facts.shape, facts.type);
        this->write_groups(groups);
        note.initializer_name = assign;
        note.snapshot_name = output_of(snapshot);
        return made;
    }

    tensor resource(std::string_view name, tensor initial, colocation_groups groups, const variable_facts& facts,
                    variable_note& note) {
        const tensor made = declare("VarHandleOp", name, name, groups, facts);
        // Only a variable beside another has these two in its group.
        const bool grouped = facts.beside.has_value();
        const std::string_view check = this->claim(this->claim(name, "IsInitialized"), "VarIsInitializedOp");
        this->add({"VarIsInitializedOp", check, {made}, {}, {}}, tensor_shape::scalar());
        if (grouped) this->write_groups(groups);
        const std::string_view assign = this->claim(name, "Assign");
        store(assign, "Assign", made, initial);
        const std::string_view snapshot = this->claim(this->claim(name, "Read"), "ReadVariableOp");
        this->add({"ReadVariableOp", snapshot, {made}, {}, {}}, facts.shape);
        this->write("dtype", facts.type);
        if (grouped) this->write_groups(groups);
        note.initializer_name = assign;
        note.snapshot_name = output_of(snapshot);
        return made;
    }

    /// The operation that a variable is.
    tensor declare(std::string_view op, std::string_view name, std::string_view shared_name, colocation_groups groups,
                   const variable_facts& facts) {
        this->add({op, name, {}, {}, {}}, op == "VarHandleOp" ? tensor_shape::scalar() : facts.shape);
        this->write_variable(facts.type, facts.shape);
        this->write_groups(groups);
        this->write("container", std::string_view());
        this->write("shared_name", shared_name);
        return this->last(0);
    }

    /// The operation that stores: `op` is Assign, AssignAdd or AssignSub.
    void store(std::string_view name, std::string_view op, tensor variable, tensor x) {
        const auto type = this->type_of(variable.node);
        if (is_resource()) {
            this->add({std::string(op).append("VariableOp"), name, {variable, x}, {}, {}});
            if (type) this->write("dtype", *type);
            return;
        }
        this->add({op, name, {variable, x}, {}, {}}, this->variable_shape(variable));
        if (type) this->write("T", *type);
        this->colocate(variable.node);
        const bool plain = op == "Assign";
        this->write("use_locking", plain);
        if (plain) this->write("validate_shape", true);
    }

    /// What stands for a resource variable after the write that was added last. TensorFlow makes one read of it at
    /// once, which nobody uses; users make their own.
    tensor written(std::string_view scope) {
        const tensor write = this->last(0);
        this->read(this->graph().inputs(write.node)[0], {write.node}, scope);
        return write;
    }

    /// The value of a variable, or after a write, read in `scope`.
    tensor read_in(tensor t, std::string_view scope) { return this->resolve(t, scope, {}); }

    tensor one_minus(std::string_view scope, tensor x) {
        const std::string_view name = this->claim(scope, "sub");
        const tensor one = this->constant(this->claim(name, "x"), 1, element_type::float32);
        return this->elementwise("Sub", name, {one, x}, tensor_shape::scalar());
    }
};

}  // namespace qgraft::graphdef

#endif
