// The quantization step, and the cond that waits for it, as TensorFlow 1.15 builds them.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_CONDITIONS_HPP
#define QGRAFT_GRAPHDEF_CONDITIONS_HPP

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include <qgraft/graphdef/variables.hpp>

namespace qgraft::graphdef {

/// Builds conditions and conds.
template <class G>
class condition_builder : public variable_builder<G> {
public:
    using base = variable_builder<G>;
    using typename base::node;
    using typename base::operand;
    using typename base::tensor;

    using base::base;

    /// True from quantization step `first` on. The step counts runs of the graph; the graph has one, made when first
    /// asked for.
    tensor after_step(std::string_view scope, std::string_view hint, std::int64_t first) {
        const tensor step = quantization_step();
        const std::string_view name = this->claim(scope, hint);
        const tensor y = this->constant(this->claim(name, "y"), static_cast<double>(first), element_type::int64);
        return this->elementwise("GreaterEqual", name, {step, y}, tensor_shape::scalar(), element_type::int64);
    }

    /// `when_true` or `when_false`: a cond whose branches pass tensors from outside, or make a constant of the shape of
    /// the other.
    tensor select(std::string_view scope, std::string_view hint, tensor condition, const operand& when_true,
                  const operand& when_false) {
        const operand& outside = std::holds_alternative<literal>(when_true) ? when_false : when_true;
        if (std::holds_alternative<literal>(outside)) {
            throw rewrite_error(std::string(hint), "selects between two numbers");
        }
        const tensor_shape shape = this->graph().shape(std::get<tensor>(outside));
        const std::string_view name = this->claim(scope, hint);
        const tensor both = branch_on(this->claim(name, "Switch"), condition, condition, element_type::boolean);
        const tensor pivot_true = boolean(name, "switch_t", {both.node, 1});
        const tensor pivot_false = boolean(name, "switch_f", {both.node, 0});
        const tensor predicate = boolean(name, "pred_id", condition);
        const tensor taken = branch(name, predicate, pivot_true, when_true, shape, 1);
        const tensor not_taken = branch(name, predicate, pivot_false, when_false, shape, 0);
        this->add({"Merge", this->claim(name, "Merge"), {not_taken, taken}, {}, {}}, shape, tensor_shape::scalar());
        this->write("N", std::int64_t{2});
        this->write("T", element_type::float32);
        return this->last(0);
    }

private:
    tensor quantization_step() {
        const std::string_view path = "fake_quantization_step";
        if (const auto there = this->graph().find(path_in(path, "Identity"))) return {*there, 0};
        const variable_facts facts{.type = element_type::int64,
                                   .initializer = "zeros",
                                   .aggregation = variable_aggregation::only_first_replica};
        const tensor variable = this->variable({}, path, facts);
        const std::string_view scope = this->graph().name(variable.node);
        const tensor next = this->accumulate(scope, "AssignAdd", variable, literal{1}, element_type::int64);
        const std::string_view name = this->claim(scope, "Identity");
        const tensor value = this->resolve(next, name, {});
        return this->elementwise("Identity", name, {value}, tensor_shape::scalar(), element_type::int64);
    }

    tensor branch_on(std::string_view name, tensor data, tensor predicate, element_type type) {
        const tensor_shape shape = this->graph().shape(data);
        this->add({"Switch", name, {data, predicate}, {}, {}}, shape, shape);
        this->write("T", type);
        return this->last(0);
    }

    tensor boolean(std::string_view scope, std::string_view hint, tensor x) {
        return this->elementwise("Identity", this->claim(scope, hint), {x}, tensor_shape::scalar(),
                                 element_type::boolean);
    }

    /// One branch, and its context.
    tensor branch(std::string_view name, tensor predicate, tensor pivot, const operand& x, const tensor_shape& shape,
                  int side) {
        cond_note context{.context_name = std::string(this->claim(name, "cond_text")),
                          .pred_name = full(predicate),
                          .pivot_name = full(pivot),
                          .branch = side,
                          .values = {full(predicate), full(pivot)},
                          .outer_values = {{full(predicate), full(predicate)}}};
        const auto* number = std::get_if<literal>(&x);
        const tensor out = number != nullptr ? constant_branch(name, pivot, number->number, shape, context.values)
                                             : passing_branch(name, predicate, std::get<tensor>(x), context);
        this->edits().note("add_cond_context");
        this->collected().add(context);
        return out;
    }

    /// Passes `x` on, by its Switch.
    tensor passing_branch(std::string_view name, tensor predicate, tensor x, cond_note& context) {
        branch_on(this->claim(name, "Switch"), x, predicate, element_type::float32);
        this->colocate(x.node);
        const tensor out{this->last(), static_cast<std::uint32_t>(context.branch)};
        context.values.insert({full(x), full({out.node, 0}), full({out.node, 1})});
        context.outer_values[full(x)] = full(out);
        return out;
    }

    tensor constant_branch(std::string_view name, tensor pivot, double number, const tensor_shape& shape,
                           std::set<std::string>& names) {
        const bool is_scalar = !shape.is_complete() || shape.rank() == 0;
        const std::string_view usual = is_scalar ? "Const" : number == 0 ? "zeros" : "ones";
        const tensor out = this->filled(this->claim(name, usual), number, shape, {pivot.node});
        names.insert(full(out));
        for (const tensor t : this->graph().inputs(out.node)) names.insert(full(t));
        return out;
    }

    /// A tensor's name, its port always written.
    [[nodiscard]] std::string full(tensor t) const {
        return std::string(this->graph().name(t.node)).append(1, ':').append(std::to_string(t.port));
    }
};

}  // namespace qgraft::graphdef

#endif
