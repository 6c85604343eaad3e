// report: what a rewrite decided, and why.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_REWRITE_REPORT_HPP
#define QGRAFT_REWRITE_REPORT_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qgraft {

/// What became of a node.
enum class outcome : std::uint8_t {
    quantized,    ///< fake quantization was inserted after it
    folded,       ///< a batch norm that its layer's weights have taken in
    left_as_is,   ///< deliberately not: it is quantized already, out of scope, followed by an activation, ...
    not_covered,  ///< a layer that no pattern fits
};

/// The outcome in the report's spelling.
constexpr std::string_view to_string(outcome o) {
    switch (o) {
        case outcome::quantized:
            return "quantized";
        case outcome::folded:
            return "folded";
        case outcome::left_as_is:
            return "left as is";
        case outcome::not_covered:
            break;
    }
    return "not covered";
}

/// One decision: which rule, about which node, and the reason in a clause.
struct decision {
    std::string rule;
    std::string node;
    outcome what = outcome::quantized;
    std::string reason;
};

/// A variable that the rewrite has made: its name, and its initial value where a rule chose it. The others serve the
/// dialect, such as the state of a debiased average, and start as it has built them.
struct new_variable {
    std::string name;
    std::optional<double> initial{};
};

/// Operands that read `from` before and read `to` now. Tensors are written `node:port`.
struct moved_tensor {
    std::string from;
    std::string to;
    std::size_t operands = 0;
};

/// The account of a rewrite.
struct report {
    std::vector<decision> decisions;
    std::vector<new_variable> variables;
    std::vector<moved_tensor> moved;
    /// Things that were likely not meant, a sentence each.
    std::vector<std::string> warnings;
    std::size_t nodes_before = 0;
    std::size_t nodes_after = 0;
    /// The edit scripts in words: "rule" and the name of a rule, then its steps, one a line. Filled for a dry run.
    std::vector<std::string> script;

    /// How many decisions have the outcome.
    [[nodiscard]] std::size_t count(outcome o) const {
        std::size_t found = 0;
        for (const decision& d : decisions) found += d.what == o ? 1 : 0;
        return found;
    }
};

}  // namespace qgraft

#endif
