// What the fold rules ask a dialect about batch norms and the layers before them.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_OPS_BATCH_NORM_HPP
#define QGRAFT_OPS_BATCH_NORM_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace qgraft {

/// What a node of the word batch_norm says of itself.
struct batch_norm_facts {
    /// It normalizes with the statistics of the batch, and gives them as outputs 1 (mean) and 2 (variance, with
    /// Bessel's correction); operands after its offset are not looked at. Otherwise its operands 3 and 4 are the mean
    /// and the variance.
    bool is_training = false;
    double epsilon = 0;
    /// Why it cannot be folded; empty when it can.
    std::string obstacle{};
    /// The reference does not fold this form.
    bool unknown_to_reference = false;
};

/// Where the output channels of a layer are.
struct channel_layout {
    std::size_t after_data = 0;     ///< how many dimensions of the layer's output come after its channels
    std::size_t after_weights = 0;  ///< how many dimensions of the weights come after the output channels
    /// The output channels are spread over two dimensions of the weights, [input channels, multiplier].
    bool split = false;
};

/// An exponential moving average of a statistic: value -= (value - statistic) * rate. It is spelled out, or one node.
/// `Tensor` is a tensor of a graph_view, or a graph's own value.
template <class Tensor>
struct moving_statistic {
    /// The average before this step.
    Tensor value{};
    /// What the difference is multiplied by; none where that is no tensor.
    std::optional<Tensor> rate{};
    /// Whose operand `operand` must change for the average to stand still: the product, which reads the rate; where
    /// there is no rate, the average itself, which reads the statistic. None where it is not known.
    std::optional<Tensor> reader{};
    std::uint32_t operand = 1;
};

/// A batch norm that is spelled out, as a naming convention tells it. What the convention does not find is none.
template <class Tensor>
struct named_batch_norm {
    /// The beginning of the names of everything that is made for it: with a separator at its end, or empty.
    std::string prefix{};
    Tensor output{};
    std::optional<Tensor> scale{};
    std::optional<Tensor> mean{};
    std::optional<Tensor> variance{};
    std::optional<Tensor> moving_mean{};
    std::optional<Tensor> moving_variance{};
    std::optional<Tensor> epsilon{};
    std::optional<Tensor> mean_rate{};
    std::optional<Tensor> variance_rate{};
    /// The node after the batch norm: an activation, or an addition that bypasses it.
    std::optional<Tensor> reader{};
};

}  // namespace qgraft

#endif
