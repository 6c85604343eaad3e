// Writes a module as text, an op a line.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_LISTING_HPP
#define IN_HOUSE_LISTING_HPP

#include <cstddef>
#include <ostream>
#include <string>
#include <unordered_map>

#include "ir.hpp"

namespace in_house {

namespace detail {

inline void write(std::ostream& out, const attribute& a) {
    if (const auto* integer = a.as<std::int64_t>()) out << *integer;
    if (const auto* real = a.as<double>()) out << *real;
    if (const auto* truth = a.as<bool>()) out << (*truth ? "true" : "false");
    if (const auto* text = a.as<std::string>()) out << *text;
    if (const auto* function = a.as<quantizer>()) out << (*function == nullptr ? "none" : "compiled in");
    if (const auto* list = a.as<std::vector<std::int64_t>>()) {
        for (std::size_t i = 0; i < list->size(); ++i) out << (i == 0 ? "" : "x") << (*list)[i];
    }
}

}  // namespace detail

/// Writes lines such as `%3 = conv(%0, %2) padding=same strides=2x2   # net/conv`. What a loop runs is indented more.
inline void write(std::ostream& out, const module& m) {
    std::unordered_map<const op*, std::size_t> number;
    for (const op* o : m.ops()) number.emplace(o, number.size());
    for (const op* o : m.ops()) {
        for (const op* outer = o; outer != nullptr; outer = outer->parent()->owner()) out << "  ";
        out << '%' << number[o] << " = " << to_string(o->what) << '(';
        for (std::size_t i = 0; i < o->operands().size(); ++i) {
            const value& v = o->operand(i);
            out << (i == 0 ? "%" : ", %") << number[v.producer];
            if (v.index != 0) out << '.' << v.index;
        }
        out << ')';
        for (const auto& [key, v] : o->attributes) {
            out << ' ' << key << '=';
            detail::write(out, v);
        }
        if (o->data.size() == 1) out << ' ' << o->data[0];
        if (!o->name.empty()) out << "   # " << o->name;
        out << '\n';
    }
}

}  // namespace in_house

#endif
