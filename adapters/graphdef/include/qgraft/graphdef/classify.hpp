// Which word of the vocabulary a TensorFlow operation is.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_CLASSIFY_HPP
#define QGRAFT_GRAPHDEF_CLASSIFY_HPP

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>
#include <unordered_map>

#include <qgraft/ops/words.hpp>

namespace qgraft::graphdef {

/// Whether an operation is part of an optimizer's update: of a variable, an accumulator of gradients or an embedding
/// table. By the families in which TensorFlow's registry (1.15 to 2.21) names them.
inline bool is_training_op(std::string_view op) {
    constexpr std::array<std::string_view, 5> prefixes{"Apply", "ResourceApply", "SparseApply", "ResourceSparseApply",
                                                       "BoostedTreesUpdateEnsemble"};
    const bool applies =
        std::any_of(prefixes.begin(), prefixes.end(), [op](std::string_view p) { return op.starts_with(p); });
    constexpr std::array<std::string_view, 4> others{"SdcaOptimizer", "SdcaOptimizerV2", "SdcaShrinkL1", "NegTrain"};
    return applies || std::find(others.begin(), others.end(), op) != others.end() ||
           op.ends_with("AccumulatorApplyGradient") || op.ends_with("AccumulatorTakeGradient") ||
           op.find("SendTPUEmbeddingGradients") != std::string_view::npos ||
           (op.starts_with("XlaSparse") && op.find("GradWith") != std::string_view::npos) ||
           (op.starts_with("XlaSparseCore") && (op.ends_with("Adagrad") || op.ends_with("AdagradMomentum") ||
                                                op.ends_with("Adam") || op.ends_with("Ftrl") || op.ends_with("Sgd")));
}

/// Whether an operation computes a gradient. Those that only stop one are part of the forward pass.
inline bool is_gradient_op(std::string_view op) {
    if (op == "StopGradient" || op == "PreventGradient") return false;
    return op.ends_with("Grad") || op.ends_with("GradV2") || op.ends_with("GradV3") || op.ends_with("Gradient") ||
           op.find("Backprop") != std::string_view::npos;
}

/// Whether the name of a node says that it was made for a backward pass.
inline bool is_in_backward_pass(std::string_view name) {
    for (std::size_t start = 0; start < name.size();) {
        const std::string_view part = name.substr(start);
        if (part.starts_with("gradients") || part.starts_with("gradient_tape")) return true;
        const std::size_t slash = part.find('/');
        if (slash == std::string_view::npos) break;
        start += slash + 1;
    }
    return false;
}

/// Whether a node is a transposed convolution: the operation is that of a convolution's gradient.
inline bool is_transposed_convolution(std::string_view op, std::string_view name) {
    return op.find("BackpropInput") != std::string_view::npos && op.find("Conv") != std::string_view::npos &&
           !is_in_backward_pass(name);
}

/// The word of an operation, by its name alone.
inline word word_of_op(std::string_view op) {
    static const std::unordered_map<std::string_view, word> words{
        {"Conv2D", word::conv2d},
        {"DepthwiseConv2dNative", word::depthwise_conv2d},
        {"MatMul", word::matmul},
        {"Conv3D", word::other_layer},
        {"BatchMatMul", word::other_layer},
        {"BatchMatMulV2", word::other_layer},
        {"FusedBatchNorm", word::batch_norm},
        {"FusedBatchNormV2", word::batch_norm},
        {"FusedBatchNormV3", word::batch_norm},
        {"BiasAdd", word::bias_add},
        {"Add", word::add},
        {"AddV2", word::add},
        {"Sub", word::sub},
        {"Mul", word::mul},
        {"RealDiv", word::div},
        {"Minimum", word::minimum},
        {"Maximum", word::maximum},
        {"Neg", word::neg},
        {"Rsqrt", word::rsqrt},
        {"Relu", word::relu},
        {"Relu6", word::relu6},
        {"LeakyRelu", word::leaky_relu},
        {"Identity", word::identity},
        {"Reshape", word::reshape},
        {"BatchToSpaceND", word::batch_to_space},
        {"SpaceToBatchND", word::space_to_batch},
        {"MaxPool", word::max_pool},
        {"AvgPool", word::average_pool},
        {"Max", word::max_over_axes},
        {"Mean", word::mean_over_axes},
        {"ConcatV2", word::concat},
        {"Pack", word::concat},
        {"Pad", word::pad},
        {"MirrorPad", word::pad},
        {"Transpose", word::transpose},
        {"DepthToSpace", word::transpose},
        {"SpaceToDepth", word::transpose},
        {"ReverseV2", word::transpose},
        {"Tile", word::transpose},
        {"Squeeze", word::squeeze},
        {"ExpandDims", word::squeeze},
        {"Slice", word::slice},
        {"StridedSlice", word::slice},
        {"GatherV2", word::slice},
        {"SplitV", word::slice},
        {"Unpack", word::slice},
        {"ResizeBilinear", word::resize},
        {"ResizeNearestNeighbor", word::resize},
        {"Softmax", word::softmax},
        {"Sigmoid", word::logistic},
        {"Tanh", word::tanh},
        {"Variable", word::variable},
        {"VariableV2", word::variable},
        {"VarHandleOp", word::variable},
        {"ReadVariableOp", word::read_variable},
        {"FakeQuantWithMinMaxVars", word::fake_quant},
        {"FakeQuantWithMinMaxVarsPerChannel", word::fake_quant_per_channel},
        {"FakeQuantWithMinMaxArgs", word::fake_quant_fixed},
        // Frequent ones of no word: what follows would find out the same, slowly.
        {"Const", word::other},
        {"Assign", word::other},
        {"AssignAdd", word::other},
        {"AssignSub", word::other},
        {"AssignVariableOp", word::other},
        {"Cast", word::other},
        {"Fill", word::other},
        {"Merge", word::other},
        {"Min", word::other},
        {"Pow", word::other},
        {"Switch", word::other},
    };
    const auto it = words.find(op);
    if (it != words.end()) return it->second;
    if (is_training_op(op)) return word::training_step;
    return is_gradient_op(op) ? word::gradient : word::other;
}

/// Whether a node's name says that it belongs to a backward pass or to summaries: the reference leaves its operands
/// alone.
inline bool is_left_alone_name(std::string_view name) {
    constexpr std::array<std::string_view, 6> prefixes{"gradients/", "RMSProp/",         "Adagrad/",
                                                       "Const_",     "HistogramSummary", "ScalarSummary"};
    return !name.empty() && std::any_of(prefixes.begin(), prefixes.end(), [name](std::string_view p) {
        return name.front() == p.front() && name.starts_with(p);
    });
}

}  // namespace qgraft::graphdef

#endif
