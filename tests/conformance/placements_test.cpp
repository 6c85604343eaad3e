// One rule set, many graphs: translated into other graph types, each recorded network gets its fake quantization where
// the reference put it.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "boost_graph/network_dialect.hpp"
#include "ir_dialect.hpp"
#include "support/placements.hpp"
#include "support/recorded_graphs.hpp"
#include "support/translate.hpp"

namespace {

using namespace qgraft::testing_support;

/// Where a rewrite of `g` puts fake quantization.
template <class G>
std::vector<quantization> rewritten(const recorded_case& c, G g) {
    nodes_before<qgraft::node_of<G>> before;
    for (const auto n : qgraft::graph_traits<G>::nodes(g)) before.insert(n);
    rewrite_as(c, g, options_of<G>(c));
    return placements(g, before);
}

/// What only one of two results has, a line each.
std::vector<std::string> differences(const std::vector<quantization>& reference,
                                     const std::vector<quantization>& ours) {
    std::vector<quantization> missing;
    std::vector<quantization> extra;
    std::set_difference(reference.begin(), reference.end(), ours.begin(), ours.end(), std::back_inserter(missing));
    std::set_difference(ours.begin(), ours.end(), reference.begin(), reference.end(), std::back_inserter(extra));
    std::vector<std::string> lines;
    for (const quantization& q : missing) lines.push_back("lacks " + to_string(q));
    for (const quantization& q : extra) lines.push_back("has " + to_string(q));
    return lines;
}

/// How many cases hold, of how many.
struct tally {
    std::size_t held = 0;
    std::size_t all = 0;

    void count(const recorded_case& c, std::string_view graph_type, const std::vector<std::string>& lines) {
        ++all;
        if (lines.empty()) ++held;
        for (std::size_t i = 0; i < std::min<std::size_t>(lines.size(), 4); ++i) {
            FAIL_CHECK(c.id << ", " << graph_type << ": " << lines[i]);
        }
    }
};

void run(std::string_view what, const std::vector<recorded_case>& cases,
         bool (*includes)(const recorded_case&, const meta_graph&)) {
    tally in_house_tally;
    tally boost_tally;
    tally json_tally;
    std::size_t quantizations = 0;
    for (const recorded_case& c : cases) {
        meta_graph before_meta = load(c.before);
        if (!includes(c, before_meta) || c.arguments.per_channel_weights) continue;
        meta_graph after_meta = load(c.after);
        const tensorflow_graph before(before_meta);
        const auto reference = placements(tensorflow_graph(after_meta), before);
        quantizations += reference.size();
        CHECK(std::none_of(reference.begin(), reference.end(),
                           [](const quantization& q) { return q.range == range_kind::unknown; }));
        in_house_tally.count(c, "in-house IR", differences(reference, rewritten(c, to_in_house(before))));
        boost_tally.count(c, "Boost graph", differences(reference, rewritten(c, to_sketch(before))));
        json_tally.count(c, "property tree",
                         differences(reference, rewritten(c, qgraft::property_tree::read_graph(to_json(before)))));
    }
    std::cout << what << ", in-house IR: " << in_house_tally.held << " of " << in_house_tally.all << '\n'
              << what << ", Boost graph: " << boost_tally.held << " of " << boost_tally.all << '\n'
              << what << ", property tree: " << json_tally.held << " of " << json_tally.all << '\n'
              << "  with " << quantizations << " quantized values\n";
    CHECK(in_house_tally.held == in_house_tally.all);
    CHECK(boost_tally.held == boost_tally.all);
    CHECK(json_tally.held == json_tally.all);
    CHECK(quantizations > 0);
}

}  // namespace

TEST_CASE("our recordings get their fake quantization in every graph type") {
    run("our recordings", own_cases(), needs_no_folding);
    run("our recordings with fused batch norms", own_cases(), folds_fused_only);
}

TEST_CASE("the recordings beside the project get their fake quantization in every graph type") {
    const auto cases = shared_cases(QGRAFT_RECORDED_GRAPHS);
    if (cases.empty()) {
        std::cout << "skipped: there are no recordings beside the project\n";
        return;
    }
    run("recordings", cases, needs_no_folding);
    run("recordings with fused batch norms", cases, folds_fused_only);
}
