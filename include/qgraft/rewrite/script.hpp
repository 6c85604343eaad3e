// script: the edits that a rule has planned, on ids, before any is made.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_REWRITE_SCRIPT_HPP
#define QGRAFT_REWRITE_SCRIPT_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <qgraft/graph/error.hpp>
#include <qgraft/ops/instruction.hpp>
#include <qgraft/ops/view.hpp>

namespace qgraft {

/// An operand as a rule gives it: a tensor, of the graph or yet to be built, or a number.
using argument = std::variant<tensor, literal>;

/// A scope that a script opens, by number. scope_id::root is the top.
enum class scope_id : std::uint32_t { root = 0xffffffffU };

/// Where a new node goes and what it carries.
struct placement {
    scope_id scope = scope_id::root;
    /// The last part of its name, in snake_case, or a path with the scope's parts; empty: the dialect's usual name.
    std::string hint{};
    word_params params{};
    /// A node of the graph whose attributes it carries.
    node_id like = no_node;
};

/// One word to build.
struct emission {
    word op;
    std::vector<argument> operands;
    placement place;
};

/// A scope to open, below another or at the top.
struct scope_opening {
    scope_kind kind;
    std::string path;
    scope_id parent = scope_id::root;
};

/// Something to say of a node that is there already.
struct annotating {
    node_id node;
    annotation what;
};

/// Slots that read one tensor and shall read another.
struct rerouting {
    tensor from;
    tensor to;
    std::vector<use> uses;
};

/// A list of edits, in order. A tensor that the script itself builds has an id at or above base().
class script {
public:
    using step = std::variant<emission, scope_opening, rerouting, annotating>;

    /// A script over a view of `base` nodes.
    explicit script(node_id base) : base_(base) {}

    /// The number of nodes of the graph when the script was planned.
    [[nodiscard]] node_id base() const noexcept { return base_; }
    [[nodiscard]] bool empty() const noexcept { return steps_.empty(); }
    [[nodiscard]] const std::vector<step>& steps() const noexcept { return steps_; }
    /// How many words the script builds.
    [[nodiscard]] node_id emissions() const noexcept { return emitted_; }

    /// Opens a naming scope, below another or at the top.
    scope_id open_scope(scope_kind kind, std::string path, scope_id parent = scope_id::root) {
        steps_.emplace_back(scope_opening{kind, std::move(path), parent});
        return static_cast<scope_id>(scopes_++);
    }

    /// Says something of a node of the graph.
    void annotate(node_id n, annotation what) { steps_.emplace_back(annotating{n, what}); }

    /// Builds a word; the result is its first output.
    tensor emit(word op, std::vector<argument> operands, placement place = {}) {
        steps_.emplace_back(emission{op, std::move(operands), std::move(place)});
        return {base_ + emitted_++, 0};
    }

    /// Makes `uses`, which read `from`, read `to`.
    void reroute(tensor from, tensor to, std::vector<use> uses) {
        steps_.emplace_back(rerouting{from, to, std::move(uses)});
    }

private:
    node_id base_;
    node_id emitted_ = 0;
    std::uint32_t scopes_ = 0;
    std::vector<step> steps_;
};

namespace detail {

/// Checks one step after another, and counts what has been built so far.
class script_check {
public:
    explicit script_check(const graph_view& view, const script& s) : view_(view), known_(s.base()) {
        if (s.base() != view.size()) throw rewrite_error("", "the script was planned on another state of the graph");
    }

    void operator()(const emission& e) {
        if (!takes(e.op, e.operands.size())) {
            throw rewrite_error(e.place.hint, "'" + std::string(to_string(e.op)) + "' does not take " +
                                                  std::to_string(e.operands.size()) + " operands");
        }
        for (const argument& o : e.operands) {
            if (const auto* t = std::get_if<tensor>(&o)) require_known(*t, e.place.hint);
        }
        if (e.place.like != no_node && e.place.like >= view_.size()) {
            throw rewrite_error(e.place.hint, "is to be like a node that is not there");
        }
        require_scope(e.place.scope, e.place.hint);
        ++known_;
    }
    void operator()(const scope_opening& o) {
        require_scope(o.parent, o.path);
        ++scopes_;
    }
    void operator()(const annotating& a) {
        if (a.node >= view_.size()) throw rewrite_error("", "an annotated node is not there");
    }
    void operator()(const rerouting& r) {
        require_known(r.from, "a rerouted tensor");
        require_known(r.to, "a rerouted tensor");
        for (const use u : r.uses) {
            if (u.node >= view_.size() || u.operand >= view_.inputs(u.node).size()) {
                throw rewrite_error("", "a rerouted operand is not there");
            }
            if (view_.read_by(u) != r.from) throw rewrite_error(view_.name(u.node), "does not read what is rerouted");
        }
    }

private:
    void require_known(tensor t, const std::string& who) const {
        if (t.node >= known_) throw rewrite_error(who, "uses a tensor that is not there yet");
    }
    void require_scope(scope_id scope, const std::string& who) const {
        if (scope != scope_id::root && static_cast<std::uint32_t>(scope) >= scopes_) {
            throw rewrite_error(who, "goes into a scope that is not open");
        }
    }

    const graph_view& view_;
    node_id known_;
    std::uint32_t scopes_ = 0;
};

}  // namespace detail

/// Throws rewrite_error unless every step of the script makes sense on the graph and after the steps before it.
inline void validate(const graph_view& view, const script& s) {
    detail::script_check check(view, s);
    for (const auto& step : s.steps()) std::visit(check, step);
}

}  // namespace qgraft

#endif
