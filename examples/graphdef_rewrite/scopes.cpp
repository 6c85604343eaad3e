// Chooses the name scopes worth drawing.
// SPDX-License-Identifier: Apache-2.0
#include "scopes.hpp"

#include <map>
#include <string_view>
#include <utility>

namespace rewriter {

namespace {

constexpr int levels = 2;
constexpr int deepest = 8;  // parts of a name that are looked at

/// Every scope there is, as far down as is looked.
struct tree {
    std::map<std::string, tree> inside;
    std::vector<std::size_t> things;
    std::size_t all = 0;
};

void insert(tree& root, std::string_view name, std::size_t thing) {
    tree* at = &root;
    ++at->all;
    for (int i = 0; i < deepest; ++i) {
        const auto slash = name.find('/');
        if (slash == std::string_view::npos) break;
        at = &at->inside[std::string(name.substr(0, slash))];
        ++at->all;
        name.remove_prefix(slash + 1);
    }
    at->things.push_back(thing);
}

/// Moves a scope's things, and scopes while `level` allows, into `out`. The recursion is as deep as `deepest`.
void choose(const tree& from, int level, std::size_t everything, scope& out) {
    out.things.insert(out.things.end(), from.things.begin(), from.things.end());
    for (const auto& [part, below] : from.inside) {
        const tree* at = &below;
        std::string label = part;
        while (at->things.empty() && at->inside.size() == 1) {
            label += "/" + at->inside.begin()->first;
            at = &at->inside.begin()->second;
        }
        if (level == levels || at->all < 2) {
            choose(*at, levels, everything, out);
            continue;
        }
        const bool frame = at->all * 4 > everything * 3;
        scope s{out.path.empty() ? label : out.path + "/" + label, label, {}, {}};
        choose(*at, frame ? level : level + 1, everything, s);
        out.inside.push_back(std::move(s));
    }
}

}  // namespace

scope scopes_of(const std::vector<std::string>& names) {
    tree all;
    for (std::size_t i = 0; i < names.size(); ++i) insert(all, names[i], i);
    scope top;
    choose(all, 0, all.all, top);
    return top;
}

}  // namespace rewriter
