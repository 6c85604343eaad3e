// Where the output channels of a layer's weights are, for ranges a channel at a time.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_WEIGHT_CHANNELS_HPP
#define QGRAFT_RULES_WEIGHT_CHANNELS_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <qgraft/ops/view.hpp>

namespace qgraft {

/// The axis of weights that holds their output channels.
struct weight_channels {
    std::size_t axis = 0;
    std::int64_t count = 0;
    /// The shape in which the channels are on one axis, and the weights' own; both empty where they are on one in that.
    std::vector<std::int64_t> joined{};
    std::vector<std::int64_t> original{};
    /// Why they are not known; empty where they are. The rest is empty then.
    std::string obstacle{};
};

/// The channels of the weights of a layer, by its dialect's channels_of. Channels that are spread over two dimensions,
/// [..., input channels, multiplier], are joined to [..., 1, input channels * multiplier]: that keeps the rank, which
/// TensorFlow Lite's converter needs to see through it. The reference takes the last dimension, whatever it is.
inline weight_channels channels_of_weights(const graph_view& view, node_id layer, tensor weights, bool as_reference) {
    const auto unknown = [](const char* why = "how many channels the weights have is not known") {
        return weight_channels{.obstacle = why};
    };
    const tensor_shape shape = view.shape(weights);
    const channel_layout layout = as_reference ? channel_layout{} : view.channels(layer);
    const std::size_t axes = layout.split ? 2 : 1;
    if (!shape.has_rank()) return unknown();
    if (shape.rank() < layout.after_weights + axes) return unknown("the weights have too few dimensions for channels");
    if (!as_reference && view.word_of(layer) == word::matmul && view.inputs(layer)[1] != weights) {
        return unknown("the weights are what is multiplied from the left: where they have channels is not known");
    }
    weight_channels found;
    const std::size_t axis = shape.rank() - 1 - layout.after_weights;
    std::vector<std::int64_t> joined = shape.dims();
    if (layout.split) {
        constexpr std::int64_t most = std::int64_t{1} << 31U;  // of both: the product does not overflow
        if (!shape.is_complete() || joined[axis] > most || joined[axis - 1] > most) return unknown();
        joined[axis] *= joined[axis - 1];
        joined[axis - 1] = 1;
        found.original = shape.dims();
    }
    if (joined[axis] < 1) return unknown();
    found.axis = axis;
    found.count = joined[axis];
    if (layout.split) found.joined = std::move(joined);
    return found;
}

}  // namespace qgraft

#endif
