// What the program says of a rewrite in a few lines.
// SPDX-License-Identifier: Apache-2.0
#include "summary.hpp"

#include <cstdio>

#include "names.hpp"

namespace rewriter {

namespace {

constexpr std::size_t lines_at_most = 10;

std::string uncovered(const qgraft::report& r) {
    const std::size_t all = r.count(qgraft::outcome::not_covered);
    if (all == 0) return {};
    std::string text = "  " + counted(all, "layer") + " not covered:\n";
    std::size_t told = 0;
    for (const qgraft::decision& d : r.decisions) {
        if (d.what != qgraft::outcome::not_covered || told == lines_at_most) continue;
        text += "    " + printable(d.node) + ": " + printable(d.reason) + "\n";
        ++told;
    }
    if (all > told) text += "    and " + grouped(all - told) + " more\n";
    return text;
}

/// What the target of --verify misses, a line each.
std::string missing_ranges(const qgraft::range_check& ranges) {
    if (ranges.target.empty()) return {};
    std::string text = "  " + ranges.target + ": " + counted(ranges.missing.size(), "value") + " without a range";
    text += ranges.unshared.empty() ? "\n"
                                    : ", " + counted(ranges.unshared.size(), "operation") +
                                          " whose values should share one and have several\n";
    for (std::size_t i = 0; i < ranges.missing.size() && i < lines_at_most; ++i) {
        const qgraft::missing_range& m = ranges.missing[i];
        text += "    " + printable(m.node) + " (" + std::string(to_string(m.role)) + "): " + printable(m.reason) + "\n";
    }
    if (ranges.missing.size() > lines_at_most) {
        text += "    and " + grouped(ranges.missing.size() - lines_at_most) + " more\n";
    }
    return text;
}

std::string seconds_text(double seconds) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2f s", seconds);
    return text;
}

}  // namespace

std::string summary(const rewritten& r, const settings& s, double seconds) {
    const qgraft::report& report = r.report;
    std::string text = "qgraft-rewrite: " + printable(s.in) + (s.eval ? ", for evaluation" : ", for training");
    text += s.dry_run ? " (dry run)\n" : "\n";
    text += "  " + counted(report.count(qgraft::outcome::folded), "batch norm") + " folded, " +
            counted(report.count(qgraft::outcome::quantized), "value") + " fake-quantized, " +
            grouped(report.count(qgraft::outcome::left_as_is)) + " left as they were\n";
    text += "  " + grouped(report.nodes_before) + " nodes before, " + grouped(report.nodes_after) + " after; " +
            counted(report.variables.size(), "new variable") + "; " + seconds_text(seconds) + "\n";
    text += uncovered(report);
    text += missing_ranges(report.ranges);
    for (const std::string& w : report.warnings) text += "  warning: " + printable(w) + "\n";
    return text;
}

}  // namespace rewriter
