// What a rewrite notes in a MetaGraphDef's collections: new variables and cond contexts, and their bytes.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_NOTES_HPP
#define QGRAFT_GRAPHDEF_NOTES_HPP

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include <qgraft/graphdef/wire.hpp>

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

/// Says a text that is left out where it is empty, as outside of lists and maps.
template <class Out>
void say_text(Out& out, unsigned field, std::string_view text) {
    if (!text.empty()) out.bytes(field, text);
}

}  // namespace detail

/// The bytes of a VariableDef. As protobuf writes messages: fields in order, none that is zero or empty.
inline std::string bytes_of(const variable_note& v) {
    return wire::spelled([&v](auto&& out) {
        detail::say_text(out, 1, v.variable_name);
        detail::say_text(out, 2, v.initializer_name);
        detail::say_text(out, 3, v.snapshot_name);
        if (v.is_resource) out.number(5, 1);
        detail::say_text(out, 6, v.initial_value_name);
        if (v.aggregation != variable_aggregation::none) out.number(9, static_cast<std::uint64_t>(v.aggregation));
    });
}

/// The bytes of a CondContextDef; the map in the order of its keys, so that equal rewrites give equal bytes.
inline std::string bytes_of(const cond_note& c) {
    return wire::spelled([&c](auto&& out) {
        detail::say_text(out, 1, c.context_name);
        detail::say_text(out, 2, c.pred_name);
        detail::say_text(out, 3, c.pivot_name);
        if (c.branch != 0) out.number(4, static_cast<std::uint64_t>(c.branch));
        out.message(5, [&c](auto&& values) {
            for (const std::string& v : c.values) values.bytes(1, v);
            for (const auto& [outer, inner] : c.outer_values) {
                values.message(2, [&from = outer, &to = inner](auto&& entry) {
                    entry.bytes(1, from);
                    entry.bytes(2, to);
                });
            }
        });
    });
}

}  // namespace qgraft::graphdef

#endif
