// script: the edits that a rule has planned, on ids, before any is made.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_REWRITE_SCRIPT_HPP
#define QGRAFT_REWRITE_SCRIPT_HPP

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <qgraft/graph/error.hpp>
#include <qgraft/ops/instruction.hpp>
#include <qgraft/ops/view.hpp>

namespace qgraft {

/// An operand as a rule gives it: a tensor, of the graph or yet to be built, or a number.
struct argument {
    tensor read{};
    literal given{0};
    bool is_given = false;  ///< it is the number

    argument() = default;
    argument(tensor t) : read(t) {}
    argument(literal number) : given(number), is_given(true) {}
};

/// A scope that a script opens, by number. scope_id::root is the top.
enum class scope_id : std::uint32_t { root = 0xffffffffU };

/// Where a new node goes and what it carries.
struct placement {
    scope_id scope = scope_id::root;
    /// The last part of its name, in snake_case, or a path with the scope's parts; empty: the dialect's usual name. To
    /// be kept by the caller until the word is emitted.
    std::string_view hint{};
    word_params params{};
    /// A node of the graph whose attributes it carries.
    node_id like = no_node;
};

/// A part of one of the lists that a script keeps.
struct list_part {
    std::uint32_t first = 0;
    std::uint32_t size = 0;
};

/// One word to build; texts, operands and parameters are the script's.
struct emission {
    word op;
    list_part operands;
    scope_id scope = scope_id::root;
    std::string_view hint{};
    std::uint32_t params = 0;
    node_id like = no_node;
};

/// A node that was made like another one.
struct node_copy {
    node_id made = no_node;
    node_id like = no_node;
};

/// A scope to open, below another or at the top.
struct scope_opening {
    scope_kind kind;
    std::string_view path;
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
    list_part uses;
};

/// A list of edits, in order. A tensor that the script itself builds has an id at or above base().
class script {
public:
    using step = std::variant<emission, scope_opening, rerouting, annotating>;

    /// A script over a view of `base` nodes.
    explicit script(node_id base) : base_(base), params_(1) {}

    script(const script&) = delete;
    script(script&&) = default;

    /// The number of nodes of the graph when the script was planned.
    [[nodiscard]] node_id base() const noexcept { return base_; }
    [[nodiscard]] bool empty() const noexcept { return steps_.empty(); }
    [[nodiscard]] const std::vector<step>& steps() const noexcept { return steps_; }
    /// How many words the script builds.
    [[nodiscard]] node_id emissions() const noexcept { return emitted_; }
    [[nodiscard]] std::span<const argument> operands(const emission& e) const noexcept {
        return {operands_.data() + e.operands.first, e.operands.size};
    }
    [[nodiscard]] const word_params& params(const emission& e) const noexcept { return params_[e.params]; }
    [[nodiscard]] std::span<const use> uses(const rerouting& r) const noexcept {
        return {uses_.data() + r.uses.first, r.uses.size};
    }

    /// Opens a naming scope, below another or at the top.
    scope_id open_scope(scope_kind kind, std::string_view path, scope_id parent = scope_id::root) {
        steps_.push_back(scope_opening{kind, kept(path), parent});
        return static_cast<scope_id>(scopes_++);
    }

    /// Says something of a node of the graph.
    void annotate(node_id n, annotation what) { steps_.push_back(annotating{n, what}); }

    /// Builds a word; the result is its first output.
    tensor emit(word op, std::span<const argument> operands, placement place) {
        const auto params = static_cast<std::uint32_t>(params_.size());
        params_.push_back(std::move(place.params));
        return add({op, {}, place.scope, place.hint, params, place.like}, operands);
    }
    tensor emit(word op, std::initializer_list<argument> operands, placement place) {
        return emit(op, std::span(operands.begin(), operands.size()), std::move(place));
    }
    /// The same where a scope and a hint say all of its place.
    tensor emit(word op, std::initializer_list<argument> operands, scope_id in = scope_id::root,
                std::string_view hint = {}) {
        return add({op, {}, in, hint}, std::span(operands.begin(), operands.size()));
    }

    /// Makes `uses`, which read `from`, read `to`.
    void reroute(tensor from, tensor to, const std::vector<use>& uses) {
        steps_.push_back(rerouting{from, to, part_of(uses_.size(), uses.size())});
        for (const use u : uses) uses_.push_back(u);
    }

private:
    static list_part part_of(std::size_t first, std::size_t size) {
        return {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(size)};
    }

    tensor add(emission e, std::span<const argument> operands) {
        e.operands = part_of(operands_.size(), operands.size());
        for (const argument& o : operands) operands_.push_back(o);
        e.hint = kept(e.hint);
        steps_.push_back(e);
        return {base_ + emitted_++, 0};
    }

    /// The same text, in the pool: it stays where it is until the script is gone.
    std::string_view kept(std::string_view text) {
        if (text.empty()) return {};
        if (texts_.empty() || texts_.back().capacity() - texts_.back().size() < text.size()) {
            constexpr std::size_t piece = 4000;
            texts_.emplace_back().reserve(text.size() > piece ? text.size() : piece);
        }
        std::string& pool = texts_.back();
        pool.append(text);
        return std::string_view(pool).substr(pool.size() - text.size());
    }

    node_id base_;
    node_id emitted_ = 0;
    std::uint32_t scopes_ = 0;
    std::vector<step> steps_;
    std::vector<argument> operands_;
    std::vector<use> uses_;
    std::vector<word_params> params_;  ///< the first: those of every word that was given none
    std::vector<std::string> texts_;   ///< in large pieces, which do not move
};

namespace detail {

/// Checks one step after another, and counts what has been built so far.
class script_check {
public:
    script_check(const graph_view& view, const script& s) : view_(view), script_(s), known_(s.base()) {
        if (s.base() != view.size()) throw rewrite_error("", "the script was planned on another state of the graph");
    }

    void check_step(const script::step& step) {
        if (const auto* e = std::get_if<emission>(&step)) return check(*e);
        if (const auto* o = std::get_if<scope_opening>(&step)) return check(*o);
        if (const auto* a = std::get_if<annotating>(&step)) return check(*a);
        check(*std::get_if<rerouting>(&step));
    }

private:
    void check(const emission& e) {
        const auto operands = script_.operands(e);
        if (!takes(e.op, operands.size())) {
            throw rewrite_error(std::string(e.hint), "'" + std::string(to_string(e.op)) + "' does not take " +
                                                         std::to_string(operands.size()) + " operands");
        }
        for (const argument& o : operands) {
            if (!o.is_given) require_known(o.read, e.hint);
        }
        if (e.like != no_node && e.like >= view_.size()) refuse(e.hint, "is to be like a node that is not there");
        require_scope(e.scope, e.hint);
        ++known_;
    }
    void check(const scope_opening& o) {
        require_scope(o.parent, o.path);
        ++scopes_;
    }
    void check(const annotating& a) const {
        if (a.node >= view_.size()) refuse("", "an annotated node is not there");
    }
    void check(const rerouting& r) const {
        require_known(r.from, "a rerouted tensor");
        require_known(r.to, "a rerouted tensor");
        for (const use u : script_.uses(r)) {
            if (u.node >= view_.size() || u.operand >= view_.inputs(u.node).size()) {
                refuse("", "a rerouted operand is not there");
            }
            if (view_.read_by(u) != r.from) refuse(view_.name(u.node), "does not read what is rerouted");
        }
    }

    [[noreturn]] static void refuse(std::string_view who, const char* why) {
        throw rewrite_error(std::string(who), why);
    }
    void require_known(tensor t, std::string_view who) const {
        if (t.node >= known_) refuse(who, "uses a tensor that is not there yet");
    }
    void require_scope(scope_id scope, std::string_view who) const {
        if (scope != scope_id::root && static_cast<std::uint32_t>(scope) >= scopes_) {
            refuse(who, "goes into a scope that is not open");
        }
    }

    const graph_view& view_;
    const script& script_;
    node_id known_;
    std::uint32_t scopes_ = 0;
};

}  // namespace detail

/// Throws rewrite_error unless every step of the script makes sense on the graph and after the steps before it.
inline void validate(const graph_view& view, const script& s) {
    detail::script_check check(view, s);
    for (const auto& step : s.steps()) check.check_step(step);
}

}  // namespace qgraft

#endif
