// The dialect of TensorFlow graphs: words to operations and back, with the names and attributes of TensorFlow 1.15.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_DIALECT_HPP
#define QGRAFT_GRAPHDEF_DIALECT_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <qgraft/graph/error.hpp>
#include <qgraft/graphdef/classify.hpp>
#include <qgraft/graphdef/batch_norms.hpp>
#include <qgraft/graphdef/constants.hpp>
#include <qgraft/graphdef/layers.hpp>
#include <qgraft/ops/dialect.hpp>

namespace qgraft::graphdef {

/// Builds one word of an instruction on a basic_graph `G`.
template <class G>
class word_builder : public layer_builder<G> {
public:
    using base = layer_builder<G>;
    using typename base::tensor;
    using instruction_type = instruction<node_ref>;

    using base::base;

    tensor build(const instruction_type& i) {
        switch (i.op) {
            case word::variable: {
                const variable_facts facts{.initial = i.params.real,
                                           .aggregation = variable_aggregation::mean,
                                           .shape = tensor_shape(i.params.dims)};
                return this->variable(i.scope.state, i.hint, facts);
            }
            case word::reduce_min:
                return reduce("Min", i);
            case word::reduce_max:
                return reduce("Max", i);
            case word::minimum:
                return binary("Minimum", "Minimum", i);
            case word::maximum:
                return binary("Maximum", "Maximum", i);
            case word::div:
                return binary("RealDiv", "truediv", i);
            case word::mul:
                return binary("Mul", "mul", i);
            case word::add:
                return i.params.older_form ? binary("Add", "Add", i) : binary("AddV2", "add", i);
            case word::sub:
                return binary("Sub", "sub", i);
            case word::rsqrt:
                return unary("Rsqrt", i);
            case word::reciprocal:
                return unary("Reciprocal", i);
            case word::identity:
                return unary("Identity", i);
            case word::reshape:
                return this->reshape(i.scope.path, i.hint.empty() ? "Reshape" : i.hint, tensor_operand(i, 0),
                                     i.params.dims);
            case word::fill:
                return fill(i);
            case word::constant:
                return this->floats(this->claim(i.scope.path, i.hint.empty() ? "Const" : i.hint), i.params);
            case word::biased_variance:
                return this->biased_variance(i.scope.path, spelled(i.hint), tensor_operand(i, 0), tensor_operand(i, 1),
                                             tensor_operand(i, 2));
            case word::conv2d:
            case word::depthwise_conv2d:
            case word::matmul:
            case word::batch_to_space:
                return clone(i);
            case word::assign:
                return this->assign(i.scope.path, spelled(i.hint), tensor_operand(i, 0), i.operands[1]);
            case word::ema_update:
                return this->ema_update(i.scope, spelled(i.hint), tensor_operand(i, 0), tensor_operand(i, 1),
                                        i.params.real);
            case word::after_step:
                return this->after_step(i.scope.path, i.hint, i.params.integer);
            case word::select:
                return this->select(i.scope.path, i.hint, tensor_operand(i, 0), i.operands[1], i.operands[2]);
            case word::fake_quant:
                return fake_quant("FakeQuantWithMinMaxVars", i, tensor_operand(i, 0));
            case word::fake_quant_per_channel:
                return fake_quant_per_channel(i);
            default:
                throw rewrite_error(std::string(i.hint),
                                    "a TensorFlow graph has no way to build '" + std::string(to_string(i.op)) + "'");
        }
    }

private:
    static tensor tensor_operand(const instruction_type& i, std::size_t n) {
        if (const auto* t = std::get_if<tensor>(&i.operands[n])) return *t;
        throw rewrite_error(std::string(i.hint), "needs a tensor as operand " + std::to_string(n));
    }

    /// The names that TensorFlow's functions give, where they differ from the rules' hints.
    static std::string_view spelled(std::string_view hint) {
        constexpr std::pair<std::string_view, std::string_view> names[] = {
            {"batch_min", "BatchMin"},
            {"batch_max", "BatchMax"},
            {"assign_min_last", "AssignMinLast"},
            {"assign_max_last", "AssignMaxLast"},
            {"assign_min_ema", "AssignMinEma"},
            {"assign_max_ema", "AssignMaxEma"},
            {"undo_bessel_correction", "Undo_Bessel_Correction"},
        };
        const auto it =
            std::find_if(std::begin(names), std::end(names), [hint](const auto& n) { return n.first == hint; });
        return it == std::end(names) ? hint : it->second;
    }

    tensor binary(std::string_view op, std::string_view usual, const instruction_type& i) {
        const std::string_view name = this->claim(i.scope.path, i.hint.empty() ? usual : spelled(i.hint));
        const tensor x = this->resolve(i.operands[0], name, "x");
        const tensor y = this->resolve(i.operands[1], name, "y");
        const tensor out =
            this->elementwise(op, name, {x, y}, broadcast(this->graph().shape(x), this->graph().shape(y)));
        if (i.like) this->put_on_device_of(*i.like);
        return out;
    }

    tensor unary(std::string_view op, const instruction_type& i) {
        const std::string_view name = this->claim(i.scope.path, i.hint.empty() ? op : spelled(i.hint));
        const tensor x = this->resolve(i.operands[0], name, "x");
        return this->elementwise(op, name, {x}, this->graph().shape(x));
    }

    tensor fill(const instruction_type& i) {
        const std::string_view usual = i.params.real == 0 ? "zeros" : i.params.real == 1 ? "ones" : "Fill";
        const std::string_view name = this->claim(i.scope.path, i.hint.empty() ? usual : i.hint);
        return this->filled(name, i.params.real, this->graph().shape(tensor_operand(i, 0)));
    }

    tensor clone(const instruction_type& i) {
        if (!i.like) throw rewrite_error(std::string(i.hint), "is not like any layer that is there");
        std::vector<tensor> inputs;
        for (std::size_t n = 0; n < i.operands.size(); ++n) inputs.push_back(tensor_operand(i, n));
        return base::clone(i.scope.path, *i.like, std::move(inputs), i.params.as_reference);
    }

    /// Over all axes, or all but one. Where the rank is not known, the graph computes it.
    tensor reduce(std::string_view op, const instruction_type& i) {
        const tensor x = tensor_operand(i, 0);
        if (i.params.axis) return reduce_but(op, i, x, *i.params.axis);
        const tensor_shape shape = this->graph().shape(x);
        const tensor axes = shape.has_rank() ? every_axis(shape.rank(), i.scope.path) : all_axes(x, i.scope.path);
        return reduced(op, this->claim(i.scope.path, spelled(i.hint)), x, axes, tensor_shape::scalar());
    }

    tensor reduce_but(std::string_view op, const instruction_type& i, tensor x, std::size_t kept) {
        const tensor_shape shape = shape_with_axis(i, x, kept);
        std::vector<std::int32_t> axes;
        for (std::size_t a = 0; a < shape.rank(); ++a) {
            if (a != kept) axes.push_back(static_cast<std::int32_t>(a));
        }
        const std::string_view name = this->claim(i.scope.path, spelled(i.hint));
        const tensor indices = this->integers(this->claim(name, "reduction_indices"), axes);
        return reduced(op, name, x, indices, tensor_shape({shape.dims()[kept]}));
    }

    tensor reduced(std::string_view op, std::string_view name, tensor x, tensor axes, const tensor_shape& shape) {
        this->add({op, name, {x, axes}, {}, {}}, shape);
        this->write("T", element_type::float32);
        this->write("Tidx", element_type::int32);
        this->write("keep_dims", false);
        return this->last(0);
    }

    tensor every_axis(std::size_t rank, const std::string& scope) {
        std::vector<std::int32_t> axes(rank);
        std::iota(axes.begin(), axes.end(), 0);
        return this->integers(this->claim(scope, "Const"), axes);
    }

    tensor all_axes(tensor x, const std::string& scope) {
        const tensor rank = this->elementwise("Rank", this->claim(scope, "Rank"), {x}, tensor_shape::scalar());
        const std::string_view name = this->claim(scope, "range");
        const tensor start = this->integer(this->claim(name, "start"), 0);
        const tensor step = this->integer(this->claim(name, "delta"), 1);
        this->add({"Range", name, {start, rank, step}, {}, {}}, tensor_shape({tensor_shape::unknown}));
        this->write("Tidx", element_type::int32);
        return this->last(0);
    }

    /// The shape of x. Throws rewrite_error where it is not known to have the axis.
    tensor_shape shape_with_axis(const instruction_type& i, tensor x, std::size_t axis) {
        const tensor_shape shape = this->graph().shape(x);
        if (shape.has_rank() && axis < shape.rank()) return shape;
        throw rewrite_error(std::string(this->graph().name(x.node)), "is not known to have the axis " +
                                                                         std::to_string(axis) + ", which '" +
                                                                         std::string(to_string(i.op)) + "' is for");
    }

    /// The operation has the channels last: others are moved there, and back.
    tensor fake_quant_per_channel(const instruction_type& i) {
        constexpr std::string_view op = "FakeQuantWithMinMaxVarsPerChannel";
        const tensor x = tensor_operand(i, 0);
        const std::size_t axis = i.params.axis.value_or(0);
        const tensor_shape shape = i.params.axis ? shape_with_axis(i, x, axis) : this->graph().shape(x);
        if (!i.params.axis || axis + 1 == shape.rank()) return fake_quant(op, i, x);
        std::vector<std::int32_t> swapped(shape.rank());
        std::iota(swapped.begin(), swapped.end(), 0);
        std::swap(swapped[axis], swapped.back());
        const tensor moved = transpose(i.scope.path, x, swapped);
        return transpose(i.scope.path, fake_quant(op, i, moved), swapped);
    }

    tensor transpose(std::string_view scope, tensor x, const std::vector<std::int32_t>& permutation) {
        const std::string_view name = this->claim(scope, "transpose");
        const tensor order = this->integers(this->claim(name, "perm"), permutation);
        std::vector<std::int64_t> dims;
        const tensor_shape shape = this->graph().shape(x);
        for (const std::int32_t p : permutation) {
            dims.push_back(shape.has_rank() ? shape.dims()[static_cast<std::size_t>(p)] : tensor_shape::unknown);
        }
        this->add({"Transpose", name, {x, order}, {}, {}}, tensor_shape(std::move(dims)));
        this->write("T", element_type::float32);
        this->write("Tperm", element_type::int32);
        return this->last(0);
    }

    tensor fake_quant(std::string_view op, const instruction_type& i, tensor x) {
        const std::string_view name = this->claim(i.scope.path, i.hint.empty() ? op : i.hint);
        const tensor low = this->resolve(i.operands[1], name, "min");
        const tensor high = this->resolve(i.operands[2], name, "max");
        this->add({op, name, {x, low, high}, {}, {}}, this->graph().shape(x));
        this->write("num_bits", std::int64_t{i.params.bits});
        this->write("narrow_range", i.params.narrow_range);
        return this->last(0);
    }
};

}  // namespace qgraft::graphdef

namespace qgraft {

template <class GraphDef, class MetaGraphDef>
struct dialect<graphdef::basic_graph<GraphDef, MetaGraphDef>> {
    using graph = graphdef::basic_graph<GraphDef, MetaGraphDef>;
    using node = graphdef::node_ref;

    using enum word;
    static constexpr word_set spoken = word_set{conv2d, depthwise_conv2d, matmul, batch_to_space} |
                                       word_set{fake_quant, fake_quant_per_channel, after_step, select} |
                                       word_set{add, sub, mul, div, minimum, maximum, rsqrt, reciprocal} |
                                       word_set{identity, reshape, fill, constant, reduce_min, reduce_max} |
                                       word_set{variable, assign, ema_update, biased_variance};

    static word classify(const graph& g, node n) {
        const std::string_view op = g.op(n);
        const word w = g.operation_of(n).meaning;
        if (w == word::other && op == "Merge") {
            // The reference knows its own conds by this name, which never stands alone.
            const auto at = g.name(n).find("delayed_quant/Merge");
            if (at != std::string_view::npos && at > 0) return word::delayed;
        }
        const bool transposed = w == word::gradient && graphdef::is_transposed_convolution(op, g.name(n));
        if (!transposed) return w;
        return op == "Conv2DBackpropInput" ? word::conv2d_transpose : word::other_layer;
    }

    static value<node> build(editor<graph>& e, const instruction<node>& i) {
        return graphdef::word_builder<graph>(e).build(i);
    }

    /// The value of a variable, or of the two parts of a partitioned one.
    static bool is_parameter(const graph& g, node n) {
        const std::string_view op = g.op(n);
        if (op == "ReadVariableOp") return true;
        if (op != "Identity" || g.inputs(n).size() != 1) return false;
        node from = g.inputs(n)[0].node;
        if (g.op(from) == "ConcatV2" && g.inputs(from).size() == 3) {
            from = g.inputs(from)[0].node;
            if (g.op(from) != "Identity") return false;
        }
        if (g.op(from) == "Identity" && g.inputs(from).size() == 1) from = g.inputs(from)[0].node;
        return g.op(from) == "VariableV2" || g.op(from) == "Variable";
    }

    static bool is_left_alone(const graph& g, node n) { return graphdef::is_left_alone_name(g.name(n)); }

    static bool is_in_batch_norm(const graph& g, node n) {
        return g.name(n).find("BatchNorm/batchnorm") != std::string_view::npos;
    }

    static bool is_constant(const graph& g, node n) { return g.op(n) == "Const"; }

    static bool is_in_loop(const graph& g, node n) { return g.is_in_loop(n); }

    static batch_norm_facts batch_norm_of(const graph& g, node n) { return graphdef::batch_norm_of(g, n); }

    static channel_layout channels_of(const graph& g, node n) { return graphdef::channels_of(g, n); }

    static std::optional<constant_tensor> constant_of(const graph& g, value<node> v) {
        if (v.port != 0 || g.op(v.node) != "Const") return std::nullopt;
        return graphdef::read_constant(g.definition(v.node));
    }

    static std::vector<named_batch_norm<value<node>>> named_batch_norms(const graph& g) {
        return graphdef::batch_norm_names<graph>(g).find();
    }

    /// The reference registers a gradient of this name.
    static void annotate(editor<graph>& e, node n, annotation) {
        typename graph::attribute gradient;
        gradient.set_s("FoldFusedBatchNormGrad");
        e.set_attribute(n, "_gradient_op_type", std::move(gradient));
    }

    static std::string op_name(const graph& g, node n) { return std::string(g.op(n)); }

    static naming_scope open_scope(graph& g, scope_kind kind, const std::string& path) {
        if (kind == scope_kind::reenter || kind == scope_kind::root) return {path, path};
        naming_scope scope{std::string(g.names().unique(path)), path};
        if (kind == scope_kind::state) scope.state = g.names().unique_variable_scope(path);
        return scope;
    }
};

}  // namespace qgraft

#endif
