// The interpreter's output of a rewritten network is TensorFlow 1.15's, bit for bit.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>
#include <qgraft/kernels/scalar.hpp>
#include <qgraft/qat.hpp>
#include <string>
#include <type_traits>
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

/// The network of record_tf115.py.
struct network {
    in_house::module m;
    op* image = nullptr;
    op* scores = nullptr;

    explicit network(const records::run& r) : run_(r) {
        image = m.add({.what = kind::input, .name = "image"});
        op* x = layer("conv1", kind::conv, image, {{"padding", std::string("same")}, {"strides", extents{2, 2}}});
        x = clamp("conv1/clamp", x, {{"low", 0.0}, {"high", 6.0}});
        op* y = layer("depthwise", kind::conv, x, {{"padding", std::string("same")}, {"groups", std::int64_t{8}}});
        y = clamp("depthwise/clamp", y, {{"low", 0.0}});
        x = m.add({.what = kind::add, .name = "sum/sum", .operands = {{x}, {y}}});
        x = clamp("conv2/clamp", layer("conv2", kind::conv, x, {}), {{"low", 0.0}});
        x = m.add({.what = kind::max_pool,
                   .name = "pool",
                   .operands = {{x}},
                   .attributes = {{"window", extents{2, 2}}, {"strides", extents{2, 2}}}});
        x = reshape("flat", x, {1, 6});
        scores = reshape("scores", layer("dense", kind::fully_connected, x, {}), {5});
    }

private:
    using attributes = in_house::attribute_list;

    op* param(const std::string& name, tensor t) {
        return m.add({.what = kind::param, .name = name, .types = {t.dims}, .data = std::move(t.data)});
    }
    op* layer(const std::string& name, kind what, op* x, attributes a) {
        op* w = param(name + "/weights", records::filter(name, run_.weights.at(name + "/weights")));
        op* y = m.add({.what = what, .name = name + "/product", .operands = {{x}, {w}}, .attributes = std::move(a)});
        op* b = param(name + "/offsets", run_.weights.at(name + "/offsets"));
        return m.add({.what = kind::bias, .name = name + "/bias", .operands = {{y}, {b}}});
    }
    op* clamp(const std::string& name, op* x, attributes a) {
        return m.add({.what = kind::clamp, .name = name, .operands = {{x}}, .attributes = std::move(a)});
    }
    op* reshape(const std::string& name, op* x, extents dims) {
        return m.add(
            {.what = kind::reshape, .name = name, .operands = {{x}}, .attributes = {{"dims", std::move(dims)}}});
    }

    const records::run& run_;
};

/// Everything at run time.
void rewrite(in_house::module& m, const records::run& r) {
    qat_options<in_house::module> options;
    options.weight_bits = r.weight_bits;
    options.activation_bits = r.activation_bits;
    options.symmetric = r.symmetric;
    options.quant_delay = r.delay;
    if (r.is_training) {
        rewrite_for<phase::training, scalar<tf115>>(m, options);
    } else {
        rewrite_for<phase::evaluation, scalar<tf115>>(m, options);
    }
}

/// Widths and symmetry at compile time.
template <int Bits, bool Symmetric>
void rewrite_as(in_house::module& m, const records::run& r) {
    using policy = qat_policy<quant_spec{.bits = Bits, .symmetric = Symmetric, .narrow_range = true},
                              quant_spec{.bits = Bits, .symmetric = Symmetric}, scalar<tf115>>;
    qat_options<in_house::module> options;
    options.quant_delay = r.delay;
    if (r.is_training) {
        rewrite_for<phase::training, policy>(m, options);
    } else {
        rewrite_for<phase::evaluation, policy>(m, options);
    }
}

void rewrite_by_policy(in_house::module& m, const records::run& r) {
    REQUIRE(r.weight_bits == r.activation_bits);
    REQUIRE((r.weight_bits == 8 || r.weight_bits == 4));
    if (r.weight_bits == 8) {
        r.symmetric ? rewrite_as<8, true>(m, r) : rewrite_as<8, false>(m, r);
    } else {
        r.symmetric ? rewrite_as<4, true>(m, r) : rewrite_as<4, false>(m, r);
    }
}

/// How many elements differ in their bits; all of them where the shapes differ.
std::size_t differences(const tensor& a, const tensor& b) {
    if (a.dims != b.dims) return a.data.size() + b.data.size();
    std::size_t n = 0;
    for (std::size_t i = 0; i < a.data.size(); ++i)
        n += std::bit_cast<std::uint32_t>(a.data[i]) != std::bit_cast<std::uint32_t>(b.data[i]) ? 1U : 0U;
    return n;
}

/// What the readers of a quantized value read, by the scope that the rewrite made for it.
const op* passed_on(const network& n, const std::string& scope, bool is_delayed) {
    const op* o = n.m.find(scope + (is_delayed ? "/delayed_quant" : "/fake_quantize"));
    REQUIRE_MESSAGE(o != nullptr, scope);
    CHECK(o->what == (is_delayed ? kind::choose : kind::fake_quantize));
    return o;
}

float& end_of_range(in_house::interpreter& running, const network& n, const std::string& scope, const char* end) {
    const op* o = n.m.find(scope + "/" + end);
    REQUIRE_MESSAGE(o != nullptr, scope);
    return running.state(o).data.at(0);
}

void compare(const records::recording& all, const records::run& r,
             void (*rewrite_module)(in_house::module&, const records::run&)) {
    CAPTURE(r.name);
    network n(r);
    rewrite_module(n.m, r);
    CHECK_NOTHROW(verify(n.m));
    in_house::interpreter running(n.m);
    for (const auto& [scope, range] : r.ranges) {
        end_of_range(running, n, scope, "min") = range.data.at(0);
        end_of_range(running, n, scope, "max") = range.data.at(1);
    }
    std::size_t compared = 0;
    for (std::size_t i = 0; i < r.steps.size(); ++i) {
        CAPTURE(i);
        running.run({{n.image, records::image(all.images.at(i))}}, {n.scores});
        for (const auto& output : r.steps[i].outputs) {
            const std::string& scope = output.first;
            const tensor& expected = output.second;
            CAPTURE(scope);
            const op* o = scope == "scores" ? n.scores : passed_on(n, scope, r.delay > 0);
            const bool is_filter = scope.ends_with("weights_quant");
            const tensor in_our_layout = is_filter ? records::filter(scope, expected) : records::image(expected);
            CHECK(differences(running.value(o), in_our_layout) == 0);
            compared += expected.data.size();
        }
        for (const auto& range : r.steps[i].ranges) {
            const std::string& scope = range.first;
            CAPTURE(scope);
            const tensor found{{2}, {end_of_range(running, n, scope, "min"), end_of_range(running, n, scope, "max")}};
            CHECK(differences(found, range.second) == 0);
            compared += 2;
        }
    }
    CHECK(compared > 1500);
}

const records::recording& recording() {
    static const records::recording all = records::read(QGRAFT_TEST_DATA_DIR "/in_house_ir/tf115_runs.txt");
    return all;
}

}  // namespace

TEST_CASE("a rewritten network runs as TensorFlow 1.15's does, options at run time") {
    CHECK(recording().runs.size() == 9);
    for (const records::run& r : recording().runs) compare(recording(), r, rewrite);
}

TEST_CASE("a rewritten network runs as TensorFlow 1.15's does, policy at compile time") {
    for (const records::run& r : recording().runs) compare(recording(), r, rewrite_by_policy);
}
