// Reads the tables of tests/data/kernels, and compares kernels with them.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_KERNELS_TABLE_HPP
#define QGRAFT_TESTS_KERNELS_TABLE_HPP

#include <doctest/doctest.h>

#include <qgraft/kernels/policy.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace tables {

using floats = std::vector<float>;

/// A key and its words.
struct table_line {
    std::string key;
    std::vector<std::string> words;

    floats values() const {
        floats result;
        for (const std::string& word : words) {
            result.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(std::stoul(word, nullptr, 16))));
        }
        return result;
    }
};

/// A case of a table, as tables.py describes it: the words after `case`, and its lines.
struct table_case {
    std::vector<std::string> head;
    floats grad;
    std::vector<table_line> lines;

    int number(std::size_t i) const { return std::stoi(head.at(i)); }

    const table_line& line(const std::string& key) const {
        const auto found = std::find_if(lines.begin(), lines.end(), [&](const table_line& l) { return l.key == key; });
        REQUIRE_MESSAGE(found != lines.end(), "no line ", key);
        return *found;
    }

    floats operator[](const std::string& key) const { return line(key).values(); }

    std::vector<int> integers(const std::string& key) const {
        std::vector<int> result;
        for (const std::string& word : line(key).words) result.push_back(std::stoi(word));
        return result;
    }

    /// Bits and narrow_range, where the head is KIND BITS NARROW ...
    qgraft::quant_spec spec() const { return {.bits = number(1), .narrow_range = number(2) != 0}; }
};

inline std::vector<table_case> read(const std::string& name) {
    std::ifstream file(std::string(QGRAFT_TEST_DATA_DIR) + "/kernels/" + name);
    REQUIRE_MESSAGE(file.is_open(), "cannot read ", name);
    std::vector<table_case> cases;
    floats grad;
    for (std::string text; std::getline(file, text);) {
        std::istringstream in(text);
        table_line line;
        in >> line.key;
        for (std::string word; in >> word;) line.words.push_back(word);
        if (line.key == "g") {
            grad = line.values();
        } else if (line.key == "case") {
            cases.push_back({line.words, grad, {}});
        } else if (line.key != "#") {
            cases.at(cases.size() - 1).lines.push_back(line);
        }
    }
    return cases;
}

inline bool same(float a, float b) {
    return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b) || (std::isnan(a) && std::isnan(b));
}

inline void check_same(const floats& got, const floats& expected) {
    REQUIRE(got.size() == expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
        if (same(got[i], expected[i])) continue;
        CAPTURE(i);
        CHECK(std::bit_cast<std::uint32_t>(got[i]) == std::bit_cast<std::uint32_t>(expected[i]));
    }
}

/// Sums are in no defined order: equal within 1e-6 of the sum of magnitudes.
inline void check_sum(float got, float expected, const floats& summands) {
    if (same(got, expected)) return;
    REQUIRE(std::isfinite(expected));
    double magnitude = 0.0;
    for (float g : summands) magnitude += std::abs(static_cast<double>(g));
    CHECK(std::abs(static_cast<double>(got) - static_cast<double>(expected)) <= 1e-6 * magnitude);
}

inline std::vector<qgraft::quant_range> ranges_in(const floats& values) {
    std::vector<qgraft::quant_range> ranges;
    for (std::size_t i = 0; i + 1 < values.size(); i += 2) ranges.push_back({values[i], values[i + 1]});
    return ranges;
}

/// The first so many gradients of a case.
inline floats gradients_of(const table_case& c, std::size_t count) {
    return {c.grad.begin(), c.grad.begin() + static_cast<std::ptrdiff_t>(count)};
}

/// Compares the kernels with a case that has one range.
template <class Kernels>
void check_tensor(const table_case& c) {
    const floats x = c["x"];
    const qgraft::quant_range range = ranges_in(c["range"]).at(0);
    const floats grad = gradients_of(c, x.size());
    CAPTURE(range.min);
    CAPTURE(range.max);
    floats out(x.size());
    Kernels::fake_quantize(x, out, range, c.spec());
    check_same(out, c["y"]);
    const qgraft::range_gradient d = Kernels::fake_quantize_gradient(grad, x, out, range, c.spec());
    check_same(out, c["dx"]);
    if (c.head[0] == "args") return;
    check_sum(d.min, c["d"].at(0), grad);
    check_sum(d.max, c["d"].at(1), grad);
}

/// values of [rows, channels] as [channels, rows].
inline floats transposed(const floats& values, std::size_t channels) {
    floats result;
    for (std::size_t c = 0; c < channels; ++c) {
        for (std::size_t i = c; i < values.size(); i += channels) result.push_back(values[i]);
    }
    return result;
}

/// Compares the kernels with a case that has a range a channel, with the channel innermost and outermost.
template <class Kernels>
void check_channels(const table_case& c) {
    const std::vector<qgraft::quant_range> ranges = ranges_in(c["range"]);
    const std::vector<qgraft::quant_range> expected = ranges_in(c["d"]);
    const std::size_t rows = c["x"].size() / ranges.size();
    for (const std::size_t inner : {std::size_t{1}, rows}) {
        const auto arranged = [&](const floats& v) { return inner == 1 ? v : transposed(v, ranges.size()); };
        const floats x = arranged(c["x"]);
        const floats grad = arranged(c.grad);
        floats out(x.size());
        Kernels::fake_quantize_channels(x, out, ranges, c.spec(), inner);
        check_same(out, arranged(c["y"]));
        std::vector<qgraft::range_gradient> d(ranges.size());
        Kernels::fake_quantize_channels_gradient(grad, x, out, ranges, d, c.spec(), inner);
        check_same(out, arranged(c["dx"]));
        for (std::size_t i = 0; i < d.size(); ++i) {
            floats summands;
            for (std::size_t j = i; j < c.grad.size(); j += d.size()) summands.push_back(c.grad[j]);
            check_sum(d[i].min, expected.at(i).min, summands);
            check_sum(d[i].max, expected.at(i).max, summands);
        }
    }
}

}  // namespace tables

#endif  // QGRAFT_TESTS_KERNELS_TABLE_HPP
