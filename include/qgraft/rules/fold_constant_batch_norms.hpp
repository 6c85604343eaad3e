// Rule: folds batch norms whose numbers are constants into constants; so are those of a frozen graph.
//
// before     x, constant weights -> layer -> [batch_to_space] -> [identity] -> batch norm -> users
//            the batch norm is one node, or spelled out, with constant [gamma], beta, mean, variance and epsilon
// after      x, constant(weights * m) -> layer -> [batch_to_space] -> + constant(bias) -> users
//            m = [gamma] / sqrt(variance + epsilon),  bias = beta - mean * m
//
// Both other fold rules try this for each batch norm that they match, before anything else: who matches, decides and
// moves the users is as their headers say. What is not wholly constant is theirs.
//
// conditions   a kernel policy computes (fold_config::constants); the statistics are given; each of the numbers is
//              a constant, possibly behind identities; vectors have an element a channel, or one for all. Where
//              quantization follows, weights that are constant but no parameter are left to the other rules: it would
//              not know the new constant for weights
// formula      (layer(w) m) + bias = layer(w m) + bias, for any m of one element a channel
// arithmetic   32-bit floats, every operation rounded, in TensorFlow's order: (variance + epsilon), its reciprocal
//              root, times gamma; mean times that, subtracted from beta. So a bias whose terms nearly cancel has the
//              rounding errors that TensorFlow's has. The products are the kernel policy's.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_FOLD_CONSTANT_BATCH_NORMS_HPP
#define QGRAFT_RULES_FOLD_CONSTANT_BATCH_NORMS_HPP

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <qgraft/ops/constant.hpp>
#include <qgraft/ops/view.hpp>
#include <qgraft/rewrite/script.hpp>
#include <qgraft/rules/config.hpp>
#include <qgraft/rules/fold_layer.hpp>

namespace qgraft {

/// The tensors of a batch norm with given statistics, a vector each. Without gamma it is 1.
struct given_statistics {
    tensor gamma{};
    tensor beta{};
    tensor mean{};
    tensor variance{};
    argument epsilon{};
};

/// What a layer and the batch norm after it become.
struct folded_constants {
    constant_tensor weights{};  ///< of the shape of the layer's weights
    constant_tensor bias{};     ///< in a shape that is added to the layer's output
};

namespace detail {

/// The number that a constant tensor holds, which identities may pass on; none where it is not constant.
inline std::optional<constant_tensor> constant_behind(const graph_view& view, tensor t) {
    for (node_id steps = 0; steps < view.size(); ++steps) {
        if (auto found = view.constant(t)) return found;
        if (view.word_of(t.node) != word::identity || view.inputs(t.node).empty()) break;
        t = view.inputs(t.node)[0];
    }
    return std::nullopt;
}

/// Computes folded weights and biases.
class constant_folder {
public:
    constant_folder(const graph_view& view, const fold_config& config, channel_scaling_kernel scale)
        : view_(view), config_(config), scale_(scale) {}

    /// What the layer becomes; none where not everything is constant.
    [[nodiscard]] std::optional<folded_constants> fold(const foldable_layer& l, const given_statistics& s) const {
        if (config_.before_quantization && !view_.has_role(l.weights.node, role::parameter)) return std::nullopt;
        const auto variance = vector(s.variance);
        const auto epsilon = number(s.epsilon);
        const auto mean = vector(s.mean);
        const auto beta = vector(s.beta);
        const auto gamma = s.gamma ? vector(s.gamma) : std::vector<float>{1.0F};
        if (!variance || !epsilon || !mean || !beta || !gamma) return std::nullopt;
        auto weights = constant_behind(view_, l.weights);
        if (!weights) return std::nullopt;
        const channel_layout layout = view_.channels(l.layer);
        const auto [channels, inner] = channels_of(weights->dims, layout);
        const auto fits = [n = channels](const std::vector<float>& v) { return v.size() == n || v.size() == 1; };
        if (channels == 0 || !fits(*variance) || !fits(*mean) || !fits(*beta) || !fits(*gamma)) return std::nullopt;

        std::vector<float> m = spread(*variance, channels);
        for (float& x : m) x = reciprocal_root(x + *epsilon);
        scale_(m, m, spread(*gamma, channels), 1);
        folded_constants folded;
        folded.bias.data = spread(*mean, channels);
        scale_(folded.bias.data, folded.bias.data, m, 1);
        const std::vector<float> offset = spread(*beta, channels);
        for (std::size_t c = 0; c < channels; ++c) folded.bias.data[c] = offset[c] - folded.bias.data[c];
        folded.bias.dims.assign(layout.after_data + 1, 1);
        folded.bias.dims[0] = static_cast<std::int64_t>(channels);
        scale_(weights->data, weights->data, m, inner);
        folded.weights = *std::move(weights);
        return folded;
    }

private:
    /// How many output channels there are, and how many elements of the weights follow in one channel; none: 0.
    struct channel_rows {
        std::size_t channels = 0;
        std::size_t inner = 1;
    };

    static channel_rows channels_of(const std::vector<std::int64_t>& dims, const channel_layout& layout) {
        const std::size_t of_channels = layout.split ? 2 : 1;
        if (dims.size() < layout.after_weights + of_channels) return {};
        channel_rows rows{1, 1};
        std::size_t at = dims.size();
        for (std::size_t i = 0; i < layout.after_weights; ++i) rows.inner *= static_cast<std::size_t>(dims[--at]);
        for (std::size_t i = 0; i < of_channels; ++i) rows.channels *= static_cast<std::size_t>(dims[--at]);
        return rows;
    }

    /// The elements of a constant vector, or of a constant scalar.
    [[nodiscard]] std::optional<std::vector<float>> vector(tensor t) const {
        auto found = constant_behind(view_, t);
        if (!found || found->dims.size() > 1) return std::nullopt;
        return std::move(found->data);
    }

    [[nodiscard]] std::optional<float> number(const argument& a) const {
        if (a.is_given) return static_cast<float>(a.given.number);
        const auto found = vector(a.read);
        return found && found->size() == 1 ? std::optional(found->front()) : std::nullopt;
    }

    static std::vector<float> spread(const std::vector<float>& v, std::size_t size) {
        return v.size() == size ? v : std::vector<float>(size, v.front());
    }

    static float reciprocal_root(float x) { return static_cast<float>(1.0 / std::sqrt(static_cast<double>(x))); }

    const graph_view& view_;
    const fold_config& config_;
    channel_scaling_kernel scale_;
};

/// Plans a layer with constant weights, and the addition of its bias; new names go into the scope `in` and begin with
/// `prefix`. Returns the sum.
inline tensor plan_constant_layer(script& s, layer_folder& folder, const foldable_layer& l, folded_constants folded,
                                  scope_id in, const std::string& prefix) {
    const auto constant = [&](constant_tensor c, const char* name) {
        const std::string hint = prefix + name;
        placement where{in, hint};
        where.params.dims = std::move(c.dims);
        where.params.data = std::move(c.data);
        return s.emit(word::constant, {}, std::move(where));
    };
    const tensor weights = constant(std::move(folded.weights), "weights_fold");
    tensor result = folder.clone(l, weights, folder.scope_of(l.layer));
    if (l.batch_to_space != no_node) {
        result = folder.clone_batch_to_space(l, result, folder.scope_of(l.batch_to_space));
    }
    const tensor bias = constant(std::move(folded.bias), "bias_fold");
    return folder.sum(result, bias, in, prefix + "add_fold");
}

/// The rule as the others call it: a program whose kernel policy does not compute contains nothing of it.
struct constant_rule {
    std::optional<folded_constants> (*fold)(const graph_view&, const fold_config&, const foldable_layer&,
                                            const given_statistics&);
    tensor (*plan)(script&, layer_folder&, const foldable_layer&, folded_constants, scope_id, const std::string&);
};

/// The rule with the kernels of a folding_kernel_policy.
template <channel_scaling_kernel Scale>
inline constexpr constant_rule constant_rule_with{
    [](const graph_view& view, const fold_config& config, const foldable_layer& l, const given_statistics& s) {
        return constant_folder(view, config, Scale).fold(l, s);
    },
    &plan_constant_layer};

}  // namespace detail

}  // namespace qgraft

#endif
