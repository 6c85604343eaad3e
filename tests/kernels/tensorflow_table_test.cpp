// Compares the scalar kernels and the observers, bit for bit, with what TensorFlow computed (tests/data/kernels).
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <qgraft/kernels/observer.hpp>
#include <qgraft/kernels/scalar.hpp>

#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "kernels/table.hpp"

using qgraft::quant_range;
using qgraft::quant_spec;
using qgraft::scalar;
using tables::floats;
using tables::table_case;

namespace {

/// Compares a table of fake quantization; returns how many cases there were of each kind.
template <class Vars, class Args>
std::map<std::string, int> check_table(const std::string& name) {
    std::map<std::string, int> count;
    for (const table_case& c : tables::read(name)) {
        CAPTURE(c.head[0]);
        CAPTURE(c.head[1]);
        CAPTURE(c.head[2]);
        ++count[c.head[0]];
        if (c.head[0] == "tensor") tables::check_tensor<scalar<Vars>>(c);
        if (c.head[0] == "args") tables::check_tensor<scalar<Args>>(c);
        if (c.head[0] == "channels") tables::check_channels<scalar<Vars>>(c);
    }
    return count;
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
        scalar<>::min_max_channels(x, batch);
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
    for (const tables::table_line& line : c.lines) {
        CAPTURE(line.key);
        if (line.key == "x") {
            state = under_test.update(line.values());
        } else if (line.key == "state") {
            tables::check_same(state, line.values());
        } else if (line.key == "biased") {
            floats biased;
            for (const auto& a : under_test.average) biased.insert(biased.end(), {a.min.biased, a.max.biased});
            tables::check_same(biased, line.values());
        } else if (line.key == "step") {
            tables::check_same({under_test.average[0].min.step}, line.values());
        }
    }
}

}  // namespace

TEST_CASE("fake quantization and its gradient are TensorFlow 1.15's") {
    auto count = check_table<qgraft::tf115, qgraft::tf115_args>("tf115_fake_quant.txt");
    CHECK(count["tensor"] == 236);
    CHECK(count["channels"] == 5);
    count = check_table<qgraft::tf115, qgraft::tf115_args>("tf115_args.txt");
    CHECK(count["args"] == 54);
}

TEST_CASE("fake quantization and its gradient are TensorFlow 2.21's") {
    auto count = check_table<qgraft::tf2, qgraft::tf2_args>("tf2_fake_quant.txt");
    CHECK(count["tensor"] == 136);
    CHECK(count["args"] == 42);
    CHECK(count["channels"] == 5);
}

TEST_CASE("the range observers are TensorFlow 1.15's") {
    std::size_t count = 0;
    for (const table_case& c : tables::read("tf115_observers.txt")) {
        CAPTURE(c.head[1]);
        CAPTURE(c.head[2]);
        check_observer(c);
        ++count;
    }
    CHECK(count == 11);
}
