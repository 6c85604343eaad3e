// The conformance suite on the adapter for TensorFlow's graph files.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <qgraft/graphdef/dialect.hpp>
#include <qgraft/graphdef/qgraft_graphdef.pb.h>
#include <qgraft/qat.hpp>
#include <qgraft/testing/conformance.hpp>

#include "support/lines.hpp"

using namespace qgraft;
using testing::failures;

namespace {

using meta_graph = graphdef::proto::MetaGraphDef;
using graph = graphdef::basic_graph<graphdef::proto::GraphDef, meta_graph>;
using bare_graph = graphdef::basic_graph<graphdef::proto::GraphDef>;

meta_graph load(const std::string& name) {
    std::ifstream in(QGRAFT_TEST_DATA_DIR "/graphs/" + name + ".before.pb", std::ios::binary);
    meta_graph meta;
    REQUIRE_MESSAGE(meta.ParseFromIstream(&in), name);
    return meta;
}

/// A message and the graph over it.
template <class G>
struct owner {
    std::unique_ptr<meta_graph> meta;
    std::unique_ptr<G> over;

    owner(const std::string& name, graphdef::graph_options options) : meta(std::make_unique<meta_graph>(load(name))) {
        if constexpr (std::is_same_v<G, graph>) {
            over = std::make_unique<G>(*meta, options);
        } else {
            over = std::make_unique<G>(*meta->mutable_graph_def(), options);
        }
    }
    G& operator*() const { return *over; }
};

/// The whole message, maps in order of their keys, and how many names were claimed.
template <class G>
std::string print(const owner<G>& made) {
    std::string bytes;
    {
        google::protobuf::io::StringOutputStream stream(&bytes);
        google::protobuf::io::CodedOutputStream coded(&stream);
        coded.SetSerializationDeterministic(true);
        made.meta->SerializeToCodedStream(&coded);
    }
    return bytes + std::to_string((*made).checkpoint().names);
}

/// Any operation of the network that gives numbers.
template <class G>
value<graphdef::node_ref> data(G& g) {
    for (const auto n : g.nodes()) {
        if (g.definition(n).op() == "Relu6") return {n, 0};
    }
    return {g.nodes().front(), 0};
}

template <class G>
graphdef::new_node new_node(G& g) {
    return {"Identity", g.names().unique("added"), {data(g)}, {g.nodes().front()}, {}};
}

template <class G>
void rewrite(G& g, edit_observer fail) {
    qat_options<G> options{.quant_delay = 10, .stages = stage::quantize};
    options.on_change = std::move(fail);
    rewrite_for<phase::training>(g, options);
}

/// The whole suite on one recorded graph.
template <class G>
failures found(const std::string& name, graphdef::graph_options options) {
    const auto make = [&] { return owner<G>(name, options); };
    failures all = testing::check_graph<G>(make, print<G>, new_node<G>, data<G>);
    typename G::attribute attribute;
    attribute.set_i(1);
    for (const auto& f : testing::check_attributes<G>(make, print<G>, "key", attribute)) all.push_back(f);
    for (const auto& f : testing::check_all_or_nothing<G>(make, print<G>, rewrite<G>)) all.push_back(f);
    return all;
}

}  // namespace

TEST_CASE("a MetaGraphDef with reference variables conforms") {
    CHECK(found<graph>("conv_bias_relu6", {}) == failures{});
}

TEST_CASE("a MetaGraphDef with resource variables conforms") {
    CHECK(found<graph>("conv_bias_relu6_resource", {.resource_variables = true}) == failures{});
}

TEST_CASE("a GraphDef without collections conforms") {
    CHECK(found<bare_graph>("conv_bias_relu6", {}) == failures{});
    CHECK(found<bare_graph>("conv_bias_relu6_resource", {.resource_variables = true}) == failures{});
}

TEST_CASE("graphs with loops, conds, devices and control dependencies conform") {
    for (const char* name : {"existing_loop", "existing_cond", "devices", "control_dependencies"}) {
        CAPTURE(name);
        CHECK(found<graph>(name, {}) == failures{});
    }
}

TEST_CASE("after a rewrite that failed, and after a dry run, a rewrite builds what it would have built at first") {
    const auto rewritten = [](auto first) {
        const owner<graph> made("conv_bias_relu6", {});
        first(*made);
        rewrite(*made, {});
        return print(made);
    };
    const std::string at_once = rewritten([](graph&) {});
    CHECK(rewritten([](graph& g) {
              rewrite_for<phase::evaluation>(g, qat_options<graph>{.stages = stage::quantize, .dry_run = true});
          }) == at_once);
    CHECK(rewritten([](graph& g) {
              int calls = 0;
              CHECK_THROWS_AS(
                  rewrite(g, [&](std::string_view) { ++calls == 50 ? throw std::runtime_error("") : void(); }),
                  std::runtime_error);
          }) == at_once);
}

TEST_CASE("a handle that is used again has the shape of its new node") {
    meta_graph meta;
    bare_graph g(*meta.mutable_graph_def());
    const auto shape_of_new = [&](int rank) {
        const auto n = g.add_node({"Placeholder", "x", {}, {}, {}});
        for (int i = 0; i < rank; ++i) graphdef::attribute(g.definition(n), "shape").mutable_shape()->add_dim();
        const tensor_shape shape = g.shape({n, 0});
        g.erase_node(n);
        return shape;
    };
    CHECK(shape_of_new(2).rank() == 2);
    CHECK(shape_of_new(4).rank() == 4);
}
