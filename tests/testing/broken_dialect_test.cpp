// The conformance suite finds what is wrong with dialects that break one promise each.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <qgraft/testing/conformance.hpp>

#include "support/lines.hpp"
#include "support/toy_graph.hpp"

using namespace qgraft;
using testing::failures;

namespace {

enum class defect {
    none,
    forgets_fake_quant,
    forgets_choices,
    sees_delays,
    forgets_numbers,
    changes_its_mind,
    wrong_operands,
    goes_around,
    throws,
    mute
};

/// The toy graph, with a dialect that has a defect.
template <defect D>
struct mumbling : toy::graph {
    mutable int asked = 0;
};

}  // namespace

template <defect D>
struct qgraft::dialect<mumbling<D>> {
    using graph = mumbling<D>;
    using node = toy::graph::node;

    static constexpr word_set spoken = D == defect::mute ? word_set{word::assign} : dialect<toy::graph>::spoken;

    static word classify(const graph& g, node n) {
        const word w = dialect<toy::graph>::classify(g, n);
        if (D == defect::forgets_fake_quant && w == word::fake_quant) return word::other;
        if (D == defect::forgets_choices && w == word::select) return word::other;
        if (D == defect::sees_delays && w == word::select) return word::delayed;
        if (D == defect::wrong_operands && w == word::relu) return word::add;
        if (D == defect::changes_its_mind && ++g.asked % 2 == 0) return word::other;
        return w;
    }
    static std::optional<constant_tensor> constant_of(const graph& g, value<node> v) {
        if (D == defect::forgets_numbers) return constant_tensor{};
        return dialect<toy::graph>::constant_of(g, v);
    }
    static value<node> build(editor<graph>& e, const instruction<node>& i) {
        toy::toy_node data{std::string(i.hint) + std::to_string(e.graph().size()), i.op, {}, i.params};
        for (const auto& o : i.operands) {
            if (const auto* v = std::get_if<value<node>>(&o)) {
                data.inputs.push_back(*v);
            } else {
                data.inputs.push_back({e.add({data.name + "/number", word::other, {}}), 0});
            }
        }
        if (D == defect::goes_around && i.op == word::assign) return {e.graph().add_node(std::move(data)), 0};
        if (D == defect::throws && i.op == word::div) throw rewrite_error("div", "cannot be built");
        return {e.add(std::move(data)), 0};
    }
};

namespace {

template <defect D>
failures found() {
    using graph = mumbling<D>;
    const auto make = [] {
        graph g;
        const auto input = g("input", word::other);
        g("relu", word::relu, {g("sum", word::add, {input, input})});
        return g;
    };
    return testing::check_dialect<graph>(
        make, [](const graph& g) { return toy::text(g); },
        [](graph& g) {
            return value<typename graph::node>{g.find("relu"), 0};
        });
}

bool holds(const failures& all, const std::string& sentence) {
    return std::find(all.begin(), all.end(), sentence) != all.end();
}

}  // namespace

TEST_CASE("nothing is found where nothing is wrong") { CHECK(found<defect::none>() == failures{}); }

TEST_CASE("words that are not recognized") {
    CHECK(holds(found<defect::forgets_fake_quant>(), "what build() makes of 'fake_quant' is classified as 'other'"));
    CHECK(holds(found<defect::forgets_choices>(), "what build() makes of 'select' is classified as 'other'"));
    CHECK(holds(found<defect::sees_delays>(), "a select of values that are not quantized is classified as 'delayed'"));
    CHECK(holds(found<defect::changes_its_mind>(), "classify() of node 2 ('relu') differs when asked again"));
    CHECK(holds(found<defect::wrong_operands>(),
                "classify() of node 2 ('relu') is 'add', which does not take 1 operands"));
}

TEST_CASE("constants whose numbers are lost") {
    CHECK(holds(found<defect::forgets_numbers>(),
                "constant_of() does not give the numbers that build() of 'constant' was given"));
}

TEST_CASE("words that are not built as they should") {
    CHECK(holds(found<defect::goes_around>(), "build() of 'assign' adds nodes without the editor"));
    CHECK(holds(found<defect::throws>(), "build() of 'div' threw: div: cannot be built"));
    CHECK(holds(found<defect::mute>(), "'assign' is spoken, but not a word that its operands need"));
}
