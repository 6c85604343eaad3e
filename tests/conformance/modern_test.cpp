// The modern profile on all recorded graphs: nothing is missing then, what must share a range does, and rewriting again
// changes nothing.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <iostream>
#include <set>
#include <string>
#include <vector>

#include <qgraft/modern.hpp>
#include <qgraft/verify.hpp>

#include "support/recorded_graphs.hpp"

namespace {

using namespace qgraft::testing_support;
using options = qgraft::qat_options<tensorflow_graph>;

qgraft::report rewrite(meta_graph& meta, bool is_training, bool use_resource, std::int64_t delay) {
    tensorflow_graph g(meta, {.resource_variables = use_resource});
    options o;
    o.profile = &qgraft::modern_profile;
    if (is_training) o.quant_delay = delay;
    o.verify = &qgraft::verify_ranges<qgraft::target::tflite_int8>;
    return is_training ? qgraft::rewrite_for<qgraft::phase::training>(g, o)
                       : qgraft::rewrite_for<qgraft::phase::evaluation>(g, o);
}

/// Rewrites each graph once for both phases; counts those that are refused, as they are by every profile.
void run(const char* what, const std::vector<recorded_case>& cases) {
    std::set<std::filesystem::path> seen;
    int rewritten = 0;
    int refused = 0;
    for (const recorded_case& c : cases) {
        if (!seen.insert(c.before).second) continue;
        CAPTURE(c.id);
        for (const bool is_training : {false, true}) {
            CAPTURE(is_training);
            const std::int64_t delay = seen.size() % 2 == 0 ? 0 : 100;
            meta_graph meta = load(c.before);
            qgraft::report r;
            try {
                r = rewrite(meta, is_training, c.use_resource, delay);
            } catch (const qgraft::refused_graph&) {
                ++refused;
                continue;
            }
            ++rewritten;
            // Values inside of loops cannot be quantized.
            bool has_loops = false;
            for (const auto& d : r.decisions) has_loops = has_loops || d.reason.find("a loop") != std::string::npos;
            for (const auto& m : r.ranges.missing) CHECK_MESSAGE(has_loops, m.node << " " << m.reason);
            for (const auto& u : r.ranges.unshared) CHECK_MESSAGE(false, u.node << " has several ranges");
            meta_graph again = meta;
            rewrite(again, is_training, c.use_resource, delay);
            CHECK(equal_files_content(meta, again));
        }
    }
    std::cout << what << ": " << rewritten << " rewritten by the modern profile, " << refused << " refused\n";
    CHECK(rewritten > 0);
}

TEST_CASE("our recordings, by the modern profile") { run("our recordings", own_cases()); }

TEST_CASE("shared recordings, by the modern profile" * doctest::skip(shared_cases(QGRAFT_RECORDED_GRAPHS).empty())) {
    run("shared recordings", shared_cases(QGRAFT_RECORDED_GRAPHS));
}

}  // namespace
