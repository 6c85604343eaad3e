// Tests of graph/editor.hpp: what is kept, what is taken back, and when.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <qgraft/graph/editor.hpp>
#include <qgraft/graph/full_archetype.hpp>

#include "support/lines.hpp"

using namespace qgraft;
using edits = editor<full_archetype>;

namespace {

full_archetype two_nodes() {
    full_archetype g;
    g.add_node({.name = "a", .attributes = {{"key", "old"}}});
    g.add_node({.name = "b", .inputs = {{0, 0}, {0, 1}}});
    return g;
}

/// Every kind of change.
void change(edits& e) {
    e.graph().unique("path");
    const auto c = e.add({.name = "c", .inputs = {{0, 0}}});
    e.set_input(1, 1, {c, 0});
    e.set_attribute(0, "key", "new");
    e.set_attribute(0, "other", "new");
    e.set_attribute(c, "key", "new");
    e.set_input(c, 0, {1, 0});
}

}  // namespace

TEST_CASE("changes are there at once, and stay after commit") {
    full_archetype g = two_nodes();
    {
        edits e(g);
        change(e);
        CHECK(e.size() == 6);
        CHECK(e.added() == std::vector<std::size_t>{2});
        CHECK(&std::as_const(e).graph() == &g);
        e.commit();
    }
    CHECK(g.nodes().size() == 3);
    CHECK(g.inputs(1)[1] == value<std::size_t>{2, 0});
    CHECK(g.attribute_of(0, "key") == "new");
}

TEST_CASE("without commit everything is as it was") {
    full_archetype g = two_nodes();
    const full_archetype before = g;
    {
        edits e(g);
        change(e);
    }
    CHECK(g == before);
}

TEST_CASE("after rollback an editor can begin again") {
    full_archetype g = two_nodes();
    const full_archetype before = g;
    edits e(g);
    change(e);
    e.rollback();
    CHECK(g == before);
    CHECK(e.added().empty());
    CHECK(e.size() == 0);
    change(e);
    e.commit();
    e.rollback();
    CHECK(g.nodes().size() == 3);
}

TEST_CASE("an exception takes back what was done before it") {
    full_archetype g = two_nodes();
    const full_archetype before = g;
    for (int n = 0; n < 6; ++n) {
        int calls = 0;
        const auto fail = [&](std::string_view) {
            if (calls++ == n) throw std::runtime_error("fails");
        };
        CHECK_THROWS_AS(
            [&] {
                edits e(g, fail);
                change(e);
                e.commit();
            }(),
            std::runtime_error);
        CHECK(g == before);
    }
}

TEST_CASE("the observer hears of each change before it is made") {
    full_archetype g = two_nodes();
    lines heard;
    edits e(g, [&](std::string_view what) {
        heard.push_back(std::string(what) + " at " + std::to_string(g.nodes().size()));
    });
    e.add({.name = "c"});
    e.set_input(1, 0, {2, 0});
    e.set_attribute(0, "key", std::nullopt);
    e.note("a table of names");
    CHECK(heard == lines{"add_node at 2", "set_input at 3", "set_attribute at 3", "a table of names at 3"});
}

namespace {

/// A graph that fails to take one change back.
struct stubborn {
    using node = int;
    using node_data = std::vector<value<int>>;
    std::vector<node_data> all{{}, {{0, 0}}};
    bool refuses = true;

    [[nodiscard]] std::vector<int> nodes() const { return std::vector<int>(all.size()); }
    [[nodiscard]] const node_data& inputs(int n) const { return all[static_cast<std::size_t>(n)]; }
    int add_node(node_data data) {
        all.push_back(std::move(data));
        return static_cast<int>(all.size() - 1);
    }
    void erase_node(int) { all.pop_back(); }
    void set_input(int n, std::size_t operand, value<int> v) {
        if (v.port == 0 && std::exchange(refuses, false)) throw std::runtime_error("refuses");
        all[static_cast<std::size_t>(n)][operand] = v;
    }
};

}  // namespace

TEST_CASE("where the graph fails to take a change back, another call goes on with the rest") {
    stubborn g;
    editor<stubborn> e(g);
    e.add({});
    e.set_input(1, 0, {0, 1});
    CHECK_THROWS_AS(e.rollback(), std::runtime_error);
    CHECK(g.all.size() == 3);
    e.rollback();
    CHECK(g.all.size() == 2);
}

TEST_CASE("an operand that a node does not have cannot be redirected") {
    full_archetype g = two_nodes();
    edits e(g);
    CHECK_THROWS_WITH_AS(e.set_input(1, 2, {0, 0}), "operand 2 of a node is to be redirected that has fewer",
                         rewrite_error);
    CHECK(e.size() == 0);
}
