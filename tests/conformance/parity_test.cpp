// Parity: the rewrite of each recorded graph is the reference's, node for node; and a rewritten graph stays as it is.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "support/meta_diff.hpp"
#include "support/recorded_graphs.hpp"

namespace {

using namespace qgraft::testing_support;

void rewrite(meta_graph& meta, const recorded_case& c, const qgraft::qat_options<tensorflow_graph>& options) {
    tensorflow_graph g(meta, {.resource_variables = c.use_resource});
    rewrite_as(c, g, options);
}

/// The same, new nodes as bytes: whether the serialized graph is that of `ours`.
bool equal_as_bytes(const meta_graph& ours, meta_graph meta, const recorded_case& c) {
    tensorflow_graph g(meta, {.resource_variables = c.use_resource, .new_nodes_as_bytes = true});
    rewrite_as(c, g, options_of<tensorflow_graph>(c));
    g.append_new_nodes();
    return equal_files_content(ours, meta);
}

/// The differences between what the reference made and what qgraft makes.
std::vector<std::string> against_reference(const recorded_case& c, const meta_graph& before) {
    meta_graph ours = before;
    rewrite(ours, c, options_of<tensorflow_graph>(c));
    const meta_graph after = load(c.after);
    auto lines = diff_meta(after, ours, {.before = &before});
    const auto op_list = [](const meta_graph& m) { return m.meta_info_def().stripped_op_list().SerializeAsString(); };
    if (op_list(after) != op_list(ours)) lines.emplace_back("stripped_op_list differs");
    if (!equal_as_bytes(ours, before, c)) lines.emplace_back("new nodes as bytes differ");
    return lines;
}

/// The differences that rewriting a rewritten graph makes. It must make none.
std::vector<std::string> against_itself(const recorded_case& c, const meta_graph&) {
    const meta_graph after = load(c.after);
    meta_graph again = after;
    auto options = options_of<tensorflow_graph>(c);
    options.as_reference = false;
    rewrite(again, c, options);
    if (equal_files_content(after, again)) return {};
    auto lines = diff_meta(after, again);
    if (lines.empty()) lines.emplace_back("the files differ, the graphs do not");
    return lines;
}

/// Cases where the reference succeeded.
bool succeeded(const recorded_case& c, const meta_graph&) { return !c.after.empty(); }

template <class Applies, class Compare>
void run(std::string_view what, const std::vector<recorded_case>& cases, Applies applies, Compare compare) {
    std::size_t held = 0;
    std::size_t all = 0;
    for (const recorded_case& c : cases) {
        const meta_graph before = load(c.before);
        if (!applies(c, before)) continue;
        ++all;
        const auto lines = compare(c, before);
        if (lines.empty()) ++held;
        for (std::size_t i = 0; i < std::min<std::size_t>(lines.size(), 5); ++i) {
            FAIL_CHECK(c.id << ": " << lines[i] << (lines.size() > 5 && i == 4 ? " ..." : ""));
        }
    }
    std::cout << what << ": " << held << " of " << all << '\n';
    CHECK(held == all);
}

TEST_CASE("the rewrite of each of our recordings is the reference's") {
    const auto cases = own_cases();
    REQUIRE(!cases.empty());
    run("our recordings, node for node", cases, succeeded, against_reference);
    run("our recordings, rewritten again", cases, succeeded, against_itself);
}

TEST_CASE("the rewrite of each recording beside the project is the reference's") {
    const auto cases = shared_cases(QGRAFT_RECORDED_GRAPHS);
    if (cases.empty()) {
        std::cout << "skipped: there are no recordings beside the project\n";
        return;
    }
    run("recordings, node for node", cases, succeeded, against_reference);
    run("recordings, rewritten again", cases, succeeded, against_itself);
}

}  // namespace
