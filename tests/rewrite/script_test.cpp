// Tests of rewrite/script.hpp: what a script holds, and what makes it invalid.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <variant>

#include <qgraft/ops/index.hpp>
#include <qgraft/rewrite/script.hpp>

#include "support/toy_graph.hpp"

using namespace qgraft;

namespace {

const toy::graph network = toy::small_network();

/// The message with which a script is refused.
template <class Plan>
std::string refusal(Plan plan) {
    const graph_index view(network);
    script s(view.size());
    plan(s);
    try {
        validate(view, s);
    } catch (const rewrite_error& e) {
        return e.what();
    }
    return "valid";
}

const tensor input{0, 0};

}  // namespace

TEST_CASE("an empty script is valid") {
    CHECK(script(3).empty());
    CHECK(script(3).base() == 3);
    CHECK(refusal([](script&) {}) == "valid");
}

TEST_CASE("what a script builds has ids from its base on") {
    script s(10);
    CHECK(s.emit(word::variable, {}) == tensor{10, 0});
    CHECK(s.emit(word::identity, {tensor{10, 0}}) == tensor{11, 0});
    CHECK(s.open_scope(scope_kind::fresh, "a") == scope_id{0});
    CHECK(s.open_scope(scope_kind::fresh, "a") == scope_id{1});
    CHECK(s.emissions() == 2);
    CHECK(s.steps().size() == 4);
    CHECK(std::holds_alternative<emission>(s.steps()[0]));
}

TEST_CASE("a script for another state of the graph") {
    const graph_index view(network);
    CHECK_THROWS_WITH_AS(validate(view, script(view.size() + 1)),
                         "the script was planned on another state of the graph", rewrite_error);
}

TEST_CASE("steps may use what was built before them") {
    CHECK(refusal([](script& s) {
              const scope_id scope = s.open_scope(scope_kind::state, "scope");
              const tensor v = s.emit(word::variable, {}, {.scope = scope, .hint = "v"});
              const tensor a = s.emit(word::assign, {v, literal{1}}, {.scope = scope, .like = 0});
              s.reroute(input, a, {{2, 0}});
          }) == "valid");
}

TEST_CASE("a number of operands that the word does not take") {
    CHECK(refusal([](script& s) { s.emit(word::add, {input}, {.hint = "sum"}); }) ==
          "sum: 'add' does not take 1 operands");
}

TEST_CASE("an operand that is not there yet") {
    CHECK(refusal([](script& s) {
              s.emit(word::relu, {tensor{s.base(), 0}}, {.hint = "r"});
          }) == "r: uses a tensor that is not there yet");
    CHECK(refusal([](script& s) { s.emit(word::relu, {tensor{}}, {.hint = "r"}); }) ==
          "r: uses a tensor that is not there yet");
}

TEST_CASE("a scope that is not open, and a model that is not there") {
    CHECK(refusal([](script& s) { s.emit(word::variable, {}, {.scope = scope_id{0}, .hint = "v"}); }) ==
          "v: goes into a scope that is not open");
    CHECK(refusal([](script& s) { s.emit(word::variable, {}, {.hint = "v", .like = s.base()}); }) ==
          "v: is to be like a node that is not there");
}

TEST_CASE("rerouting what is not there, or what does not read the tensor") {
    CHECK(refusal([](script& s) {
              s.reroute(input, {s.base(), 0}, {});
          }) == "a rerouted tensor: uses a tensor that is not there yet");
    CHECK(refusal([](script& s) {
              s.reroute({s.base(), 0}, input, {});
          }) == "a rerouted tensor: uses a tensor that is not there yet");
    CHECK(refusal([](script& s) { s.reroute(input, input, {{2, 2}}); }) == "a rerouted operand is not there");
    CHECK(refusal([](script& s) { s.reroute(input, input, {{1000, 0}}); }) == "a rerouted operand is not there");
    CHECK(refusal([](script& s) {
              s.reroute(input, input, {{2, 1}});
          }) == "conv/layer: does not read what is rerouted");
    CHECK(refusal([](script& s) {
              s.reroute({0, 1}, input, {{2, 0}});
          }) == "conv/layer: does not read what is rerouted");
}
