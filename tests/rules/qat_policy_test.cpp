// Tests of rules/qat_policy.hpp: a policy as a type, with overrides for single layers.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <type_traits>

#include <qgraft/kernels/scalar.hpp>
#include <qgraft/rules/qat_policy.hpp>

using namespace qgraft;

namespace {

struct is_first {
    bool operator()(const layer_facts& l) const { return l.name == "first"; }
};
struct is_dense {
    bool operator()(const layer_facts& l) const { return l.op == word::matmul; }
};

constexpr quant_spec four{.bits = 4, .symmetric = true, .narrow_range = true, .grain = granularity::per_channel};
constexpr quant_spec eight{.bits = 8, .narrow_range = true};

template <class Policy>
layer_settings settings(const layer_facts& layer) {
    layer_settings s{.weights = Policy::weights, .activations = Policy::activations};
    Policy::settings_of(layer, s);
    return s;
}

}  // namespace

TEST_CASE("a policy's defaults are those of the entry points") {
    CHECK(qat<>::weights == quant_spec{.bits = 8, .narrow_range = true});
    CHECK(qat<>::activations == quant_spec{.bits = 8});
    static_assert(std::is_same_v<qat<>, qat_policy<>>);
    static_assert(!qat<>::has_channels);
}

TEST_CASE("a policy by specs alone is the same type") {
    using policy = qat<weights<four>, activations<quant_spec{.bits = 6}>, scalar<>>;
    static_assert(std::is_same_v<policy, qat_policy<four, quant_spec{.bits = 6}, scalar<>>>);
    static_assert(policy::has_channels);
    CHECK(policy::weights == four);
}

TEST_CASE("overrides change the settings of the layers that their predicates choose, the later one last") {
    using policy = qat<weights<four>, activations<quant_spec{}>, no_kernels, where<is_dense, weights<eight>>,
                       where<is_first, activations<quant_spec{.bits = 6}>, weights<quant_spec{.bits = 5}>>>;
    CHECK(settings<policy>({.name = "second", .op = word::conv2d}).weights == four);
    CHECK(settings<policy>({.name = "second", .op = word::matmul}).weights == eight);
    CHECK(settings<policy>({.name = "first", .op = word::matmul}).weights == quant_spec{.bits = 5});
    CHECK(settings<policy>({.name = "first", .op = word::conv2d}).activations == quant_spec{.bits = 6});
}

TEST_CASE("a predicate may be the type of a lambda, and layers may stay as they are") {
    using is_last = decltype([](const layer_facts& l) { return l.name.ends_with("last"); });
    using policy = qat<weights<eight>, activations<quant_spec{}>, no_kernels, where<is_last, excluded>>;
    CHECK(settings<policy>({.name = "net/last"}).excluded);
    CHECK_FALSE(settings<policy>({.name = "net/first"}).excluded);
}

TEST_CASE("channels of an override are channels of the policy") {
    using policy = qat<weights<eight>, activations<quant_spec{}>, no_kernels, where<is_first, weights<four>>>;
    static_assert(policy::has_channels);
    static_assert(
        !qat<weights<eight>, activations<quant_spec{}>, no_kernels, where<is_first, weights<eight>>>::has_channels);
    CHECK(settings<policy>({.name = "first"}).weights == four);
}
