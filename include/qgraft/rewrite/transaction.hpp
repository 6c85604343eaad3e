// transaction<G>: applies scripts to a graph, one after another; all of them stay, or none.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_REWRITE_TRANSACTION_HPP
#define QGRAFT_REWRITE_TRANSACTION_HPP

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <qgraft/graph/editor.hpp>
#include <qgraft/ops/index.hpp>
#include <qgraft/rewrite/report.hpp>
#include <qgraft/rewrite/script.hpp>

namespace qgraft {

/// A rewrite of one graph: plan on view(), apply() the script, plan the next on the view as it is then, and commit().
/// Without commit(), whether by an exception or by choice (a dry run), the graph is restored.
template <rewritable_graph G>
class transaction {
public:
    using node = node_of<G>;

    /// Indexes the graph. Throws invalid_graph where that fails. `before` is told of each change (see editor).
    explicit transaction(G& g, typename editor<G>::observer before = {}) : editor_(g, std::move(before)), index_(g) {
        report_.nodes_before = index_.size();
        report_.nodes_after = index_.size();
    }

    /// The graph as it is now, scripts applied included.
    [[nodiscard]] const graph_index<G>& view() const noexcept { return index_; }
    /// The account so far; rules write their decisions into it.
    [[nodiscard]] report& account() noexcept { return report_; }

    /// The nodes that scripts have made like others.
    [[nodiscard]] const std::vector<node_copy>& copies() const noexcept { return copies_; }

    /// Validates a script, then makes its edits. Where this throws, commit() will keep nothing.
    void apply(const script& s) {
        is_broken_ = true;
        validate(index_, s);
        if (!s.steps().empty()) make(s);
        is_broken_ = false;
    }

    /// Keeps every change.
    void commit() noexcept {
        if (!is_broken_) editor_.commit();
    }

private:
    /// Makes the steps of a script, and takes what they changed into the index and the account.
    void make(const script& s) {
        const node_id before = index_.size();
        const std::size_t added_before = editor_.added().size();
        const std::size_t changes_before = editor_.size();
        builder b{*this, s, {}, {}, {}, {}, {}};
        b.values.reserve(s.emissions());
        for (const auto& step : s.steps()) b.make_step(step);
        index_.extend(std::span(editor_.added()).subspan(added_before), editor_.redirected_since(changes_before));
        report_.nodes_after = index_.size();
        for (const node_copy c : b.copies) copies_.push_back({*index_.find(b.values[c.made].node), c.like});
        report_variables(before, b.initial_values);
    }

    /// Makes the steps of one script.
    struct builder {
        transaction& self;
        const script& steps;
        std::vector<naming_scope> scopes;
        std::vector<value<node>> values;
        std::vector<std::pair<node, double>> initial_values{};  ///< of the variables that the script asked for
        std::vector<operand_of<node>> operands{};               ///< of the word that is built
        std::vector<node_copy> copies{};                        ///< `made` is a place among the values

        [[nodiscard]] value<node> resolve(tensor t) const {
            const node_id base = self.index_.size();
            if (t.node < base) return self.index_.handle(t);
            value<node> v = values[t.node - base];
            v.port += t.port;
            return v;
        }

        void make_step(const script::step& step) {
            if (const auto* e = std::get_if<emission>(&step)) return make(*e);
            if (const auto* o = std::get_if<scope_opening>(&step)) return make(*o);
            if (const auto* a = std::get_if<annotating>(&step)) return make(*a);
            make(*std::get_if<rerouting>(&step));
        }

        void make(const scope_opening& o) {
            self.editor_.note("open_scope");
            std::string path;
            if (o.parent != scope_id::root) {
                path.append(scopes[static_cast<std::size_t>(o.parent)].path) += self.index_.separator();
            }
            path.append(o.path);
            scopes.push_back(detail::speech<G>::open_scope(self.editor_.graph(), o.kind, path));
        }

        void make(const emission& e) {
            operands.clear();
            for (const argument& o : steps.operands(e)) {
                if (o.is_given) {
                    operands.emplace_back(o.given);
                } else {
                    operands.emplace_back(resolve(o.read));
                }
            }
            const bool at_root = e.scope == scope_id::root;
            const word_params& params = steps.params(e);
            instruction<node> i{e.op, operands, e.hint,
                                at_root ? detail::at_root : scopes[static_cast<std::size_t>(e.scope)], params, {}};
            if (e.like != no_node) i.like = self.index_.handle(e.like);
            values.push_back(dialect<G>::build(self.editor_, i));
            if (e.like != no_node) copies.push_back({static_cast<node_id>(values.size() - 1), e.like});
            if (e.op == word::variable) initial_values.emplace_back(values.back().node, params.real);
        }

        void make(const annotating& a) {
            detail::speech<G>::annotate(self.editor_, self.index_.handle(a.node), a.what);
        }

        void make(const rerouting& r) {
            const value<node> to = resolve(r.to);
            for (const use u : steps.uses(r)) self.editor_.set_input(self.index_.handle(u.node), u.operand, to);
            self.report_.moved.push_back({self.name(resolve(r.from)), self.name(to), r.uses.size});
        }
    };

    /// Writes down the variables among the nodes from `first` on, which a script has added: those that it asked for,
    /// and those that the dialect has made for other words.
    void report_variables(node_id first, const std::vector<std::pair<node, double>>& initial_values) {
        auto next = initial_values.begin();
        for (node_id n = first; n < index_.size(); ++n) {
            if (next != initial_values.end() && next->first == index_.handle(n)) {
                report_.variables.push_back({index_.name(n), next->second});
                ++next;
            } else if (index_.word_of(n) == word::variable) {
                report_.variables.push_back({index_.name(n), std::nullopt});
            }
        }
    }

    [[nodiscard]] std::string name(node n) const {
        if constexpr (named_graph<G>) {
            return std::string(std::string_view(graph_traits<G>::name(editor_.graph(), n)));
        } else {
            return {};
        }
    }
    [[nodiscard]] std::string name(value<node> v) const { return name(v.node) + ":" + std::to_string(v.port); }

    editor<G> editor_;
    graph_index<G> index_;
    report report_;
    std::vector<node_copy> copies_;
    bool is_broken_ = false;  ///< a script was applied in part
};

}  // namespace qgraft

#endif
