// What users of such tools fell over, row by row: each test is named after what went wrong for them.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <qgraft/qat.hpp>

#include "graphdef/sketch.hpp"
#include "support/lines.hpp"

using namespace qgraft;
using namespace qgraft::testing_support;

namespace {

using sizes = std::vector<std::int64_t>;

/// A network in the operations of TensorFlow, 8 by 8 images of 4 channels.
struct network : sketch {
    network() { input("image", {1, 8, 8, 4}); }

    /// A variable and its read.
    std::string variable(const std::string& name, const sizes& s) {
        graphdef::write_shape(tensor_shape(s), *graphdef::attribute(node(name, "VariableV2"), "shape").mutable_shape());
        node(name + "/read", "Identity", {name});
        return name + "/read";
    }

    proto::NodeDef& conv(const std::string& scope, const std::string& x) {
        proto::NodeDef& n = node(scope + "/Conv2D", "Conv2D", {x, variable(scope + "/weights", {3, 3, 4, 4})});
        for (const int stride : {1, 2, 2, 1}) graphdef::attribute(n, "strides").mutable_list()->add_i(stride);
        graphdef::attribute(n, "padding").set_s("SAME");
        return n;
    }

    proto::NodeDef& batch_norm(const std::string& scope, const std::string& x) {
        const std::string at = scope + "/BatchNorm/";
        std::vector<std::string> inputs{x};
        for (const char* part : {"gamma", "beta", "moving_mean", "moving_variance"}) {
            inputs.push_back(variable(at + part, {4}));
        }
        proto::NodeDef& n = node(at + "FusedBatchNormV3", "FusedBatchNormV3", inputs);
        graphdef::attribute(n, "is_training").set_b(false);
        graphdef::attribute(n, "epsilon").set_f(0.002F);
        return n;
    }

    /// A convolution, its batch norm and an activation; the name of the last.
    std::string block(const std::string& scope, const std::string& x) {
        conv(scope, x);
        batch_norm(scope, scope + "/Conv2D");
        node(scope + "/Relu6", "Relu6", {scope + "/BatchNorm/FusedBatchNormV3"});
        return scope + "/Relu6";
    }

    report rewrite(const qat_options<graph>& options = {}) {
        graph g(meta);
        return rewrite_for<phase::training>(g, options);
    }
};

/// "node: outcome, reason" of a rule's decisions on a node.
std::string decision_on(const report& r, const std::string& node, std::string_view rule = "quantize_layers") {
    for (const decision& d : r.decisions) {
        if (d.node == node && d.rule == rule) return std::string(to_string(d.what)) + ", " + d.reason;
    }
    return "none";
}

}  // namespace

TEST_CASE("layers silently missed: each is told, with the nearest pattern and the node that broke it") {
    network net;
    net.conv("leaky", "image");
    net.node("leaky/LeakyRelu", "LeakyRelu", {"leaky/Conv2D"});
    net.conv("hard_swish", "leaky/LeakyRelu");
    net.node("hard_swish/HSwish", "HSwish", {"hard_swish/Conv2D"});
    net.conv("bare", "hard_swish/HSwish");
    net.node("transposed", "Conv2DBackpropInput", {"image", net.variable("w", {3, 3, 4, 4}), "bare/Conv2D"});
    net.node("output", "Softmax", {"transposed"});
    const report r = net.rewrite();
    CHECK(decision_on(r, "leaky/Conv2D") ==
          "not covered, no bias, activation or bypass follows: 'leaky/LeakyRelu' is LeakyRelu where relu or relu6 or "
          "identity was expected");
    CHECK(decision_on(r, "hard_swish/Conv2D").find("'hard_swish/HSwish' is HSwish") != std::string::npos);
    CHECK(decision_on(r, "bare/Conv2D").find("'transposed' is Conv2DBackpropInput") != std::string::npos);
    CHECK(decision_on(r, "transposed") == "not covered, Conv2DBackpropInput is a layer that no rule is for");
    CHECK(r.warnings.empty());
}

TEST_CASE("batch-norm folding crashes or lacks cases: frozen, NCHW and dilated ones fold in a training graph") {
    network net;
    net.block("frozen", "image");
    net.block("channels_first", "frozen/Relu6");
    for (const char* n : {"channels_first/Conv2D", "channels_first/BatchNorm/FusedBatchNormV3"}) {
        graphdef::attribute(net.at(n), "data_format").set_s("NCHW");
    }
    net.block("dilated", "channels_first/Relu6");
    for (const int d : {1, 2, 2, 1}) {
        graphdef::attribute(net.at("dilated/Conv2D"), "dilations").mutable_list()->add_i(d);
    }
    net.node("output", "Softmax", {"dilated/Relu6"});
    const report r = net.rewrite();
    for (const std::string scope : {"frozen", "channels_first", "dilated"}) {
        CAPTURE(scope);
        CHECK(decision_on(r, scope + "/BatchNorm/FusedBatchNormV3", "fold_fused_batch_norms") ==
              "folded, with the statistics it is given");
        CHECK(net.at(scope + "/Relu6").input(0) == scope + "/add_fold");
    }
    CHECK(r.count(outcome::quantized) == 6);
}

TEST_CASE("epsilon lost in a rewrite: it is carried, and the folded copy has every attribute and the device") {
    network net;
    net.block("layer", "image");
    net.node("output", "Softmax", {"layer/Relu6"});
    proto::NodeDef& layer = net.at("layer/Conv2D");
    layer.set_device("/device:GPU:0");
    graphdef::attribute(layer, "padding").set_s("EXPLICIT");
    for (const int p : {0, 0, 1, 2, 3, 4, 0, 0}) {
        graphdef::attribute(layer, "explicit_paddings").mutable_list()->add_i(p);
    }
    graphdef::attribute(layer, "_of_a_vendor").set_s("kept");
    net.rewrite();
    const proto::NodeDef& copy = net.at("layer/Conv2D_Fold");
    CHECK(copy.device() == "/device:GPU:0");
    for (const auto& entry : net.at("layer/Conv2D").attr()) {
        CAPTURE(entry.first);
        CHECK(bytes_of(copy.attr().at(entry.first)) == bytes_of(entry.second));
    }
    const auto& epsilon = net.at("layer/BatchNorm_Fold/add/y").attr().at("value").tensor();
    CHECK(epsilon.float_val(0) == 0.002F);
}

TEST_CASE("momentum lost in a rewrite: what follows the statistics is not touched") {
    auto meta = read_data<meta_graph>("graphs/fused_training.before.pb");
    const meta_graph before = meta;
    graph g(meta);
    create_training_graph(g);
    std::size_t averages = 0;
    for (int i = 0; i < before.graph_def().node_size(); ++i) {
        const auto& n = before.graph_def().node(i);
        if (n.name().find("AssignMovingAvg") == std::string::npos) continue;
        ++averages;
        CHECK(bytes_of(meta.graph_def().node(i)) == bytes_of(n));
    }
    CHECK(averages > 0);
}

TEST_CASE("several replicas: each has its own fake quantization, and gradients are left alone") {
    network net;
    net.block("tower_0/layer", "image");
    net.conv("tower_1/layer", "image").set_input(1, "tower_0/layer/weights/read");
    net.batch_norm("tower_1/layer", "tower_1/layer/Conv2D");
    net.node("tower_1/layer/Relu6", "Relu6", {"tower_1/layer/BatchNorm/FusedBatchNormV3"});
    for (const std::string tower : {"tower_0", "tower_1"}) {
        net.node(tower + "/output", "Softmax", {tower + "/layer/Relu6"});
        net.node("gradients/" + tower + "/Relu6Grad", "Relu6Grad", {tower + "/output", tower + "/layer/Relu6"});
    }
    const report r = net.rewrite({.stages = stage::all});
    for (const std::string tower : {"tower_0", "tower_1"}) {
        CAPTURE(tower);
        CHECK(net.at(tower + "/layer/Conv2D_Fold").input(1) == tower + "/layer/weights_quant/FakeQuantWithMinMaxVars");
        CHECK(net.at(tower + "/output").input(0) == tower + "/layer/act_quant/FakeQuantWithMinMaxVars");
        CHECK(net.at("gradients/" + tower + "/Relu6Grad").input(1) == tower + "/layer/Relu6");
    }
    CHECK(r.warnings.size() == 1);
}

TEST_CASE("names and checkpoints break: what was there keeps its name, what is new or moved is listed") {
    auto meta = read_data<meta_graph>("graphs/fused_training.before.pb");
    const meta_graph before = meta;
    graph g(meta);
    const report r = create_training_graph(g);
    std::set<std::string> of_old_readers;
    for (int i = 0; i < before.graph_def().node_size(); ++i) {
        const auto& old = before.graph_def().node(i);
        const auto& now = meta.graph_def().node(i);
        CHECK(now.name() == old.name());
        CHECK(now.op() == old.op());
        for (int k = 0; k < old.input_size(); ++k) {
            if (now.input(k) != old.input(k)) of_old_readers.insert(old.input(k) + " -> " + now.input(k));
        }
    }
    CHECK_FALSE(of_old_readers.empty());
    std::set<std::string> listed;
    const auto spelled = [](const std::string& t) { return t.ends_with(":0") ? t.substr(0, t.size() - 2) : t; };
    for (const moved_tensor& m : r.moved) listed.insert(spelled(m.from) + " -> " + spelled(m.to));
    CHECK(std::includes(listed.begin(), listed.end(), of_old_readers.begin(), of_old_readers.end()));
    for (const new_variable& v : r.variables) {
        CAPTURE(v.name);
        CHECK(meta.collection_def().at("variables").bytes_list().DebugString().find(v.name) != std::string::npos);
    }
}

TEST_CASE("exclude lists that match nothing: a typed error names what is wrong") {
    network net;
    net.block("layer", "image");
    net.node("output", "Softmax", {"layer/Relu6"});
    const std::string before = bytes_of(net.meta);
    graph g(net.meta);
    CHECK_THROWS_WITH_AS(rewrite_for<phase::training>(g, qat_options<graph>{.exclude = {*g.find("output")}}),
                         "exclude: holds 'output', which is not a layer (Softmax): there is nothing to leave out",
                         invalid_option);
    CHECK(bytes_of(net.meta) == before);
    const report r = rewrite_for<phase::training>(g, qat_options<graph>{.exclude = {*g.find("layer/Conv2D")}});
    CHECK(decision_on(r, "layer/Conv2D") == "left as is, is excluded by an option");
    CHECK(bytes_of(net.meta) == before);
}

TEST_CASE("a rewrite that fails half way: nothing is changed; and each decision has a reason") {
    network net;
    net.block("layer", "image");
    net.node("output", "Softmax", {"layer/Relu6"});
    const std::string before = bytes_of(net.meta);
    int changes = 0;
    const auto fail_late = [&changes](std::string_view) {
        if (++changes == 60) throw std::runtime_error("out of luck");
    };
    CHECK_THROWS_WITH(net.rewrite({.on_change = fail_late}), "out of luck");
    CHECK(bytes_of(net.meta) == before);
    const report r = net.rewrite();
    CHECK(changes == 60);
    CHECK_FALSE(r.decisions.empty());
    for (const decision& d : r.decisions) CHECK_FALSE(d.reason.empty());
}
