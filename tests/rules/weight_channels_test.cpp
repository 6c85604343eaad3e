// Tests of rules/weight_channels.hpp: where the output channels of a layer's weights are.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include <qgraft/ops/index.hpp>
#include <qgraft/rules/weight_channels.hpp>

#include "support/toy_graph.hpp"

using namespace qgraft;

namespace {

using dims = std::vector<std::int64_t>;

/// The channels of weights of a shape, in a layer of a layout.
weight_channels channels(dims shape, channel_layout layout = {}, bool as_reference = false) {
    toy::graph g;
    const auto layer = toy::layer(g, "a", g("input", word::other));
    g.set_shape("a/weights", std::move(shape));
    g.set_channels(layer, layout);
    const graph_index view(g);
    return channels_of_weights(view, *view.find(layer), {*view.find(g.find("a/weights")), 0}, as_reference);
}

constexpr channel_layout split{.split = true};

}  // namespace

TEST_CASE("channels are on the last axis, or before those that come after them") {
    const weight_channels last = channels({3, 3, 4, 8});
    CHECK(last.obstacle.empty());
    CHECK(last.axis == 3);
    CHECK(last.count == 8);
    CHECK(last.joined.empty());
    const weight_channels first = channels({8, 4}, {.after_weights = 1});
    CHECK(first.axis == 0);
    CHECK(first.count == 8);
    CHECK(channels({-1, -1, 5}).count == 5);
}

TEST_CASE("channels on two axes are joined on the later one") {
    const weight_channels c = channels({3, 3, 4, 2}, split);
    CHECK(c.axis == 3);
    CHECK(c.count == 8);
    CHECK(c.joined == dims{3, 3, 1, 8});
    CHECK(c.original == dims{3, 3, 4, 2});
}

TEST_CASE("the reference takes the last axis") {
    CHECK(channels({3, 3, 4, 2}, split, true).count == 2);
    CHECK(channels({3, 3, 4, 2}, split, true).joined.empty());
    CHECK(channels({8, 4}, {.after_weights = 1}, true).count == 4);
}

TEST_CASE("why channels are not known") {
    const std::string unknown = "how many channels the weights have is not known";
    CHECK(channels({3, 3, 4, -1}).obstacle == unknown);
    CHECK(channels({3, 3, -1, 2}, split).obstacle == unknown);
    CHECK(channels({3, 0}).obstacle == unknown);
    CHECK(channels({std::int64_t{1} << 40, std::int64_t{1} << 40}, split).obstacle == unknown);
    CHECK(channels({4}, split).obstacle == "the weights have too few dimensions for channels");
    toy::graph g;
    const auto layer = toy::layer(g, "a", g("input", word::other));
    const graph_index view(g);
    CHECK(channels_of_weights(view, *view.find(layer), view.inputs(*view.find(layer))[1], false).obstacle == unknown);
}

TEST_CASE("of weights that multiply from the left the axis is not known") {
    toy::graph g;
    const auto product = g("product", word::matmul, {g("w", word::variable), g("x", word::other)});
    g.set_shape("w", {4, 5});
    const graph_index view(g);
    const node_id n = *view.find(product);
    CHECK(channels_of_weights(view, n, view.inputs(n)[0], false).obstacle ==
          "the weights are what is multiplied from the left: where they have channels is not known");
    CHECK(channels_of_weights(view, n, view.inputs(n)[0], true).count == 5);
}
