// Combinators: patterns over words, as constexpr values.
//
//     struct layer; struct weights;
//     constexpr auto conv = capture<layer>(op<word::conv2d>(any, capture<weights>(having<role::parameter>)));
//     constexpr auto activated = op<word::relu, word::relu6>(one_of(op<word::bias_add>(conv, any), conv));
//     if (auto m = match(view, node, activated)) use(m->get<weights>());
//
// A pattern follows operands upwards from its root; it never looks at users. Its depth, and so its stack, is fixed.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_PATTERN_COMBINATORS_HPP
#define QGRAFT_PATTERN_COMBINATORS_HPP

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <type_traits>

#include <qgraft/ops/view.hpp>
#include <qgraft/pattern/captures.hpp>

namespace qgraft::pattern {

/// Where the attempt at a pattern came to its end: the deepest node that did not fit.
struct miss {
    node_id node = no_node;
    unsigned depth = 0;
    std::string expected;  ///< what the pattern wanted there
};

namespace detail {

/// One attempt at a match: the graph, the captures so far, and the deepest miss when somebody asked for it.
template <class Tags>
struct attempt {
    const graph_view& view;
    captures<Tags> bound;
    miss* deepest = nullptr;
    unsigned depth = 1;

    bool missed(node_id n, const auto& expected) {
        if (deepest != nullptr && depth > deepest->depth) *deepest = {n, depth, expected()};
        return false;
    }
};

inline std::string list_words(word_set words) {
    std::string text;
    for (std::size_t i = 0; i < word_count; ++i) {
        const auto w = static_cast<word>(i);
        if (words.contains(w)) text += (text.empty() ? "" : " or ") + std::string(to_string(w));
    }
    return text;
}

}  // namespace detail

/// Any tensor.
struct any_pattern {
    using tags = tag_list<>;
    template <class Attempt>
    static bool match(Attempt&, tensor) {
        return true;
    }
};
inline constexpr any_pattern any{};

/// Stands last in an operand list: any further operands, or none.
struct rest_pattern {
    using tags = tag_list<>;
};
inline constexpr rest_pattern rest{};

/// A tensor of a node that has the role.
template <role R>
struct having_pattern {
    using tags = tag_list<>;
    template <class Attempt>
    static bool match(Attempt& a, tensor t) {
        return a.view.has_role(t.node, R) || a.missed(t.node, [] {
            return std::string(R == role::parameter ? "the value of a trained weight" : "a role");
        });
    }
};
template <role R>
inline constexpr having_pattern<R> having{};

namespace detail {

template <class... Inputs>
inline constexpr bool ends_in_rest = false;
template <class First, class... More>
inline constexpr bool ends_in_rest<First, More...> = ends_in_rest<More...>;
template <class Last>
inline constexpr bool ends_in_rest<Last> = std::is_same_v<Last, rest_pattern>;

/// Whether each word can have the listed operands.
template <word_set Words, class... Inputs>
consteval bool arity_fits() {
    if (sizeof...(Inputs) == 0) return true;
    for (std::size_t i = 0; i < word_count; ++i) {
        const auto w = static_cast<word>(i);
        if (!Words.contains(w)) continue;
        if (ends_in_rest<Inputs...> ? !takes_at_least(w, sizeof...(Inputs) - 1) : !takes(w, sizeof...(Inputs)))
            return false;
    }
    return true;
}

template <class Attempt, class... Inputs>
bool match_operands(Attempt& a, std::span<const tensor> operands) {
    if constexpr (sizeof...(Inputs) == 0) {
        return true;
    } else {
        std::size_t i = 0;
        const auto one = [&]<class P>() {
            if constexpr (std::is_same_v<P, rest_pattern>) {
                return true;
            } else {
                return P::match(a, operands[i++]);
            }
        };
        ++a.depth;
        const bool matched = (one.template operator()<Inputs>() && ...);
        --a.depth;
        return matched;
    }
}

}  // namespace detail

/// A node of one of the words, its operands matched in order. Without operands listed, any will do.
template <word_set Words, class... Inputs>
struct op_pattern {
    using tags = join<tag_list<>, typename Inputs::tags...>;

    template <class Attempt>
    static bool match(Attempt& a, tensor t) {
        static_assert(detail::arity_fits<Words, Inputs...>(),
                      "qgraft: this pattern lists a number of operands that one of its words does not take");
        if (!Words.contains(a.view.word_of(t.node))) return a.missed(t.node, [] { return detail::list_words(Words); });
        const auto operands = a.view.inputs(t.node);
        constexpr bool open = detail::ends_in_rest<Inputs...>;
        constexpr std::size_t least = sizeof...(Inputs) - (open ? 1 : 0);
        if (sizeof...(Inputs) != 0 && (open ? operands.size() < least : operands.size() != least)) {
            return a.missed(t.node, [] { return std::to_string(least) + (open ? " or more operands" : " operands"); });
        }
        return detail::match_operands<Attempt, Inputs...>(a, operands);
    }
};

/// A node of one of the words with two operands, in either order; the order given is tried first.
template <word_set Words, class A, class B>
struct commutative_pattern {
    using tags = join<typename A::tags, typename B::tags>;

    template <class Attempt>
    static bool match(Attempt& a, tensor t) {
        const auto before = a.bound;
        if (op_pattern<Words, A, B>::match(a, t)) return true;
        a.bound = before;
        if (op_pattern<Words, B, A>::match(a, t)) return true;
        a.bound = before;
        return false;
    }
};

/// The first of several patterns that matches.
template <class... Patterns>
struct one_of_pattern {
    using tags = join<tag_list<>, typename Patterns::tags...>;

    template <class Attempt>
    static bool match(Attempt& a, tensor t) {
        const auto before = a.bound;
        const auto one = [&]<class P>() {
            if (P::match(a, t)) return true;
            a.bound = before;
            return false;
        };
        return (one.template operator()<Patterns>() || ...);
    }
};

/// What `P` matches, bound to `Tag`.
template <class Tag, class P>
struct capture_pattern {
    using tags = join<tag_list<Tag>, typename P::tags>;

    template <class Attempt>
    static bool match(Attempt& a, tensor t) {
        if (!P::match(a, t)) return false;
        a.bound.template set<Tag>(t);
        return true;
    }
};

/// op<word::relu, word::relu6>(x): a node of one of the words, operands in order.
template <word... Words, class... Inputs>
constexpr op_pattern<word_set{Words...}, Inputs...> op(Inputs...) {
    return {};
}

/// commutative<word::add>(a, b): two operands in either order.
template <word... Words, class A, class B>
constexpr commutative_pattern<word_set{Words...}, A, B> commutative(A, B) {
    return {};
}

/// one_of(a, b, ...): the first that matches.
template <class... Patterns>
constexpr one_of_pattern<Patterns...> one_of(Patterns...) {
    return {};
}

/// capture<tag>(p): binds what p matches.
template <class Tag, class P>
constexpr capture_pattern<Tag, P> capture(P) {
    return {};
}

/// Matches `P` with `root` as its root; none when it does not match. Nothing is written.
template <class P>
std::optional<captures<typename P::tags>> match(const graph_view& view, node_id root, P) {
    detail::attempt<typename P::tags> a{view, {}};
    if (!P::match(a, tensor{root, 0})) return std::nullopt;
    return a.bound;
}

/// Why `P` does not match at `root`: the deepest node that did not fit. An empty `expected` means that it does match.
template <class P>
miss explain(const graph_view& view, node_id root, P) {
    miss deepest;
    detail::attempt<typename P::tags> a{view, {}, &deepest};
    if (P::match(a, tensor{root, 0})) return {};
    return deepest;
}

/// A miss in a sentence, such as "'c/Relu' is a relu where add or bias_add was expected".
inline std::string to_string(const graph_view& view, const miss& m) {
    if (m.expected.empty()) return "matches";
    constexpr word_set vague{word::other, word::other_layer};
    const word w = view.word_of(m.node);
    return "'" + view.name(m.node) + "' is " + (vague.contains(w) ? view.op_name(m.node) : std::string(to_string(w))) +
           " where " + m.expected + " was expected";
}

}  // namespace qgraft::pattern

#endif
