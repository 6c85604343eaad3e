// basic_graph: what it reads, what it refuses, and how it changes the message under it.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include <qgraft/graph/editor.hpp>
#include <qgraft/ops/index.hpp>
#include <qgraft/qat.hpp>

#include "graphdef/sketch.hpp"
#include "support/lines.hpp"

using namespace qgraft;
using namespace qgraft::testing_support;

namespace {

/// x, y(x:0, x:1, ^x) on a device.
sketch two_nodes() {
    sketch s;
    s.node("x", "Split").set_device("/cpu:0");
    s.node("y", "Add", {"x", "x:1", "^x"});
    return s;
}

/// Why a graph with one more node, b = Op(inputs), beside a, is refused; it must stay as it was.
std::string refusal(const std::vector<std::string>& inputs) {
    sketch s;
    s.node("a", "Op");
    s.node("b", "Op", inputs);
    const std::string before = bytes_of(s.meta);
    std::string reason = "none";
    try {
        const graph g(s.meta);
    } catch (const invalid_graph& e) {
        reason = e.what();
        CHECK(e.subject() == "b");
    }
    CHECK(bytes_of(s.meta) == before);
    return reason;
}

}  // namespace

TEST_CASE("nodes, tensors and control inputs, in the order of the file") {
    sketch s = two_nodes();
    const graph g(s.meta);
    const node_ref x{0};
    const node_ref y{1};
    CHECK(g.nodes() == std::vector<node_ref>{x, y});
    CHECK(g.inputs(x).empty());
    CHECK(g.inputs(y) == std::vector<value<node_ref>>{{x, 0}, {x, 1}});
    CHECK(g.control_inputs(y) == std::vector<node_ref>{x});
    CHECK(g.name(y) == "y");
    CHECK(g.find("y") == y);
    CHECK_FALSE(g.find("z").has_value());
    CHECK(g.spelled({x, 0}) == "x");
    CHECK(g.spelled({x, 12}) == "x:12");
}

TEST_CASE("inputs may name nodes that come later") {
    sketch s;
    s.node("b", "Op", {"a:3", "^c"});
    s.node("a", "Op");
    s.node("c", "Op");
    const graph g(s.meta);
    CHECK(g.inputs({0}) == std::vector<value<node_ref>>{{{1}, 3}});
    CHECK(g.control_inputs({0}) == std::vector<node_ref>{{2}});
}

TEST_CASE("an empty graph") {
    sketch s;
    const graph g(s.meta);
    CHECK(g.nodes().empty());
}

TEST_CASE("malformed inputs are refused, by the name of their node") {
    CHECK(refusal({"a", "a:0", "a:4294967295", "^a", "^b"}) == "none");
    CHECK(refusal({"z"}) == "b: reads 'z', which is not in the graph");
    CHECK(refusal({"^z"}) == "b: reads 'z', which is not in the graph");
    CHECK(refusal({""}) == "b: reads '', which is not in the graph");
    CHECK(refusal({"^"}) == "b: reads '', which is not in the graph");
    CHECK(refusal({":0"}) == "b: reads '', which is not in the graph");
    CHECK(refusal({"^a:0"}) == "b: reads 'a:0', which is not in the graph");
    CHECK(refusal({"a:out:0"}) == "b: reads 'a:out', which is not in the graph");
    CHECK(refusal({"A"}) == "b: reads 'A', which is not in the graph");
    for (const char* text : {"a:", "a:x", "a:-1", "a:+1", "a: 1", "a:1 ", "a:1x", "a:4294967296"}) {
        CHECK(refusal({text}) == "b: has the malformed input '" + std::string(text) + "'");
    }
    CHECK(refusal({"^a", "a:1"}) == "b: has the input 'a:1' after a control input");
}

TEST_CASE("names missing and names twice are refused") {
    sketch s;
    s.node("", "Conv2D");
    CHECK_THROWS_WITH_AS(graph{s.meta}, "Conv2D: has no name", invalid_graph);
    sketch twice;
    for (const char* op : {"Conv2D", "Relu"}) twice.node("a", op);
    CHECK_THROWS_WITH_AS(bare_graph{*twice.meta.mutable_graph_def()}, "a: is the name of two nodes", invalid_graph);
    sketch cases;
    for (const char* name : {"a", "A"}) cases.node(name, "Relu");
    CHECK_NOTHROW(graph{cases.meta});
}

TEST_CASE("a loop is closed where a Merge reads a NextIteration, and nowhere else") {
    sketch s;
    s.node("enter", "Enter");
    s.node("merge", "Merge", {"enter", "next"});
    s.node("next", "NextIteration", {"merge"});
    s.node("odd", "Identity", {"next"});
    s.node("ref_merge", "RefMerge", {"ref_next"});
    s.node("ref_next", "RefNextIteration", {"ref_merge"});
    const graph g(s.meta);
    CHECK_FALSE(g.is_back_edge(*g.find("merge"), 0));
    CHECK(g.is_back_edge(*g.find("merge"), 1));
    CHECK_FALSE(g.is_back_edge(*g.find("next"), 0));
    CHECK_FALSE(g.is_back_edge(*g.find("odd"), 0));
    CHECK(g.is_back_edge(*g.find("ref_merge"), 0));
    CHECK_NOTHROW(graph_index{g});
}

TEST_CASE("a cycle outside of loops is refused, through control inputs too") {
    for (const char* back : {"b", "^b"}) {
        sketch s;
        s.node("a", "Merge", {back});
        s.node("b", "Identity", {"a"});
        graph g(s.meta);
        CHECK_THROWS_AS(rewrite_for<phase::training>(g, qat_options<graph>{}), invalid_graph);
    }
}

TEST_CASE("a node runs inside a loop when it follows an Enter and no Exit, by tensors or control inputs") {
    sketch s;
    s.node("outside", "Const");
    s.node("enter", "Enter", {"outside"});
    s.node("merge", "Merge", {"enter", "next"});
    s.node("switch", "Switch", {"merge", "outside"});
    s.node("constant", "Const", {"^switch"});
    s.node("body", "Add", {"switch:1", "constant"});
    s.node("of_constant", "Relu", {"constant"});
    s.node("next", "NextIteration", {"body"});
    s.node("exit", "Exit", {"switch"});
    s.node("after", "Relu", {"exit", "^exit"});
    const graph g(s.meta);
    const auto inside = [&g](const char* name) { return g.is_in_loop(*g.find(name)); };
    for (const char* name : {"enter", "merge", "switch", "constant", "body", "of_constant", "next"}) {
        CAPTURE(name);
        CHECK(inside(name));
    }
    for (const char* name : {"outside", "exit", "after"}) {
        CAPTURE(name);
        CHECK_FALSE(inside(name));
    }
}

TEST_CASE("set_input writes the name, and the port where it is not 0") {
    sketch s = two_nodes();
    graph g(s.meta);
    const node_ref y{1};
    g.set_input(y, 0, {y, 2});
    g.set_input(y, 1, {{0}, 0});
    CHECK(described(s.meta, 1) == lines{"y = Add(y:2, x, ^x)"});
    CHECK(g.inputs(y) == std::vector<value<node_ref>>{{y, 2}, {{0}, 0}});
}

TEST_CASE("an input that is put back is spelled as the file had it") {
    sketch s;
    s.node("x", "Split");
    s.node("y", "AddN", {"x:0", "x:01", "x:1", "x"});
    const std::string before = bytes_of(s.meta);
    {
        graph g(s.meta);
        editor<graph> e(g);
        for (std::size_t i = 0; i < 4; ++i) e.set_input({1}, i, {{0}, 7});
        e.set_input({1}, 0, {{0}, 1});
        CHECK(described(s.meta, 1) == lines{"y = AddN(x:1, x:7, x:7, x:7)"});
    }
    CHECK(bytes_of(s.meta) == before);
}

TEST_CASE("nodes are added at the end, and taken off it") {
    sketch s = two_nodes();
    graph g(s.meta);
    const std::string before = bytes_of(s.meta);
    const node_ref z = g.add_node({"Relu", "z", {{{1}, 0}, {{0}, 1}}, {{0}, {1}}, "/gpu:1"});
    const node_ref w = g.add_node({"Neg", "w", {{z, 0}}, {}, {}});
    CHECK(described(s.meta, 2) == lines{"z = Relu(y, x:1, ^x, ^y)@/gpu:1", "w = Neg(z)"});
    CHECK(g.find("w") == w);
    CHECK(g.inputs(w) == std::vector<value<node_ref>>{{z, 0}});
    CHECK(g.control_inputs(z).size() == 2);
    CHECK_FALSE(g.is_in_loop(w));
    g.erase_node(w);
    g.erase_node(z);
    CHECK_FALSE(g.find("z").has_value());
    CHECK(g.nodes().size() == 2);
    CHECK(bytes_of(s.meta) == before);
    for (const char* name : {"w", "a long name that has its own place in memory", "z"}) {
        const node_ref again = g.add_node({"Relu", name, {}, {}, {}});
        CHECK(g.find(name) == again);
        g.erase_node(again);
        CHECK_FALSE(g.find(name).has_value());
    }
}

TEST_CASE("attributes are read, set and removed") {
    sketch s = two_nodes();
    graph g(s.meta);
    const std::string before = bytes_of(s.meta);
    CHECK_FALSE(g.attribute_of({1}, "T").has_value());
    proto::AttrValue a;
    a.set_i(3);
    g.set_attribute({1}, "T", a);
    CHECK(g.attribute_of({1}, "T")->i() == 3);
    CHECK(s.at("y").attr().at("T").i() == 3);
    g.set_attribute({1}, "T", std::nullopt);
    CHECK(bytes_of(s.meta) == before);
}

TEST_CASE("shapes are those that the file says, where it says any") {
    sketch s;
    graphdef::write_shape(tensor_shape({2, tensor_shape::unknown}),
                          *graphdef::attribute(s.node("x", "Op"), "_output_shapes").mutable_list()->add_shape());
    s.constant("c", {5});
    const graph g(s.meta);
    CHECK(g.has_shapes());
    CHECK(g.shape({{0}, 0}) == tensor_shape({2, -1}));
    CHECK_FALSE(g.shape({{0}, 1}).has_rank());
    CHECK_FALSE(g.shape({{1}, 0}).has_rank());
}

TEST_CASE("a million nodes are read, and found to be acyclic, without recursion") {
    sketch s;
    s.node("n0", "Placeholder");
    for (int i = 1; i < 1'000'000; ++i) {
        s.node("n" + std::to_string(i), "Identity", {"n" + std::to_string(i - 1)});
    }
    const graph g(s.meta);
    const graph_index index(g);
    CHECK(index.order().size() == 1'000'000);
}

TEST_CASE("new nodes as bytes: messages when asked for, fields of the serialized graph at the end") {
    sketch s = two_nodes();
    s.meta.mutable_graph_def()->mutable_versions()->set_producer(27);
    const std::string before = bytes_of(s.meta);
    graph g(s.meta, {.new_nodes_as_bytes = true});
    const node_ref x{0};
    {
        editor<graph> taken_back(g);
        taken_back.add({"Identity", g.names().unique("z"), {{x, 1}}, {}, {}});
    }
    CHECK(bytes_of(s.meta) == before);
    editor<graph> e(g);
    const node_ref z = e.add({"Identity", g.names().unique("z"), {{x, 1}}, {x}, "/cpu:0"});
    g.write_attribute("T", graphdef::element_type::float32);
    e.set_input({1}, 1, {z, 0});
    e.set_input(z, 0, {x, 0});
    CHECK(bytes_of(s.meta) != before);
    CHECK(s.meta.graph_def().node_size() == 2);
    SUBCASE("seen as a message") {
        CHECK(g.definition(z).attr().at("T").type() == proto::DT_FLOAT);
        CHECK(g.definition(z).input(0) == "x");
        e.set_input(z, 0, {x, 2});
    }
    SUBCASE("never seen") { e.set_input(z, 0, {x, 2}); }
    e.commit();
    g.append_new_nodes();
    meta_graph read;
    REQUIRE(read.ParseFromString(bytes_of(s.meta)));
    CHECK(bytes_of(read) == bytes_of(s.meta));
    REQUIRE(read.graph_def().node_size() == 3);
    const proto::NodeDef& written = read.graph_def().node(2);
    CHECK(written.name() == "z");
    CHECK(written.device() == "/cpu:0");
    CHECK(std::vector<std::string>(written.input().begin(), written.input().end()) ==
          std::vector<std::string>{"x:2", "^x"});
    CHECK(written.attr().at("T").type() == proto::DT_FLOAT);
    CHECK(read.graph_def().node(1).input(1) == "z");
    CHECK(read.graph_def().versions().producer() == 27);
}
