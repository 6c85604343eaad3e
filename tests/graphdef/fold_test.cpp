// Batch norms of TensorFlow graphs: what the adapter tells the fold rules, and what these do then.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <qgraft/fold.hpp>

#include "graphdef/sketch.hpp"

using namespace qgraft;
using namespace qgraft::testing_support;
using graphdef::attribute;

namespace {

/// x and `weights` -> layer -> norm -> out; each of the weights' dimensions is of unknown size.
sketch network(const std::string& layer) {
    sketch s;
    for (const char* name : {"x", "weights"}) s.input(name, {-1, -1, -1, -1});
    for (const char* name : {"scale", "offset", "mean", "variance"}) s.input(name, {8});
    s.node("c/layer", layer, {"x", "weights"});
    attribute(s.node("c/norm", "FusedBatchNormV3", {"c/layer", "scale", "offset", "mean", "variance"}), "is_training")
        .set_b(false);
    s.node("out", "Identity", {"c/norm"});
    return s;
}

/// The decisions of folding for evaluation, as "node: outcome, reason".
std::vector<std::string> folded(sketch& s, bool as_reference) {
    graph g(s.meta);
    std::vector<std::string> all;
    for (const decision& d : fold_batch_norms(g, {.as_reference = as_reference}).decisions) {
        all.push_back(d.node + ": " + std::string(to_string(d.what)) + ", " + d.reason);
    }
    return all;
}

}  // namespace

TEST_CASE("a depthwise layer whose channels nobody knows is left, as the reference or not") {
    for (const bool as_reference : {false, true}) {
        CAPTURE(as_reference);
        sketch s = network("DepthwiseConv2dNative");
        CHECK(folded(s, as_reference) ==
              std::vector<std::string>{
                  "c/norm: left as is, how many channels the weights of its layer have is not known"});
        s = network("Conv2D");
        CHECK(folded(s, as_reference) == std::vector<std::string>{"c/norm: folded, with the statistics it is given"});
    }
}
