// A frozen network of the in-house IR, calibrated by its own interpreter and quantized after training.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <qgraft/calibration.hpp>
#include <qgraft/kernels/scalar.hpp>
#include <qgraft/post_training.hpp>
#include <qgraft/verify.hpp>

#include "interpreter.hpp"
#include "ir.hpp"
#include "ir_dialect.hpp"

namespace {

using namespace qgraft;
using in_house::extents;
using in_house::kind;
using in_house::op;
using in_house::tensor;

tensor random_tensor(extents dims, std::uint32_t seed) {
    tensor t = in_house::zeros(std::move(dims));
    std::mt19937 random(seed);
    for (float& x : t.data) x = static_cast<float>(random()) / 2147483648.0F - 1;
    return t;
}

/// Two branches of different widths, joined, then a product. Its weights are constants.
struct network {
    in_house::module m;
    op* image = m.add({.what = kind::input, .name = "image"});
    op* scores = nullptr;

    network() {
        op* narrow = clamp("narrow/clamp", conv("narrow", image, 1));
        op* wide = conv("wide", image, 3);
        op* joined = m.add({.what = kind::concat,
                            .name = "joined",
                            .operands = {{narrow}, {wide}},
                            .attributes = {{"axis", std::int64_t{1}}}});
        op* next = clamp("next/clamp", conv("next", joined, 1, 8));
        scores = m.add({.what = kind::add, .name = "scores", .operands = {{next}, {narrow}}});
    }

private:
    op* conv(const std::string& name, op* x, std::int64_t size, std::int64_t channels = 2) {
        const tensor w = random_tensor({4, channels, size, size}, static_cast<std::uint32_t>(name.size()));
        op* weights = m.add({.what = kind::constant, .name = name + "/w", .types = {w.dims}, .data = w.data});
        return m.add({.what = kind::conv,
                      .name = name + "/conv",
                      .operands = {{x}, {weights}},
                      .attributes = {{"padding", std::string("same")}, {"strides", extents{1, 1}}}});
    }
    op* clamp(const std::string& name, op* x) {
        return m.add({.what = kind::clamp, .name = name, .operands = {{x}}, .attributes = {{"low", 0.0}}});
    }
};

std::vector<tensor> images() {
    std::vector<tensor> all;
    for (std::uint32_t i = 0; i < 16; ++i) all.push_back(random_tensor({1, 2, 6, 6}, 100 + i));
    return all;
}

std::vector<float> scores_of(const network& n, const tensor& image) {
    in_house::interpreter running(n.m);
    running.run({{n.image, image}}, {n.scores});
    return running.value(n.scores).data;
}

}  // namespace

TEST_CASE("the interpreter's own runs calibrate a network, which quantized computes nearly the same") {
    const network floats;
    network n;
    calibration<scalar<>> seen;
    in_house::interpreter running(n.m);
    for (const in_house::tensor& image : images()) {
        running.run({{n.image, image}}, {n.scores});
        for (const std::string& name : values_to_observe(n.m)) seen.observe(name, running.value(n.m.find(name)).data);
    }
    CHECK(seen.ranges().size() == 5);

    qat_options<in_house::module> options;
    options.verify = &verify_ranges<target::tflite_int8>;
    options.strict = true;
    const report r = quantize_post_training<scalar<>>(n.m, seen.ranges(), options);
    CHECK(r.count(outcome::quantized) == 5 + 3);
    CHECK(r.variables.empty());

    float greatest = 0;
    float error = 0;
    for (const in_house::tensor& image : images()) {
        const std::vector<float> wanted = scores_of(floats, image);
        const std::vector<float> got = scores_of(n, image);
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            greatest = std::max(greatest, std::abs(wanted[i]));
            error = std::max(error, std::abs(got[i] - wanted[i]));
        }
    }
    CHECK(error > 0);
    CHECK(error < 0.03F * greatest);
}
