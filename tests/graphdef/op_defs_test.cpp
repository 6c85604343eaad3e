// Definitions of operations: those of TensorFlow 1.15, and where a rewrite lists them.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include <qgraft/qat.hpp>

#include "graphdef/sketch.hpp"
#include "support/lines.hpp"

using namespace qgraft;
using namespace qgraft::testing_support;

namespace {

lines names_of(const proto::OpList& list) {
    lines names;
    for (const proto::OpDef& op : list.op()) names.push_back(op.name());
    return names;
}

proto::OpList& op_list(meta_graph& meta) { return *meta.mutable_meta_info_def()->mutable_stripped_op_list(); }

/// Lists the operations as a rewrite does that adds them.
void add_all(meta_graph& meta, const std::vector<std::string>& ops) {
    graphdef::collections<meta_graph> listed(&meta);
    for (const std::string& op : ops) listed.add_op(op);
}

}  // namespace

TEST_CASE("every definition is TensorFlow's, byte for byte") {
    const auto recorded = read_data<proto::OpList>("graphdef/op_list.pb");
    CHECK(recorded.op_size() == static_cast<int>(std::size(graphdef::detail::op_lines)));
    for (const proto::OpDef& op : recorded.op()) {
        CAPTURE(op.name());
        proto::OpDef ours;
        CHECK(graphdef::define_op(op.name(), ours));
        CHECK_MESSAGE(bytes_of(ours) == bytes_of(op), ours.DebugString());
    }
}

TEST_CASE("an operation that qgraft does not add has no definition here") {
    proto::OpDef def;
    for (const char* op : {"Softmax", "Mi", "Minimum2", ""}) CHECK_FALSE(graphdef::define_op(op, def));
    CHECK(bytes_of(def).empty());
}

TEST_CASE("a sorted list stays sorted, and holds no operation twice") {
    sketch s;
    for (const char* op : {"Conv2D", "Min", "Relu6"}) op_list(s.meta).add_op()->set_name(op);
    add_all(s.meta, {"Sub", "Min", "Add", "Sub", "Mul", "NoSuchOp"});
    CHECK(names_of(op_list(s.meta)) == lines{"Add", "Conv2D", "Min", "Mul", "Relu6", "Sub"});
    CHECK(op_list(s.meta).op(2).input_arg_size() == 0);
}

TEST_CASE("a list that is not sorted gets new operations at its end") {
    sketch s;
    for (const char* op : {"Relu6", "Conv2D"}) op_list(s.meta).add_op()->set_name(op);
    add_all(s.meta, {"Sub", "Add"});
    CHECK(names_of(op_list(s.meta)) == lines{"Relu6", "Conv2D", "Sub", "Add"});
}

TEST_CASE("an empty list is filled; where there is none, none is made") {
    sketch s;
    op_list(s.meta);
    add_all(s.meta, {"Sub", "Add"});
    CHECK(names_of(op_list(s.meta)) == lines{"Add", "Sub"});
    sketch none;
    none.meta.mutable_meta_info_def()->set_meta_graph_version("v");
    const std::string before = bytes_of(none.meta);
    add_all(none.meta, {"Sub"});
    CHECK(bytes_of(none.meta) == before);
    add_all(none.meta = {}, {"Sub"});
    CHECK(bytes_of(none.meta).empty());
}

TEST_CASE("what was listed since a mark is taken out again") {
    for (const lines& there : {lines{"Conv2D", "Min"}, lines{"Min", "Conv2D"}, lines{}}) {
        CAPTURE(there);
        sketch s;
        for (const std::string& op : there) op_list(s.meta).add_op()->set_name(op);
        graphdef::collections<meta_graph> listed(&s.meta);
        const auto at_first = listed.mark();
        const std::string before = bytes_of(s.meta);
        listed.add_op("Sub");
        const auto with_sub = listed.mark();
        const std::string between = bytes_of(s.meta);
        listed.add_op("Add");
        listed.add_op("Min");
        listed.add_op("Rank");
        const std::string after = bytes_of(s.meta);
        listed.restore(with_sub);
        CHECK(bytes_of(s.meta) == between);
        listed.add_op("Add");
        listed.add_op("Min");
        listed.add_op("Rank");
        CHECK(bytes_of(s.meta) == after);
        listed.restore(at_first);
        CHECK(bytes_of(s.meta) == before);
    }
}

TEST_CASE("a rewrite lists all that it adds") {
    for (const bool resource : {false, true}) {
        auto meta =
            read_data<meta_graph>(std::string("graphs/conv_bias_relu6") + (resource ? "_resource" : "") + ".before.pb");
        op_list(meta).Clear();
        graph g(meta, {.resource_variables = resource});
        const int first = meta.graph_def().node_size();
        rewrite_for<phase::training>(g, qat_options<graph>{.quant_delay = 10, .stages = stage::quantize});
        const lines listed = names_of(op_list(meta));
        for (int i = first; i < meta.graph_def().node_size(); ++i) {
            const std::string& op = meta.graph_def().node(i).op();
            CAPTURE(op);
            CHECK(std::binary_search(listed.begin(), listed.end(), op));
        }
    }
}
