// Tests of the comparison of graph files, on small graphs.
// SPDX-License-Identifier: Apache-2.0
#include "meta_diff.hpp"

#include <doctest/doctest.h>

#include <limits>

namespace {

namespace pb = qgraft::graphdef::proto;
using qgraft::testing_support::diff_meta;
using qgraft::testing_support::equal_files_content;
using qgraft::testing_support::meta_diff_options;
using lines = std::vector<std::string>;

pb::NodeDef& add_node(pb::MetaGraphDef& meta, const std::string& name, const std::string& op,
                      const std::vector<std::string>& inputs = {}) {
  pb::NodeDef& node = *meta.mutable_graph_def()->add_node();
  node.set_name(name);
  node.set_op(op);
  for (const std::string& input : inputs) node.add_input(input);
  (*node.mutable_attr())["T"].set_type(pb::DT_FLOAT);
  return node;
}

void add_entry(pb::MetaGraphDef& meta, const std::string& key, const google::protobuf::Message& entry) {
  (*meta.mutable_collection_def())[key].mutable_bytes_list()->add_value(entry.SerializeAsString());
}

pb::VariableDef variable(const std::string& name) {
  pb::VariableDef out;
  out.set_variable_name(name + ":0");
  return out;
}

pb::CondContextDef cond_context(const std::string& name, const std::vector<std::string>& values) {
  pb::CondContextDef out;
  out.set_context_name(name);
  for (const std::string& value : values) out.mutable_values_def()->add_values(value);
  (*out.mutable_values_def()->mutable_external_values())["x"] = "y";
  (*out.mutable_values_def()->mutable_external_values())["a"] = "b";
  return out;
}

// x -> conv -> relu, in a file that declares nothing else.
pb::MetaGraphDef small_graph() {
  pb::MetaGraphDef meta;
  add_node(meta, "x", "Placeholder");
  add_node(meta, "conv", "Conv2D", {"x", "x:1", "^x"}).set_device("/device:CPU:0");
  add_node(meta, "relu", "Relu", {"conv"});
  return meta;
}

pb::NodeDef& node_of(pb::MetaGraphDef& meta, int index) { return *meta.mutable_graph_def()->mutable_node(index); }

}  // namespace

TEST_CASE("equal graphs have no differences, in any order of nodes") {
  const pb::MetaGraphDef a = small_graph();
  pb::MetaGraphDef b = a;
  CHECK(diff_meta(a, b).empty());
  CHECK(equal_files_content(a, b));
  b.mutable_graph_def()->mutable_node()->SwapElements(0, 2);
  CHECK(diff_meta(a, b).empty());
  CHECK_FALSE(equal_files_content(a, b));
}

TEST_CASE("nodes of one side only and names used twice are reported") {
  pb::MetaGraphDef a = small_graph(), b = small_graph();
  add_node(a, "p", "Const");
  add_node(b, "q", "Mul");
  CHECK(diff_meta(a, b) == lines{"p: only in A (Const)", "q: only in B (Mul)"});
  add_node(a, "q", "Mul");
  add_node(b, "p", "Const");
  CHECK(diff_meta(a, b).empty());
  add_node(b, "x", "Placeholder");
  CHECK(diff_meta(a, b) == lines{"x: more than one node of this name in B"});
}

TEST_CASE("op, inputs and device are compared") {
  const pb::MetaGraphDef a = small_graph();
  pb::MetaGraphDef b = a;
  node_of(b, 2).set_op("Relu6");
  CHECK(diff_meta(a, b) == lines{"relu: op: Relu | Relu6"});
  b = a;
  node_of(b, 1).mutable_input()->SwapElements(0, 1);
  CHECK(diff_meta(a, b) == lines{"conv: inputs: [x, x:1, ^x] | [x:1, x, ^x]"});
  b = a;
  node_of(b, 1).mutable_input()->RemoveLast();
  CHECK(diff_meta(a, b) == lines{"conv: inputs: [x, x:1, ^x] | [x, x:1]"});
  b = a;
  node_of(b, 1).clear_device();
  CHECK(diff_meta(a, b) == lines{"conv: device: /device:CPU:0 | "});
}

TEST_CASE("with the graph from before, its devices are expected") {
  const pb::MetaGraphDef a = small_graph();
  pb::MetaGraphDef b = a, before = a;
  node_of(b, 1).set_device("/device:GPU:0");
  node_of(before, 1).set_device("/device:GPU:0");
  CHECK(diff_meta(a, b, {.before = &before}).empty());
  CHECK(diff_meta(a, a, {.before = &before}) == lines{"conv: device: /device:GPU:0 | /device:CPU:0"});
  before.mutable_graph_def()->mutable_node()->DeleteSubrange(1, 1);
  CHECK(diff_meta(a, b, {.before = &before}) == lines{"conv: device: /device:CPU:0 | /device:GPU:0"});
}

TEST_CASE("every attribute is compared, and printed by kind") {
  const pb::MetaGraphDef a = small_graph();
  pb::MetaGraphDef b = a;
  auto& of_a = *node_of(b, 0).mutable_attr();
  of_a["T"].set_type(pb::DT_INT64);
  of_a["i"].set_i(7);
  of_a["b"].set_b(false);
  of_a["s"].set_s("loc:@x");
  of_a["l"].mutable_list()->add_i(1);
  CHECK(diff_meta(a, b) == lines{"x: attr T: DT_FLOAT | DT_INT64", "x: attr b: - | false", "x: attr i: - | 7",
                                 "x: attr l: - | list { i: 1 }", "x: attr s: - | \"loc:@x\""});
  CHECK(diff_meta(a, b, {.ignored_attributes = {"T", "b", "i", "l", "s"}}).empty());
  CHECK(diff_meta(b, a, {.ignored_attributes = {"b", "i", "l", "s"}}) == lines{"x: attr T: DT_INT64 | DT_FLOAT"});
}

TEST_CASE("an attribute of NaN equals itself, and order in a function's attributes is free") {
  pb::MetaGraphDef a = small_graph();
  auto& attr = *node_of(a, 0).mutable_attr();
  attr["f"].set_f(std::numeric_limits<float>::quiet_NaN());
  for (int i = 0; i < 20; ++i) (*attr["g"].mutable_func()->mutable_attr())["k" + std::to_string(i)].set_i(i);
  pb::MetaGraphDef b = small_graph();
  auto& other = *node_of(b, 0).mutable_attr();
  for (int i = 19; i >= 0; --i) (*other["g"].mutable_func()->mutable_attr())["k" + std::to_string(i)].set_i(i);
  other["f"].set_f(std::numeric_limits<float>::quiet_NaN());
  CHECK(diff_meta(a, b).empty());
  CHECK(equal_files_content(a, b));
}

TEST_CASE("a difference deep in a long value is shown") {
  pb::MetaGraphDef a = small_graph();
  auto& list = *(*node_of(a, 0).mutable_attr())["l"].mutable_list();
  for (int i = 0; i < 1000; ++i) list.add_i(5);
  pb::MetaGraphDef b = a;
  (*node_of(b, 0).mutable_attr())["l"].mutable_list()->set_i(900, 6);
  const lines found = diff_meta(a, b);
  REQUIRE(found.size() == 1);
  CHECK(found[0].find("i: 6") != std::string::npos);
  CHECK(found[0].size() < 500);
}

TEST_CASE("variables are multisets") {
  pb::MetaGraphDef a = small_graph(), b = small_graph();
  for (const char* name : {"v", "w", "w"}) add_entry(a, "variables", variable(name));
  for (const char* name : {"w", "v"}) add_entry(b, "variables", variable(name));
  CHECK(diff_meta(a, b) == lines{"collection variables: only in A: variable_name: \"w:0\""});
  add_entry(b, "variables", variable("w"));
  CHECK(diff_meta(a, b).empty());
  add_entry(b, "trainable_variables", variable("u"));
  CHECK(diff_meta(a, b) == lines{"collection trainable_variables: only in B: variable_name: \"u:0\""});
  CHECK(diff_meta(a, b, {.ignored_collections = {"trainable_variables"}}).empty());
}

TEST_CASE("cond contexts are compared by what they say") {
  pb::MetaGraphDef a = small_graph(), b = small_graph();
  add_entry(a, "cond_context", cond_context("c", {"p", "q"}));
  add_entry(a, "cond_context", cond_context("d", {"p"}));
  add_entry(b, "cond_context", cond_context("d", {"p"}));
  add_entry(b, "cond_context", cond_context("c", {"q", "p"}));
  CHECK(diff_meta(a, b).empty());
  add_entry(b, "cond_context", cond_context("e", {}));
  CHECK(diff_meta(a, b).size() == 1);
  CHECK(diff_meta(a, b, {.ignored_collections = {"cond_context"}}).empty());
}
