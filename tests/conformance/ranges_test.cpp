// What TensorFlow Lite misses in the recorded networks after a rewrite with the reference's placements. The
// expectations are the verdicts of TensorFlow 2.21's converter, inference in unsigned bytes: what is listed here it
// leaves in floats.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include <qgraft/verify.hpp>

#include "support/lines.hpp"
#include "support/recorded_graphs.hpp"

namespace {

using namespace qgraft::testing_support;

/// A recorded network after the rewrite.
qgraft::range_check ranges_of_file(const std::filesystem::path& before, bool is_training) {
    meta_graph meta = load(before);
    tensorflow_graph g(meta);
    if (is_training) {
        qgraft::create_training_graph(g);
    } else {
        qgraft::create_eval_graph(g);
    }
    return qgraft::missing_ranges(g, qgraft::target::tflite_uint8);
}

qgraft::range_check ranges_of(const std::string& name, bool is_training = false) {
    return ranges_of_file(std::filesystem::path(QGRAFT_TEST_DATA_DIR) / "graphs" / (name + ".before.pb"), is_training);
}

/// The nodes whose values have no range; inputs of the graph aside, whose ranges the converter is told.
lines nodes_without_range(const qgraft::range_check& found) {
    lines nodes;
    for (const auto& m : found.missing) {
        if (m.role != qgraft::value_role::graph_input) nodes.push_back(m.node);
    }
    return nodes;
}

}  // namespace

TEST_CASE("of a MobileNet all but the input has a range: it converts to integers") {
    for (const bool is_training : {false, true}) {
        for (const char* name : {"mobilenet_v1", "mobilenet_v1_nobn"}) {
            CAPTURE(name);
            const qgraft::range_check found = ranges_of(name, is_training);
            CHECK(nodes_without_range(found).empty());
            REQUIRE(found.missing.size() == 1);
            CHECK(found.missing[0].node == "MobilenetV1/input");
            CHECK(found.unshared.empty());
        }
    }
}

TEST_CASE("networks that the converter makes integers of") {
    for (const char* name : {"already_quantized",
                             "bypass_add_op",
                             "bypass_of_activation",
                             "bypass_relu",
                             "bypass_without_activation",
                             "case_only",
                             "conv_bias_relu6",
                             "conv_identity",
                             "conv_relu",
                             "depthwise_relu6",
                             "dilated_conv",
                             "dilated_depthwise",
                             "dilated_unknown_size",
                             "fully_connected",
                             "one_partition",
                             "overlapping_bypasses",
                             "partitioned",
                             "post_activation_bypass",
                             "residual_blocks",
                             "same_scope",
                             "separable_conv",
                             "several_consumers",
                             "shared_weights",
                             "taken_names",
                             "top_level",
                             "transposed",
                             "unknown_batch"}) {
        CAPTURE(name);
        CHECK(nodes_without_range(ranges_of(name)).empty());
    }
}

TEST_CASE("networks of which the converter leaves a part in floats") {
    // The reference quantizes no subtractions, no additions that a relu follows outside of layers,
    CHECK(nodes_without_range(ranges_of("add_chain")) == lines{"output"});
    CHECK(nodes_without_range(ranges_of("add_mul_sweep")) == lines{"skipped", "sub"});
    CHECK(nodes_without_range(ranges_of("post_activation_bypass_relu")) == lines{"Relu"});
    // no batch norm without a layer before it,
    CHECK(nodes_without_range(ranges_of("before_batch_norm")) == lines{"Relu"});
    // no layer whose weights are a constant, none without bias and activation.
    CHECK(nodes_without_range(ranges_of("constant_weights")) == lines{"ones", "Relu"});
    CHECK(nodes_without_range(ranges_of("conv_without_activation")) == lines{"bare/weights", "bare/Conv2D"});
}

TEST_CASE("published networks: each value has a range; the concats of an Inception share none" *
          doctest::skip(shared_cases(QGRAFT_RECORDED_GRAPHS).empty())) {
    int networks = 0;
    for (const recorded_case& c : shared_cases(QGRAFT_RECORDED_GRAPHS)) {
        if (!c.id.starts_with("nets/") || !c.id.ends_with(".eval")) continue;
        CAPTURE(c.id);
        ++networks;
        const qgraft::range_check found = ranges_of_file(c.before, false);
        CHECK(nodes_without_range(found).empty());
        CHECK(found.missing.size() == 1);
        // Each branch of a block has a range of its own, and so the target converts between them: 11 blocks, of which
        // two have two branches that end in a concat themselves.
        CHECK(found.unshared.size() == (c.id.starts_with("nets/inception_v3") ? 15U : 0U));
    }
    CHECK(networks == 4);
}
