// Parity: the rewrite of each recorded graph is the reference's, node for node; and a rewritten graph stays as it is.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include <qgraft/graphdef/dialect.hpp>
#include <qgraft/qat.hpp>

#include "support/cases.hpp"
#include "support/meta_diff.hpp"

namespace {

namespace fs = std::filesystem;
using namespace qgraft::testing_support;
using meta_graph = qgraft::graphdef::proto::MetaGraphDef;
using graph = qgraft::graphdef::basic_graph<qgraft::graphdef::proto::GraphDef, meta_graph>;

meta_graph load(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    meta_graph meta;
    REQUIRE_MESSAGE(meta.ParseFromIstream(&in), file.string());
    return meta;
}

/// Whether a node is part of a batch norm, fused or not.
bool is_batch_norm(const qgraft::graphdef::proto::NodeDef& n) {
    return n.op().starts_with("FusedBatchNorm") || n.name().find("BatchNorm/batchnorm") != std::string::npos;
}

/// Cases that succeed and that need no folding.
bool applies(const recorded_case& c, const meta_graph& before) {
    if (c.after.empty() || c.function == "fold_batch_norms") return false;
    const auto& nodes = before.graph_def().node();
    return c.function == "quantize" || std::none_of(nodes.begin(), nodes.end(), is_batch_norm);
}

qgraft::qat_options<graph> options_of(const recorded_case& c) {
    qgraft::qat_options<graph> o;
    o.weight_bits = c.arguments.weight_bits;
    o.activation_bits = c.arguments.activation_bits;
    o.symmetric = c.arguments.symmetric;
    o.quant_delay = c.arguments.quant_delay;
    o.freeze_bn_delay = c.arguments.freeze_bn_delay;
    o.scope = c.arguments.scope;
    o.ema_decay = c.arguments.ema_decay;
    o.stages = c.function == "quantize" ? qgraft::stage::quantize : qgraft::stage::all;
    return o;
}

void rewrite(meta_graph& meta, const recorded_case& c, const qgraft::qat_options<graph>& options) {
    graph g(meta, {.resource_variables = c.use_resource});
    if (c.arguments.is_training) {
        qgraft::rewrite_for<qgraft::phase::training>(g, options);
    } else {
        qgraft::rewrite_for<qgraft::phase::evaluation>(g, options);
    }
}

/// The differences between what the reference made and what qgraft makes.
std::vector<std::string> against_reference(const recorded_case& c, const meta_graph& before) {
    meta_graph ours = before;
    auto options = options_of(c);
    options.as_reference = true;
    rewrite(ours, c, options);
    const meta_graph after = load(c.after);
    auto lines = diff_meta(after, ours, {.before = &before});
    const auto op_list = [](const meta_graph& m) { return m.meta_info_def().stripped_op_list().SerializeAsString(); };
    if (op_list(after) != op_list(ours)) lines.emplace_back("stripped_op_list differs");
    return lines;
}

/// The differences that rewriting a rewritten graph makes. It must make none.
std::vector<std::string> against_itself(const recorded_case& c, const meta_graph&) {
    const meta_graph after = load(c.after);
    meta_graph again = after;
    auto options = options_of(c);
    options.stages = qgraft::stage::quantize;
    rewrite(again, c, options);
    if (equal_files_content(after, again)) return {};
    auto lines = diff_meta(after, again);
    if (lines.empty()) lines.emplace_back("the files differ, the graphs do not");
    return lines;
}

template <class Compare>
void run(std::string_view what, const std::vector<recorded_case>& cases, Compare compare) {
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
    run("our recordings, node for node", cases, against_reference);
    run("our recordings, rewritten again", cases, against_itself);
}

TEST_CASE("the rewrite of each recording beside the project is the reference's") {
    const auto cases = shared_cases(QGRAFT_RECORDED_GRAPHS);
    if (cases.empty()) {
        std::cout << "skipped: there are no recordings beside the project\n";
        return;
    }
    run("recordings, node for node", cases, against_reference);
    run("recordings, rewritten again", cases, against_itself);
}

}  // namespace
