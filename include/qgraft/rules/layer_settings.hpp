// layer_settings: how one layer is quantized, and who decides that.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_LAYER_SETTINGS_HPP
#define QGRAFT_RULES_LAYER_SETTINGS_HPP

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <qgraft/graph/callback.hpp>
#include <qgraft/ops/words.hpp>
#include <qgraft/quant/quant_spec.hpp>

namespace qgraft {

/// How a range follows the values it is for.
enum class range_policy : std::uint8_t {
    last_value,      ///< the range of the step's own values
    moving_average,  ///< a zero-debiased exponential moving average of these
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
    word op = word::other;  ///< conv2d, depthwise_conv2d or matmul
    std::string op_name{};  ///< the graph's own name of the operation
    char separator = '/';   ///< between the parts of the name
};

/// The same with the graph's own handle.
template <class Node>
struct layer_of : layer_facts {
    Node node{};
};

/// Decides on the settings of the layers of a graph, in one call: settings[i], which comes with the settings of the
/// whole graph, is for layers[i]. The layers are those that have weights and lie in the scope, producers before
/// consumers, in the graph as it was before any rewrite: a folded copy has the settings of its original. What it throws
/// ends the rewrite before the graph is touched.
template <class Node>
using layer_decider = callback<std::span<const layer_of<Node>>, std::span<layer_settings>>;

/// A layer_decider that asks `f(const layer_of<Node>&, layer_settings&)` of each layer by itself.
template <class F>
auto for_each_layer(F f) {
    return [f](auto layers, std::span<layer_settings> settings) {
        for (std::size_t i = 0; i < layers.size(); ++i) f(layers[i], settings[i]);
    };
}

}  // namespace qgraft

#endif
