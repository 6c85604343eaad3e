// Tests of rewrite/transaction.hpp: scripts are applied one after another, all or none.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <string_view>

#include <qgraft/ops/archetype.hpp>
#include <qgraft/rewrite/transaction.hpp>

#include "support/toy_graph.hpp"

using namespace qgraft;
using toy_transaction = transaction<toy::graph>;

namespace {

/// Puts an identity of this name between the input and its users.
script pass_on(const graph_view& view, const std::string& name) {
    script s(view.size());
    const tensor x{0, 0};
    const tensor made = s.emit(word::identity, {x}, {.hint = name});
    s.reroute(x, made, {view.users(0).begin(), view.users(0).end()});
    return s;
}

}  // namespace

TEST_CASE("scripts build on what those before them have built") {
    toy::graph g = toy::small_network();
    toy_transaction t(g);
    t.apply(pass_on(t.view(), "first"));
    CHECK(t.view().size() == 8);
    CHECK(t.view().name(7) == "first");
    t.apply(pass_on(t.view(), "second"));
    t.commit();
    CHECK(g.source("conv/layer") == "first");
    CHECK(g.source("first") == "second");
    CHECK(g.source("second") == "input");
}

TEST_CASE("the account counts nodes, variables and moved tensors") {
    toy::graph g = toy::small_network();
    toy_transaction t(g);
    script s(t.view().size());
    const scope_id scope = s.open_scope(scope_kind::state, "scope");
    const tensor v = s.emit(word::variable, {}, {.scope = scope, .hint = "v", .params = {.real = 2.5}});
    s.reroute({0, 0}, v, {{2, 0}});
    t.apply(s);
    const report& r = t.account();
    CHECK(r.nodes_before == 7);
    CHECK(r.nodes_after == 8);
    REQUIRE(r.variables.size() == 1);
    CHECK(r.variables[0].name == "scope/v");
    CHECK(r.variables[0].initial == 2.5);
    REQUIRE(r.moved.size() == 1);
    CHECK(r.moved[0].from == "input:0");
    CHECK(r.moved[0].to == "scope/v:0");
    CHECK(r.moved[0].operands == 1);
}

TEST_CASE("without commit the graph is restored") {
    toy::graph g = toy::small_network();
    const std::string before = toy::text(g);
    {
        toy_transaction t(g);
        t.apply(pass_on(t.view(), "first"));
        CHECK(toy::text(g) != before);
    }
    CHECK(toy::text(g) == before);
}

TEST_CASE("an invalid script changes nothing, and what fails later takes all back") {
    toy::graph g = toy::small_network();
    const std::string before = toy::text(g);
    const auto fails = [&](bool at_change) {
        toy_transaction t(g, [&, calls = 0](std::string_view) mutable {
            if (at_change && ++calls == 3) throw std::runtime_error("at a change");
        });
        t.apply(pass_on(t.view(), "first"));
        script invalid(t.view().size());
        invalid.emit(word::add, {});
        t.apply(invalid);
        t.commit();
    };
    CHECK_THROWS_AS(fails(false), rewrite_error);
    CHECK(toy::text(g) == before);
    CHECK_THROWS_WITH(fails(true), "'add' does not take 0 operands");
    CHECK(toy::text(g) == before);
}

TEST_CASE("after a script that fails, a commit keeps nothing") {
    toy::graph g = toy::small_network();
    const std::string before = toy::text(g);
    {
        toy_transaction t(g, [calls = 0](std::string_view) mutable {
            if (++calls == 4) throw std::runtime_error("at a change");
        });
        t.apply(pass_on(t.view(), "first"));
        CHECK_THROWS_WITH(t.apply(pass_on(t.view(), "second")), "at a change");
        t.commit();
    }
    CHECK(toy::text(g) == before);
}

TEST_CASE("a new node carries the attributes of its model, and ports are kept") {
    full_archetype g;
    g.add_node({.name = "x", .attributes = {{"device", "left"}}});
    transaction<full_archetype> t(g);
    script s(1);
    const tensor a = s.emit(word::identity, {tensor{0, 2}}, {.hint = "a", .like = 0});
    s.emit(word::identity, {tensor{a.node, 1}}, {.hint = "b"});
    t.apply(s);
    t.commit();
    CHECK(g.attribute_of(1, "device") == "left");
    CHECK_FALSE(g.attribute_of(2, "device").has_value());
    CHECK(g.inputs(1)[0] == value<std::size_t>{0, 2});
    CHECK(g.inputs(2)[0] == value<std::size_t>{1, 1});
}
