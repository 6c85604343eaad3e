// layer_settings: how one layer is quantized, as whoever decides on that is asked.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_LAYER_SETTINGS_HPP
#define QGRAFT_RULES_LAYER_SETTINGS_HPP

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <qgraft/ops/words.hpp>
#include <qgraft/quant/quant_spec.hpp>

namespace qgraft {

/// How a range follows the values it is for.
enum class range_policy : std::uint8_t {
    last_value,      ///< the range of the step's own values
    moving_average,  ///< a zero-debiased exponential moving average of these
    custom,          ///< what qat_options::custom_range makes of these
};

/// How the weights and the activations of one layer are quantized. The defaults are the reference's.
struct layer_settings {
    quant_spec weights{.narrow_range = true};
    quant_spec activations{};
    range_policy weight_range = range_policy::last_value;
    range_policy activation_range = range_policy::moving_average;
    double ema_decay = 0.999;  ///< of the moving averages of ranges; from 0 to 1
    bool excluded = false;     ///< the layer stays as it is: not folded, not quantized

    friend bool operator==(const layer_settings&, const layer_settings&) = default;
};

/// A layer as whoever decides on its settings is shown it.
struct layer_facts {
    std::string name{};     ///< empty where the graph has no names
    word op = word::other;  ///< conv2d, depthwise_conv2d, matmul, conv2d_transpose
    std::string op_name{};  ///< the graph's own name of the operation
    char separator = '/';   ///< between the parts of the name
};

/// The same with the graph's own handle.
template <class Node>
struct layer_of : layer_facts {
    Node node{};
};

/// A callable for qat_options::layers that asks `f(const layer_of<Node>&, layer_settings&)` of each layer by itself.
template <class F>
auto for_each_layer(F f) {
    return [f](auto layers, std::span<layer_settings> settings) {
        for (std::size_t i = 0; i < layers.size(); ++i) f(layers[i], settings[i]);
    };
}

}  // namespace qgraft

#endif
