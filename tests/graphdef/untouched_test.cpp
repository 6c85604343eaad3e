// What a rewrite must not touch: everything that it neither adds nor redirects, fields that nobody knows among it.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <google/protobuf/unknown_field_set.h>

#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

#include <qgraft/qat.hpp>

#include "graphdef/sketch.hpp"
#include "support/lines.hpp"

using namespace qgraft;
using namespace qgraft::testing_support;

namespace {

/// Gives a message a field that the schema does not have.
void add_unknown_field(google::protobuf::Message& m) {
    m.GetReflection()->MutableUnknownFields(&m)->AddLengthDelimited(1000, "of a later version");
}

/// A recorded network, and with it whatever else a file may hold.
meta_graph full(const std::string& name) {
    auto meta = read_data<meta_graph>("graphs/" + name + ".before.pb");
    auto& def = *meta.mutable_graph_def();
    def.mutable_versions()->set_producer(134);
    def.mutable_versions()->set_min_consumer(12);
    def.mutable_versions()->add_bad_consumers(77);
    def.set_version(21);
    auto& function = *def.mutable_library()->add_function();
    function.mutable_signature()->set_name("f");
    auto& body = *function.add_node_def();
    body.set_name("relu");
    body.set_op("Relu");
    body.add_input("x:out:0");
    (*function.mutable_ret())["y"] = "relu:activations:0";
    def.mutable_library()->add_gradient()->set_function_name("f");
    for (int i = 0; i < def.node_size(); ++i) {
        auto& n = *def.mutable_node(i);
        n.set_device("/job:worker/task:" + std::to_string(i));
        (*n.mutable_attr())["_kept"].set_s("bytes \xff of node " + std::to_string(i));
        n.mutable_experimental_debug_info()->add_original_node_names("origin");
        add_unknown_field(n);
        add_unknown_field((*n.mutable_attr())["_kept"]);
    }
    auto& signature = (*meta.mutable_signature_def())["serving_default"];
    (*signature.mutable_inputs())["x"].set_name("input:0");
    meta.mutable_saver_def()->set_filename_tensor_name("save/Const:0");
    meta.add_asset_file_def()->set_filename("vocabulary.txt");
    meta.mutable_meta_info_def()->add_tags("serve");
    meta.mutable_meta_info_def()->mutable_any_info()->set_type_url("type.googleapis.com/unknown");
    auto& collections = *meta.mutable_collection_def();
    collections["names"].mutable_node_list()->add_value("input:0");
    collections["numbers"].mutable_int64_list()->add_value(-1);
    collections["fractions"].mutable_float_list()->add_value(0.5F);
    collections["messages"].mutable_any_list()->add_value()->set_type_url("type.googleapis.com/unknown");
    add_unknown_field(collections["names"]);
    add_unknown_field(def);
    add_unknown_field(meta);
    add_unknown_field(*meta.mutable_meta_info_def());
    add_unknown_field(function);
    return meta;
}

void cut(meta_graph& meta, const meta_graph& before, const std::string& key) {
    const auto there = before.collection_def().find(key);
    if (there == before.collection_def().end()) {
        meta.mutable_collection_def()->erase(key);
        return;
    }
    auto& values = *(*meta.mutable_collection_def())[key].mutable_bytes_list()->mutable_value();
    const int kept = there->second.bytes_list().value_size();
    values.DeleteSubrange(kept, values.size() - kept);
}

/// The rewritten graph less what was added, and with the redirected inputs put back.
meta_graph without_additions(meta_graph meta, const meta_graph& before) {
    auto& nodes = *meta.mutable_graph_def()->mutable_node();
    nodes.DeleteSubrange(before.graph_def().node_size(), nodes.size() - before.graph_def().node_size());
    for (int i = 0; i < nodes.size(); ++i) *nodes.Mutable(i)->mutable_input() = before.graph_def().node(i).input();
    for (const char* key : {"variables", "cond_context"}) cut(meta, before, key);
    std::set<std::string> listed;
    for (const auto& op : before.meta_info_def().stripped_op_list().op()) listed.insert(op.name());
    auto& ops = *meta.mutable_meta_info_def()->mutable_stripped_op_list()->mutable_op();
    for (int i = ops.size() - 1; i >= 0; --i) {
        if (!listed.contains(ops.Get(i).name())) ops.DeleteSubrange(i, 1);
    }
    return meta;
}

/// Rewrites with every construct there is.
void rewrite(meta_graph& meta, bool resource, edit_observer observer = {}) {
    graph g(meta, {.resource_variables = resource});
    qat_options<graph> options{.quant_delay = 10, .stages = stage::quantize};
    options.on_change = std::move(observer);
    rewrite_for<phase::training>(g, options);
}

}  // namespace

TEST_CASE("less its additions, the rewritten file is the file, byte for byte") {
    for (const char* name :
         {"conv_bias_relu6", "conv_bias_relu6_resource", "existing_cond", "existing_loop", "overlapping_bypasses"}) {
        CAPTURE(name);
        const meta_graph before = full(name);
        meta_graph after = before;
        rewrite(after, std::string_view(name).ends_with("resource"));
        CHECK(after.graph_def().node_size() > before.graph_def().node_size());
        CHECK(bytes_of(without_additions(after, before)) == bytes_of(before));
    }
}

TEST_CASE("inputs are redirected, and neither their number nor the control inputs change") {
    const meta_graph before = full("control_dependencies");
    meta_graph after = before;
    rewrite(after, false);
    int redirected = 0;
    for (int i = 0; i < before.graph_def().node_size(); ++i) {
        const auto& was = before.graph_def().node(i);
        const auto& is = after.graph_def().node(i);
        CAPTURE(was.name());
        REQUIRE(is.input_size() == was.input_size());
        for (int k = 0; k < was.input_size(); ++k) {
            if (is.input(k) == was.input(k)) continue;
            ++redirected;
            CHECK_FALSE(was.input(k).starts_with('^'));
        }
    }
    CHECK(redirected > 0);
}

TEST_CASE("a rewrite that fails in its midst leaves the file as it was, byte for byte") {
    const meta_graph before = full("conv_bias_relu6");
    int changes = 0;
    {
        meta_graph meta = before;
        rewrite(meta, false, [&changes](std::string_view) { ++changes; });
    }
    CHECK(changes > 50);
    for (int at = 1; at <= changes; at += 7) {
        CAPTURE(at);
        meta_graph meta = before;
        int calls = 0;
        CHECK_THROWS_AS(
            rewrite(meta, false,
                    [&](std::string_view) { ++calls == at ? throw std::runtime_error("injected") : void(); }),
            std::runtime_error);
        CHECK(bytes_of(meta) == bytes_of(before));
    }
}

TEST_CASE("a dry run leaves the file as it was, byte for byte, inputs spelled with port 0 among it") {
    meta_graph meta = full("conv_bias_relu6");
    for (auto& n : *meta.mutable_graph_def()->mutable_node()) {
        for (std::string& text : *n.mutable_input()) {
            if (text.find_first_of("^:") == std::string::npos) text += ":0";
        }
    }
    const std::string before = bytes_of(meta);
    graph g(meta);
    const report r = rewrite_for<phase::training>(
        g, qat_options<graph>{.quant_delay = 10, .stages = stage::quantize, .dry_run = true});
    CHECK(r.nodes_after > r.nodes_before);
    CHECK(bytes_of(meta) == before);
}
