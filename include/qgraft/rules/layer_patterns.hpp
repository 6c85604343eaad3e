// The patterns of a quantizable layer, from its weights to what follows its activation.
//
//     x    weights                    weights: the value of a trained parameter, or a product (folded weights)
//      \   /
//      layer                          conv2d, depthwise_conv2d, matmul
//        |
//     [batch_to_space]                dilated layers
//        |
//     [* corrected, + offset]         what folding a training batch norm leaves
//        |
//     [+ bias]                        bias_add or add
//        |
//     [+ bypass]
//        |
//     activation                      relu, relu6, identity
//        |
//     [+ bypass]
//
// Brackets enclose what may be missing. After tf.contrib.quantize's list of patterns.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_LAYER_PATTERNS_HPP
#define QGRAFT_RULES_LAYER_PATTERNS_HPP

#include <qgraft/pattern/combinators.hpp>

namespace qgraft::layer_patterns {

using namespace pattern;

/// Tags of the captures.
struct layer_tag;
struct weights_tag;
struct bias_tag;
struct bypass_tag;
struct activation_tag;

/// The layers that have weights to quantize.
inline constexpr word_set layers = foldable_layers;

inline constexpr auto weights = capture<weights_tag>(one_of(having<role::parameter>, op<word::mul>()));
inline constexpr auto layer =
    capture<layer_tag>(commutative<word::conv2d, word::depthwise_conv2d, word::matmul>(any, weights));
inline constexpr auto layer_output = one_of(op<word::batch_to_space>(layer, rest), layer);

inline constexpr auto with_bias = capture<bias_tag>(commutative<word::add, word::bias_add>(layer_output, any));
inline constexpr auto corrected = commutative<word::add>(commutative<word::mul>(any, layer_output), any);
inline constexpr auto with_folded_bias = capture<bias_tag>(commutative<word::add>(corrected, any));
inline constexpr auto kept_folded_bias = op<word::identity>(with_folded_bias);

inline constexpr auto with_bypass =
    capture<bypass_tag>(commutative<word::add>(one_of(with_bias, with_folded_bias, kept_folded_bias), any));

/// A layer up to its activation.
inline constexpr auto activated = capture<activation_tag>(op<word::relu, word::relu6, word::identity>(
    one_of(with_bias, with_folded_bias, kept_folded_bias, with_bypass, layer)));

/// A layer whose activation goes into an addition.
inline constexpr auto then_bypassed = commutative<word::add>(any, activated);

/// A layer that ends at its bias.
inline constexpr auto final_layer = one_of(with_bias, with_folded_bias);

/// A layer whose output goes straight into another: the halves of a separable convolution.
inline constexpr auto separable = commutative<word::conv2d, word::depthwise_conv2d, word::matmul>(layer_output, any);

}  // namespace qgraft::layer_patterns

#endif
