// The matcher: tries any pattern at a node. Patterns are types; what they say stands in a tree of constants.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_PATTERN_MATCHER_HPP
#define QGRAFT_PATTERN_MATCHER_HPP

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

#include <qgraft/ops/view.hpp>
#include <qgraft/pattern/captures.hpp>

namespace qgraft::pattern {

/// Where the attempt at a pattern came to its end: the deepest node that did not fit.
struct miss {
    node_id node = no_node;
    unsigned depth = 0;
    std::string expected{};  ///< what the pattern wanted there
};

namespace detail {

/// What a part of a pattern asks of a tensor.
enum class form : std::uint8_t {
    any,          ///< nothing
    rest,         ///< last in an operand list: any further operands, or none
    having,       ///< a role
    op,           ///< one of the words, and the parts as operands; without parts any operands
    commutative,  ///< the same with two operands, in either order
    one_of,       ///< what any of the parts asks
    capture,      ///< what its one part asks; it is bound to the tag then
};

/// A part of a pattern, as constants.
struct tree {
    form what = form::any;
    role having{};
    word_set words{};
    const char* tag = nullptr;
    std::initializer_list<const tree*> parts{};

    /// How many captures a match can make at most.
    [[nodiscard]] constexpr unsigned captures() const {
        unsigned sum = what == form::capture ? 1 : 0;
        unsigned most = 0;
        for (const tree* part : parts) {
            const unsigned of_part = part->captures();
            sum += of_part;
            if (of_part > most) most = of_part;
        }
        return what == form::one_of ? most : sum;
    }
    /// Whether the operands that are listed need not be all.
    [[nodiscard]] constexpr bool is_open() const {
        return parts.size() != 0 && parts.begin()[parts.size() - 1]->what == form::rest;
    }
    /// How many operands are listed.
    [[nodiscard]] constexpr std::size_t operands() const { return parts.size() - (is_open() ? 1 : 0); }
    /// Whether each of the words can have the operands that are listed.
    [[nodiscard]] constexpr bool fits_words() const {
        if (parts.size() == 0) return true;
        for (std::size_t i = 0; i < word_count; ++i) {
            const auto w = static_cast<word>(i);
            if (words.contains(w) && !(is_open() ? takes_at_least(w, operands()) : takes(w, operands()))) return false;
        }
        return true;
    }
};

/// One attempt at a match: the captures so far, and the deepest miss when somebody asked for it.
class attempt {
public:
    attempt(const graph_view& view, bindings& bound, bool wants_reason = false)
        : view_(view), bound_(bound), wants_reason_(wants_reason) {}

    bool matches(const tree& p, tensor t) {
        switch (p.what) {
            case form::any:
            case form::rest:
                return true;
            case form::having:
                return view_.has_role(t.node, p.having) || missed(p, t);
            case form::op:
                return has_form(p, t) && (p.parts.size() == 0 || match_operands(p, t, false));
            case form::commutative: {
                const unsigned before = bound_.size();
                if (has_form(p, t)) {
                    if (match_operands(p, t, false)) return true;
                    bound_.forget_after(before);
                    if (match_operands(p, t, true)) return true;
                    bound_.forget_after(before);
                }
                return false;
            }
            case form::one_of: {
                const unsigned before = bound_.size();
                for (const tree* part : p.parts) {
                    if (matches(*part, t)) return true;
                    bound_.forget_after(before);
                }
                return false;
            }
            case form::capture:
                if (!matches(**p.parts.begin(), t)) return false;
                bound_.bind(p.tag, t);
                return true;
        }
        return false;
    }

    /// The deepest node that did not fit.
    [[nodiscard]] miss reason() const {
        if (part_missed_ == nullptr) return {};
        return {node_missed_, depth_missed_, expected(*part_missed_, node_missed_)};
    }

private:
    /// Whether the node has one of the words, and the number of operands.
    bool has_form(const tree& p, tensor t) {
        if (!p.words.contains(view_.word_of(t.node))) return missed(p, t);
        if (p.parts.size() == 0) return true;
        const std::size_t operands = view_.inputs(t.node).size();
        return (p.is_open() ? operands >= p.operands() : operands == p.operands()) || missed(p, t);
    }

    bool match_operands(const tree& p, tensor t, bool swapped) {
        const tensor* operand = view_.inputs(t.node).data();
        const std::size_t count = p.operands();
        bool matched = true;
        ++depth_;
        for (std::size_t i = 0; i < count && matched; ++i) {
            matched = matches(*p.parts.begin()[swapped ? count - 1 - i : i], operand[i]);
        }
        --depth_;
        return matched;
    }

    bool missed(const tree& p, tensor t) {
        if (wants_reason_ && depth_ > depth_missed_) {
            depth_missed_ = depth_;
            node_missed_ = t.node;
            part_missed_ = &p;
        }
        return false;
    }

    /// What a part wanted of a node that did not fit.
    [[nodiscard]] std::string expected(const tree& p, node_id n) const {
        if (p.what == form::having) return p.having == role::parameter ? "the value of a trained weight" : "a role";
        if (p.words.contains(view_.word_of(n))) {
            return std::to_string(p.operands()) + (p.is_open() ? " or more operands" : " operands");
        }
        std::string text;
        for (std::size_t i = 0; i < word_count; ++i) {
            const auto w = static_cast<word>(i);
            if (p.words.contains(w)) text.append(text.empty() ? "" : " or ").append(to_string(w));
        }
        return text;
    }

    const graph_view& view_;
    bindings& bound_;
    bool wants_reason_;
    unsigned depth_ = 1;
    unsigned depth_missed_ = 0;
    node_id node_missed_ = no_node;
    const tree* part_missed_ = nullptr;
};

}  // namespace detail

}  // namespace qgraft::pattern

#endif
