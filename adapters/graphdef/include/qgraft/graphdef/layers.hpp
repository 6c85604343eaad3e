// Copies of layers, and what folding a batch norm computes beside them, as TensorFlow 1.15 builds them.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_LAYERS_HPP
#define QGRAFT_GRAPHDEF_LAYERS_HPP

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
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
    tensor clone(const std::string& scope, node original, std::vector<tensor> inputs, bool as_reference) {
        const node_def& from = this->graph().definition(original);
        const std::string op = from.op();
        const std::string_view full = this->graph().name(original);
        const auto slash = full.rfind('/');
        std::string name(slash == std::string_view::npos ? full : full.substr(slash + 1));
        name = this->claim(path_in(scope, name + "_Fold"));
        if (op == "DepthwiseConv2dNative") leave_traces(name, inputs[1]);
        new_node data{op, name, std::move(inputs), {}, {}};
        if (!as_reference) {
            data.controls = this->graph().control_inputs(original);
            data.device = from.device();
        }
        node_def& def = this->add(std::move(data), this->graph().shape({original, 0}));
        for (const auto& [key, value] : this->graph().definition(original).attr()) {
            if (key != "_output_shapes" && (!as_reference || is_kept(op, key))) attribute(def, key) = value;
        }
        write_defaults(def);
        return this->last(0);
    }

    /// variance (n - 1) / n, with n the number of elements of `x` for each of `mean`.
    tensor biased_variance(const std::string& scope, std::string_view hint, tensor variance, tensor x, tensor mean) {
        const tensor all = size(scope, x);
        const tensor channels = size(scope, mean);
        std::string name = this->claim(path_in(scope, "truediv"));
        const tensor dividend = cast(name, all, element_type::int32, element_type::float64);
        const tensor divisor = cast(name, channels, element_type::int32, element_type::float64);
        const tensor ratio =
            this->elementwise("RealDiv", name, {dividend, divisor}, tensor_shape::scalar(), element_type::float64);
        const tensor n = cast(scope, ratio, element_type::float64, element_type::float32);
        name = this->claim(path_in(scope, "sub"));
        const tensor one = this->constant(this->claim(name + "/y"), 1, element_type::float32);
        const tensor less = this->elementwise("Sub", name, {n, one}, tensor_shape::scalar());
        name = this->claim(path_in(scope, "truediv"));
        const tensor factor = this->elementwise("RealDiv", name, {less, n}, tensor_shape::scalar());
        name = this->claim(path_in(scope, hint));
        return this->elementwise("Mul", name, {variance, factor}, this->graph().shape(variance));
    }

    /// `x` in another shape, where one dimension may be -1.
    tensor reshape(const std::string& scope, std::string_view hint, tensor x, const std::vector<std::int64_t>& dims) {
        const std::string name = this->claim(path_in(scope, hint));
        const std::vector<std::int32_t> numbers(dims.begin(), dims.end());
        const tensor target = this->integers(this->claim(name + "/shape"), numbers);
        node_def& def =
            this->add({"Reshape", name, {x, target}, {}, {}}, reshaped(this->graph().shape(x), tensor_shape(dims)));
        set_type(def, "T", element_type::float32);
        set_type(def, "Tshape", element_type::int32);
        return this->last(0);
    }

private:
    /// The function that the reference copies a depthwise convolution with leaves these two, which nobody reads.
    void leave_traces(const std::string& name, tensor weights) {
        const tensor_shape shape = this->graph().shape(weights);
        if (shape.is_complete()) {
            const std::vector<std::int32_t> dims(shape.dims().begin(), shape.dims().end());
            this->integers(this->claim(name + "/Shape"), dims);
        } else {
            measure("Shape", this->claim(name + "/Shape"), weights,
                    tensor_shape({shape.has_rank() ? static_cast<std::int64_t>(shape.rank()) : tensor_shape::unknown}));
        }
        this->integers(this->claim(name + "/dilation_rate"), {1, 1});
    }

    /// The number of elements: a constant where the shape is known.
    tensor size(const std::string& scope, tensor x) {
        const std::string name = this->claim(path_in(scope, "Size"));
        const tensor_shape shape = this->graph().shape(x);
        if (shape.is_complete() && shape.elements() <= std::numeric_limits<std::int32_t>::max()) {
            return this->integer(name, static_cast<std::int32_t>(shape.elements()));
        }
        return measure("Size", name, x, tensor_shape::scalar());
    }

    tensor measure(std::string_view op, const std::string& name, tensor x, const tensor_shape& shape) {
        node_def& def = this->add({std::string(op), name, {x}, {}, {}}, shape);
        set_type(def, "T", element_type::float32);
        set_type(def, "out_type", element_type::int32);
        return this->last(0);
    }

    tensor cast(const std::string& scope, tensor x, element_type from, element_type to) {
        node_def& def = this->add({"Cast", this->claim(path_in(scope, "Cast")), {x}, {}, {}}, tensor_shape::scalar());
        set_type(def, "SrcT", from);
        set_type(def, "DstT", to);
        attribute(def, "Truncate").set_b(false);
        return this->last(0);
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

    /// TensorFlow writes every attribute, those of default value too.
    static void write_defaults(node_def& def) {
        const bool depthwise = def.op() == "DepthwiseConv2dNative";
        if (def.op() != "Conv2D" && !depthwise) return;
        if (find_attribute(def, "dilations") == nullptr) {
            auto& list = *attribute(def, "dilations").mutable_list();
            for (int i = 0; i < 4; ++i) list.add_i(1);
        }
        if (find_attribute(def, "data_format") == nullptr) attribute(def, "data_format").set_s("NHWC");
        if (depthwise) return;
        if (find_attribute(def, "use_cudnn_on_gpu") == nullptr) attribute(def, "use_cudnn_on_gpu").set_b(true);
        if (find_attribute(def, "explicit_paddings") == nullptr) attribute(def, "explicit_paddings").mutable_list();
    }
};

}  // namespace qgraft::graphdef

#endif
