// Compares the scalar kernels and the observers, bit for bit, with what TensorFlow 1.15 computed (tests/data/kernels).
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <qgraft/kernels/observer.hpp>
#include <qgraft/kernels/scalar.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

using qgraft::quant_range;
using qgraft::quant_spec;
using qgraft::range_gradient;
using kernels = qgraft::scalar<>;

namespace {

using floats = std::vector<float>;

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

/// A case of a table, as record_tf115.py describes it: the words after `case`, and its lines.
struct table_case {
  std::vector<std::string> head;
  floats grad;
  std::vector<table_line> lines;

  int number(std::size_t i) const { return std::stoi(head.at(i)); }

  floats operator[](const std::string& key) const {
    const auto found = std::find_if(lines.begin(), lines.end(), [&](const table_line& l) { return l.key == key; });
    REQUIRE_MESSAGE(found != lines.end(), "no line ", key);
    return found->values();
  }
};

std::vector<table_case> read_table(const std::string& name) {
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

bool same(float a, float b) {
  return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b) || (std::isnan(a) && std::isnan(b));
}

void check_same(const floats& got, const floats& expected) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (same(got[i], expected[i])) continue;
    CAPTURE(i);
    CHECK(std::bit_cast<std::uint32_t>(got[i]) == std::bit_cast<std::uint32_t>(expected[i]));
  }
}

/// Sums are in no defined order: equal within 1e-6 of the sum of magnitudes.
void check_sum(float got, float expected, const floats& summands) {
  if (same(got, expected)) return;
  REQUIRE(std::isfinite(expected));
  double magnitude = 0.0;
  for (float g : summands) magnitude += std::abs(static_cast<double>(g));
  CHECK(std::abs(static_cast<double>(got) - static_cast<double>(expected)) <= 1e-6 * magnitude);
}

std::vector<quant_range> ranges_in(const floats& values) {
  std::vector<quant_range> ranges;
  for (std::size_t i = 0; i + 1 < values.size(); i += 2) ranges.push_back({values[i], values[i + 1]});
  return ranges;
}

quant_spec spec_of(const table_case& c) { return {.bits = c.number(1), .narrow_range = c.number(2) != 0}; }

void check_tensor(const table_case& c) {
  const floats x = c["x"];
  const quant_range range = ranges_in(c["range"]).at(0);
  const floats grad(c.grad.begin(), c.grad.begin() + static_cast<std::ptrdiff_t>(x.size()));
  CAPTURE(range.min);
  CAPTURE(range.max);
  floats out(x.size());
  kernels::fake_quantize(x, out, range, spec_of(c));
  check_same(out, c["y"]);
  std::fill(out.begin(), out.end(), 42.0F);
  qgraft::dispatch_bits(c.number(1), [&](auto bits) {
    if (c.number(2) != 0) {
      kernels::fake_quantize<quant_spec{.bits = bits(), .narrow_range = true}>(x, out, range);
    } else {
      kernels::fake_quantize<quant_spec{.bits = bits()}>(x, out, range);
    }
  });
  check_same(out, c["y"]);
  const range_gradient d = kernels::fake_quantize_gradient(grad, x, out, range, spec_of(c));
  check_same(out, c["dx"]);
  check_sum(d.min, c["d"].at(0), grad);
  check_sum(d.max, c["d"].at(1), grad);
}

void check_channels(const table_case& c) {
  const floats x = c["x"];
  const std::vector<quant_range> ranges = ranges_in(c["range"]);
  floats out(x.size());
  kernels::fake_quantize_channels(x, out, ranges, spec_of(c));
  check_same(out, c["y"]);
  std::vector<range_gradient> d(ranges.size());
  kernels::fake_quantize_channels_gradient(c.grad, x, out, ranges, d, spec_of(c));
  check_same(out, c["dx"]);
  const std::vector<quant_range> expected = ranges_in(c["d"]);
  for (std::size_t i = 0; i < d.size(); ++i) {
    floats summands;
    for (std::size_t j = i; j < c.grad.size(); j += d.size()) summands.push_back(c.grad[j]);
    check_sum(d[i].min, expected.at(i).min, summands);
    check_sum(d[i].max, expected.at(i).max, summands);
  }
}

/// The observers of a tensor or of its channels, of either kind.
struct observers {
  explicit observers(const table_case& c)
      : averaging(c.head.at(1) == "moving_average"),
        spec{.bits = c.number(2), .symmetric = c.number(4) != 0, .narrow_range = c.number(3) != 0},
        channels(static_cast<std::size_t>(std::max(c.number(5), 1))),
        last(channels),
        average(channels, {.decay = std::stod(c.head.at(6))}) {}

  floats update(const floats& x) {
    std::vector<quant_range> batch(channels);
    if (channels == 1) {
      batch[0] = kernels::min_max(x);
    } else {
      kernels::min_max_channels(x, batch);
    }
    floats state;
    for (std::size_t i = 0; i < channels; ++i) {
      const quant_range range = averaging ? average[i].update(batch[i], spec) : last[i].update(batch[i], spec);
      state.insert(state.end(), {range.min, range.max});
    }
    return state;
  }

  bool averaging;
  quant_spec spec;
  std::size_t channels;
  std::vector<qgraft::last_value> last;
  std::vector<qgraft::moving_average> average;
};

void check_observer(const table_case& c) {
  observers under_test(c);
  floats state;
  for (const table_line& line : c.lines) {
    CAPTURE(line.key);
    if (line.key == "x") {
      state = under_test.update(line.values());
    } else if (line.key == "state") {
      check_same(state, line.values());
    } else if (line.key == "biased") {
      floats biased;
      for (const auto& a : under_test.average) biased.insert(biased.end(), {a.min.biased, a.max.biased});
      check_same(biased, line.values());
    } else if (line.key == "step") {
      check_same({under_test.average[0].min.step}, line.values());
    }
  }
}

}  // namespace

TEST_CASE("fake quantization and its gradient are TensorFlow 1.15's") {
  std::size_t tensors = 0;
  std::size_t channels = 0;
  for (const table_case& c : read_table("tf115_fake_quant.txt")) {
    CAPTURE(c.head[0]);
    CAPTURE(c.head[1]);
    CAPTURE(c.head[2]);
    if (c.head[0] == "tensor") {
      check_tensor(c);
      ++tensors;
    } else {
      check_channels(c);
      ++channels;
    }
  }
  CHECK(tensors == 214);
  CHECK(channels == 5);
}

TEST_CASE("the range observers are TensorFlow 1.15's") {
  std::size_t count = 0;
  for (const table_case& c : read_table("tf115_observers.txt")) {
    CAPTURE(c.head[1]);
    CAPTURE(c.head[2]);
    check_observer(c);
    ++count;
  }
  CHECK(count == 11);
}
