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

/// What a value that needs a range is to the network.
enum class value_role : std::uint8_t {
    activation,   ///< it is computed from the network's inputs
    weights,      ///< it is a trained weight, or another value that the inputs do not change
    graph_input,  ///< it is given from outside
};

/// The role in the report's spelling.
constexpr std::string_view to_string(value_role r) {
    return r == value_role::activation ? "activation" : r == value_role::weights ? "weights" : "graph input";
}

/// A value that has no range, though a target needs one.
struct missing_range {
    std::string node;  ///< which computes it
    value_role role = value_role::activation;
    std::string needed_by;  ///< the operation that reads it, or whose result it is
    std::string reason;     ///< a clause
};

/// An operation whose operands and result must have one range, and have several: the target converts between them.
struct unshared_range {
    std::string node;
    std::size_t ranges = 0;  ///< in all of the values that must share one with these
};

/// What a target needs of ranges and does not find; see verify.hpp.
struct range_check {
    std::string target{};  ///< empty: nothing was checked
    std::vector<missing_range> missing{};
    std::vector<unshared_range> unshared{};

    /// How many values of a role have no range.
    [[nodiscard]] std::size_t count(value_role r) const {
        std::size_t found = 0;
        for (const missing_range& m : missing) found += m.role == r ? 1 : 0;
        return found;
    }
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
    /// What is missing for a target, where an option asks.
    range_check ranges;

    /// How many decisions have the outcome.
    [[nodiscard]] std::size_t count(outcome o) const {
        std::size_t found = 0;
        for (const decision& d : decisions) found += d.what == o ? 1 : 0;
        return found;
    }
};

}  // namespace qgraft

#endif
