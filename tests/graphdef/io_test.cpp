// Graph files: told apart by content, read, written, refused.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <google/protobuf/stubs/common.h>
#if GOOGLE_PROTOBUF_VERSION < 4022000
#include <google/protobuf/stubs/logging.h>
#endif

#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include <qgraft/graph/editor.hpp>
#include <qgraft/graphdef/graph_file.hpp>
#include <qgraft/graphdef/inspect.hpp>

#include "graphdef/temporary_folder.hpp"

namespace {

namespace fs = std::filesystem;
using namespace qgraft::graphdef;
using namespace qgraft::testing_support;

constexpr file_format binary_graph{file_kind::graph, file_coding::binary};
constexpr file_format binary_meta{file_kind::meta_graph, file_coding::binary};
constexpr file_format text_graph{file_kind::graph, file_coding::text};
constexpr file_format text_meta{file_kind::meta_graph, file_coding::text};

const std::string recorded = std::string(QGRAFT_TEST_DATA_DIR) + "/graphs/residual_blocks.before.pb";

/// What a file of this format would hold.
std::string content(const graph_file& f, file_format format) {
    const temporary_folder folder;
    output_file out(folder / "out");
    f.write(out, format);
    out.commit();
    return read_file(folder / "out");
}

std::string reason_against(const std::string& bytes) {
    try {
        graph_file::parse(bytes, "some.pb");
    } catch (const file_error& e) {
        CHECK(e.subject() == "some.pb");
        return e.what();
    }
    return "none";
}

/// A field with a length, as binary messages have it; for less than 128 bytes.
std::string field(int number, const std::string& bytes) {
    return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(bytes.size())} + bytes;
}

/// What a file of this format holds of the recorded graph with one node more, which is a message or bytes.
std::string content_with_a_node(file_format format, bool as_bytes) {
    graph_file f = graph_file::read(recorded);
    graph_file::graph g = f.index({.new_nodes_as_bytes = as_bytes});
    qgraft::editor<graph_file::graph> e(g);
    const node_ref added = e.add({"Identity", g.names().unique("added"), {{{0}, 0}}, {}, "/cpu:0"});
    g.write_attribute("T", element_type::float32);
    e.set_input({static_cast<std::uint32_t>(added.id - 1)}, 0, {added, 0});
    e.commit();
    const temporary_folder folder;
    output_file out(folder / "out");
    f.write_rewritten(out, format, g);
    out.commit();
    return read_file(folder / "out");
}

TEST_CASE("every format is told by its content, and says the same graph") {
    const graph_file original = graph_file::read(recorded);
    CHECK(original.format() == binary_meta);
    const std::string wanted = content(original, binary_graph);
    for (const file_format format : {binary_graph, binary_meta, text_graph, text_meta}) {
        const std::string bytes = content(original, format);
        const graph_file again = graph_file::parse(bytes, "again");
        CHECK(again.format() == format);
        CHECK(content(again, format) == bytes);
        CHECK(content(again, binary_graph) == wanted);
    }
}

TEST_CASE("a rewritten graph is written alike, whether its new nodes are messages or bytes") {
    for (const file_format format : {binary_graph, binary_meta, text_graph, text_meta}) {
        const std::string bytes = content_with_a_node(format, true);
        CHECK(bytes == content_with_a_node(format, false));
        graph_file read = graph_file::parse(bytes, "some.pb");
        CHECK(read.index().find("added").has_value());
    }
}

TEST_CASE("small files are told apart too") {
    CHECK(format_of(field(4, "\x08\x1b"), "f") == binary_graph);  // versions alone
    CHECK(format_of("\x18\x15", "f") == binary_graph);            // the obsolete version
    CHECK(format_of(field(1, field(1, "a") + field(2, "NoOp")), "f") == binary_graph);
    CHECK(format_of(field(1, field(1, "a")) + field(1, field(1, "b")), "f") == binary_graph);
    CHECK(format_of(field(2, field(1, field(1, "a") + field(2, "NoOp"))), "f") == binary_meta);
    CHECK(format_of(field(1, field(4, "serve")) + field(2, field(4, "\x08\x1b")), "f") == binary_meta);
    CHECK(format_of(field(4, field(1, "variables") + field(2, "")), "f") == binary_meta);
    CHECK(format_of("# a comment\n\n  node { name: \"a\" op: \"NoOp\" }", "f") == text_graph);
    CHECK(format_of("graph_def { }", "f") == text_meta);
}

TEST_CASE("what is no graph file is refused with a reason") {
    CHECK(reason_against("") == "some.pb: is empty");
    CHECK(reason_against(" \n\t\n") == "some.pb: is empty");
    CHECK(reason_against("Dear Sir or Madam,\n") == "some.pb: is text, but no graph in protobuf's text format");
    CHECK(reason_against(std::string("\x89HDF\r\n\x1a\n\0\0\0\0\0", 13)).find("neither a GraphDef") !=
          std::string::npos);
    CHECK(reason_against(field(1, field(4, "serve"))).find("neither a GraphDef") != std::string::npos);
    CHECK(reason_against(field(1, field(2, field(1, "")))).find("without a graph") != std::string::npos);
    CHECK_THROWS_AS(graph_file::read("no/such/file.pb"), file_error);
}

TEST_CASE("a SavedModel is refused, and the line says what to do") {
    const temporary_folder folder;
    const std::string saved = "\x08\x01" + field(2, field(2, field(1, field(1, "a") + field(2, "NoOp"))));
    CHECK(reason_against(saved).find("tf.compat.v1.saved_model.load") != std::string::npos);
    CHECK(reason_against("saved_model_schema_version: 1").find("export_meta_graph") != std::string::npos);
    CHECK_THROWS_WITH_AS(graph_file::read(folder.path().string()), doctest::Contains("is a folder, not a graph"),
                         file_error);
    write_file(folder / "saved_model.pb", saved);
    CHECK_THROWS_WITH_AS(graph_file::read(folder.path().string()), doctest::Contains("is a SavedModel"), file_error);
}

TEST_CASE("a file cut anywhere is refused, or is a graph that lacks nodes") {
    const graph_file original = graph_file::read(recorded);
    const std::string meta = content(original, binary_meta);
    for (std::size_t size = 1; size < meta.size(); size += 1 + size / 64) {
        const std::string reason = reason_against(meta.substr(0, size));
        CHECK_MESSAGE(reason != "none", size);
    }
    CHECK(reason_against(meta.substr(0, meta.size() / 2)) == "some.pb: is cut short: its end is missing");
    const std::string text = content(original, text_meta);
    CHECK(reason_against(text.substr(0, text.size() / 2)).starts_with("some.pb: is not a graph in text format: line "));
}

/// Keeps protobuf from writing what it thinks of a damaged file.
struct silence {
#if GOOGLE_PROTOBUF_VERSION < 4022000
    google::protobuf::LogSilencer silencer;
#endif
};

TEST_CASE("random and damaged bytes are refused, whatever they are") {
    const silence quiet;
    std::mt19937 random(1);
    std::uniform_int_distribution<int> byte(0, 255);
    for (int i = 0; i < 2000; ++i) {
        std::string bytes(static_cast<std::size_t>(1 + i), '\0');
        for (char& c : bytes) c = static_cast<char>(byte(random));
        try {
            graph_file::parse(bytes, "random");
        } catch (const file_error&) {
        }
    }
    const std::string good = read_file(recorded);
    std::uniform_int_distribution<std::size_t> where(0, good.size() - 1);
    for (int i = 0; i < 300; ++i) {
        std::string bytes = good;
        for (int changes = 0; changes < 3; ++changes) bytes[where(random)] = static_cast<char>(byte(random));
        try {
            graph_file f = graph_file::parse(bytes, "damaged");
            (void)f.index();
        } catch (const qgraft::error&) {
        }
    }
}

TEST_CASE("text with a field that is not known names the line") {
    const std::string reason = reason_against("node {\n  name: \"a\"\n  colour: \"red\"\n}\n");
    CHECK(reason.find("line 3") != std::string::npos);
    CHECK(reason.find("colour") != std::string::npos);
}

TEST_CASE("deep nesting is refused, in text and in binary") {
    std::string text = "node { name: \"a\" op: \"NoOp\" attr { key: \"f\" value ";
    std::string close = "} }";
    for (int i = 0; i < 100000; ++i) {
        text += "{ func { attr { key: \"f\" value ";
        close += " } } }";
    }
    CHECK(reason_against(text + "{ i: 1 }" + close).starts_with("some.pb: is not a graph in text format"));
    proto::GraphDef def;
    proto::NodeDef& node = *def.add_node();
    node.set_name("a");
    node.set_op("NoOp");
    proto::AttrValue* value = &(*node.mutable_attr())["f"];
    for (int i = 0; i < 200; ++i) value = &(*value->mutable_func()->mutable_attr())["f"];
    value->set_i(1);
    CHECK(reason_against(def.SerializeAsString()).find("nested deeper than 100") != std::string::npos);
}

TEST_CASE("a file above 2 GiB is refused before it is read") {
    const temporary_folder folder;
    write_file(folder / "large.pb", "\n");
    std::error_code failure;
    fs::resize_file(folder / "large.pb", std::uintmax_t{1} << 31, failure);
    if (failure) return;
    CHECK_THROWS_WITH_AS(graph_file::read(folder / "large.pb"), doctest::Contains("larger than 2 GiB"), file_error);
}

TEST_CASE("fields that are not known survive in binary") {
    const std::string node = field(1, "a") + field(2, "NoOp") + field(15, "newer");
    const std::string meta = field(2, field(1, node) + field(15, "graph")) + field(7, "objects");
    const graph_file f = graph_file::parse(meta, "f");
    CHECK(content(f, binary_meta) == meta);
    CHECK(f.has_unknown_fields(file_kind::graph));
    const graph_file without = graph_file::parse(content(f, text_meta), "f");
    CHECK_FALSE(without.has_unknown_fields(file_kind::meta_graph));
    CHECK(without.definition().node(0).name() == "a");
    const graph_file outside =
        graph_file::parse(field(2, field(1, field(1, "a") + field(2, "NoOp"))) + field(7, "x"), "f");
    CHECK(outside.has_unknown_fields(file_kind::meta_graph));
    CHECK_FALSE(outside.has_unknown_fields(file_kind::graph));
}

TEST_CASE("equal graphs give equal bytes, in whatever order their maps were filled") {
    std::vector<std::string> bytes;
    for (const int step : {1, -1}) {
        graph_file f = graph_file::parse("node { name: \"a\" op: \"NoOp\" }", "f");
        auto& attributes = *f.definition().mutable_node(0)->mutable_attr();
        for (int i = 0; i < 200; ++i) attributes["key" + std::to_string(step > 0 ? i : 199 - i)].set_b(true);
        bytes.push_back(content(f, binary_graph) + content(f, text_graph));
    }
    CHECK(bytes[0] == bytes[1]);
}

TEST_CASE("a GraphDef has no collections until it is made a MetaGraphDef") {
    graph_file f = graph_file::parse("node { name: \"a\" op: \"NoOp\" }", "f");
    CHECK(f.meta_graph() == nullptr);
    CHECK(f.index().nodes().size() == 1);
    f.become_meta_graph();
    REQUIRE(f.meta_graph() != nullptr);
    CHECK(f.meta_graph()->graph_def().node_size() == 1);
    CHECK(graph_file::parse(content(f, f.format()), "f").format() == text_meta);
}

TEST_CASE("progress ends with the size of the file") {
    std::size_t last = 0;
    std::size_t all = 0;
    graph_file::read(recorded, [&](std::size_t read, std::size_t size) {
        last = read;
        all = size;
    });
    CHECK(last == fs::file_size(recorded));
    CHECK(all == last);
}

TEST_CASE("a frozen graph is known by its lack of variables") {
    const auto facts = [](const std::string& text) { return inspect(graph_file::parse(text, "f").definition()); };
    CHECK(facts("node { name: \"c\" op: \"Conv2D\" }").is_frozen());
    CHECK_FALSE(facts("node { name: \"c\" op: \"Conv2D\" } node { name: \"v\" op: \"VarHandleOp\" }").is_frozen());
    CHECK_FALSE(facts("node { name: \"c\" op: \"Placeholder\" }").is_frozen());
    const auto library =
        facts("library { function { signature { name: \"f\" } node_def { name: \"m\" op: \"MatMul\" } } }");
    CHECK(library.layers_in_functions == 1);
    CHECK_FALSE(library.is_frozen());
    CHECK_FALSE(inspect(graph_file::read(recorded).definition()).is_frozen());
}

}  // namespace
