// A rewrite that fails, at whichever change, leaves the graph as it was.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <qgraft/qat.hpp>

#include "support/toy_graph.hpp"

using namespace qgraft;
using options = qat_options<toy::graph>;

namespace {

/// A network that has everything: layers with and without bias, a bypass, sums for the sweep.
toy::graph network() {
    toy::graph g;
    const auto input = g("input", word::other);
    const auto a = toy::biased_layer(g, "a", input);
    const auto b = toy::biased_layer(g, "b", a);
    const auto sum = g("sum", word::add, {a, b});
    g("output", word::other, {g("last", word::mul, {sum, b})});
    return g;
}

struct failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Rewrites a graph, and fails before change number `n`. Returns whether there was such a change.
template <phase P>
bool fails_at(toy::graph& g, options o, std::size_t n) {
    std::size_t calls = 0;
    o.on_change = [&](std::string_view what) {
        if (calls++ == n) throw failure(std::string(what));
    };
    try {
        rewrite_for<P>(g, o);
    } catch (const failure&) {
        return true;
    }
    return false;
}

template <phase P>
void check_every_failure(const options& o) {
    toy::graph g = network();
    const std::string before = toy::text(g);
    std::size_t n = 0;
    for (; fails_at<P>(g, o, n); ++n) REQUIRE(toy::text(g) == before);
    CHECK(n > 40);
    CHECK(toy::text(g) != before);
    toy::graph untroubled = network();
    rewrite_for<P>(untroubled, o);
    CHECK(toy::text(g) == toy::text(untroubled));
}

}  // namespace

TEST_CASE("training: a failure before any change takes back those before it") {
    check_every_failure<phase::training>({.quant_delay = 3});
}

TEST_CASE("evaluation: a failure before any change takes back those before it") {
    check_every_failure<phase::evaluation>({.quant_delay = 3});
}

TEST_CASE("changes are announced by kind") {
    toy::graph g = network();
    std::vector<std::string> kinds;
    options o;
    o.on_change = [&](std::string_view what) {
        if (kinds.empty() || kinds.back() != what) kinds.emplace_back(what);
    };
    rewrite_for<phase::evaluation>(g, o);
    kinds.resize(4);
    CHECK(kinds == std::vector<std::string>{"open_scope", "add_node", "set_input", "open_scope"});
}
