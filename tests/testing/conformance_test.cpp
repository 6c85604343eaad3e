// The conformance suite finds nothing on graph types that conform.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include <qgraft/qat.hpp>
#include <qgraft/testing/conformance.hpp>

#include "support/lines.hpp"
#include "support/archetype_text.hpp"
#include "support/toy_graph.hpp"

using namespace qgraft;
using testing::failures;

namespace {

toy::toy_node toy_data(toy::graph& g) { return {"new" + std::to_string(g.size()), word::relu, {{g.find("input"), 0}}}; }

archetype_data new_archetype_node(archetype_graph& g) { return {static_cast<unsigned>(word::relu), {{g.first(), 0}}}; }

full_archetype full_network() {
    full_archetype g;
    const auto kind = [](word w) { return static_cast<unsigned>(w); };
    g.add_node({.kind = kind(word::other), .name = "net.input", .shape = tensor_shape({1, -1})});
    g.add_node({.kind = kind(word::other), .name = "net.weights", .attributes = {{"trained", "yes"}}});
    g.add_node({.kind = kind(word::matmul), .name = "net.layer", .inputs = {{0, 0}, {1, 0}}, .controls = {0}});
    g.add_node({.kind = kind(word::relu), .name = "net.relu", .inputs = {{2, 0}}});
    g.add_node({.kind = kind(word::other), .name = "net.loop", .inputs = {{3, 0}, {5, 1}}, .back = 1});
    g.add_node({.kind = kind(word::other), .name = "net.next", .inputs = {{4, 0}}});
    return g;
}

full_archetype same(const full_archetype& g) { return g; }

}  // namespace

TEST_CASE("the toy graph conforms") {
    CHECK(testing::check_graph<toy::graph>(toy::small_network, toy::text, toy_data, [](toy::graph& g) {
              return toy::value{g.find("conv/activation"), 0};
          }) == failures{});
}

TEST_CASE("the least archetype conforms") {
    CHECK(testing::check_graph<archetype_graph>([] { return archetype_network(); }, archetype_text, new_archetype_node,
                                                [](archetype_graph& g) {
                                                    return value<archetype_node>{g.first(), 0};
                                                }) == failures{});
}

TEST_CASE("the archetype that has everything conforms") {
    int names = 0;
    const auto new_node = [&](full_archetype&) {
        return full_archetype::node_data{.name = "new" + std::to_string(names++), .inputs = {{0, 0}}, .controls = {1}};
    };
    const auto data = [](full_archetype&) { return value<std::size_t>{3, 0}; };
    CHECK(testing::check_graph<full_archetype>(full_network, same, new_node, data) == failures{});
    CHECK(testing::check_attributes<full_archetype>(full_network, same, "trained", "no") == failures{});
    CHECK(testing::check_attributes<full_archetype>(full_network, same, "other", "") == failures{});
}

TEST_CASE("whole rewrites are all or nothing") {
    const auto rewrite = []<class G>(G& g, edit_observer fail) {
        qat_options<G> options{.quant_delay = 5};
        options.on_change = std::move(fail);
        rewrite_for<phase::training>(g, options);
    };
    CHECK(testing::check_all_or_nothing<toy::graph>(toy::small_network, toy::text, rewrite) == failures{});
    CHECK(testing::check_all_or_nothing<full_archetype>(full_network, same, rewrite) == failures{});
    CHECK(testing::check_all_or_nothing<archetype_graph>([] { return archetype_network(); }, archetype_text, rewrite) ==
          failures{});
}
