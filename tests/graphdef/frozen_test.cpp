// A frozen network recorded from TensorFlow 1.15: the constants that folding computes are TensorFlow's.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iostream>
#include <string>

#include <qgraft/fold.hpp>
#include <qgraft/kernels/scalar.hpp>

#include "graphdef/sketch.hpp"

using namespace qgraft;
using namespace qgraft::testing_support;

namespace {

/// A constant of a graph.
constant_tensor numbers_of(const bare_graph& g, const std::string& name) {
    const auto found = dialect<bare_graph>::constant_of(g, testing_support::tensor(g, name));
    REQUIRE(found.has_value());
    return *found;
}

/// The greatest difference of two elements, relative to the expected one.
double difference(const constant_tensor& expected, const constant_tensor& found) {
    REQUIRE(expected.dims == found.dims);
    REQUIRE(expected.data.size() == found.data.size());
    double greatest = 0;
    for (std::size_t i = 0; i < expected.data.size(); ++i) {
        const double e = expected.data[i];
        greatest = std::max(greatest, std::abs(double{found.data[i]} - e) / std::abs(e));
    }
    return greatest;
}

}  // namespace

TEST_CASE("weights and biases folded by the scalar kernels are TensorFlow's to 1e-6 of each") {
    auto network = read_data<proto::GraphDef>("frozen/network.pb");
    auto numbers = read_data<proto::GraphDef>("frozen/numbers.pb");
    const bare_graph expected(numbers);
    bare_graph g(network);
    const report r = fold_batch_norms<phase::evaluation, scalar<>>(g);
    CHECK(r.count(outcome::folded) == 3);
    for (const decision& d : r.decisions) CHECK(d.reason == "with the statistics it is given, into constants");
    for (const std::string layer : {"conv", "depthwise", "dense"}) {
        CAPTURE(layer);
        const double weights =
            difference(numbers_of(expected, layer + "/weights"), numbers_of(g, layer + "/weights_fold"));
        const double bias = difference(numbers_of(expected, layer + "/bias"), numbers_of(g, layer + "/bias_fold"));
        std::cout << layer << ": weights to " << weights << ", bias to " << bias << " of TensorFlow's\n";
        CHECK(weights <= 1e-6);
        CHECK(bias <= 1e-6);
    }
    CHECK(std::none_of(network.node().begin(), network.node().end(),
                       [](const auto& n) { return n.name().find("BatchNorm_Fold") != std::string::npos; }));
}
