// Quantizes a network in a representation of one's own, and runs it before and after.
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <qgraft/kernels/scalar.hpp>
#include <qgraft/qat.hpp>

#include "interpreter.hpp"
#include "ir.hpp"
#include "ir_dialect.hpp"
#include "listing.hpp"

namespace {

using in_house::extents;
using in_house::kind;
using in_house::module;
using in_house::op;

/// 8 bits for weights, 4 for activations, in qgraft's own scalar kernels: chosen at compile time.
using policy = qgraft::qat_policy<qgraft::quant_spec{.bits = 8, .narrow_range = true}, qgraft::quant_spec{.bits = 4},
                                  qgraft::scalar<qgraft::tf115>>;

struct network {
    module m;
    op* input;
    op* output;
};

/// A trained weight; here a smooth function of the place stands for training.
op* param(module& m, std::string name, extents dims) {
    std::vector<float> data(in_house::volume(dims));
    for (std::size_t i = 0; i < data.size(); ++i) data[i] = 0.5F * std::sin(static_cast<float>(i) * 0.7F + 0.3F);
    return m.add({.what = kind::param, .name = std::move(name), .types = {std::move(dims)}, .data = std::move(data)});
}

/// An image of 1 x 8 x 8; conv with stride 2, bias, relu6; fully connected, bias.
network make_network() {
    network n{};
    module& m = n.m;
    n.input = m.add({.what = kind::input, .name = "image", .types = {extents{1, 1, 8, 8}}});
    op* filter = param(m, "conv/filter", {4, 1, 3, 3});
    op* conv = m.add({.what = kind::conv,
                      .name = "conv/conv",
                      .operands = {{n.input}, {filter}},
                      .attributes = {{"padding", "same"}, {"strides", extents{2, 2}}}});
    op* biased =
        m.add({.what = kind::bias, .name = "conv/bias", .operands = {{conv}, {param(m, "conv/offsets", {4})}}});
    op* clamped = m.add({.what = kind::clamp,
                         .name = "conv/clamp",
                         .operands = {{biased}},
                         .attributes = {{"low", 0.0}, {"high", 6.0}}});
    op* flat = m.add(
        {.what = kind::reshape, .name = "flat", .operands = {{clamped}}, .attributes = {{"dims", extents{1, 64}}}});
    op* dense = m.add({.what = kind::fully_connected,
                       .name = "dense/product",
                       .operands = {{flat}, {param(m, "dense/weights", {3, 64})}}});
    n.output =
        m.add({.what = kind::bias, .name = "dense/bias", .operands = {{dense}, {param(m, "dense/offsets", {3})}}});
    n.output = m.add(
        {.what = kind::reshape, .name = "scores", .operands = {{n.output}}, .attributes = {{"dims", extents{3}}}});
    return n;
}

void run_and_print(const network& n, int times) {
    in_house::interpreter running(n.m);
    for (int i = 0; i < times; ++i) {
        in_house::tensor image = in_house::zeros({1, 1, 8, 8});
        for (std::size_t p = 0; p < image.data.size(); ++p)
            image.data[p] = std::cos(static_cast<float>(p) * 0.1F + static_cast<float>(i));
        running.run({{n.input, image}}, {n.output});
        std::cout << "  run " << i + 1 << ':';
        for (const float v : running.value(n.output).data) std::cout << ' ' << v;
        std::cout << '\n';
    }
}

}  // namespace

int main() {
    try {
        network n = make_network();
        std::cout << "Before:\n";
        in_house::write(std::cout, n.m);
        run_and_print(n, 3);

        const qgraft::report report = qgraft::rewrite_for<qgraft::phase::training, policy>(n.m);

        std::cout << "\nAfter:\n";
        in_house::write(std::cout, n.m);
        run_and_print(n, 3);

        std::cout << "\nDecisions:\n";
        for (const qgraft::decision& d : report.decisions)
            std::cout << "  " << d.node << ": " << to_string(d.what) << ", " << d.reason << '\n';
    } catch (const std::exception& e) {
        std::cerr << "in_house_ir: " << e.what() << '\n';
        return 1;
    }
    return 0;
}
