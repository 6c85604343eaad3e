// Copies of layers, and what folding a batch norm computes beside them, as TensorFlow 1.15 builds them.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_LAYERS_HPP
#define QGRAFT_GRAPHDEF_LAYERS_HPP

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <qgraft/graphdef/conditions.hpp>

namespace qgraft::graphdef {

/// Builds copies of layers.
template <class G>
class layer_builder : public condition_builder<G> {
public:
    using base = condition_builder<G>;
    using typename base::node;
    using typename base::node_def;
    using typename base::tensor;

    using base::base;

    /// An operation like `original` on other operands, in `scope`: with all its attributes, its device and its control
    /// inputs, or with no more than what the reference keeps.
    tensor clone(std::string_view scope, node original, std::vector<tensor> inputs, bool as_reference) {
        const std::string_view op = this->graph().op(original);
        const std::string_view full = this->graph().name(original);
        const auto slash = full.rfind('/');
        const std::string_view last_part = slash == std::string_view::npos ? full : full.substr(slash + 1);
        const std::string_view name = this->claim(scope, std::string(last_part).append("_Fold"));
        if (op == "DepthwiseConv2dNative") leave_traces(name, inputs[1]);
        new_node data{op, name, std::move(inputs), {}, {}};
        if (!as_reference) {
            data.controls = this->graph().control_inputs(original);
            data.device = this->graph().device(original);
        }
        this->add(std::move(data), this->graph().shape({original, 0}));
        const node_def& from = this->graph().definition(original);
        for (const std::string_view key : sorted_keys(from)) {
            if (key == "_output_shapes" || (as_reference && !is_kept(op, key))) continue;
            this->write(key, spelled_value{detail::deterministic_bytes(*find_attribute(from, key))});
        }
        write_defaults(op, from, as_reference);
        return this->last(0);
    }

    /// variance (n - 1) / n, with n the number of elements of `x` for each of `mean`.
    tensor biased_variance(std::string_view scope, std::string_view hint, tensor variance, tensor x, tensor mean) {
        const tensor all = size(scope, x);
        const tensor channels = size(scope, mean);
        std::string_view name = this->claim(scope, "truediv");
        const tensor dividend = cast(name, all, element_type::int32, element_type::float64);
        const tensor divisor = cast(name, channels, element_type::int32, element_type::float64);
        const tensor ratio =
            this->elementwise("RealDiv", name, {dividend, divisor}, tensor_shape::scalar(), element_type::float64);
        const tensor n = cast(scope, ratio, element_type::float64, element_type::float32);
        name = this->claim(scope, "sub");
        const tensor one = this->constant(this->claim(name, "y"), 1, element_type::float32);
        const tensor less = this->elementwise("Sub", name, {n, one}, tensor_shape::scalar());
        name = this->claim(scope, "truediv");
        const tensor factor = this->elementwise("RealDiv", name, {less, n}, tensor_shape::scalar());
        name = this->claim(scope, hint);
        return this->elementwise("Mul", name, {variance, factor}, this->graph().shape(variance));
    }

    /// `x` in another shape, where one dimension may be -1.
    tensor reshape(std::string_view scope, std::string_view hint, tensor x, const std::vector<std::int64_t>& dims) {
        const std::string_view name = this->claim(scope, hint);
        const std::vector<std::int32_t> numbers(dims.begin(), dims.end());
        const tensor target = this->integers(this->claim(name, "shape"), numbers);
        this->add({"Reshape", name, {x, target}, {}, {}}, reshaped(this->graph().shape(x), tensor_shape(dims)));
        this->write("T", element_type::float32);
        this->write("Tshape", element_type::int32);
        return this->last(0);
    }

private:
    /// The function that the reference copies a depthwise convolution with leaves these two, which nobody reads.
    void leave_traces(std::string_view name, tensor weights) {
        const tensor_shape shape = this->graph().shape(weights);
        if (shape.is_complete()) {
            const std::vector<std::int32_t> dims(shape.dims().begin(), shape.dims().end());
            this->integers(this->claim(name, "Shape"), dims);
        } else {
            measure("Shape", this->claim(name, "Shape"), weights,
                    tensor_shape({shape.has_rank() ? static_cast<std::int64_t>(shape.rank()) : tensor_shape::unknown}));
        }
        this->integers(this->claim(name, "dilation_rate"), {1, 1});
    }

    /// The number of elements: a constant where the shape is known.
    tensor size(std::string_view scope, tensor x) {
        const std::string_view name = this->claim(scope, "Size");
        const tensor_shape shape = this->graph().shape(x);
        if (shape.is_complete() && shape.elements() <= std::numeric_limits<std::int32_t>::max()) {
            return this->integer(name, static_cast<std::int32_t>(shape.elements()));
        }
        return measure("Size", name, x, tensor_shape::scalar());
    }

    tensor measure(std::string_view op, std::string_view name, tensor x, const tensor_shape& shape) {
        this->add({op, name, {x}, {}, {}}, shape);
        this->write("T", element_type::float32);
        this->write("out_type", element_type::int32);
        return this->last(0);
    }

    tensor cast(std::string_view scope, tensor x, element_type from, element_type to) {
        this->add({"Cast", this->claim(scope, "Cast"), {x}, {}, {}}, tensor_shape::scalar());
        this->write("SrcT", from);
        this->write("DstT", to);
        this->write("Truncate", false);
        return this->last(0);
    }

    /// The keys of a node's attributes, in an order that does not change from run to run.
    static std::vector<std::string_view> sorted_keys(const node_def& def) {
        std::vector<std::string_view> keys;
        for (const auto& entry : def.attr()) keys.push_back(entry.first);
        std::sort(keys.begin(), keys.end());
        return keys;
    }

    /// `to`, its -1 replaced where the number of elements is known.
    static tensor_shape reshaped(const tensor_shape& from, const tensor_shape& to) {
        const auto unknowns = std::count(to.dims().begin(), to.dims().end(), tensor_shape::unknown);
        if (unknowns != 1 || !from.is_complete()) return to;
        std::vector<std::int64_t> dims = to.dims();
        const std::int64_t others = -to.elements();
        if (others <= 0) return to;
        *std::find(dims.begin(), dims.end(), tensor_shape::unknown) = from.elements() / others;
        return tensor_shape(std::move(dims));
    }

    /// Whether the reference's copy has this attribute of the original.
    static bool is_kept(std::string_view op, std::string_view key) {
        constexpr std::array<std::string_view, 7> always{"T",           "strides", "padding",     "transpose_a",
                                                         "transpose_b", "Tcrops",  "Tblock_shape"};
        constexpr std::array<std::string_view, 2> convolution{"use_cudnn_on_gpu", "data_format"};
        return std::find(always.begin(), always.end(), key) != always.end() ||
               (op == "Conv2D" && std::find(convolution.begin(), convolution.end(), key) != convolution.end());
    }

    /// TensorFlow writes every attribute, those of default value too, which the copy of `from` may lack.
    void write_defaults(std::string_view op, const node_def& from, bool as_reference) {
        const bool depthwise = op == "DepthwiseConv2dNative";
        if (op != "Conv2D" && !depthwise) return;
        constexpr std::array<std::int64_t, 4> ones{1, 1, 1, 1};
        const auto lacks = [&](std::string_view key) {
            return find_attribute(from, key) == nullptr || (as_reference && !is_kept(op, key));
        };
        if (lacks("dilations")) this->write("dilations", std::span<const std::int64_t>(ones));
        if (lacks("data_format")) this->write("data_format", std::string_view("NHWC"));
        if (depthwise) return;
        if (lacks("use_cudnn_on_gpu")) this->write("use_cudnn_on_gpu", true);
        if (lacks("explicit_paddings")) this->write("explicit_paddings", std::span<const std::int64_t>());
    }
};

}  // namespace qgraft::graphdef

#endif
