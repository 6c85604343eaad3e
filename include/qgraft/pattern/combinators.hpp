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

#include <initializer_list>
#include <string>

#include <qgraft/ops/view.hpp>
#include <qgraft/pattern/captures.hpp>
#include <qgraft/pattern/matcher.hpp>

namespace qgraft::pattern {

/// Any tensor.
struct any_pattern {
    using tags = tag_list<>;
    static constexpr detail::tree tree{};
};
inline constexpr any_pattern any{};

/// Stands last in an operand list: any further operands, or none.
struct rest_pattern {
    using tags = tag_list<>;
    static constexpr detail::tree tree{.what = detail::form::rest};
};
inline constexpr rest_pattern rest{};

/// A tensor of a node that has the role.
template <role R>
struct having_pattern {
    using tags = tag_list<>;
    static constexpr detail::tree tree{.what = detail::form::having, .having = R};
};
template <role R>
inline constexpr having_pattern<R> having{};

namespace detail {

/// The parts of a pattern.
template <class... Patterns>
inline constexpr std::initializer_list<const tree*> parts_of{&Patterns::tree...};

}  // namespace detail

/// A node of one of the words, its operands matched in order. Without operands listed, any will do.
template <word_set Words, class... Inputs>
struct op_pattern {
    using tags = join<tag_list<>, typename Inputs::tags...>;
    static constexpr detail::tree tree{.what = detail::form::op, .words = Words, .parts = detail::parts_of<Inputs...>};
    static_assert(tree.fits_words(),
                  "qgraft: this pattern lists a number of operands that one of its words does not take");
};

/// A node of one of the words with two operands, in either order; the order given is tried first.
template <word_set Words, class A, class B>
struct commutative_pattern {
    using tags = join<typename A::tags, typename B::tags>;
    static constexpr detail::tree tree{
        .what = detail::form::commutative, .words = Words, .parts = detail::parts_of<A, B>};
    static_assert(tree.fits_words(),
                  "qgraft: this pattern lists a number of operands that one of its words does not take");
};

/// The first of several patterns that matches.
template <class... Patterns>
struct one_of_pattern {
    using tags = join<tag_list<>, typename Patterns::tags...>;
    static constexpr detail::tree tree{.what = detail::form::one_of, .parts = detail::parts_of<Patterns...>};
};

/// What `P` matches, bound to `Tag`.
template <class Tag, class P>
struct capture_pattern {
    using tags = join<tag_list<Tag>, typename P::tags>;
    static constexpr detail::tree tree{
        .what = detail::form::capture, .tag = &detail::identity_of<Tag>, .parts = detail::parts_of<P>};
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

/// Any pattern, its type forgotten.
class some_pattern {
public:
    template <class P>
    constexpr some_pattern(P) : tree_(&P::tree) {
        static_assert(P::tree.captures() <= detail::bindings::capacity, "qgraft: this pattern has too many captures");
    }
    [[nodiscard]] const detail::tree& tree() const noexcept { return *tree_; }

private:
    const detail::tree* tree_;
};

/// Matches a pattern with `root` as its root; without a value when it does not match. Nothing is written.
template <class Tags = some_tags>
captures<Tags> match_some(const graph_view& view, node_id root, some_pattern p) {
    captures<Tags> found;
    found.set_matched(detail::attempt(view, found.bound()).matches(p.tree(), {root, 0}));
    return found;
}
template <class P>
captures<typename P::tags> match(const graph_view& view, node_id root, P p) {
    return match_some<typename P::tags>(view, root, p);
}

/// Why `P` does not match at `root`: the deepest node that did not fit. An empty `expected` means that it does match.
template <class P>
miss explain(const graph_view& view, node_id root, P) {
    detail::bindings bound;
    detail::attempt a(view, bound, true);
    return a.matches(P::tree, {root, 0}) ? miss{} : a.reason();
}

/// A miss in a sentence, such as "'c/Relu' is a relu where add or bias_add was expected".
inline std::string to_string(const graph_view& view, const miss& m) {
    if (m.expected.empty()) return "matches";
    // Of these the graph's own name tells more.
    constexpr word_set vague{word::other, word::other_layer, word::conv2d_transpose, word::leaky_relu};
    const word w = view.word_of(m.node);
    return "'" + view.name(m.node) + "' is " + (vague.contains(w) ? view.op_name(m.node) : std::string(to_string(w))) +
           " where " + m.expected + " was expected";
}

}  // namespace qgraft::pattern

#endif
