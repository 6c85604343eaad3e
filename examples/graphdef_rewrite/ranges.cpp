// The table of ranges of --post-training.
// SPDX-License-Identifier: Apache-2.0
#include "ranges.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <qgraft/property_tree/error.hpp>
#include <qgraft/property_tree/json.hpp>
#include <qgraft/property_tree/text_file.hpp>

namespace rewriter {

namespace {

namespace pt = qgraft::property_tree;

/// The two numbers of a range; none where it is anything else.
std::optional<qgraft::quant_range> range_of(const pt::tree& t) {
    if (t.data().what != pt::kind::array || t.size() != 2) return std::nullopt;
    const auto low = t.front().second.get_value_optional<double>();
    const auto high = t.back().second.get_value_optional<double>();
    if (!low || !high || *low > *high) return std::nullopt;
    return qgraft::quant_range{static_cast<float>(*low), static_cast<float>(*high)};
}

/// The table that a text holds.
qgraft::range_table read_table(const std::string& text, std::size_t most_bytes) {
    const pt::tree all = pt::read_json(text, {.bytes = most_bytes});
    std::vector<pt::problem> problems;
    if (all.data().what != pt::kind::object) problems.push_back({"the whole", "must be an object"});
    qgraft::range_table table;
    for (const auto& [name, value] : all) {
        const std::optional<qgraft::quant_range> range = range_of(value);
        if (!range) {
            problems.push_back({name, "must be [min, max], two numbers, the lesser first"});
        } else if (!table.emplace(name, *range).second) {
            problems.push_back({name, "is there twice"});
        }
    }
    if (!problems.empty()) throw pt::invalid_configuration(std::move(problems));
    return table;
}

}  // namespace

void read_ranges(settings& s) {
    if (s.post_training.empty()) return;
    constexpr std::size_t most_bytes = std::size_t{1} << 28U;
    const std::string text = pt::read_text_file(s.post_training, most_bytes + 1);
    try {
        s.ranges = read_table(text, most_bytes);
    } catch (const qgraft::error& e) {
        throw pt::parse_error(s.post_training, e.what());
    }
}

}  // namespace rewriter
