// Compares the scalar kernels, bit for bit, with what PyTorch computed (tests/data/kernels).
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <qgraft/kernels/scalar.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "kernels/table.hpp"

using qgraft::nudged_range;
using qgraft::quant_range;
using qgraft::quant_spec;
using qgraft::range_gradient;
using qgraft::scalar;
using tables::floats;
using tables::table_case;

namespace {

/// PyTorch's numerics where the scale and the zero point are given: a range here is these two.
struct torch_given : qgraft::torch {
    static constexpr nudged_range nudge(quant_range range, const quant_spec& spec) {
        return given(range.min, static_cast<int>(range.max), spec);
    }
};

std::vector<quant_range> given_in(const table_case& c) {
    const floats scale = c["scale"];
    const std::vector<int> zero = c.integers("zero");
    std::vector<quant_range> ranges;
    for (std::size_t i = 0; i < scale.size(); ++i) ranges.push_back({scale[i], static_cast<float>(zero.at(i))});
    return ranges;
}

void check_given_tensor(const table_case& c) {
    using kernels = scalar<torch_given>;
    const floats x = c["x"];
    const quant_range range = given_in(c).at(0);
    CAPTURE(range.min);
    CAPTURE(range.max);
    floats out(x.size());
    kernels::fake_quantize(x, out, range, c.spec());
    tables::check_same(out, c["y"]);
    kernels::fake_quantize_gradient(tables::gradients_of(c, x.size()), x, out, range, c.spec());
    tables::check_same(out, c["dx"]);
}

void check_given_channels(const table_case& c) {
    using kernels = scalar<torch_given>;
    const std::vector<quant_range> ranges = given_in(c);
    const std::size_t rows = c["x"].size() / ranges.size();
    for (const std::size_t inner : {std::size_t{1}, rows}) {
        const auto arranged = [&](const floats& v) { return inner == 1 ? v : tables::transposed(v, ranges.size()); };
        const floats x = arranged(c["x"]);
        floats out(x.size());
        kernels::fake_quantize_channels(x, out, ranges, c.spec(), inner);
        tables::check_same(out, arranged(c["y"]));
        std::vector<range_gradient> d(ranges.size());
        kernels::fake_quantize_channels_gradient(arranged(c.grad), x, out, ranges, d, c.spec(), inner);
        tables::check_same(out, arranged(c["dx"]));
    }
}

template <class Numerics>
void check_choice(const table_case& c) {
    quant_spec spec = c.spec();
    spec.symmetric = c.number(3) != 0;
    const quant_range range = tables::ranges_in(c["range"]).at(0);
    CAPTURE(range.min);
    CAPTURE(range.max);
    CAPTURE(spec.symmetric);
    const nudged_range chosen = Numerics::nudge(range, spec);
    tables::check_same({chosen.scale}, c["scale"]);
    // Of a range to infinity PyTorch's zero point is qmin for unsigned integers, as here, and qmax for signed.
    const bool is_signed = c.head[0] == "choice" && c.number(4) != 0;
    if (std::isfinite(chosen.scale) || (chosen.scale == chosen.scale && !is_signed)) {
        CHECK(chosen.zero_point == c.integers("zero").at(0));
    }
}

/// Whether PyTorch's 32-bit integers overflow where it adds the zero point, and the result is of the other end.
bool overflows(float x, const nudged_range& r, bool is_signed) {
    const double steps = static_cast<double>(x) * static_cast<double>(r.inv_scale);
    const double converted = steps < 2147483520.0 ? std::max(steps, -0x1p31) : 2147483520.0;
    const double sum = converted + r.zero_point - (is_signed ? 128 : 0);
    return sum >= 0x1p31 || sum < -0x1p31;
}

void check_storage(const table_case& c) {
    using kernels = scalar<torch_given>;
    const floats x = c["x"];
    const quant_range range = given_in(c).at(0);
    const nudged_range nudged = torch_given::nudge(range, {});
    std::vector<std::uint8_t> stored(x.size());
    kernels::quantize(x, std::span(stored), range, {});
    floats out(x.size());
    kernels::dequantize(std::span<const std::uint8_t>(stored), out, range, {});
    int overflowed = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        CAPTURE(x[i]);
        if (overflows(x[i], nudged, c.number(1) != 0)) {
            ++overflowed;
            CHECK(stored[i] == (x[i] < 0.0F ? 0 : 255));
            CHECK(c.integers("q")[i] == (x[i] < 0.0F ? 255 : 0));
        } else {
            CHECK(stored[i] == c.integers("q")[i]);
            CHECK(tables::same(out[i], c["y"][i]));
        }
    }
    CHECK(overflowed <= 3);
}

/// Compares observers of a tensor or of its channels; what they quantize as well.
template <class Numerics, class Observer>
void check_observer(const table_case& c) {
    using kernels = scalar<Numerics>;
    const quant_spec spec{.bits = c.number(2), .symmetric = c.number(4) != 0, .narrow_range = c.number(3) != 0};
    const auto channels = static_cast<std::size_t>(std::max(c.number(5), 1));
    std::vector<Observer> observers(channels);
    if constexpr (requires { observers[0].decay; }) {
        for (Observer& o : observers) o.decay = 1.0 - std::stod(c.head.at(6));
    }
    std::vector<quant_range> ranges(channels);
    floats out;
    for (const tables::table_line& line : c.lines) {
        CAPTURE(line.key);
        floats found;
        if (line.key == "x") {
            const floats x = line.values();
            out.resize(x.size());
            if (c.number(5) == 0) {
                ranges[0] = kernels::observe_fake_quantize(observers[0], x, out, spec);
            } else {
                kernels::observe_fake_quantize_channels(std::span<Observer>(observers), x, out, ranges, spec);
            }
        } else if (line.key == "state") {
            for (const quant_range& range : ranges) found.insert(found.end(), {range.min, range.max});
            tables::check_same(found, line.values());
        } else if (line.key == "scale") {
            for (const quant_range& range : ranges) found.push_back(Numerics::nudge(range, spec).scale);
            tables::check_same(found, line.values());
        } else if (line.key == "y") {
            tables::check_same(out, line.values());
        }
    }
}

}  // namespace

TEST_CASE("the range observers, and what they quantize at once, are PyTorch's") {
    std::map<std::string, int> count;
    for (const table_case& c : tables::read("torch_observers.txt")) {
        const std::string& kind = c.head.at(1);
        CAPTURE(kind);
        CAPTURE(c.head[2]);
        CAPTURE(c.head[4]);
        CAPTURE(c.head[5]);
        ++count[kind];
        if (kind == "min_max") check_observer<qgraft::torch, qgraft::torch_min_max>(c);
        if (kind == "moving_average") check_observer<qgraft::torch, qgraft::torch_moving_average>(c);
        if (kind == "fused") check_observer<qgraft::torch_fused, qgraft::torch_moving_average>(c);
    }
    CHECK(count["min_max"] == 6);
    CHECK(count["moving_average"] == 8);
    CHECK(count["fused"] == 6);
}

TEST_CASE("fake quantization, its gradient, scales and zero points, and storage are PyTorch's") {
    std::map<std::string, int> count;
    for (const table_case& c : tables::read("torch_fake_quant.txt")) {
        const std::string& kind = c.head[0];
        CAPTURE(kind);
        CAPTURE(c.head[1]);
        ++count[kind];
        if (kind == "tensor") check_given_tensor(c);
        if (kind == "channels") check_given_channels(c);
        if (kind == "choice") check_choice<qgraft::torch>(c);
        if (kind == "fused") check_choice<qgraft::torch_fused>(c);
        if (kind == "storage") check_storage(c);
    }
    CHECK(count["tensor"] == 60);
    CHECK(count["channels"] == 4);
    CHECK(count["choice"] == 913);
    CHECK(count["fused"] == 280);
    CHECK(count["storage"] == 8);
}
