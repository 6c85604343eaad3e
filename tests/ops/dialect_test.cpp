// Tests of ops/dialect.hpp: the defaults, and the concepts.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include <qgraft/ops/archetype.hpp>

#include "support/archetype_text.hpp"

using namespace qgraft;
using least = detail::speech<archetype_graph>;
using full = detail::speech<full_archetype>;

namespace {

struct unspoken {};

}  // namespace

TEST_CASE("what a dialect does not say has a default") {
    archetype_graph g(static_cast<unsigned>(word::other));
    const auto variable = add(g, word::variable);
    CHECK(least::is_parameter(g, variable, word::variable));
    CHECK(least::is_parameter(g, variable, word::read_variable));
    CHECK_FALSE(least::is_parameter(g, variable, word::other));
    CHECK_FALSE(least::is_left_alone(g, variable));
    CHECK(least::op_name(g, variable) == "variable");
    static_assert(least::separator() == '/');
    const naming_scope scope = least::open_scope(g, scope_kind::fresh, "a/b");
    CHECK(scope.path == "a/b");
    CHECK(scope.state == "a/b");
}

TEST_CASE("what a dialect says counts") {
    full_archetype g;
    const auto n = g.add_node({.kind = static_cast<unsigned>(word::variable), .attributes = {{"left_alone", ""}}});
    CHECK_FALSE(full::is_parameter(g, n, word::variable));
    CHECK(full::is_left_alone(g, n));
    CHECK(full::op_name(g, n) == "op_variable");
    static_assert(full::separator() == '.');
    CHECK(full::open_scope(g, scope_kind::fresh, "a").path == "a");
    CHECK(full::open_scope(g, scope_kind::fresh, "a").path == "a_1");
    CHECK(full::open_scope(g, scope_kind::reenter, "a").path == "a");
}

TEST_CASE("the concepts") {
    static_assert(rewritable_graph<archetype_graph> && matchable_graph<archetype_graph>);
    static_assert(stateful_graph<archetype_graph>);
    static_assert(!matchable_graph<unspoken> && !rewritable_graph<unspoken> && !stateful_graph<unspoken>);
    static_assert(check_rewritable_graph<archetype_graph, state_words>());
}
