// Tests of rules/refuse.hpp: what is refused, and what is warned of.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include <qgraft/ops/index.hpp>
#include <qgraft/rules/refuse.hpp>

#include "support/lines.hpp"
#include "support/toy_graph.hpp"

using namespace qgraft;

TEST_CASE("a graph with an optimizer's update is refused, by name") {
    toy::graph g = toy::small_network();
    CHECK_NOTHROW(refuse_training_graph(graph_index(g)));
    g("train/update", word::training_step, {g.find("conv/weights")});
    CHECK_THROWS_WITH_AS(refuse_training_graph(graph_index(g)),
                         "train/update: is a training operation (training_step); rewrite the graph before gradients "
                         "and optimizer are added",
                         refused_graph);
}

TEST_CASE("bit widths from 2 to 16") {
    CHECK_NOTHROW(detail::check_bits("weight_bits", 2));
    CHECK_NOTHROW(detail::check_bits("weight_bits", 16));
    CHECK_THROWS_WITH_AS(detail::check_bits("weight_bits", 1), "weight_bits: is 1, and must be from 2 to 16",
                         invalid_option);
    CHECK_THROWS_AS(detail::check_bits("weight_bits", 17), invalid_option);
    CHECK_THROWS_AS(detail::check_bits("weight_bits", std::numeric_limits<int>::min()), invalid_option);
}

TEST_CASE("delays are not negative, and the decay lies from 0 to 1") {
    CHECK_NOTHROW(detail::check_delays({}, {}, 0));
    CHECK_NOTHROW(detail::check_delays(0, 0, 1));
    CHECK_THROWS_WITH_AS(detail::check_delays(-1, {}, 0.9), "quant_delay: is negative", invalid_option);
    CHECK_THROWS_WITH_AS(detail::check_delays({}, -1, 0.9), "freeze_bn_delay: is negative", invalid_option);
    for (const double decay : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
        CHECK_THROWS_WITH_AS(detail::check_delays({}, {}, decay), "ema_decay: is not from 0 to 1", invalid_option);
    }
}

TEST_CASE("warnings: gradients, a scope that matches nothing, statistics that freeze too early") {
    toy::graph g = toy::small_network();
    CHECK(find_warnings(graph_index(g), {}, {}).empty());
    CHECK(find_warnings(graph_index(g), {.scope = "conv"}, {}).empty());
    CHECK(find_warnings(graph_index(g), {.scope = "con"}, {}) == lines{"no node is in the scope 'con'"});
    CHECK(find_warnings(graph_index(g), {.quant_delay = 10}, 11).empty());
    CHECK(find_warnings(graph_index(g), {.quant_delay = 10}, 10).size() == 1);
    CHECK(find_warnings(graph_index(g), {}, 0).size() == 1);
    g("gradients/a", word::gradient, {0});
    g("gradients/b", word::gradient, {0});
    CHECK(find_warnings(graph_index(g), {}, {}) ==
          lines{"'gradients/a' computes a gradient, which will not see what is rewritten"});
}
