// A residual network with batch norms, folded and quantized: the interpreter's outputs are TensorFlow 1.15's to float
// rounding.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <map>
#include <qgraft/kernels/scalar.hpp>
#include <qgraft/qat.hpp>
#include <string>
#include <utility>
#include <vector>

#include "interpreter.hpp"
#include "ir.hpp"
#include "ir_dialect.hpp"
#include "records.hpp"

namespace {

using namespace qgraft;
using in_house::extents;
using in_house::kind;
using in_house::op;
using in_house::tensor;

/// The network of record_tf115_batch_norm.py in the vocabulary of the IR, where a batch norm is one op.
struct network {
    in_house::module m;
    op* image = nullptr;
    op* scores = nullptr;
    std::vector<op*> updates;           ///< the running averages
    std::map<std::string, op*> moving;  ///< what they update, by TensorFlow's name of it

    explicit network(const records::run& r) : run_(r) {
        image = m.add({.what = kind::input, .name = "image", .types = {extents{2, 3, 6, 6}}});
        op* x = clamp("conv1/clamp", conv("conv1", image, "weights", {{"strides", extents{2, 2}}}), {{"low", 0.0}});
        op* y = conv("conv2", x, "weights", {});
        y = m.add({.what = kind::add, .name = "sum/sum", .operands = {{x}, {y}}});
        x = clamp("sum/clamp", y, {{"low", 0.0}});
        x = conv("depthwise", x, "depthwise_weights", {{"groups", std::int64_t{4}}});
        x = clamp("depthwise/clamp", x, {{"low", 0.0}, {"high", 6.0}});
        x = m.add(
            {.what = kind::max_pool, .name = "pool", .operands = {{x}}, .attributes = {{"window", extents{3, 3}}}});
        x = reshape("flat", x, {2, 4});
        x = m.add(
            {.what = kind::fully_connected, .name = "dense/product", .operands = {{x}, {param("dense/weights")}}});
        x = m.add({.what = kind::bias, .name = "dense/bias", .operands = {{x}, {param("dense/biases")}}});
        scores = reshape("scores", x, {6});
        // As in the recording, a step reads the averages of the step before it.
        for (op* update : updates) update->after.push_back(scores);
    }

private:
    using attributes = in_house::attribute_list;

    op* param(const std::string& name) {
        tensor t = records::filter(name, run_.weights.at(name));
        return m.add({.what = kind::param, .name = name, .types = {t.dims}, .data = std::move(t.data)});
    }
    op* clamp(const std::string& name, op* x, attributes a) {
        return m.add({.what = kind::clamp, .name = name, .operands = {{x}}, .attributes = std::move(a)});
    }
    op* reshape(const std::string& name, op* x, extents dims) {
        return m.add(
            {.what = kind::reshape, .name = name, .operands = {{x}}, .attributes = {{"dims", std::move(dims)}}});
    }
    /// A conv with its batch norm.
    op* conv(const std::string& name, op* x, const std::string& weights, attributes a) {
        a.emplace("padding", "same");
        op* y = m.add({.what = kind::conv,
                       .name = name + "/product",
                       .operands = {{x}, {param(name + "/" + weights)}},
                       .attributes = std::move(a)});
        const std::string norm = name + "/BatchNorm/";
        std::vector<in_house::operand> operands{y, param(norm + "gamma"), param(norm + "beta")};
        const std::string moving_statistics[] = {norm + "moving_mean", norm + "moving_variance"};
        if (!run_.is_training) {
            for (const std::string& variable : moving_statistics) operands.emplace_back(param(variable));
        }
        op* n = m.add({.what = kind::batch_norm,
                       .name = name + "/norm",
                       .operands = std::move(operands),
                       .attributes = {{"epsilon", 0.01}, {"training", run_.is_training}}});
        if (run_.is_training) {
            follow({n, 1}, moving_statistics[0]);
            follow({n, 2}, moving_statistics[1]);
        }
        return n;
    }
    /// A state that is the moving average of a statistic.
    void follow(in_house::operand statistic, const std::string& variable) {
        op* s = m.add({.what = kind::state, .name = variable, .data = run_.weights.at(variable).data});
        moving[variable] = s;
        updates.push_back(m.add({.what = kind::running_average,
                                 .name = variable + "/update",
                                 .operands = {s, statistic},
                                 .attributes = {{"decay", 0.9}, {"debias", false}}}));
    }

    const records::run& run_;
};

report rewrite(in_house::module& m, const records::run& r) {
    qat_options<in_house::module> options;
    options.weight_bits = r.weight_bits;
    options.activation_bits = r.activation_bits;
    options.quant_delay = r.delay;
    if (r.freeze_delay >= 0) options.freeze_bn_delay = r.freeze_delay;
    options.stages = r.fold_only ? stage::fold : stage::all;
    return r.is_training ? rewrite_for<phase::training, scalar<tf115>>(m, options)
                         : rewrite_for<phase::evaluation, scalar<tf115>>(m, options);
}

/// Of the greatest magnitude in a tensor. Both sides round each operation to a share of 2^-24, 6e-8, but add up a
/// conv's products, and the squares of a variance, in orders of their own; on the way from an image to a statistic of
/// the third batch norm that comes to a few of these. Fake quantization hides them, since in this recording it never
/// decides between two steps by so little.
constexpr double tolerance = 1e-6;

/// The greatest difference, as a share of the greatest magnitude; 1 where the shapes differ.
double difference(const tensor& found, const tensor& expected) {
    if (found.dims != expected.dims) return 1;
    double greatest = 0;
    double magnitude = 0;
    for (std::size_t i = 0; i < expected.data.size(); ++i) {
        greatest = std::max(greatest, std::abs(static_cast<double>(found.data[i]) - expected.data[i]));
        magnitude = std::max(magnitude, std::abs(static_cast<double>(expected.data[i])));
    }
    return magnitude == 0 ? greatest : greatest / magnitude;
}

const records::recording& recording() {
    static const records::recording all = records::read(QGRAFT_TEST_DATA_DIR "/in_house_ir/tf115_batch_norm_runs.txt");
    return all;
}

/// Every output, range and moving average of a case, against what is recorded.
struct comparison {
    network n;
    in_house::interpreter running;
    std::size_t compared = 0;
    double worst = 0;

    explicit comparison(const records::run& r) : n(r), running(rewritten(r)), run_(r) {
        for (const auto& [scope, range] : r.ranges) set_range(scope, range);
    }

    void run() {
        for (std::size_t i = 0; i < run_.steps.size(); ++i) {
            CAPTURE(i);
            std::vector<op*> outputs = n.updates;
            outputs.push_back(n.scores);
            running.run({{n.image, records::image(recording().images.at(i))}}, outputs);
            compare(run_.steps[i]);
        }
    }

private:
    const in_house::module& rewritten(const records::run& r) {
        CHECK(rewrite(n.m, r).count(outcome::folded) == 3);
        CHECK_NOTHROW(verify(n.m));
        return n.m;
    }
    tensor& end_of_range(const std::string& scope, const char* end) {
        const op* o = n.m.find(in_house::below(scope, end));
        REQUIRE_MESSAGE(o != nullptr, scope);
        return running.state(o);
    }
    void set_range(const std::string& scope, const tensor& range) {
        end_of_range(scope, "min").data = {range.data.at(0)};
        end_of_range(scope, "max").data = {range.data.at(1)};
    }
    const op* passed_on(const std::string& scope) {
        if (scope == "scores") return n.scores;
        const op* o = n.m.find(scope + (run_.delay > 0 ? "/delayed_quant" : "/fake_quantize"));
        REQUIRE_MESSAGE(o != nullptr, scope);
        return o;
    }

    void compare(const records::step& s) {
        for (const auto& [scope, expected] : s.outputs) {
            const bool is_filter = scope.ends_with("weights_quant");
            check(scope, running.value(passed_on(scope)),
                  is_filter ? records::filter(scope, expected) : records::image(expected));
        }
        for (const auto& [scope, expected] : s.ranges) {
            const float low = end_of_range(scope, "min").data.at(0);
            check(scope, {{2}, {low, end_of_range(scope, "max").data.at(0)}}, expected);
        }
        for (const auto& [variable, expected] : s.moving)
            check(variable, running.state(n.moving.at(variable)), expected);
    }
    void check(const std::string& what, const tensor& found, const tensor& expected) {
        CAPTURE(what);
        const double d = difference(found, expected);
        CHECK(d < tolerance);
        worst = std::max(worst, d);
        compared += expected.data.size();
    }

    const records::run& run_;
};

}  // namespace

TEST_CASE("a folded network runs as TensorFlow 1.15's does") {
    REQUIRE(recording().runs.size() == 6);
    for (const records::run& r : recording().runs) {
        CAPTURE(r.name);
        comparison c(r);
        c.run();
        std::cout << r.name << ": " << c.compared << " values, the worst of which differs by " << c.worst << '\n';
        CHECK(c.compared >= (r.fold_only ? 18 : 1500));
    }
}
