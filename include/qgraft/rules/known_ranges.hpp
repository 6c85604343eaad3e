// known_ranges: ranges as numbers, for rules that quantize without training.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_KNOWN_RANGES_HPP
#define QGRAFT_RULES_KNOWN_RANGES_HPP

#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>

#include <qgraft/quant/quant_range.hpp>

namespace qgraft {

/// The least and the greatest value that tensors take on, by name: that of the node, for its first output, or
/// `node:port`.
using range_table = std::map<std::string, quant_range, std::less<>>;

/// Where ranges come from: of activations from a table, of weights from their constants, by a kernel policy.
struct known_ranges {
    const range_table* activations = nullptr;
    quant_range (*min_max)(std::span<const float> values) = nullptr;
    /// Of each channel, each time with `inner` values in a row.
    void (*min_max_channels)(std::span<const float> values, std::span<quant_range> ranges, std::size_t inner) = nullptr;
};

}  // namespace qgraft

#endif
