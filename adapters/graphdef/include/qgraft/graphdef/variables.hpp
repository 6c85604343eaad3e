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
};

/// Builds scalar variables and what writes them.
template <class G>
class variable_builder : public op_builder<G> {
public:
    using base = op_builder<G>;
    using typename base::node;
    using typename base::node_def;
    using typename base::operand;
    using typename base::tensor;

    using base::base;

    /// A scalar variable at `path`: four nodes, or five for a resource, and an entry in the global variables.
    tensor variable(const std::string& path, const variable_facts& facts) {
        const std::string name = this->claim(path);
        const auto groups = facts.beside ? this->groups_of(*facts.beside) : std::vector<std::string>{"loc:@" + name};
        const std::string initializer =
            this->claim(this->claim(name + "/Initializer") + "/" + std::string(facts.initializer));
        const tensor initial = this->constant(initializer, facts.initial, facts.type);
        this->set_groups(this->graph().definition(initial.node), groups);
        variable_note note{.variable_name = name + ":0",
                           .initial_value_name = initializer + ":0",
                           .is_resource = is_resource(),
                           .aggregation = facts.aggregation};
        const tensor made = is_resource() ? resource(name, initial, groups, facts, note)
                                          : reference(name, initial, groups, facts, note);
        this->edits().note("add_variable");
        this->graph().collected().add(note);
        return made;
    }

    /// Stores `x`; the result stands for the variable after that.
    tensor assign(const std::string& scope, std::string_view hint, tensor variable, const operand& x) {
        const std::string name = this->claim(path_in(scope, hint));
        const tensor stored = this->resolve(x, name, "value");
        write(name, "Assign", variable, stored);
        if (!is_resource()) return this->last(0);
        return written(scope);
    }

    /// `variable` += or -= `x`: an operation called `name`.
    tensor accumulate(const std::string& scope, std::string_view op, tensor variable, const operand& x,
                      element_type type) {
        if (is_resource()) {
            const tensor amount =
                std::holds_alternative<literal>(x) ? this->resolve(x, scope, "Const", type) : std::get<tensor>(x);
            write(this->claim(path_in(scope, std::string(op) + "VariableOp")), op, variable, amount);
            return written(scope);
        }
        const std::string name = this->claim(path_in(scope, op));
        const tensor amount = this->resolve(x, name, "value", type);
        write(name, op, variable, amount);
        return this->last(0);
    }

    /// variable <- its zero-debiased moving average, with `decay`, over what `x` has been. The average itself and the
    /// count of its steps are variables beside it.
    tensor ema_update(const naming_scope& in, std::string_view hint, tensor variable, tensor x, double decay) {
        const std::string scope = this->claim(path_in(in.path, hint));
        const tensor rate = this->constant(this->claim(scope + "/decay"), 1.0 - decay, element_type::float32);
        const std::string beside = path_in(in.state, this->graph().name(variable.node)) + "/";
        const variable_facts zeros{.initializer = "zeros", .beside = variable.node};
        const tensor biased = this->variable(beside + "biased", zeros);
        const tensor steps = this->variable(beside + "local_step", zeros);
        const tensor error = scalar_op(scope, "Sub", "sub", {read_in(biased, scope), x});
        const tensor change = scalar_op(scope, "Mul", "mul", {error, rate});
        const tensor average = accumulate(scope, "AssignSub", biased, change, element_type::float32);
        const tensor count = accumulate(scope, "AssignAdd", steps, literal{1}, element_type::float32);
        const tensor kept = one_minus(scope, rate);
        const std::string power = this->claim(scope + "/Pow");
        const tensor exponent = this->resolve(count, power, {});
        this->elementwise("Pow", power, {kept, exponent}, tensor_shape::scalar());
        const tensor weight = one_minus(scope, this->last(0));
        const tensor unbiased = scalar_op(scope, "RealDiv", "truediv", {read_in(average, scope), weight});
        write(scope, "Assign", variable, unbiased);
        if (!is_resource()) return this->last(0);
        return written(scope);
    }

    [[nodiscard]] bool is_resource() { return this->graph().options().resource_variables; }

private:
    node_def& typed(node_def& def, std::string_view key, element_type type, const std::vector<std::string>& groups) {
        set_type(def, key, type);
        if (!groups.empty()) this->set_groups(def, groups);
        return def;
    }

    tensor reference(const std::string& name, tensor initial, const std::vector<std::string>& groups,
                     const variable_facts& facts, variable_note& note) {
        const std::vector<tensor_shape> scalar_shape{tensor_shape::scalar()};
        node_def& variable =
            typed(this->add({"VariableV2", name, {}, {}, {}}, scalar_shape), "dtype", facts.type, groups);
        attribute(variable, "container").set_s("");
        attribute(variable, "shared_name").set_s("");
        attribute(variable, "shape").mutable_shape();
        const tensor made = this->last(0);
        const std::string assign = this->claim(name + "/Assign");
        const std::string snapshot = this->claim(name + "/read");
        write(assign, "Assign", made, initial);
        typed(this->add({"Identity", snapshot, {made}, {}, {}}, scalar_shape), "T", facts.type, groups);
        note.initializer_name = assign;
        note.snapshot_name = snapshot + ":0";
        return made;
    }

    tensor resource(const std::string& name, tensor initial, const std::vector<std::string>& groups,
                    const variable_facts& facts, variable_note& note) {
        const std::vector<tensor_shape> scalar_shape{tensor_shape::scalar()};
        node_def& variable =
            typed(this->add({"VarHandleOp", name, {}, {}, {}}, scalar_shape), "dtype", facts.type, groups);
        attribute(variable, "container").set_s("");
        attribute(variable, "shared_name").set_s(name);
        attribute(variable, "shape").mutable_shape();
        const tensor made = this->last(0);
        // Only a variable beside another has these two in its group.
        const auto inner = facts.beside ? groups : std::vector<std::string>{};
        const std::string check = this->claim(this->claim(name + "/IsInitialized") + "/VarIsInitializedOp");
        node_def& is_initialized = this->add({"VarIsInitializedOp", check, {made}, {}, {}}, scalar_shape);
        if (!inner.empty()) this->set_groups(is_initialized, inner);
        const std::string assign = this->claim(name + "/Assign");
        write(assign, "Assign", made, initial);
        const std::string snapshot = this->claim(this->claim(name + "/Read") + "/ReadVariableOp");
        typed(this->add({"ReadVariableOp", snapshot, {made}, {}, {}}, scalar_shape), "dtype", facts.type, inner);
        note.initializer_name = assign;
        note.snapshot_name = snapshot + ":0";
        return made;
    }

    /// The operation that stores: `op` is Assign, AssignAdd or AssignSub.
    void write(const std::string& name, std::string_view op, tensor variable, tensor x) {
        const auto* type = find_attribute(this->graph().definition(variable.node), "dtype");
        if (is_resource()) {
            node_def& def = this->add({std::string(op) + "VariableOp", name, {variable, x}, {}, {}}, {});
            if (type != nullptr) attribute(def, "dtype") = *type;
            return;
        }
        node_def& def = this->add({std::string(op), name, {variable, x}, {}, {}}, {tensor_shape::scalar()});
        if (type != nullptr) attribute(def, "T") = *type;
        this->colocate(variable.node);
        const bool plain = op == "Assign";
        attribute(def, "use_locking").set_b(plain);
        if (plain) attribute(def, "validate_shape").set_b(true);
    }

    /// What stands for a resource variable after the write that was added last. TensorFlow makes one read of it at
    /// once, which nobody uses; users make their own.
    tensor written(const std::string& scope) {
        const tensor write = this->last(0);
        this->read(this->graph().inputs(write.node)[0], {write.node}, scope);
        return write;
    }

    /// The value of a variable, or after a write, read in `scope`.
    tensor read_in(tensor t, const std::string& scope) { return this->resolve(t, scope, {}); }

    tensor scalar_op(const std::string& scope, std::string_view op, std::string_view name, std::vector<tensor> inputs) {
        return this->elementwise(op, this->claim(path_in(scope, name)), std::move(inputs), tensor_shape::scalar());
    }

    tensor one_minus(const std::string& scope, tensor x) {
        const std::string name = this->claim(scope + "/sub");
        const tensor one = this->constant(this->claim(name + "/x"), 1, element_type::float32);
        return this->elementwise("Sub", name, {one, x}, tensor_shape::scalar());
    }
};

}  // namespace qgraft::graphdef

#endif
