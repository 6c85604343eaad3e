// Writes a module as text, an op a line.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_LISTING_HPP
#define IN_HOUSE_LISTING_HPP

#include <cstddef>
#include <ostream>
#include <string>
#include <unordered_map>
#include <variant>

#include "ir.hpp"

namespace in_house {

namespace detail {

struct attribute_writer {
    std::ostream& out;

    void operator()(std::int64_t v) const { out << v; }
    void operator()(double v) const { out << v; }
    void operator()(bool v) const { out << (v ? "true" : "false"); }
    void operator()(const std::string& v) const { out << v; }
    void operator()(const std::vector<std::int64_t>& v) const {
        for (std::size_t i = 0; i < v.size(); ++i) out << (i == 0 ? "" : "x") << v[i];
    }
    void operator()(quantizer v) const { out << (v == nullptr ? "none" : "compiled in"); }
};

}  // namespace detail

/// Writes lines such as `%3 = conv(%0, %2) padding=same strides=2x2   # net/conv`.
inline void write(std::ostream& out, const module& m) {
    std::unordered_map<const op*, std::size_t> number;
    for (const op* o : m.ops()) number.emplace(o, number.size());
    for (const op* o : m.ops()) {
        out << "  %" << number[o] << " = " << to_string(o->what) << '(';
        for (std::size_t i = 0; i < o->operands.size(); ++i) {
            out << (i == 0 ? "%" : ", %") << number[o->operands[i].producer];
            if (o->operands[i].index != 0) out << '.' << o->operands[i].index;
        }
        out << ')';
        for (const auto& [key, v] : o->attributes) {
            out << ' ' << key << '=';
            std::visit(detail::attribute_writer{out}, v);
        }
        if (o->data.size() == 1) out << ' ' << o->data[0];
        if (!o->name.empty()) out << "   # " << o->name;
        out << '\n';
    }
}

}  // namespace in_house

#endif
