// Shapes of convolutions, poolings and matrix products, from their operands and attributes.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_INFER_WINDOWS_HPP
#define QGRAFT_GRAPHDEF_INFER_WINDOWS_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include <qgraft/graph/shape.hpp>
#include <qgraft/graphdef/messages.hpp>

namespace qgraft::graphdef {

namespace detail {

/// Element `i` of a list of integers in an attribute; `otherwise` where there is none.
template <class NodeDef>
std::int64_t listed(const NodeDef& def, std::string_view key, std::size_t i, std::int64_t otherwise) {
    const auto* a = find_attribute(def, key);
    const bool there = a != nullptr && static_cast<std::int64_t>(i) < a->list().i_size();
    return there ? a->list().i(static_cast<int>(i)) : otherwise;
}

/// How often a window of `size` elements fits along dimension `d` of an image, which has `length`.
template <class NodeDef>
std::int64_t places_of_window(const NodeDef& def, std::size_t d, std::int64_t length, std::int64_t size) {
    constexpr std::int64_t unknown = tensor_shape::unknown;
    constexpr std::int64_t greatest = std::int64_t{1} << 40U;  // so that nothing below overflows
    const std::int64_t stride = listed(def, "strides", d, 1);
    const auto* padding = find_attribute(def, "padding");
    if (length < 0 || length > greatest || stride <= 0 || stride > greatest || padding == nullptr) return unknown;
    if (padding->s() == "SAME") return (length + stride - 1) / stride;
    const std::int64_t dilation = listed(def, "dilations", d, 1);
    const std::int64_t before = listed(def, "explicit_paddings", 2 * d, 0);
    const std::int64_t after = listed(def, "explicit_paddings", 2 * d + 1, 0);
    for (const std::int64_t n : {size, dilation, before, after}) {
        if (n < 0 || n > (std::int64_t{1} << 20U)) return unknown;
    }
    const std::int64_t starts = length + before + after - (size - 1) * dilation;
    return starts < 0 ? unknown : (starts + stride - 1) / stride;
}

}  // namespace detail

/// What a convolution, or a pooling without weights, gives for an image `x`: of rank 4, with the sizes that follow.
template <class NodeDef>
tensor_shape window_shape(const NodeDef& def, const tensor_shape& x, const tensor_shape& weights) {
    constexpr std::int64_t unknown = tensor_shape::unknown;
    const std::string_view op = def.op();
    const auto* format = find_attribute(def, "data_format");
    const bool channels_first = format != nullptr && format->s() == "NCHW";
    std::vector<std::int64_t> dims(4, unknown);
    if (format != nullptr && !channels_first && format->s() != "NHWC") return tensor_shape(dims);
    const std::size_t channel = channels_first ? 1 : 3;
    const std::size_t first = channels_first ? 2 : 1;
    const bool pools = op == "MaxPool" || op == "AvgPool";
    const bool has_weights = !pools && weights.has_rank() && weights.rank() == 4;
    if (has_weights && op == "Conv2D") dims[channel] = weights.dims()[3];
    if (has_weights && op == "DepthwiseConv2dNative" && weights.dims()[2] > 0 && weights.dims()[3] > 0) {
        constexpr std::int64_t greatest = std::int64_t{1} << 30U;
        if (std::max(weights.dims()[2], weights.dims()[3]) < greatest) {
            dims[channel] = weights.dims()[2] * weights.dims()[3];
        }
    }
    if (!x.has_rank() || x.rank() != 4) return tensor_shape(dims);
    dims[0] = x.dims()[0];
    if (pools) dims[channel] = x.dims()[channel];
    for (std::size_t d = first; d < first + 2; ++d) {
        const std::int64_t size = pools         ? detail::listed(def, "ksize", d, unknown)
                                  : has_weights ? weights.dims()[d - first]
                                                : unknown;
        dims[d] = detail::places_of_window(def, d, x.dims()[d], size);
    }
    return tensor_shape(dims);
}

/// The product of two matrices, either of which may be transposed.
template <class NodeDef>
tensor_shape product_shape(const NodeDef& def, const tensor_shape& x, const tensor_shape& y) {
    const auto side = [&def](const tensor_shape& s, std::string_view transposed, std::size_t dim) {
        const auto* a = find_attribute(def, transposed);
        const std::size_t d = a != nullptr && a->b() ? 1 - dim : dim;
        return s.has_rank() && s.rank() == 2 ? s.dims()[d] : tensor_shape::unknown;
    };
    return tensor_shape({side(x, "transpose_a", 0), side(y, "transpose_b", 1)});
}

}  // namespace qgraft::graphdef

#endif
