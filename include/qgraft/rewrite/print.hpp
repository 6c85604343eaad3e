// A script in words, a step a line.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_REWRITE_PRINT_HPP
#define QGRAFT_REWRITE_PRINT_HPP

#include <charconv>
#include <string>
#include <variant>
#include <vector>

#include <qgraft/rewrite/script.hpp>

namespace qgraft {

namespace detail {

/// Writes steps, and keeps count of what they build.
struct script_printer {
    const graph_view& view;
    node_id base;
    node_id built = 0;
    std::vector<std::string> scopes;

    // Appends rather than adds: release 12 of g++ warns of literal + string at -O3, without cause.
    static std::string made(node_id n) { return std::string(1, '%').append(std::to_string(n)); }

    [[nodiscard]] std::string text(tensor t) const {
        std::string s = t.node < base ? view.name(t.node) : made(t.node - base);
        if (t.port != 0) s.append(":").append(std::to_string(t.port));
        return s;
    }
    [[nodiscard]] std::string text(const argument& o) const {
        if (const auto* t = std::get_if<tensor>(&o)) return text(*t);
        char digits[32];
        const auto end = std::to_chars(digits, digits + sizeof digits, std::get<literal>(o).number).ptr;
        return std::string(digits, end);
    }

    std::string operator()(const scope_opening& o) {
        const bool below = o.parent != scope_id::root;
        scopes.push_back(below ? scopes[static_cast<std::size_t>(o.parent)] + view.separator() + o.path : o.path);
        return "scope " + scopes.back();
    }
    std::string operator()(const annotating& a) { return "annotate " + view.name(a.node); }
    std::string operator()(const emission& e) {
        std::string line = made(built++).append(" = ").append(to_string(e.op)).append("(");
        for (std::size_t i = 0; i < e.operands.size(); ++i) line += (i == 0 ? "" : ", ") + text(e.operands[i]);
        line += ")";
        std::string where = e.place.hint;
        if (e.place.scope != scope_id::root) {
            const std::string& scope = scopes[static_cast<std::size_t>(e.place.scope)];
            where = where.empty() ? scope : scope + view.separator() + where;
        }
        return where.empty() ? line : line + " in " + where;
    }
    std::string operator()(const rerouting& r) {
        std::string line = std::string("reroute ").append(text(r.from)).append(" -> ").append(text(r.to)).append(" at");
        for (const use u : r.uses) {
            line.append(" ").append(view.name(u.node)).append("[").append(std::to_string(u.operand)).append("]");
        }
        return r.uses.empty() ? line + " no operand" : line;
    }
};

}  // namespace detail

/// The script's steps in words. `%N` is the N-th thing that it builds.
inline std::vector<std::string> describe(const graph_view& view, const script& s) {
    detail::script_printer print{view, s.base(), 0, {}};
    std::vector<std::string> lines;
    lines.reserve(s.steps().size());
    for (const auto& step : s.steps()) lines.push_back(std::visit(print, step));
    return lines;
}

}  // namespace qgraft

#endif
