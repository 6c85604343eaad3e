// Tests of pattern::explain: the deepest node that did not fit, in a sentence.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include <qgraft/ops/index.hpp>
#include <qgraft/pattern/combinators.hpp>

#include "support/toy_graph.hpp"

using namespace qgraft;
using namespace qgraft::pattern;

namespace {

template <class P>
std::string why(const toy::graph& g, const std::string& root, P p) {
    const graph_index view(g);
    return to_string(view, explain(view, *view.find(g.find(root)), p));
}

/// relu(bias_add(conv(x, w), b))
toy::graph network() { return toy::small_network(); }

}  // namespace

TEST_CASE("a pattern that fits has nothing to explain") {
    CHECK(why(network(), "conv/activation", op<word::relu>(any)) == "matches");
}

TEST_CASE("the node, what it is, and what was expected") {
    CHECK(why(network(), "conv/activation", op<word::relu6>(any)) ==
          "'conv/activation' is relu where relu6 was expected");
    CHECK(why(network(), "conv/activation", op<word::relu>(op<word::add, word::mul>(any, any))) ==
          "'conv/biased' is bias_add where add or mul was expected");
    CHECK(why(network(), "conv/layer", op<word::conv2d>(having<role::parameter>, any)) ==
          "'input' is other where the value of a trained weight was expected");
    CHECK(why(network(), "conv/layer", op<word::conv2d>(any, any, any, rest)) ==
          "'conv/layer' is conv2d where 3 or more operands was expected");
}

TEST_CASE("of several attempts, the one that came furthest") {
    const auto deep = op<word::relu>(op<word::bias_add>(op<word::matmul>(any, any), any));
    const auto shallow = op<word::relu>(op<word::add>(any, any));
    CHECK(why(network(), "conv/activation", one_of(shallow, deep)) ==
          "'conv/layer' is conv2d where matmul was expected");
    CHECK(why(network(), "conv/activation", one_of(deep, shallow)) ==
          "'conv/layer' is conv2d where matmul was expected");
}
