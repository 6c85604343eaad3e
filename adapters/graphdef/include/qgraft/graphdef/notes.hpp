// What a rewrite notes in a MetaGraphDef's collections: new variables and cond contexts, and their bytes.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_NOTES_HPP
#define QGRAFT_GRAPHDEF_NOTES_HPP

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace qgraft::graphdef {

/// How the copies of a variable on several devices become one value; the numbers of TensorFlow's VariableAggregation.
enum class variable_aggregation : std::uint8_t { none = 0, mean = 2, only_first_replica = 3 };

/// A new variable: what TensorFlow's VariableDef says of it.
struct variable_note {
    std::string variable_name;
    std::string initial_value_name;
    std::string initializer_name{};
    std::string snapshot_name{};
    bool is_resource = false;
    variable_aggregation aggregation = variable_aggregation::none;
};

/// One branch of a new cond: what TensorFlow's CondContextDef says of it.
struct cond_note {
    std::string context_name;
    std::string pred_name;
    std::string pivot_name;
    int branch = 0;                                     ///< 1: taken where the predicate is true
    std::set<std::string> values{};                     ///< every tensor that the branch uses
    std::map<std::string, std::string> outer_values{};  ///< those from outside, and what they are inside
};

namespace detail {

/// The fields of one message, as protobuf writes them: numbers of 0 and empty texts are left out. A collection holds
/// messages as bytes, of types that a MetaGraphDef class does not tell of; so no generated class is needed here.
class message_writer {
public:
    message_writer& text(std::uint32_t field, const std::string& s) { return s.empty() ? *this : bytes(field, s); }
    message_writer& bytes(std::uint32_t field, const std::string& s) {
        out_.WriteTag(field << 3U | 2U);
        out_.WriteVarint32(static_cast<std::uint32_t>(s.size()));
        out_.WriteString(s);
        return *this;
    }
    message_writer& number(std::uint32_t field, std::uint32_t n) {
        if (n == 0) return *this;
        out_.WriteTag(field << 3U);
        out_.WriteVarint32(n);
        return *this;
    }
    std::string take() {
        out_.Trim();
        return text_;
    }

private:
    std::string text_;
    google::protobuf::io::StringOutputStream stream_{&text_};
    google::protobuf::io::CodedOutputStream out_{&stream_};
};

}  // namespace detail

/// The bytes of a VariableDef.
inline std::string bytes_of(const variable_note& v) {
    return detail::message_writer()
        .text(1, v.variable_name)
        .text(2, v.initializer_name)
        .text(3, v.snapshot_name)
        .number(5, v.is_resource)
        .text(6, v.initial_value_name)
        .number(9, static_cast<std::uint32_t>(v.aggregation))
        .take();
}

/// The bytes of a CondContextDef; the map in the order of its keys, so that equal rewrites give equal bytes.
inline std::string bytes_of(const cond_note& c) {
    detail::message_writer values;
    for (const std::string& v : c.values) values.bytes(1, v);
    for (const auto& [outer, inner] : c.outer_values) {
        values.bytes(2, detail::message_writer().bytes(1, outer).bytes(2, inner).take());
    }
    return detail::message_writer()
        .text(1, c.context_name)
        .text(2, c.pred_name)
        .text(3, c.pivot_name)
        .number(4, static_cast<std::uint32_t>(c.branch))
        .bytes(5, values.take())
        .take();
}

}  // namespace qgraft::graphdef

#endif
