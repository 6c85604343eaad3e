// Mixed precision on the recorded MobileNet: a configuration and a policy fixed at compile time give one graph.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>

#include <qgraft/property_tree/read_configuration.hpp>
#include <qgraft/property_tree/select_layers.hpp>

#include "support/lines.hpp"
#include "support/meta_diff.hpp"
#include "support/recorded_graphs.hpp"

namespace {

using namespace qgraft;
using namespace qgraft::testing_support;
namespace pt = qgraft::property_tree;

constexpr std::string_view configuration = R"({
  "weights": {"bits": 4, "granularity": "per_channel"},
  "layers": [{"position": "first", "weights": {"bits": 8, "granularity": "per_tensor"}},
             {"position": "last", "weights": {"bits": 8, "granularity": "per_tensor"}}]
})";

/// The same with the names of the layers.
struct is_first_or_last {
    bool operator()(const layer_facts& layer) const {
        return layer.name.find("/Conv2d_0/") != std::string::npos || layer.name.find("/Logits/") != std::string::npos;
    }
};
using mixed = qat<weights<quant_spec{.bits = 4, .narrow_range = true, .grain = granularity::per_channel}>,
                  activations<quant_spec{}>, no_kernels,
                  where<is_first_or_last, weights<quant_spec{.bits = 8, .narrow_range = true}>>>;

template <class Rewrite>
meta_graph rewritten(Rewrite rewrite) {
    meta_graph meta = load(std::string(QGRAFT_TEST_DATA_DIR) + "/graphs/mobilenet_v1.before.pb");
    tensorflow_graph g(meta);
    rewrite(g);
    return meta;
}

/// How many fake quantizations of weights are an operation of a width.
std::size_t count_of_weights(const meta_graph& meta, std::string_view op, int bits) {
    std::size_t count = 0;
    for (const auto& n : meta.graph_def().node()) {
        const bool is_of_weights = n.name().find("/weights_quant/") != std::string::npos;
        if (is_of_weights && n.op() == op && n.attr().at("num_bits").i() == bits) ++count;
    }
    return count;
}

}  // namespace

TEST_CASE("8-bit first and last layers, and between them 4-bit weights with a range for each channel") {
    qat_options<tensorflow_graph> options;
    pt::apply(pt::read_configuration(configuration, pt::format::json), options);
    const meta_graph by_file = rewritten([&](tensorflow_graph& g) { rewrite_for<phase::training>(g, options); });
    CHECK(count_of_weights(by_file, "FakeQuantWithMinMaxVars", 8) == 2);
    CHECK(count_of_weights(by_file, "FakeQuantWithMinMaxVars", 4) == 0);
    CHECK(count_of_weights(by_file, "FakeQuantWithMinMaxVarsPerChannel", 4) == 26);
    const meta_graph by_policy = rewritten([](tensorflow_graph& g) { rewrite_for<phase::training, mixed>(g); });
    CHECK(diff_meta(by_file, by_policy) == lines{});
    CHECK(equal_files_content(by_file, by_policy));
    // Rewritten again, it stays as it is.
    const meta_graph again = rewritten([&](tensorflow_graph& g) {
        rewrite_for<phase::training>(g, options);
        CHECK(rewrite_for<phase::training>(g, options).count(outcome::quantized) == 0);
    });
    CHECK(diff_meta(by_file, again) == lines{});
    CHECK(equal_files_content(by_file, again));
}
