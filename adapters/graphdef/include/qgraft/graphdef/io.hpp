// Reads and writes graph files: GraphDef and MetaGraphDef, binary and text.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_IO_HPP
#define QGRAFT_GRAPHDEF_IO_HPP

#include <google/protobuf/arena.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <qgraft/graphdef/file_format.hpp>
#include <qgraft/graphdef/graph.hpp>
#include <qgraft/graphdef/output_file.hpp>

namespace qgraft::graphdef {

/// Told how many bytes of a file have been read, and how many there are; 0 where that is not known.
using read_progress = std::function<void(std::size_t read, std::size_t all)>;

namespace detail {

/// The deepest nesting of messages that is read; protobuf's own bound for binary files.
inline constexpr int deepest_nesting = 100;

/// Throws file_error for a folder, with what to do where it is a SavedModel's.
inline void refuse_folder(const std::string& path) {
    namespace fs = std::filesystem;
    std::error_code failure;
    if (!fs::is_directory(path, failure)) return;
    for (const char* inside : {"saved_model.pb", "saved_model.pbtxt"}) {
        if (fs::exists(fs::path(path) / inside, failure)) throw file_error(path, std::string(saved_model_advice));
    }
    throw file_error(path, "is a folder, not a graph file");
}

/// The content of a file, or of the standard input for `-`.
inline std::string read_bytes(const std::string& path, const std::string& name, const read_progress& progress) {
    const bool is_standard = path == "-";
    if (!is_standard) refuse_folder(path);
    const file_handle opened(is_standard ? nullptr : std::fopen(path.c_str(), "rb"));
    std::FILE* const file = is_standard ? stdin : opened.get();
    if (file == nullptr) throw file_error(name, "cannot be read: " + last_failure());
    std::error_code failure;
    const bool is_regular = !is_standard && std::filesystem::is_regular_file(path, failure);
    const std::uintmax_t size = is_regular ? std::filesystem::file_size(path, failure) : 0;
    const file_error too_large(name, "is larger than 2 GiB, the most that a graph file can be");
    if (!failure && size > most_file_bytes) throw too_large;
    const std::size_t expected = failure ? 0 : static_cast<std::size_t>(size);
    std::string content;
    content.reserve(expected);
    std::string chunk(std::size_t{1} << 16, '\0');
    for (std::size_t got = 1; got != 0;) {
        got = std::fread(chunk.data(), 1, chunk.size(), file);
        content.append(chunk, 0, got);
        if (content.size() > most_file_bytes) throw too_large;
        if (progress) progress(content.size(), expected);
    }
    if (std::ferror(file) != 0) throw file_error(name, "cannot be read: " + last_failure());
    return content;
}

/// Keeps the first error of protobuf's text parser.
class first_text_error : public google::protobuf::io::ErrorCollector {
public:
#if GOOGLE_PROTOBUF_VERSION < 4022000
    void AddError(int line, google::protobuf::io::ColumnNumber, const std::string& message) override {
        note(line, message);
    }
#else
    void RecordError(int line, google::protobuf::io::ColumnNumber, absl::string_view message) override {
        note(line, std::string(message));
    }
#endif
    [[nodiscard]] const std::string& text() const noexcept { return text_; }

private:
    void note(int line, const std::string& message) {
        if (text_.empty()) text_ = (line < 0 ? "" : "line " + std::to_string(line + 1) + ": ") + message;
    }
    std::string text_;
};

/// Throws file_error where the content is not a message of this type.
inline void parse(std::string_view content, file_coding coding, const std::string& name, google::protobuf::Message& m) {
    if (coding == file_coding::binary) {
        if (m.ParseFromArray(content.data(), static_cast<int>(content.size()))) return;
        throw file_error(name, "is damaged: not a whole graph, or nested deeper than " +
                                   std::to_string(deepest_nesting) + " messages");
    }
    first_text_error failure;
    google::protobuf::TextFormat::Parser parser;
    parser.RecordErrorsTo(&failure);
    parser.SetRecursionLimit(deepest_nesting);
    google::protobuf::io::ArrayInputStream in(content.data(), static_cast<int>(content.size()));
    if (!parser.Parse(&in, &m)) throw file_error(name, "is not a graph in text format: " + failure.text());
}

/// Protobuf's way into an output_file.
class output_stream : public google::protobuf::io::CopyingOutputStream {
public:
    explicit output_stream(output_file& out) : out_(out) {}
    bool Write(const void* bytes, int size) override {
        written_ += static_cast<std::size_t>(size);
        if (written_ > most_file_bytes) return false;
        out_.write({static_cast<const char*>(bytes), static_cast<std::size_t>(size)});
        return true;
    }

private:
    output_file& out_;
    std::size_t written_ = 0;
};

[[noreturn]] inline void fail_as_too_large(const output_file& out) {
    throw file_error(out.name(), "would be larger than 2 GiB, the most that a graph file can be");
}

/// Writes `size` bytes or so through a stream of protobuf's; `print` is given that, and says whether all went well.
template <class Print>
void write_through(output_file& out, std::size_t size, const Print& print) {
    output_stream sink(out);
    bool done = size <= most_file_bytes;
    if (done) {
        google::protobuf::io::CopyingOutputStreamAdaptor stream(&sink, 1 << 18);
        done = print(stream);
        done = stream.Flush() && done;
    }
    if (!done) fail_as_too_large(out);
}

/// Writes messages whose sizes were computed before, for all messages remember theirs; equal ones give equal bytes,
/// maps included.
inline void put_sized(google::protobuf::io::CodedOutputStream& coded, const google::protobuf::Message& m) {
    coded.SetSerializationDeterministic(true);
    m.SerializeWithCachedSizes(&coded);
}

/// Writes a message; equal messages give equal bytes, maps included.
inline void serialize(const google::protobuf::Message& m, file_coding coding, output_file& out) {
    write_through(out, m.ByteSizeLong(), [&](google::protobuf::io::ZeroCopyOutputStream& stream) {
        if (coding == file_coding::text) {
            google::protobuf::TextFormat::Printer printer;
            printer.SetHideUnknownFields(true);
            return printer.Print(m, &stream);
        }
        google::protobuf::io::CodedOutputStream coded(&stream);
        put_sized(coded, m);
        return !coded.HadError();
    });
}

/// The tag and the length of a field that holds a message, or fields of one.
inline void put_head(google::protobuf::io::CodedOutputStream& coded, std::uint32_t field, std::size_t size) {
    coded.WriteTag(field << 3U | wire_length);
    coded.WriteVarint32(static_cast<std::uint32_t>(size));
}

/// Writes a graph's message, in binary, with `added`, fields that follow its nodes. Where there is a `meta` that holds
/// the graph, it is written, too; they lie in an arena, which keeps what is taken apart here. The bytes are those of
/// messages that have the added nodes as well.
template <class GraphDef, class MetaGraphDef>
void serialize_with(std::string_view added, GraphDef& def, MetaGraphDef* meta, output_file& out) {
    const std::string rest = take_all_but_nodes(def);
    const std::size_t graph_size = def.ByteSizeLong() + added.size() + rest.size();
    const auto* const info = meta == nullptr ? nullptr : meta->unsafe_arena_release_meta_info_def();
    const std::size_t info_size = info == nullptr ? 0 : info->ByteSizeLong();
    if (meta != nullptr) meta->unsafe_arena_release_graph_def();
    const std::size_t size = info_size + graph_size + (meta == nullptr ? 0 : meta->ByteSizeLong());
    write_through(out, size, [&](google::protobuf::io::ZeroCopyOutputStream& stream) {
        google::protobuf::io::CodedOutputStream coded(&stream);
        if (info != nullptr) {
            put_head(coded, 1, info_size);
            put_sized(coded, *info);
        }
        if (meta != nullptr) put_head(coded, 2, graph_size);
        put_sized(coded, def);
        coded.EnableAliasing(true);  // for this one: it is not copied on its way
        coded.WriteRawMaybeAliased(added.data(), static_cast<int>(added.size()));
        coded.EnableAliasing(false);
        coded.WriteString(rest);
        if (meta != nullptr) put_sized(coded, *meta);
        return !coded.HadError();
    });
}

/// The messages directly inside one.
inline std::vector<const google::protobuf::Message*> children(const google::protobuf::Message& m) {
    const auto& reflection = *m.GetReflection();
    std::vector<const google::protobuf::FieldDescriptor*> fields;
    reflection.ListFields(m, &fields);
    std::vector<const google::protobuf::Message*> found;
    for (const auto* f : fields) {
        if (f->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
        if (!f->is_repeated()) {
            found.push_back(&reflection.GetMessage(m, f));
            continue;
        }
        for (int i = 0; i < reflection.FieldSize(m, f); ++i) found.push_back(&reflection.GetRepeatedMessage(m, f, i));
    }
    return found;
}

/// Where messages lie: in blocks that are large, as a graph is large.
inline google::protobuf::ArenaOptions roomy() {
    google::protobuf::ArenaOptions options;
    options.start_block_size = std::size_t{1} << 20;
    options.max_block_size = std::size_t{1} << 22;
    return options;
}

/// A message in an arena.
template <class Message>
Message* make_message(google::protobuf::Arena& arena) {
#if GOOGLE_PROTOBUF_VERSION < 5026000
    return google::protobuf::Arena::CreateMessage<Message>(&arena);
#else
    return google::protobuf::Arena::Create<Message>(&arena);
#endif
}

}  // namespace detail

/// Whether a message, or one inside it, holds fields that its type does not know. A binary file keeps them, a text
/// file cannot.
inline bool has_unknown_fields(const google::protobuf::Message& m) {
    std::vector<const google::protobuf::Message*> open{&m};
    while (!open.empty()) {
        const google::protobuf::Message& at = *open.back();
        open.pop_back();
        if (at.GetReflection()->GetUnknownFields(at).field_count() != 0) return true;
        for (const auto* child : detail::children(at)) open.push_back(child);
    }
    return false;
}

/// The content of a graph file. `MetaGraphDef` is any class that protobuf has generated from TensorFlow's schema, or
/// from qgraft's subset of it. The messages lie in an arena, and live as long as this.
template <class MetaGraphDef>
class basic_graph_file {
public:
    using meta_graph_def = MetaGraphDef;
    using graph_def = std::remove_cvref_t<decltype(std::declval<const MetaGraphDef&>().graph_def())>;
    using graph = basic_graph<graph_def, meta_graph_def>;

    /// Reads a file, or the standard input for `-`. Throws file_error.
    static basic_graph_file read(const std::string& path, const read_progress& progress = {}) {
        const std::string name = path == "-" ? "standard input" : path;
        return parse(detail::read_bytes(path, name, progress), name);
    }

    /// Reads what a file holds; `name` is the file's, for errors. Throws file_error.
    static basic_graph_file parse(std::string_view content, const std::string& name) {
        if (content.size() > most_file_bytes) throw file_error(name, "is larger than 2 GiB");
        basic_graph_file f;
        f.format_ = format_of(content, name);
        if (f.format_.kind == file_kind::meta_graph) {
            detail::parse(content, f.format_.coding, name, *f.meta_);
            if (!f.meta_->has_graph_def()) throw file_error(name, "is a MetaGraphDef without a graph");
        } else {
            detail::parse(content, f.format_.coding, name, *f.meta_->mutable_graph_def());
        }
        return f;
    }

    /// What the file is.
    [[nodiscard]] file_format format() const noexcept { return format_; }

    /// The graph.
    [[nodiscard]] graph_def& definition() noexcept { return *meta_->mutable_graph_def(); }
    [[nodiscard]] const graph_def& definition() const noexcept { return meta_->graph_def(); }

    /// The graph with its collections; null where the file is a GraphDef, which has none.
    [[nodiscard]] meta_graph_def* meta_graph() noexcept {
        return format_.kind == file_kind::meta_graph ? meta_ : nullptr;
    }

    /// Makes a GraphDef the graph of a MetaGraphDef whose collections are empty. A rewrite after this notes its new
    /// variables there.
    void become_meta_graph() noexcept { format_.kind = file_kind::meta_graph; }

    /// The graph, indexed to be rewritten; it must not outlive this. Throws invalid_graph.
    [[nodiscard]] graph index(graph_options options = {}) {
        if (format_.kind == file_kind::meta_graph) return graph(*meta_, options);
        return graph(definition(), options);
    }

    /// Whether a file of this kind would hold fields that qgraft's types do not know.
    [[nodiscard]] bool has_unknown_fields(file_kind kind) const { return graphdef::has_unknown_fields(message(kind)); }

    /// Writes the file's content in a format: a GraphDef is the graph alone, without collections; text leaves out
    /// unknown fields. Throws file_error. The caller commits `out`.
    void write(output_file& out, file_format format) const {
        detail::serialize(message(format.kind), format.coding, out);
    }

    /// The same for a rewritten graph, which is `g`, an index of this, new nodes that are kept as bytes included; in
    /// less time than graph::append_new_nodes() and write() take. To call at the end: neither is to be used any more.
    void write_rewritten(output_file& out, file_format format, graph& g) {
        const wire::buffer fields = g.new_node_fields();
        const std::string_view added = fields.view();
        if (format.coding == file_coding::binary && !added.empty()) {
            detail::serialize_with(added, definition(), format.kind == file_kind::graph ? nullptr : meta_, out);
        } else {
            if (!definition().MergeFromString(std::string(added))) detail::fail_as_too_large(out);
            write(out, format);
        }
    }

private:
    basic_graph_file()
        : arena_(std::make_unique<google::protobuf::Arena>(detail::roomy())),
          meta_(detail::make_message<MetaGraphDef>(*arena_)) {}

    [[nodiscard]] const google::protobuf::Message& message(file_kind kind) const {
        if (kind == file_kind::graph) return meta_->graph_def();
        return *meta_;
    }

    std::unique_ptr<google::protobuf::Arena> arena_;
    MetaGraphDef* meta_;
    file_format format_;
};

}  // namespace qgraft::graphdef

#endif
