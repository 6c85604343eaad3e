// configuration: how a network is quantized, a layer at a time where that is asked for; as values.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_PROPERTY_TREE_CONFIGURATION_HPP
#define QGRAFT_PROPERTY_TREE_CONFIGURATION_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <qgraft/ops/words.hpp>
#include <qgraft/rules/layer_settings.hpp>

namespace qgraft::property_tree {

/// What a configuration says of weights, or of activations; what it does not say stays as it is.
struct tensor_choice {
    std::optional<int> bits{};
    std::optional<bool> symmetric{};
    std::optional<bool> narrow_range{};
    std::optional<range_policy> range{};
    std::optional<granularity> grain{};  ///< of activations: per_tensor

    friend bool operator==(const tensor_choice&, const tensor_choice&) = default;
};

/// Settings for the layers that all of its selectors choose.
struct layer_choice {
    std::string path{};  ///< of its keys, such as layers.2: for messages

    std::optional<std::string> name{};   ///< a glob: * stands for any text, ? for one character
    std::optional<word> op{};            ///< conv2d, depthwise_conv2d, matmul or conv2d_transpose
    std::optional<std::string> scope{};  ///< a path: what is below it
    /// Of the layers that the other selectors choose, in order: 0 is the first, -1 the last.
    std::optional<std::int64_t> position{};

    tensor_choice weights{};
    tensor_choice activations{};
    std::optional<double> ema_decay{};
    std::optional<bool> exclude{};  ///< the layers stay as they are: not folded, not quantized
};

/// A whole configuration.
struct configuration {
    tensor_choice weights{};
    tensor_choice activations{};
    std::optional<double> ema_decay{};
    std::optional<std::int64_t> quant_delay{};
    std::optional<std::int64_t> freeze_bn_delay{};
    std::optional<std::string> scope{};
    /// Of choices for one layer the later one counts, key by key.
    std::vector<layer_choice> layers{};
};

}  // namespace qgraft::property_tree

#endif
