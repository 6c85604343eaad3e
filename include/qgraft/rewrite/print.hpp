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
    const script& steps;
    node_id built = 0;
    std::vector<std::string> scopes;

    // Appends rather than adds: release 12 of g++ warns of literal + string at -O3, without cause.
    static std::string made(node_id n) { return std::string(1, '%').append(std::to_string(n)); }

    [[nodiscard]] std::string text(tensor t) const {
        std::string s = t.node < steps.base() ? view.name(t.node) : made(t.node - steps.base());
        if (t.port != 0) s.append(":").append(std::to_string(t.port));
        return s;
    }
    [[nodiscard]] std::string text(const argument& o) const {
        if (!o.is_given) return text(o.read);
        char digits[32];
        const auto end = std::to_chars(digits, digits + sizeof digits, o.given.number).ptr;
        return std::string(digits, end);
    }

    std::string line(const scope_opening& o) {
        std::string& path = scopes.emplace_back();
        if (o.parent != scope_id::root) path.append(scopes[static_cast<std::size_t>(o.parent)]) += view.separator();
        path.append(o.path);
        return "scope " + path;
    }
    std::string line(const annotating& a) { return "annotate " + view.name(a.node); }
    std::string line(const emission& e) {
        std::string line = made(built++).append(" = ").append(to_string(e.op)).append("(");
        const char* before = "";
        for (const argument& o : steps.operands(e)) {
            line.append(before).append(text(o));
            before = ", ";
        }
        line += ")";
        if (e.scope == scope_id::root && e.hint.empty()) return line;
        line.append(" in ");
        if (e.scope != scope_id::root) {
            line.append(scopes[static_cast<std::size_t>(e.scope)]);
            if (!e.hint.empty()) line += view.separator();
        }
        return line.append(e.hint);
    }
    std::string line(const rerouting& r) {
        std::string line = std::string("reroute ").append(text(r.from)).append(" -> ").append(text(r.to)).append(" at");
        for (const use u : steps.uses(r)) {
            line.append(" ").append(view.name(u.node)).append("[").append(std::to_string(u.operand)).append("]");
        }
        return r.uses.size == 0 ? line + " no operand" : line;
    }
    std::string line_of(const script::step& step) {
        if (const auto* e = std::get_if<emission>(&step)) return line(*e);
        if (const auto* o = std::get_if<scope_opening>(&step)) return line(*o);
        if (const auto* a = std::get_if<annotating>(&step)) return line(*a);
        return line(*std::get_if<rerouting>(&step));
    }
};

}  // namespace detail

/// The script's steps in words. `%N` is the N-th thing that it builds.
inline std::vector<std::string> describe(const graph_view& view, const script& s) {
    detail::script_printer print{view, s, 0, {}};
    std::vector<std::string> lines;
    lines.reserve(s.steps().size());
    for (const auto& step : s.steps()) lines.push_back(print.line_of(step));
    return lines;
}

}  // namespace qgraft

#endif
