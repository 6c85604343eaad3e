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
  "weights": {"bits": 4},
  "layers": [{"position": "first", "weights": {"bits": 8}}, {"position": "last", "weights": {"bits": 8}}]
})";

/// The same with the names of the layers.
struct mixed : qat_policy<quant_spec{.bits = 4, .narrow_range = true}> {
    static void settings_of(const layer_facts& layer, layer_settings& settings) {
        const bool is_first = layer.name.find("/Conv2d_0/") != std::string::npos;
        const bool is_last = layer.name.find("/Logits/") != std::string::npos;
        if (is_first || is_last) settings.weights.bits = 8;
    }
};

template <class Rewrite>
meta_graph rewritten(Rewrite rewrite) {
    meta_graph meta = load(std::string(QGRAFT_TEST_DATA_DIR) + "/graphs/mobilenet_v1.before.pb");
    tensorflow_graph g(meta);
    rewrite(g);
    return meta;
}

/// How many fake quantizations of weights have a width.
std::size_t count_of_weights(const meta_graph& meta, int bits) {
    std::size_t count = 0;
    for (const auto& n : meta.graph_def().node()) {
        const bool is_of_weights = n.name().find("/weights_quant/") != std::string::npos;
        if (is_of_weights && n.op() == "FakeQuantWithMinMaxVars" && n.attr().at("num_bits").i() == bits) ++count;
    }
    return count;
}

}  // namespace

TEST_CASE("8-bit first and last layers, and 4-bit weights between") {
    qat_options<tensorflow_graph> options;
    pt::apply(pt::read_configuration(configuration, pt::format::json), options);
    const meta_graph by_file = rewritten([&](tensorflow_graph& g) { rewrite_for<phase::training>(g, options); });
    CHECK(count_of_weights(by_file, 8) == 2);
    CHECK(count_of_weights(by_file, 4) == 26);
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
