// What a file holds, told by its content: a GraphDef or a MetaGraphDef, binary or text.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_FILE_FORMAT_HPP
#define QGRAFT_GRAPHDEF_FILE_FORMAT_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <qgraft/graph/error.hpp>

namespace qgraft::graphdef {

/// A file cannot be read or written, or is no graph file. The subject is its name.
class file_error : public error {
public:
    using error::error;
};

/// The message that a file holds.
enum class file_kind : std::uint8_t { graph, meta_graph };

/// How it is written.
enum class file_coding : std::uint8_t { binary, text };

/// What a graph file is.
struct file_format {
    file_kind kind = file_kind::meta_graph;
    file_coding coding = file_coding::binary;
    friend bool operator==(const file_format&, const file_format&) = default;
};

/// The most bytes that a protobuf message, and so a graph file, can have: 2 GiB less one.
inline constexpr std::size_t most_file_bytes = 0x7fffffff;

/// What to do with a SavedModel instead of reading it here.
inline constexpr std::string_view saved_model_advice =
    "is a SavedModel, which is rewritten by way of its graph: load it with tf.compat.v1.saved_model.load in "
    "TensorFlow, "
    "write the graph with tf.compat.v1.train.export_meta_graph, and rewrite that file";

namespace detail {

/// One field of a binary message. `content` is that of a field with a length; `whole` is false where the bytes end
/// before it does.
struct wire_field {
    std::uint64_t number = 0;
    unsigned type = 0;
    std::string_view content{};
    bool whole = true;
};

inline constexpr unsigned wire_varint = 0;
inline constexpr unsigned wire_length = 2;

/// Reads the fields of a binary message, those of the uppermost level only.
class wire_reader {
public:
    explicit wire_reader(std::string_view bytes) : bytes_(bytes) {}

    /// The next field. False at the end, and where the bytes are no message.
    bool next(wire_field& f) {
        if (at_ == bytes_.size()) return false;
        start_ = at_;
        std::uint64_t tag = 0;
        f = {};
        sound_ = varint(tag) && tag >> 3 != 0 && tag >> 3 < (1U << 29);
        if (!sound_) return false;
        f.number = tag >> 3;
        f.type = static_cast<unsigned>(tag & 7U);
        std::uint64_t number = 0;
        switch (f.type) {
            case wire_varint:
                return sound_ = varint(number);
            case 1:
                return sound_ = skip(8);
            case wire_length:
                return sound_ = varint(number) && take(number, f);
            case 5:
                return sound_ = skip(4);
            default:
                return sound_ = false;
        }
    }

    /// Whether all bytes so far were fields.
    [[nodiscard]] bool sound() const noexcept { return sound_; }
    /// Where the field that was read last begins.
    [[nodiscard]] std::size_t field_start() const noexcept { return start_; }

private:
    bool varint(std::uint64_t& value) {
        value = 0;
        for (unsigned shift = 0; shift < 64 && at_ < bytes_.size(); shift += 7) {
            const auto byte = static_cast<unsigned char>(bytes_[at_++]);
            value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
            if (byte < 0x80U) return true;
        }
        return false;
    }
    bool skip(std::size_t count) {
        if (bytes_.size() - at_ < count) return false;
        at_ += count;
        return true;
    }
    bool take(std::uint64_t count, wire_field& f) {
        f.whole = count <= bytes_.size() - at_;
        f.content = bytes_.substr(at_, f.whole ? static_cast<std::size_t>(count) : std::string_view::npos);
        at_ += f.content.size();
        return true;
    }

    std::string_view bytes_;
    std::size_t at_ = 0;
    std::size_t start_ = 0;
    bool sound_ = true;
};

/// What a file may turn out to be.
enum class suspect : std::uint8_t { unknown, graph, meta_graph, saved_model };

/// A field 1: a NodeDef, where the second field is the name of an operation; or a MetaInfoDef, where it is a list of
/// messages, each of which begins with a line feed.
inline suspect judge_first(std::string_view content) {
    wire_reader reader(content);
    for (wire_field f; reader.next(f);) {
        if (f.number != 2 || f.type != wire_length || f.content.empty()) continue;
        const char c = f.content.front();
        if (c == '\n') return suspect::meta_graph;
        const bool in_names = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
        return in_names ? suspect::graph : suspect::unknown;
    }
    return suspect::unknown;
}

/// A field 2: a GraphDef inside a MetaGraphDef; or a library of functions, which says nothing.
inline suspect judge_second(std::string_view content) {
    wire_reader reader(content);
    for (wire_field f; reader.next(f);) {
        if (f.type != wire_length) continue;
        if (f.number == 4 || (f.number == 1 && judge_first(f.content) == suspect::graph)) return suspect::meta_graph;
    }
    return suspect::unknown;
}

/// What one field of a file says of the whole. The fields of the three messages are:
///            1                   2                     3                4
/// GraphDef      node (NodeDef)      library               version, number  versions (numbers)
/// MetaGraphDef  meta info           graph                 saver, message   collections (each a key and a value)
/// SavedModel    version, a number   MetaGraphDef
inline suspect judge(const wire_field& f) {
    const bool has_length = f.type == wire_length;
    switch (f.number) {
        case 1:
            return has_length ? judge_first(f.content) : suspect::saved_model;
        case 2:
            return has_length ? judge_second(f.content) : suspect::unknown;
        case 3:
            return has_length ? suspect::meta_graph : suspect::graph;
        case 4:
            if (!has_length || f.content.empty()) return suspect::unknown;
            return f.content.front() == '\n' ? suspect::meta_graph : suspect::graph;
        default:
            return suspect::unknown;
    }
}

/// Tells a binary file's kind. Throws file_error where it is cut short, damaged, or something else.
inline suspect judge_binary(std::string_view content, const std::string& file) {
    suspect kind = suspect::unknown;
    std::size_t first_fields = 0;
    wire_reader reader(content);
    for (wire_field f; reader.next(f);) {
        if (kind == suspect::unknown) kind = judge(f);
        first_fields += f.number == 1 ? 1U : 0U;
        if (!f.whole && kind != suspect::unknown) throw file_error(file, "is cut short: its end is missing");
        if (!f.whole) throw file_error(file, "is no graph file: neither a GraphDef nor a MetaGraphDef");
    }
    if (kind == suspect::unknown && first_fields > 1 && reader.sound()) kind = suspect::graph;
    if (kind == suspect::unknown) throw file_error(file, "is no graph file: neither a GraphDef nor a MetaGraphDef");
    if (!reader.sound()) {
        throw file_error(file, "is damaged from byte " + std::to_string(reader.field_start()) + " on");
    }
    return kind;
}

/// Whether the content is text: it has no control characters, which every binary graph file begins with.
inline bool is_text(std::string_view content) {
    return std::none_of(content.begin(), content.begin() + std::min<std::ptrdiff_t>(std::ssize(content), 0x10000),
                        [](char c) {
                            const auto u = static_cast<unsigned char>(c);
                            return (u < 0x20U && (u < '\t' || u > '\r')) || u == 0x7fU;
                        });
}

/// The first word of a text, after blanks and comments.
inline std::string_view first_word(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size() && (text[at] == '#' || text[at] == ' ' || (text[at] >= '\t' && text[at] <= '\r'))) {
        at = text[at] == '#' ? std::min(text.find('\n', at), text.size()) : at + 1;
    }
    const std::size_t end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", at);
    return text.substr(at, end == std::string_view::npos ? end : end - at);
}

/// Tells a text file's kind by the name of its first field.
inline suspect judge_text(std::string_view content) {
    constexpr std::pair<std::string_view, suspect> fields[] = {
        {"node", suspect::graph},
        {"library", suspect::graph},
        {"version", suspect::graph},
        {"versions", suspect::graph},
        {"debug_info", suspect::graph},
        {"meta_info_def", suspect::meta_graph},
        {"graph_def", suspect::meta_graph},
        {"saver_def", suspect::meta_graph},
        {"collection_def", suspect::meta_graph},
        {"signature_def", suspect::meta_graph},
        {"asset_file_def", suspect::meta_graph},
        {"object_graph_def", suspect::meta_graph},
        {"saved_model_schema_version", suspect::saved_model},
        {"meta_graphs", suspect::saved_model},
    };
    const std::string_view word = first_word(content);
    const auto it =
        std::find_if(std::begin(fields), std::end(fields), [word](const auto& f) { return f.first == word; });
    return it == std::end(fields) ? suspect::unknown : it->second;
}

}  // namespace detail

/// What the content of a file is. `file` is its name, for errors. Throws file_error for content that is empty, cut
/// short, damaged, a SavedModel, or something else.
inline file_format format_of(std::string_view content, const std::string& file) {
    if (content.find_first_not_of(" \t\r\n") == std::string_view::npos) throw file_error(file, "is empty");
    const bool text = detail::is_text(content);
    const detail::suspect kind = text ? detail::judge_text(content) : detail::judge_binary(content, file);
    if (kind == detail::suspect::unknown) throw file_error(file, "is text, but no graph in protobuf's text format");
    if (kind == detail::suspect::saved_model) throw file_error(file, std::string(saved_model_advice));
    return {kind == detail::suspect::graph ? file_kind::graph : file_kind::meta_graph,
            text ? file_coding::text : file_coding::binary};
}

}  // namespace qgraft::graphdef

#endif
