// Graphs of any size, as TensorFlow 1.15 would export them, to see how cost grows.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_BENCHMARKS_SYNTHETIC_HPP
#define QGRAFT_BENCHMARKS_SYNTHETIC_HPP

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <qgraft/graph/shape.hpp>
#include <qgraft/graphdef/messages.hpp>
#include <qgraft/graphdef/qgraft_graphdef.pb.h>

namespace qgraft::benchmarks {

/// Adds nodes to a graph until it has as many as asked for.
class synthetic {
public:
    explicit synthetic(graphdef::proto::GraphDef& def) : def_(def) {}

    /// Layers one after the other: convolution, bias, activation.
    void layers(int nodes) {
        std::string x = placeholder();
        for (int i = 0; count() < nodes; ++i) x = layer("layer" + std::to_string(i), x);
    }

    /// Layers one after the other, each with a fused batch norm in training and its moving averages.
    void batch_norms(int nodes) {
        std::string x = placeholder();
        for (int i = 0; count() < nodes; ++i) x = normalized_layer("block" + std::to_string(i), x);
    }

    /// One layer, and a chain of activations behind it.
    void chain(int nodes) {
        std::string x = layer("layer", placeholder());
        for (int i = 0; count() < nodes; ++i) {
            const std::string name = "relu" + std::to_string(i);
            add(name, "Relu", {x}, image());
            x = name;
        }
    }

    /// One layer whose result everybody reads.
    void fan_out(int nodes) {
        const std::string x = layer("layer", placeholder());
        for (int i = 0; count() < nodes; ++i) add("relu" + std::to_string(i), "Relu", {x}, image());
    }

private:
    static tensor_shape image() { return tensor_shape({tensor_shape::unknown, 8, 8, 4}); }
    static tensor_shape channels() { return tensor_shape({4}); }
    [[nodiscard]] int count() const { return def_.node_size(); }

    graphdef::proto::NodeDef& add(const std::string& name, const char* op, const std::vector<std::string>& inputs,
                                  const tensor_shape& shape) {
        graphdef::proto::NodeDef& n = *def_.add_node();
        n.set_name(name);
        n.set_op(op);
        for (const std::string& i : inputs) n.add_input(i);
        graphdef::attribute(n, inputs.empty() ? "dtype" : "T").set_type(graphdef::proto::DT_FLOAT);
        graphdef::write_shape(shape, *graphdef::attribute(n, "_output_shapes").mutable_list()->add_shape());
        return n;
    }

    std::string placeholder() {
        add("input", "Placeholder", {}, image());
        return "input";
    }

    /// The name of its value.
    std::string variable(const std::string& name, const tensor_shape& shape) {
        add(name, "VariableV2", {}, shape);
        add(name + "/read", "Identity", {name}, shape);
        return name + "/read";
    }

    std::string convolution(const std::string& scope, const std::string& x) {
        const std::string weights = variable(scope + "/weights", tensor_shape({3, 3, 4, 4}));
        auto& n = add(scope + "/Conv2D", "Conv2D", {x, weights}, image());
        graphdef::attribute(n, "padding").set_s("SAME");
        for (int i = 0; i < 4; ++i) graphdef::attribute(n, "strides").mutable_list()->add_i(1);
        return scope + "/Conv2D";
    }

    std::string activation(const std::string& scope, const std::string& x) {
        add(scope + "/Relu6", "Relu6", {x}, image());
        return scope + "/Relu6";
    }

    std::string layer(const std::string& scope, const std::string& x) {
        const std::string y = convolution(scope, x);
        add(scope + "/BiasAdd", "BiasAdd", {y, variable(scope + "/biases", channels())}, image());
        return activation(scope, scope + "/BiasAdd");
    }

    std::string normalized_layer(const std::string& scope, const std::string& x) {
        const std::string y = convolution(scope, x);
        const std::string norm = scope + "/BatchNorm/FusedBatchNormV3";
        const std::string none = scope + "/BatchNorm/Const";
        add(none, "Const", {}, tensor_shape({0}));
        auto& n = add(norm, "FusedBatchNormV3",
                      {y, variable(scope + "/BatchNorm/gamma", channels()),
                       variable(scope + "/BatchNorm/beta", channels()), none, none},
                      image());
        for (int i = 0; i < 4; ++i) {
            graphdef::write_shape(channels(), *graphdef::attribute(n, "_output_shapes").mutable_list()->add_shape());
        }
        graphdef::attribute(n, "is_training").set_b(true);
        graphdef::attribute(n, "epsilon").set_f(0.001F);
        average(scope + "/BatchNorm/moving_mean", scope + "/BatchNorm/AssignMovingAvg", norm + ":1");
        average(scope + "/BatchNorm/moving_variance", scope + "/BatchNorm/AssignMovingAvg_1", norm + ":2");
        return activation(scope, norm);
    }

    /// A moving average over a statistic of the batch.
    void average(const std::string& name, const std::string& scope, const std::string& statistic) {
        const std::string value = variable(name, channels());
        add(scope + "/decay", "Const", {}, tensor_shape::scalar());
        add(scope + "/sub", "Sub", {value, statistic}, channels());
        add(scope + "/mul", "Mul", {scope + "/sub", scope + "/decay"}, channels());
        add(scope, "AssignSub", {name, scope + "/mul"}, channels());
    }

    graphdef::proto::GraphDef& def_;
};

}  // namespace qgraft::benchmarks

#endif
