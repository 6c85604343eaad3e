// A host's own classes: the adapter on another set of messages, in one program with qgraft's own, gives the same bytes.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include <qgraft/graphdef/dialect.hpp>
#include <qgraft/graphdef/io.hpp>
#include <qgraft/qat.hpp>

// A host is not made to build qgraft's messages.
#ifdef GOOGLE_PROTOBUF_INCLUDED_qgraft_5fgraphdef_2eproto
#error "the adapter includes qgraft's own messages"
#endif

#include "graphdef/sketch.hpp"
#include "host/qgraft_graphdef.pb.h"

using namespace qgraft;
using namespace qgraft::testing_support;

namespace {

/// The classes of a host that has TensorFlow's schema in the package of that name.
using host_graph = graphdef::basic_graph<tensorflow::GraphDef, tensorflow::MetaGraphDef>;
using host_bare_graph = graphdef::basic_graph<tensorflow::GraphDef>;

static_assert(!std::is_same_v<tensorflow::GraphDef, proto::GraphDef>);
static_assert(std::is_same_v<host_graph::node_def, tensorflow::NodeDef>);
static_assert(std::is_same_v<host_graph::attribute, tensorflow::AttrValue>);

/// What is asked of both.
struct request {
    const char* network;
    bool resource = false;
    std::optional<std::int64_t> quant_delay{};
    bool training = true;
    int bits = 8;
};

template <class G>
report rewrite(G& g, const request& r) {
    const qat_options<G> options{
        .weight_bits = r.bits, .activation_bits = r.bits, .quant_delay = r.quant_delay, .stages = stage::quantize};
    return r.training ? rewrite_for<phase::training>(g, options) : rewrite_for<phase::evaluation>(g, options);
}

template <class G, class MetaGraphDef>
std::string rewritten(const request& r) {
    auto meta = read_data<MetaGraphDef>(std::string("graphs/") + r.network + ".before.pb");
    G g(meta, {.resource_variables = r.resource});
    CHECK(rewrite(g, r).count(outcome::quantized) > 0);
    return bytes_of(meta);
}

template <class G, class MetaGraphDef>
std::string rewritten_bare(const request& r) {
    auto meta = read_data<MetaGraphDef>(std::string("graphs/") + r.network + ".before.pb");
    G g(*meta.mutable_graph_def(), {.resource_variables = r.resource});
    CHECK(rewrite(g, r).count(outcome::quantized) > 0);
    return bytes_of(meta.graph_def());
}

constexpr request requests[] = {
    {.network = "conv_bias_relu6"},
    {.network = "conv_bias_relu6", .quant_delay = 10},
    {.network = "conv_bias_relu6_resource", .resource = true, .quant_delay = 10},
    {.network = "residual_blocks", .training = false, .bits = 4},
    {.network = "unknown_rank"},
    {.network = "mobilenet_v1_nobn"},
    {.network = "devices_resource", .resource = true},
};

}  // namespace

TEST_CASE("a host's MetaGraphDef becomes what qgraft's own becomes, byte for byte") {
    for (const request& r : requests) {
        CAPTURE(r.network);
        CHECK(rewritten<host_graph, tensorflow::MetaGraphDef>(r) == rewritten<graph, meta_graph>(r));
    }
}

TEST_CASE("a host's GraphDef becomes what qgraft's own becomes, byte for byte") {
    for (const request& r : requests) {
        CAPTURE(r.network);
        CHECK(rewritten_bare<host_bare_graph, tensorflow::MetaGraphDef>(r) ==
              rewritten_bare<bare_graph, meta_graph>(r));
    }
}

TEST_CASE("a host's malformed graph is refused as qgraft's own is") {
    tensorflow::GraphDef def;
    auto& n = *def.add_node();
    n.set_name("a");
    n.add_input("z");
    CHECK_THROWS_WITH_AS(host_bare_graph{def}, "a: reads 'z', which is not in the graph", invalid_graph);
}

TEST_CASE("a host's graph is as it was after a rewrite that failed") {
    auto meta = read_data<tensorflow::MetaGraphDef>("graphs/conv_bias_relu6.before.pb");
    const std::string before = bytes_of(meta);
    host_graph g(meta);
    qat_options<host_graph> options{.quant_delay = 10, .stages = stage::quantize};
    int left = 60;
    options.on_change = [&left](std::string_view) {
        if (--left == 0) throw std::runtime_error("injected");
    };
    CHECK_THROWS_AS(rewrite_for<phase::training>(g, options), std::runtime_error);
    CHECK(bytes_of(meta) == before);
}
