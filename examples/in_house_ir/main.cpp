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

#include <qgraft/modern.hpp>
#include <qgraft/qat.hpp>

#include "fuse_activations.hpp"
#include "interpreter.hpp"
#include "ir.hpp"
#include "ir_dialect.hpp"
#include "listing.hpp"
#include "peak_range.hpp"
#include "schedule.hpp"
#include "shift_kernels.hpp"

namespace {

using in_house::extents;
using in_house::kind;
using in_house::module;
using in_house::op;

/// 8 bits for weights, 4 for activations, in this compiler's own kernels: chosen at compile time.
using policy = qgraft::qat_policy<qgraft::quant_spec{.bits = 8, .narrow_range = true}, qgraft::quant_spec{.bits = 4},
                                  in_house::shift_kernels>;

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

/// x clamp(x + 3, 0, 6) / 6, as a front end has spelled it out.
op* spelled_out_hard_swish(module& m, const std::string& name, op* x) {
    op* sum = m.add({.what = kind::add, .name = name + "/add", .operands = {x, m.add(in_house::scalar(3))}});
    op* gate = m.add(
        {.what = kind::clamp, .name = name + "/clamp", .operands = {sum}, .attributes = {{"low", 0.0}, {"high", 6.0}}});
    op* product = m.add({.what = kind::mul, .name = name + "/mul", .operands = {x, gate}});
    op* sixth = m.add(in_house::scalar(1.0 / 6));
    return m.add({.what = kind::mul, .name = name + "/hard_swish", .operands = {product, sixth}});
}

/// conv, bias, relu6 on half of the channels of x that it gets.
op* branch(module& m, const std::string& name, in_house::operand x) {
    op* filter = param(m, name + "/filter", {2, 2, 3, 3});
    op* conv = m.add({.what = kind::conv,
                      .name = name + "/conv",
                      .operands = {x, filter},
                      .attributes = {{"padding", "same"}, {"strides", extents{1, 1}}}});
    op* biased = m.add({.what = kind::bias, .name = name + "/bias", .operands = {conv, param(m, name + "/b", {2})}});
    return m.add({.what = kind::clamp,
                  .name = name + "/clamp",
                  .operands = {biased},
                  .attributes = {{"low", 0.0}, {"high", 6.0}}});
}

/// An image of 1 x 8 x 8; conv with stride 2, bias, hard-swish; another conv for each half of the channels; fully
/// connected, bias.
network make_network() {
    network n{};
    module& m = n.m;
    n.input = m.add({.what = kind::input, .name = "image", .types = {extents{1, 1, 8, 8}}});
    op* conv = m.add({.what = kind::conv,
                      .name = "conv/conv",
                      .operands = {n.input, param(m, "conv/filter", {4, 1, 3, 3})},
                      .attributes = {{"padding", "same"}, {"strides", extents{2, 2}}}});
    op* biased = m.add({.what = kind::bias, .name = "conv/bias", .operands = {conv, param(m, "conv/b", {4})}});
    op* active = spelled_out_hard_swish(m, "conv", biased);
    op* halves = m.add({.what = kind::split,
                        .name = "halves",
                        .operands = {active},
                        .types = {extents{1, 2, 4, 4}, extents{1, 2, 4, 4}}});
    op* left = branch(m, "left", {halves, 0});
    op* right = branch(m, "right", {halves, 1});
    op* joined = m.add(
        {.what = kind::concat, .name = "joined", .operands = {left, right}, .attributes = {{"axis", std::int64_t{1}}}});
    op* flat =
        m.add({.what = kind::reshape, .name = "flat", .operands = {joined}, .attributes = {{"dims", extents{1, 64}}}});
    op* dense = m.add({.what = kind::fully_connected,
                       .name = "dense/product",
                       .operands = {flat, param(m, "dense/weights", {3, 64})}});
    n.output = m.add({.what = kind::bias, .name = "dense/bias", .operands = {dense, param(m, "dense/b", {3})}});
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

        std::cout << "\nFused: " << in_house::fuse_activations(n.m) << " activation\n";
        qgraft::qat_options<module> options;
        options.profile = &qgraft::modern_profile;
        options.activation_range = qgraft::range_policy::custom;
        options.custom_range = in_house::peak_range;
        const qgraft::report report = qgraft::rewrite_for<qgraft::phase::training, policy>(n.m, options);
        in_house::schedule(n.m);

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
