// A network with batch norms, folded and quantized: the interpreter's output is TensorFlow 1.15's to float rounding.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <qgraft/kernels/scalar.hpp>
#include <qgraft/qat.hpp>

#include "interpreter.hpp"
#include "ir.hpp"
#include "ir_dialect.hpp"
#include "listing.hpp"
#include "records.hpp"

namespace {

using namespace qgraft;
using in_house::extents;
using in_house::kind;
using in_house::op;
using in_house::tensor;

/// Weights in this representation's layout. The last layer reads an image of 4 x 3 x 3 as a vector, channels outermost.
tensor filter(const std::string& layer, tensor t) {
    if (layer != "dense") return records::filter(layer, t);
    tensor by_place{{3, 3, 4, t.dims.at(1)}, std::move(t.data)};
    tensor w = records::transposed(by_place, {3, 2, 0, 1});
    w.dims = {w.dims[0], 36};
    return w;
}

/// The network of record_batch_norms.py, where a batch norm is one op, and a moving average another.
struct network {
    in_house::module m;
    op* image = nullptr;
    op* scores = nullptr;
    std::map<std::string, op*> statistics;  ///< the states of moving averages, by name
    std::vector<op*> wanted;                ///< of each step: the scores, and the averages

    explicit network(const records::run& r) : run_(r) {
        image = m.add({.what = kind::input, .name = "image", .attributes = {{"dims", extents{2, 3, 6, 6}}}});
        op* x = conv("conv1", "weights", image, {{"padding", std::string("same")}, {"strides", extents{2, 2}}});
        x = clamp("conv1", x, {{"low", 0.0}, {"high", 6.0}});
        op* y =
            conv("depthwise", "depthwise_weights", x, {{"padding", std::string("same")}, {"groups", std::int64_t{4}}});
        y = clamp("depthwise", y, {{"low", 0.0}});
        y = conv("sum/conv2", "weights", y, {{"padding", std::string("same")}});
        x = m.add({.what = kind::add, .name = "sum/sum", .operands = {{x}, {y}}});
        x = clamp("sum", x, {{"low", 0.0}});
        x = reshape("flat", x, {2, 36});
        x = layer("dense", kind::fully_connected, "weights", x, {});
        x = m.add({.what = kind::bias, .name = "dense/bias", .operands = {{x}, {param("dense/biases")}}});
        scores = reshape("scores", x, {10});
        wanted.push_back(scores);
    }

private:
    using attributes = std::map<std::string, in_house::attribute, std::less<>>;

    op* held(kind what, const std::string& name, tensor t) {
        return m.add({.what = what, .name = name, .types = {t.dims}, .data = std::move(t.data)});
    }
    op* param(const std::string& name) { return held(kind::param, name, run_.weights.at(name)); }

    op* layer(const std::string& name, kind what, const std::string& weights, op* x, attributes a) {
        op* w = held(kind::param, name + "/" + weights, filter(name, run_.weights.at(name + "/" + weights)));
        return m.add({.what = what, .name = name + "/product", .operands = {{x}, {w}}, .attributes = std::move(a)});
    }

    /// A convolution and its batch norm.
    op* conv(const std::string& name, const std::string& weights, op* x, attributes a) {
        x = layer(name, kind::conv, weights, x, std::move(a));
        const std::string norm = name + "/BatchNorm/";
        std::vector<in_house::result> operands{{x}, {param(norm + "gamma")}, {param(norm + "beta")}};
        if (!run_.is_training) {
            operands.push_back({param(norm + "moving_mean")});
            operands.push_back({param(norm + "moving_variance")});
        }
        op* y = m.add({.what = kind::batch_norm,
                       .name = norm + "norm",
                       .operands = std::move(operands),
                       .attributes = {{"epsilon", 0.01}}});
        if (run_.is_training) {
            average(norm + "moving_mean", {y, 1});
            average(norm + "moving_variance", {y, 2});
        }
        return y;
    }

    void average(const std::string& name, in_house::result of) {
        op* moving = held(kind::state, name, run_.weights.at(name));
        statistics.emplace(name, moving);
        wanted.push_back(m.add({.what = kind::running_average,
                                .name = name + "/average",
                                .operands = {{moving}, of},
                                .attributes = {{"decay", 0.875}, {"debias", false}}}));
    }

    op* clamp(const std::string& name, op* x, attributes a) {
        return m.add({.what = kind::clamp, .name = name + "/clamp", .operands = {{x}}, .attributes = std::move(a)});
    }
    op* reshape(const std::string& name, op* x, extents dims) {
        return m.add(
            {.what = kind::reshape, .name = name, .operands = {{x}}, .attributes = {{"dims", std::move(dims)}}});
    }

    const records::run& run_;
};

report rewrite(network& n, const records::run& r) {
    qat_options<in_house::module> options;
    options.weight_bits = r.weight_bits;
    options.activation_bits = r.activation_bits;
    options.symmetric = r.symmetric;
    options.quant_delay = r.delay;
    if (r.freeze >= 0) options.freeze_bn_delay = r.freeze;
    return r.is_training ? rewrite_for<phase::training, scalar<tf115>>(n.m, options)
                         : rewrite_for<phase::evaluation, scalar<tf115>>(n.m, options);
}

/// The greatest difference, beside the greatest value; infinite where the shapes differ.
double difference(const tensor& found, const tensor& expected) {
    if (found.dims != expected.dims) return INFINITY;
    double greatest = 0;
    double worst = 0;
    for (std::size_t i = 0; i < expected.data.size(); ++i) {
        greatest = std::max(greatest, std::abs(static_cast<double>(expected.data[i])));
        worst = std::max(worst, std::abs(static_cast<double>(found.data[i]) - static_cast<double>(expected.data[i])));
    }
    return worst / std::max(greatest, 1e-30);
}

/// A dozen roundings, one after the other. A quantized value that became its neighbour would be off by 1/255 or more.
constexpr double rounding = 12 * 5.96e-8;

struct comparison {
    network n;
    in_house::interpreter running;
    std::size_t compared = 0;

    comparison(network&& rewritten) : n(std::move(rewritten)), running(n.m) {}

    void check(const std::string& what, const tensor& found, const tensor& expected) {
        CAPTURE(what);
        CHECK(difference(found, expected) <= rounding);
        compared += expected.data.size();
    }

    tensor range(const std::string& scope) {
        return {{2}, {running.state(n.m.find(scope + "/min")), running.state(n.m.find(scope + "/max"))}};
    }

    void check_step(const records::run& r, const records::step& s) {
        for (const auto& [scope, expected] : s.outputs) {
            const op* o =
                n.m.find(scope == "scores" ? scope : scope + (r.delay > 0 ? "/delayed_quant" : "/fake_quantize"));
            REQUIRE_MESSAGE(o != nullptr, scope);
            const bool is_filter = scope.ends_with("weights_quant");
            const std::string layer = scope.substr(0, scope.find('/'));
            check(scope, running.value(o), is_filter ? filter(layer, expected) : records::image(expected));
        }
        for (const auto& [scope, expected] : s.ranges) check("range of " + scope, range(scope), expected);
        for (const auto& [name, expected] : s.moving) check(name, running.held(n.statistics.at(name)), expected);
    }
};

void compare(const records::recording& all, const records::run& r) {
    CAPTURE(r.name);
    network built(r);
    const report done = rewrite(built, r);
    CHECK(done.count(outcome::folded) == 3);
    CHECK(done.count(outcome::not_covered) == 0);
    comparison c(std::move(built));
    for (const auto& [scope, range] : r.ranges) {
        c.running.state(c.n.m.find(scope + "/min")) = range.data.at(0);
        c.running.state(c.n.m.find(scope + "/max")) = range.data.at(1);
    }
    REQUIRE(r.steps.size() == 3);
    for (std::size_t i = 0; i < r.steps.size(); ++i) {
        CAPTURE(i);
        c.running.run({{c.n.image, records::image(all.images.at(i))}}, c.n.wanted);
        c.check_step(r, r.steps[i]);
    }
    CHECK(c.compared > 2000);
}

const records::recording& recording() {
    static const records::recording all = records::read(QGRAFT_TEST_DATA_DIR "/in_house_ir/tf115_batch_norm_runs.txt");
    return all;
}

const records::run& run_called(const std::string& name) {
    const auto& runs = recording().runs;
    return *std::find_if(runs.begin(), runs.end(), [&name](const records::run& r) { return r.name == name; });
}

}  // namespace

TEST_CASE("a network with batch norms trains as TensorFlow 1.15's does, statistics and ranges over three steps") {
    CHECK(recording().runs.size() == 4);
    compare(recording(), run_called("training"));
    compare(recording(), run_called("training_4_bits_symmetric"));
}

TEST_CASE("its statistics freeze when they are to") { compare(recording(), run_called("training_freeze")); }

TEST_CASE("evaluated with what training has left, it gives what TensorFlow 1.15 gives") {
    compare(recording(), run_called("evaluation"));
}

TEST_CASE("folded and quantized once, it does not change again") {
    for (const records::run& r : recording().runs) {
        CAPTURE(r.name);
        network n(r);
        rewrite(n, r);
        const auto text = [&n] {
            std::ostringstream out;
            in_house::write(out, n.m);
            return out.str();
        };
        const std::string once = text();
        CHECK(rewrite(n, r).count(outcome::folded) == 0);
        CHECK(text() == once);
    }
}
