// Tests of rules/quantize_activations.hpp: which sums and products are quantized.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include <qgraft/ops/index.hpp>
#include <qgraft/rules/quantize_activations.hpp>

#include "support/lines.hpp"
#include "support/toy_graph.hpp"

using namespace qgraft;

namespace {

/// The names of the nodes that the rule quantizes.
lines swept(const toy::graph& g, const quantize_config& config = {}, const lines& handled_names = {}) {
    const graph_index view(g);
    script s(view.size());
    report r;
    std::vector<bool> handled(view.size(), false);
    for (const std::string& n : handled_names) handled[*view.find(g.find(n))] = true;
    quantize_activations(view, config, std::move(handled), s, r);
    validate(view, s);
    lines names;
    for (const decision& d : r.decisions) {
        if (d.what == outcome::quantized) names.push_back(d.node);
    }
    return names;
}

/// `input`, and `q`, its fake quantization.
toy::graph quantized_input() {
    toy::graph g;
    g("q", word::fake_quant, {g("input", word::other)});
    return g;
}

}  // namespace

TEST_CASE("a sum or product of which an operand is quantized") {
    toy::graph g = quantized_input();
    const auto input = g.find("input");
    const auto q = g.find("q");
    g("sum", word::add, {q, input});
    g("product", word::mul, {input, q});
    g("difference", word::sub, {q, input});
    g("unrelated", word::add, {input, input});
    CHECK(swept(g) == lines{"sum", "product"});
}

TEST_CASE("an operand is seen through reshapes, identities, poolings and changes of space and batch") {
    for (const word through : {word::reshape, word::identity, word::batch_to_space, word::space_to_batch,
                               word::max_pool, word::max_over_axes}) {
        toy::graph g = quantized_input();
        const auto seen = g("b", through, {g("a", word::identity, {g.find("q")})});
        g("sum", word::add, {g.find("input"), seen});
        CHECK(swept(g) == lines{"sum"});
    }
    toy::graph g = quantized_input();
    g("sum", word::add, {g.find("input"), g("c", word::concat, {g.find("q")})});
    CHECK(swept(g).empty());
}

TEST_CASE("a sum that was just quantized is a quantized operand of the next") {
    toy::graph g = quantized_input();
    const auto a = g("a", word::add, {g.find("q"), g.find("input")});
    g("c", word::mul, {g("b", word::add, {a, a}), a});
    CHECK(swept(g) == lines{"a", "b", "c"});
}

TEST_CASE("a sum in between that a rule has dealt with passes the question on to its own operands") {
    toy::graph g = quantized_input();
    const auto input = g.find("input");
    const auto first = g("first", word::add, {g.find("q"), input});
    const auto handled = g("handled", word::add, {first, input});
    g("last", word::add, {handled, input});
    CHECK(swept(g, {}, {"handled"}) == lines{"first", "last"});
    CHECK(swept(g, {}, {"first", "handled"}).empty());
}

TEST_CASE("not where the only user is a relu, and not twice") {
    toy::graph g = quantized_input();
    const auto sum = g("sum", word::add, {g.find("q"), g.find("input")});
    g("relu", word::relu, {sum});
    CHECK(swept(g).empty());
    g("other", word::other, {sum});
    CHECK(swept(g) == lines{"sum"});
    g("again", word::fake_quant, {sum});
    CHECK(swept(g).empty());
}

TEST_CASE("a fixed or per-channel range counts as quantized, except for the reference") {
    for (const word quantizer : {word::fake_quant_fixed, word::fake_quant_per_channel}) {
        toy::graph g;
        g("sum", word::add, {g("q", quantizer, {g("input", word::other)}), g("bias", word::other)});
        CHECK(swept(g) == lines{"sum"});
        CHECK(swept(g, {.as_reference = true}).empty());
    }
}

TEST_CASE("a delayed fake quantization counts as quantized") {
    toy::graph g = quantized_input();
    const auto step = g("step", word::after_step);
    const auto delayed = g("delayed", word::select, {step, g.find("q"), g.find("input")});
    g("sum", word::add, {delayed, g("bias", word::other)});
    CHECK(swept(g) == lines{"sum"});
}

TEST_CASE("only in scope") {
    toy::graph g = quantized_input();
    g("a/sum", word::add, {g.find("q"), g.find("input")});
    g("b/sum", word::add, {g.find("q"), g.find("input")});
    CHECK(swept(g, {.scope = "b"}) == lines{"b/sum"});
}

TEST_CASE("the new nodes are named after the node and its operation") {
    toy::graph g = quantized_input();
    g("block/sum", word::add, {g.find("q"), g.find("input")});
    const graph_index view(g);
    script s(view.size());
    report r;
    quantize_activations(view, {}, {}, s, r);
    REQUIRE(std::holds_alternative<scope_opening>(s.steps().at(0)));
    CHECK(std::get<scope_opening>(s.steps().at(0)).path == "block/sum/activation_add_quant");
}

namespace {

constexpr int deep = 1'000'000;

/// A chain of additions, each of the one before and the input; the first addend is `start`.
toy::graph chain_of_sums(toy::graph g, toy::graph::node start) {
    auto x = start;
    for (int i = 0; i < deep; ++i) {
        x = g.add_node({"sum" + std::to_string(i), word::add, {{x, 0}, {0, 0}}});
    }
    return g;
}

}  // namespace

TEST_CASE("a chain of a million sums, all quantized") {
    toy::graph g = quantized_input();
    CHECK(swept(chain_of_sums(g, g.find("q")), {.is_training = false}).size() == deep);
}

TEST_CASE("a chain of a million sums, none quantized") {
    toy::graph g = quantized_input();
    CHECK(swept(chain_of_sums(g, g.find("input"))).empty());
}

TEST_CASE("a chain of a million sums that the file lists backwards") {
    toy::graph g;
    g("input", word::other);
    for (int i = 0; i < deep; ++i) {
        const auto next = static_cast<toy::graph::node>(i + 1 < deep ? i + 2 : 0);
        g.add_node({"sum" + std::to_string(i), word::add, {{next, 0}, {0, 0}}});
    }
    CHECK(swept(g).empty());
}

TEST_CASE("a chain of a million identities, read by many sums") {
    toy::graph g = quantized_input();
    auto x = g.find("q");
    for (int i = 0; i < deep; ++i) x = g("identity" + std::to_string(i), word::identity, {x});
    for (int i = 0; i < 1000; ++i) g("sum" + std::to_string(i), word::add, {g.find("input"), x});
    CHECK(swept(g, {.is_training = false}).size() == 1000);
}
