// Collections: variables and cond contexts that a rewrite notes, and that it takes out again.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

#include <qgraft/qat.hpp>

#include "graphdef/sketch.hpp"
#include "support/lines.hpp"

using namespace qgraft;
using namespace qgraft::testing_support;
using collected = graphdef::collections<meta_graph>;

namespace {

proto::VariableDef variable(const std::string& name) {
    proto::VariableDef v;
    v.set_variable_name(name);
    return v;
}

graphdef::variable_note variable_note(const std::string& name) {
    return {.variable_name = name, .initial_value_name = {}};
}

graphdef::cond_note cond_note(const std::string& name) {
    return {.context_name = name, .pred_name = {}, .pivot_name = {}};
}

/// Every message of a collection.
template <class Message>
std::vector<Message> messages_in(const meta_graph& meta, const std::string& key) {
    std::vector<Message> all;
    for (const std::string& bytes : meta.collection_def().at(key).bytes_list().value()) {
        REQUIRE(all.emplace_back().ParseFromString(bytes));
    }
    return all;
}

/// A conv layer that gets its ranges from a delay on.
meta_graph rewritten(const std::string& name, bool resource) {
    auto meta = read_data<meta_graph>("graphs/" + name + ".before.pb");
    graph g(meta, {.resource_variables = resource});
    rewrite_for<phase::training>(g, qat_options<graph>{.quant_delay = 10, .stages = stage::quantize});
    return meta;
}

proto::VariableDef variable_called(const meta_graph& meta, const std::string& name) {
    for (const auto& v : messages_in<proto::VariableDef>(meta, "variables")) {
        if (v.variable_name() == name) return v;
    }
    throw std::runtime_error("there is no variable " + name);
}

}  // namespace

TEST_CASE("the report names every new variable, those of the debiased averages and of the step among them") {
    for (const bool resource : {false, true}) {
        auto meta = read_data<meta_graph>(resource ? "graphs/conv_bias_relu6_resource.before.pb"
                                                   : "graphs/conv_bias_relu6.before.pb");
        const std::size_t before = messages_in<proto::VariableDef>(meta, "variables").size();
        graph g(meta, {.resource_variables = resource});
        const report r = rewrite_for<phase::training>(g, qat_options<graph>{.quant_delay = 10});
        std::set<std::string> reported;
        for (const new_variable& v : r.variables) reported.insert(v.name + ":0");
        std::set<std::string> noted;
        const auto all = messages_in<proto::VariableDef>(meta, "variables");
        for (std::size_t i = before; i < all.size(); ++i) noted.insert(all[i].variable_name());
        CHECK(reported == noted);
        CHECK(r.variables.size() == noted.size());
    }
}

TEST_CASE("the bytes of a variable's note are those that protobuf writes") {
    const graphdef::variable_note note{.variable_name = "v:0",
                                       .initial_value_name = "v/zeros:0",
                                       .initializer_name = "v/Assign",
                                       .snapshot_name = std::string(300, 's'),
                                       .is_resource = true,
                                       .aggregation = graphdef::variable_aggregation::mean};
    proto::VariableDef v;
    v.set_variable_name("v:0");
    v.set_initial_value_name("v/zeros:0");
    v.set_initializer_name("v/Assign");
    v.set_snapshot_name(std::string(300, 's'));
    v.set_is_resource(true);
    v.set_aggregation(proto::VARIABLE_AGGREGATION_MEAN);
    CHECK(bytes_of(note) == bytes_of(v));
    CHECK(bytes_of(variable_note("v")) == bytes_of(variable("v")));
}

TEST_CASE("the bytes of a cond's note are those that protobuf writes") {
    const graphdef::cond_note note{.context_name = "c",
                                   .pred_name = "p:0",
                                   .pivot_name = "t:0",
                                   .branch = 1,
                                   .values = {"b:0", "a:0", ""},
                                   .outer_values = {{"q:0", "b:0"}, {"p:0", "p:0"}, {"", ""}}};
    proto::CondContextDef c;
    c.set_context_name("c");
    c.set_pred_name("p:0");
    c.set_pivot_name("t:0");
    c.set_branch(1);
    auto& values = *c.mutable_values_def();
    for (const char* v : {"", "a:0", "b:0"}) values.add_values(v);
    (*values.mutable_external_values())[""] = "";
    (*values.mutable_external_values())["p:0"] = "p:0";
    (*values.mutable_external_values())["q:0"] = "b:0";
    CHECK(bytes_of(note) == bytes_of(c));

    proto::CondContextDef bare;
    bare.set_context_name("c");
    bare.mutable_values_def();
    CHECK(bytes_of(cond_note("c")) == bytes_of(bare));
}

TEST_CASE("a new reference variable is noted as TensorFlow notes it") {
    const meta_graph meta = rewritten("conv_bias_relu6", false);
    const auto v = variable_called(meta, "conv/weights_quant/min:0");
    proto::VariableDef wanted = variable("conv/weights_quant/min:0");
    wanted.set_initial_value_name("conv/weights_quant/min/Initializer/Const:0");
    wanted.set_initializer_name("conv/weights_quant/min/Assign");
    wanted.set_snapshot_name("conv/weights_quant/min/read:0");
    wanted.set_aggregation(proto::VARIABLE_AGGREGATION_MEAN);
    CHECK_MESSAGE(bytes_of(v) == bytes_of(wanted), v.DebugString());
}

TEST_CASE("a new resource variable is noted as TensorFlow notes it") {
    const meta_graph meta = rewritten("conv_bias_relu6_resource", true);
    const auto v = variable_called(meta, "conv/weights_quant/min:0");
    proto::VariableDef wanted = variable("conv/weights_quant/min:0");
    wanted.set_initial_value_name("conv/weights_quant/min/Initializer/Const:0");
    wanted.set_initializer_name("conv/weights_quant/min/Assign");
    wanted.set_snapshot_name("conv/weights_quant/min/Read/ReadVariableOp:0");
    wanted.set_is_resource(true);
    wanted.set_aggregation(proto::VARIABLE_AGGREGATION_MEAN);
    CHECK_MESSAGE(bytes_of(v) == bytes_of(wanted), v.DebugString());
    CHECK(variable_called(meta, "fake_quantization_step:0").aggregation() ==
          proto::VARIABLE_AGGREGATION_ONLY_FIRST_REPLICA);
}

TEST_CASE("each branch of a new cond has a context, whose names are tensors of the graph") {
    const meta_graph meta = rewritten("conv_bias_relu6", false);
    meta_graph copy = meta;
    const graph g(copy);
    const auto is_tensor = [&g](const std::string& name) {
        const auto colon = name.rfind(':');
        return colon != std::string::npos && g.find(name.substr(0, colon)).has_value();
    };
    std::map<std::string, int> branches;
    for (const auto& c : messages_in<proto::CondContextDef>(meta, "cond_context")) {
        CAPTURE(c.DebugString());
        branches[c.pred_name()] += c.branch() == 0 ? 1 : 100;
        CHECK(is_tensor(c.pred_name()));
        CHECK(is_tensor(c.pivot_name()));
        CHECK(c.values_def().values_size() == 5);
        for (const std::string& v : c.values_def().values()) CHECK(is_tensor(v));
        CHECK(c.values_def().external_values_size() == 2);
        for (const auto& [outer, inner] : c.values_def().external_values()) {
            CHECK(is_tensor(outer));
            CHECK(is_tensor(inner));
        }
    }
    CHECK(branches.size() == 2);
    for (const auto& [predicate, count] : branches) CHECK(count == 101);
}

TEST_CASE("what was there comes first") {
    sketch s;
    auto& list = *(*s.meta.mutable_collection_def())["variables"].mutable_bytes_list();
    list.add_value(bytes_of(variable("old")));
    collected(&s.meta).add(variable_note("new"));
    const auto all = messages_in<proto::VariableDef>(s.meta, "variables");
    REQUIRE(all.size() == 2);
    CHECK(all[0].variable_name() == "old");
    CHECK(all[1].variable_name() == "new");
}

TEST_CASE("whatever the collections were, they are that again") {
    for (const char* key : {"variables", "cond_context"}) {
        for (int state = 0; state < 4; ++state) {
            CAPTURE(key);
            CAPTURE(state);
            sketch s;
            (*s.meta.mutable_collection_def())["other"].mutable_node_list()->add_value("n");
            if (state > 0) (*s.meta.mutable_collection_def())[key];
            if (state > 1) (*s.meta.mutable_collection_def())[key].mutable_bytes_list();
            if (state > 2) (*s.meta.mutable_collection_def())[key].mutable_bytes_list()->add_value("old");
            const std::string before = bytes_of(s.meta);
            collected c(&s.meta);
            const auto mark = c.mark();
            c.restore(mark);
            CHECK(bytes_of(s.meta) == before);
            c.add(variable_note("v"));
            const auto with_variable = c.mark();
            const std::string between = bytes_of(s.meta);
            c.add(variable_note("w"));
            c.add(cond_note("x"));
            c.add(cond_note("y"));
            c.restore(with_variable);
            CHECK(bytes_of(s.meta) == between);
            c.restore(mark);
            CHECK(bytes_of(s.meta) == before);
        }
    }
}

TEST_CASE("variables that are no messages are refused, and stay") {
    auto meta = read_data<meta_graph>("graphs/conv_bias_relu6.before.pb");
    auto& variables = (*meta.mutable_collection_def())["variables"];
    variables.Clear();
    variables.mutable_node_list()->add_value("conv/weights:0");
    const std::string before = bytes_of(meta);
    graph g(meta);
    CHECK_THROWS_WITH_AS(rewrite_for<phase::training>(g, qat_options<graph>{.stages = stage::quantize}),
                         "variables: is a collection of names or numbers, where a rewrite adds messages",
                         invalid_graph);
    CHECK(bytes_of(meta) == before);
}

TEST_CASE("a graph alone gets the same nodes, and nothing is noted") {
    auto alone = read_data<meta_graph>("graphs/conv_bias_relu6.before.pb");
    bare_graph g(*alone.mutable_graph_def());
    rewrite_for<phase::training>(g, qat_options<bare_graph>{.quant_delay = 10, .stages = stage::quantize});
    const meta_graph with_collections = rewritten("conv_bias_relu6", false);
    CHECK(bytes_of(alone.graph_def()) == bytes_of(with_collections.graph_def()));
    meta_graph before = read_data<meta_graph>("graphs/conv_bias_relu6.before.pb");
    *before.mutable_graph_def() = alone.graph_def();
    CHECK(bytes_of(before) == bytes_of(alone));
}

TEST_CASE("a MetaGraphDef without collections and without a list of operations gets the collections it needs") {
    meta_graph meta;
    *meta.mutable_graph_def() = read_data<meta_graph>("graphs/conv_bias_relu6.before.pb").graph_def();
    graph g(meta);
    rewrite_for<phase::training>(g, qat_options<graph>{.stages = stage::quantize});
    CHECK(meta.collection_def().contains("variables"));
    CHECK_FALSE(meta.collection_def().contains("cond_context"));
    CHECK_FALSE(meta.has_meta_info_def());
}
