// The modern profile: rules that quantize whatever integer inference needs a range for.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_MODERN_HPP
#define QGRAFT_MODERN_HPP

#include <qgraft/rules/quantize_values.hpp>

namespace qgraft {

/// For qat_options::profile: `options.profile = &qgraft::modern_profile`. Quantizes the weights of every layer,
/// transposed convolutions among them, and every activation that the verifier (verify.hpp) asks for: what layers give,
/// with or without bias and activation, LeakyReLU, PReLU and hard-swish, inputs of the graph, additions. Values that
/// concatenation, pooling, reshaping and the like only move about share one range. Weights are symmetric, as 8-bit
/// inference in signed bytes wants them, unless a policy or a setting says otherwise. See rules/quantize_values.hpp.
inline constexpr quantize_profile modern_profile{
    .rule = "quantize_values", .plan = &quantize_values, .symmetric_weights = true};

}  // namespace qgraft

#endif
