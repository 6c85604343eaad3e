// Tests of pattern/combinators.hpp: what each combinator matches and captures.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <type_traits>

#include <qgraft/ops/index.hpp>
#include <qgraft/pattern/combinators.hpp>

#include "support/toy_graph.hpp"

using namespace qgraft;
using namespace qgraft::pattern;

namespace {

struct left;
struct right;
struct inner;

template <class P>
auto match_at(const toy::graph& g, const std::string& root, P p) {
    const graph_index view(g);
    return match(view, *view.find(g.find(root)), p);
}

/// The name of what `Tag` has captured; "-" for nothing, "no match" where the pattern does not fit.
template <class Tag, class P>
std::string captured(const toy::graph& g, const std::string& root, P p) {
    const auto m = match_at(g, root, p);
    if (!m) return "no match";
    return m->template node<Tag>() == no_node ? "-" : g.name(m->template node<Tag>());
}

/// sum = x + relu(x)
toy::graph sum_and_relu() {
    toy::graph g;
    const auto x = g("x", word::other);
    g("sum", word::add, {x, g("relu", word::relu, {x})});
    return g;
}

}  // namespace

TEST_CASE("a pattern is an empty constant") {
    constexpr auto p = op<word::add>(any, capture<left>(op<word::relu>(any)));
    static_assert(std::is_empty_v<decltype(p)>);
    static_assert(std::is_same_v<decltype(p)::tags, tag_list<left>>);
}

TEST_CASE("op matches words, and operands in order") {
    const toy::graph g = sum_and_relu();
    CHECK(match_at(g, "sum", op<word::add>(any, op<word::relu>(any))));
    CHECK_FALSE(match_at(g, "sum", op<word::add>(op<word::relu>(any), any)));
    CHECK(match_at(g, "sum", op<word::mul, word::add>(any, any)));
    CHECK_FALSE(match_at(g, "sum", op<word::mul>(any, any)));
    CHECK(match_at(g, "sum", op<word::add>()));
    CHECK(match_at(g, "x", op<word::other>()));
}

TEST_CASE("op wants the number of operands that it lists, or more with rest") {
    toy::graph g;
    const auto x = g("x", word::other);
    g("three", word::conv2d, {x, x, x});
    CHECK(match_at(g, "three", op<word::conv2d>(any, any, any)));
    CHECK_FALSE(match_at(g, "three", op<word::conv2d>(any, any)));
    CHECK(match_at(g, "three", op<word::conv2d>(any, any, rest)));
    CHECK(match_at(g, "three", op<word::conv2d>(any, any, any, rest)));
    CHECK_FALSE(match_at(g, "three", op<word::conv2d>(any, any, any, any, rest)));
    CHECK(match_at(g, "three", op<word::conv2d>(rest)));
}

TEST_CASE("commutative tries the order given first") {
    const toy::graph g = sum_and_relu();
    const auto relu = capture<left>(op<word::relu>(any));
    CHECK(captured<left>(g, "sum", commutative<word::add>(relu, any)) == "relu");
    CHECK(captured<left>(g, "sum", commutative<word::add>(any, relu)) == "relu");
    const auto both = commutative<word::add>(capture<left>(any), capture<right>(any));
    CHECK(captured<left>(g, "sum", both) == "x");
    CHECK(captured<right>(g, "sum", both) == "relu");
    CHECK_FALSE(match_at(g, "sum", commutative<word::add>(relu, relu)));
}

TEST_CASE("commutative forgets what the first order has captured") {
    const toy::graph g = sum_and_relu();
    const auto p = commutative<word::add>(one_of(capture<inner>(op<word::other>()), any), op<word::other>());
    CHECK(captured<inner>(g, "sum", p) == "-");
}

TEST_CASE("one_of takes the first that fits, and forgets the others' captures") {
    const toy::graph g = sum_and_relu();
    const auto p =
        one_of(op<word::add>(capture<left>(any), op<word::relu6>(any)), op<word::add>(any, capture<right>(any)));
    CHECK(captured<left>(g, "sum", p) == "-");
    CHECK(captured<right>(g, "sum", p) == "relu");
    CHECK(captured<left>(g, "sum", one_of(capture<left>(any), capture<right>(any))) == "sum");
    CHECK_FALSE(match_at(g, "sum", one_of(op<word::mul>(), op<word::sub>())));
}

TEST_CASE("capture binds the tensor with its port") {
    toy::graph g;
    const auto x = g("x", word::other);
    g.add_node({"relu", word::relu, {{x, 3}}});
    const auto m = match_at(g, "relu", op<word::relu>(capture<inner>(any)));
    REQUIRE(m);
    CHECK(m->get<inner>() == tensor{0, 3});
}

TEST_CASE("having asks for a role") {
    toy::graph g;
    const auto w = g("w", word::variable);
    g("a", word::matmul, {w, g("x", word::other)});
    CHECK(match_at(g, "a", op<word::matmul>(having<role::parameter>, any)));
    CHECK_FALSE(match_at(g, "a", op<word::matmul>(any, having<role::parameter>)));
    CHECK(match_at(g, "w", having<role::parameter>));
}

TEST_CASE("any is every tensor") { CHECK(match_at(sum_and_relu(), "x", any)); }
