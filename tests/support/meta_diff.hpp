// Compares two MetaGraphDefs as graphs and says in words where they differ.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_SUPPORT_META_DIFF_HPP
#define QGRAFT_TESTS_SUPPORT_META_DIFF_HPP

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/text_format.h>
#include <qgraft/graphdef/qgraft_graphdef.pb.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace qgraft::testing_support {

/// What diff_meta compares, and against what.
struct meta_diff_options {
  /// If set, a node that this graph has is expected on this graph's device, whatever A says.
  const graphdef::proto::MetaGraphDef* before = nullptr;
  /// Attributes not compared, by key.
  std::set<std::string, std::less<>> ignored_attributes = {};
  /// Collections not compared, of "variables", "trainable_variables" and "cond_context".
  std::set<std::string, std::less<>> ignored_collections = {};
};

namespace detail {

namespace pb = graphdef::proto;

/// Serialized message with map entries in the order of their keys.
inline std::string deterministic_bytes(const google::protobuf::MessageLite& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

/// Text format of a message, in one line.
inline std::string one_line(const google::protobuf::Message& message) {
  google::protobuf::TextFormat::Printer printer;
  printer.SetSingleLineMode(true);
  std::string text;
  printer.PrintToString(message, &text);
  while (text.ends_with(' ')) text.pop_back();
  return text;
}

/// Value of an attribute in one line; "-" if there is none.
inline std::string attribute_text(const pb::AttrValue* value) {
  if (value == nullptr) return "-";
  if (value->value_case() == pb::AttrValue::kType && pb::DataType_IsValid(value->type())) {
    return pb::DataType_Name(value->type());
  }
  std::string text = one_line(*value);
  switch (value->value_case()) {
    case pb::AttrValue::kS:
    case pb::AttrValue::kI:
    case pb::AttrValue::kF:
    case pb::AttrValue::kB:
    case pb::AttrValue::kType: return text.substr(text.find(' ') + 1);
    default: return text;
  }
}

/// "x | y", both cut to a window around the first character in which they differ.
inline std::string side_by_side(std::string_view x, std::string_view y) {
  constexpr std::size_t lead = 40, width = 200;
  const auto [i, j] = std::mismatch(x.begin(), x.end(), y.begin(), y.end());
  const auto at = static_cast<std::size_t>(i - x.begin());
  const bool same = i == x.end() && j == y.end();
  const std::size_t from = same || at <= lead ? 0 : at - lead;
  const auto cut = [from](std::string_view s) {
    std::string out = from > 0 ? "..." : "";
    out += s.substr(from, width);
    if (s.size() > from + width) out += "...";
    return out;
  };
  return cut(x) + " | " + cut(y) + (same ? " (other bytes of the same text)" : "");
}

/// "[a, b, ^c]".
template <typename Strings>
std::string list_text(const Strings& strings) {
  std::string out;
  for (const std::string& s : strings) out += (out.empty() ? "" : ", ") + s;
  return "[" + out + "]";
}

using node_index = std::unordered_map<std::string_view, const pb::NodeDef*>;

/// Nodes by name; a name used twice adds a line.
inline node_index index_nodes(const pb::GraphDef& graph, std::string_view which, std::vector<std::string>& lines) {
  node_index out;
  for (const pb::NodeDef& node : graph.node()) {
    if (!out.emplace(node.name(), &node).second) {
      lines.push_back(node.name() + ": more than one node of this name in " + std::string(which));
    }
  }
  return out;
}

inline void diff_attributes(const pb::NodeDef& a, const pb::NodeDef& b, const meta_diff_options& options,
                            std::vector<std::string>& lines) {
  std::map<std::string_view, std::pair<const pb::AttrValue*, const pb::AttrValue*>> values;
  for (const auto& [key, value] : a.attr()) values[key].first = &value;
  for (const auto& [key, value] : b.attr()) values[key].second = &value;
  for (const auto& [key, pair] : values) {
    const auto [x, y] = pair;
    if (options.ignored_attributes.contains(key)) continue;
    if (x != nullptr && y != nullptr && deterministic_bytes(*x) == deterministic_bytes(*y)) continue;
    lines.push_back(a.name() + ": attr " + std::string(key) + ": " + side_by_side(attribute_text(x), attribute_text(y)));
  }
}

inline void diff_nodes(const pb::NodeDef& a, const pb::NodeDef& b, const std::string& device,
                       const meta_diff_options& options, std::vector<std::string>& lines) {
  const std::string start = a.name() + ": ";
  if (a.op() != b.op()) lines.push_back(start + "op: " + a.op() + " | " + b.op());
  if (!std::equal(a.input().begin(), a.input().end(), b.input().begin(), b.input().end())) {
    lines.push_back(start + "inputs: " + side_by_side(list_text(a.input()), list_text(b.input())));
  }
  if (device != b.device()) lines.push_back(start + "device: " + device + " | " + b.device());
  diff_attributes(a, b, options, lines);
}

/// Serialized entries of a collection, sorted; none if there is no such collection.
inline std::vector<std::string> sorted_entries(const pb::MetaGraphDef& meta, const std::string& key) {
  const auto found = meta.collection_def().find(key);
  if (found == meta.collection_def().end()) return {};
  const auto& values = found->second.bytes_list().value();
  std::vector<std::string> out(values.begin(), values.end());
  std::sort(out.begin(), out.end());
  return out;
}

/// What a cond context says, the same for every order of its values; nested contexts, which have entries of their own,
/// are left out.
inline std::string cond_context_text(const std::string& bytes) {
  pb::CondContextDef context;
  if (!context.ParseFromString(bytes)) return "entry that cannot be parsed";
  auto* values = context.mutable_values_def()->mutable_values();
  std::sort(values->begin(), values->end());
  context.clear_nested_contexts();
  // The printer sorts map entries.
  return one_line(context);
}

inline std::string variable_text(const std::string& bytes) {
  pb::VariableDef variable;
  return variable.ParseFromString(bytes) ? one_line(variable) : "entry that cannot be parsed";
}

/// Lines for the elements of the sorted lists a and b that the other has not, each as often as it is missing.
template <typename Text>
void diff_sorted(const std::string& key, const std::vector<std::string>& a, const std::vector<std::string>& b, Text text,
                 std::vector<std::string>& lines) {
  std::vector<std::string> only_a, only_b;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(only_a));
  std::set_difference(b.begin(), b.end(), a.begin(), a.end(), std::back_inserter(only_b));
  for (const auto& entry : only_a) lines.push_back("collection " + key + ": only in A: " + text(entry));
  for (const auto& entry : only_b) lines.push_back("collection " + key + ": only in B: " + text(entry));
}

inline void diff_collections(const pb::MetaGraphDef& a, const pb::MetaGraphDef& b, const meta_diff_options& options,
                             std::vector<std::string>& lines) {
  for (const std::string key : {"variables", "trainable_variables"}) {
    if (options.ignored_collections.contains(key)) continue;
    diff_sorted(key, sorted_entries(a, key), sorted_entries(b, key), variable_text, lines);
  }
  const std::string key = "cond_context";
  if (options.ignored_collections.contains(key)) return;
  const auto texts = [&key](const pb::MetaGraphDef& meta) {
    std::vector<std::string> out = sorted_entries(meta, key);
    std::transform(out.begin(), out.end(), out.begin(), cond_context_text);
    std::sort(out.begin(), out.end());
    return out;
  };
  diff_sorted(key, texts(a), texts(b), [](const std::string& s) { return s; }, lines);
}

}  // namespace detail

/// Differences between the graphs of A (usually what is expected) and B, one a line; none if they are equal.
///
/// Nodes are paired by name, in any order, and compared by op, inputs in order with control inputs, device and every attribute
/// (its bytes, so a NaN equals itself). The collections of variables are compared as multisets of their entries, cond contexts
/// by what they say. Nothing else of the files is looked at.
inline std::vector<std::string> diff_meta(const graphdef::proto::MetaGraphDef& a, const graphdef::proto::MetaGraphDef& b,
                                          const meta_diff_options& options = {}) {
  std::vector<std::string> lines;
  const auto nodes_a = detail::index_nodes(a.graph_def(), "A", lines);
  const auto nodes_b = detail::index_nodes(b.graph_def(), "B", lines);
  detail::node_index nodes_before;
  if (options.before != nullptr) {
    std::vector<std::string> unused;
    nodes_before = detail::index_nodes(options.before->graph_def(), "before", unused);
  }
  for (const auto& node : a.graph_def().node()) {
    if (!nodes_b.contains(node.name())) lines.push_back(node.name() + ": only in A (" + node.op() + ")");
  }
  for (const auto& node : b.graph_def().node()) {
    if (!nodes_a.contains(node.name())) lines.push_back(node.name() + ": only in B (" + node.op() + ")");
  }
  for (const auto& node : a.graph_def().node()) {
    const auto other = nodes_b.find(node.name());
    if (other == nodes_b.end()) continue;
    const auto earlier = nodes_before.find(node.name());
    const std::string& device = earlier == nodes_before.end() ? node.device() : earlier->second->device();
    detail::diff_nodes(node, *other->second, device, options, lines);
  }
  detail::diff_collections(a, b, options, lines);
  return lines;
}

/// Whether the two would be the same file: every field of both, unknown ones and the order of nodes included; only the order of
/// map entries is free.
inline bool equal_files_content(const graphdef::proto::MetaGraphDef& a, const graphdef::proto::MetaGraphDef& b) {
  return detail::deterministic_bytes(a) == detail::deterministic_bytes(b);
}

}  // namespace qgraft::testing_support

#endif  // QGRAFT_TESTS_SUPPORT_META_DIFF_HPP
