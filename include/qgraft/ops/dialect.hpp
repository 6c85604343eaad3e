// dialect<G>: which word a node of G is, and how to build one.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_OPS_DIALECT_HPP
#define QGRAFT_OPS_DIALECT_HPP

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <qgraft/graph/check.hpp>
#include <qgraft/graph/editor.hpp>
#include <qgraft/ops/batch_norm.hpp>
#include <qgraft/ops/constant.hpp>
#include <qgraft/ops/instruction.hpp>
#include <qgraft/ops/words.hpp>

namespace qgraft {

/// Customization point: specialize it for a graph type `G`, with
///
///     static constexpr word_set spoken                 the words that build() can build
///     classify(const G&, node)              -> word    what a node is; word::other when it is none of them. Which
///                                                      selects are delays, an index sees by itself
///     build(editor<G>&, const instruction<node>&) -> value<node>    adds the node or nodes that the word stands for
///   and, where the defaults do not fit,
///     is_parameter(const G&, node)          -> bool    the value of a trained weight; default: variable, read_variable
///     is_left_alone(const G&, node)         -> bool    operands of this node are never redirected; default: false
///     is_in_loop(const G&, node)            -> bool    it runs once an iteration of a loop; default: false
///     is_in_batch_norm(const G&, node)      -> bool    it is part of a batch norm that is spelled out; default: false
///     is_constant(const G&, node)           -> bool    its value, of any type, is in the graph; default: the word
///     op_name(const G&, node)               -> string  the graph's own name of the operation; default: the word
///     open_scope(G&, scope_kind, path)      -> naming_scope    default: the path itself, for both
///     batch_norm_of(const G&, node)         -> batch_norm_facts      of a batch_norm; default: it cannot be folded
///     channels_of(const G&, node)           -> channel_layout        of a layer; default: channels last in both
///     moving_statistic_of(const G&, value)  -> optional<moving_statistic<value>>    of a statistic; default: by form
///     constant_of(const G&, value)          -> optional<constant_tensor>     of a constant of floats; default: none.
///         Asked for operands of batch norms and layers, and by the verifier for ranges and stored values.
///         Needed where the word constant is spoken
///     named_batch_norms(const G&)           -> vector<named_batch_norm<value>>    default: none
///     annotate(editor<G>&, node, annotation)    default: nothing
///     static constexpr char separator       between the parts of a name; default: '/'
template <class G>
struct dialect;

namespace detail {

template <class G>
concept has_classify = requires(const G& g, node_of<G> n) {
    { dialect<G>::classify(g, n) } -> std::same_as<word>;
};
template <class G>
concept has_spoken = requires {
    { dialect<G>::spoken } -> std::convertible_to<word_set>;
};
template <class G>
concept has_build = mutable_graph<G> && requires(editor<G>& e, const instruction<node_of<G>>& i) {
    { dialect<G>::build(e, i) } -> std::convertible_to<value_of<G>>;
};
template <class G>
concept has_constant_of = requires(const G& g, value_of<G> v) {
    { dialect<G>::constant_of(g, v) } -> std::convertible_to<std::optional<constant_tensor>>;
};
template <class G>
concept has_dialect = requires {
    sizeof(dialect<G>);
};

/// The dialect's answers, with the defaults where it gives none.
template <class G>
struct speech {
    using node = node_of<G>;

    static bool is_parameter(const G& g, node n, word w) {
        if constexpr (requires { dialect<G>::is_parameter(g, n); }) {
            return dialect<G>::is_parameter(g, n);
        } else {
            return w == word::variable || w == word::read_variable;
        }
    }
    static bool is_left_alone(const G& g, node n) {
        if constexpr (requires { dialect<G>::is_left_alone(g, n); }) {
            return dialect<G>::is_left_alone(g, n);
        } else {
            return false;
        }
    }
    static bool is_in_loop(const G& g, node n) {
        if constexpr (requires { dialect<G>::is_in_loop(g, n); }) {
            return dialect<G>::is_in_loop(g, n);
        } else {
            return false;
        }
    }
    static bool is_in_batch_norm(const G& g, node n) {
        if constexpr (requires { dialect<G>::is_in_batch_norm(g, n); }) {
            return dialect<G>::is_in_batch_norm(g, n);
        } else {
            return false;
        }
    }
    static bool is_constant(const G& g, node n, word w) {
        if constexpr (requires { dialect<G>::is_constant(g, n); }) {
            return dialect<G>::is_constant(g, n);
        } else {
            return w == word::constant;
        }
    }
    static std::string op_name(const G& g, node n) {
        if constexpr (requires { dialect<G>::op_name(g, n); }) {
            return std::string(dialect<G>::op_name(g, n));
        } else {
            return std::string(to_string(dialect<G>::classify(g, n)));
        }
    }
    static naming_scope open_scope(G& g, scope_kind kind, const std::string& path) {
        if constexpr (requires { dialect<G>::open_scope(g, kind, path); }) {
            return dialect<G>::open_scope(g, kind, path);
        } else {
            return {path, path};
        }
    }
    static batch_norm_facts batch_norm_of(const G& g, node n) {
        if constexpr (requires { dialect<G>::batch_norm_of(g, n); }) {
            return dialect<G>::batch_norm_of(g, n);
        } else {
            return {.obstacle = "is of a graph whose dialect does not tell its epsilon"};
        }
    }
    static channel_layout channels_of(const G& g, node n) {
        if constexpr (requires { dialect<G>::channels_of(g, n); }) {
            return dialect<G>::channels_of(g, n);
        } else {
            return {};
        }
    }
    static std::optional<constant_tensor> constant_of(const G& g, value_of<G> v) {
        if constexpr (has_constant_of<G>) {
            return dialect<G>::constant_of(g, v);
        } else {
            return std::nullopt;
        }
    }
    static constexpr bool tells_moving_statistics = requires(const G& g, value_of<G> v) {
        dialect<G>::moving_statistic_of(g, v);
    };
    static std::vector<named_batch_norm<value_of<G>>> named_batch_norms(const G& g) {
        if constexpr (requires { dialect<G>::named_batch_norms(g); }) {
            return dialect<G>::named_batch_norms(g);
        } else {
            return {};
        }
    }
    template <class Editor>
    static void annotate(Editor& e, node n, annotation what) {
        if constexpr (requires { dialect<G>::annotate(e, n, what); }) dialect<G>::annotate(e, n, what);
    }
    static constexpr char separator() {
        if constexpr (requires { dialect<G>::separator; }) {
            return dialect<G>::separator;
        } else {
            return '/';
        }
    }
};

/// One assertion a word, so that the message names the word.
template <word_set Needed, word_set Spoken>
consteval bool check_words() {
#define QGRAFT_WORD(name, least, greatest)                                     \
    static_assert(!Needed.contains(word::name) || Spoken.contains(word::name), \
                  "qgraft: dialect<G>::spoken lacks the word '" #name "', which this rule builds");
    QGRAFT_WORDS(QGRAFT_WORD)
#undef QGRAFT_WORD
    return (Needed.bits & ~Spoken.bits) == 0;
}

}  // namespace detail

/// The words that state is made of: a dialect which speaks them has variables that live from run to run.
inline constexpr word_set state_words{word::variable, word::assign};

/// A graph whose dialect can make state. Training rules need one.
template <class G>
concept stateful_graph = detail::has_dialect<G> && detail::has_spoken<G> &&
                         (state_words.bits & ~word_set(dialect<G>::spoken).bits) == 0;

/// A graph whose constants can be read, and made.
template <class G>
concept graph_with_constants = detail::has_dialect<G> && detail::has_spoken<G> && word_set(dialect<G>::spoken)
.contains(word::constant) && detail::has_constant_of<G>;

/// A graph that rules can match: it can be read, and its dialect says what each node is.
template <class G>
concept matchable_graph = readable_graph<G> && detail::has_dialect<G> && detail::has_classify<G>;

/// A graph that rules can rewrite.
template <class G>
concept rewritable_graph = matchable_graph<G> && mutable_graph<G> && detail::has_spoken<G> && detail::has_build<G>;

/// Fails to compile, in one sentence, unless rules can match `G`.
template <class G>
consteval bool check_matchable_graph() {
    if constexpr (check_readable_graph<G>()) {
        static_assert(detail::has_dialect<G>, "qgraft: there is no dialect<G> for this graph type");
        static_assert(!detail::has_dialect<G> || detail::has_classify<G>,
                      "qgraft: dialect<G> lacks classify(const G&, node), which returns a word");
    }
    return matchable_graph<G>;
}

/// Fails to compile, in one sentence, unless rules that build the words `Needed` can rewrite `G`.
template <class G, word_set Needed>
consteval bool check_rewritable_graph() {
    if constexpr (check_mutable_graph<G>()) {
        if constexpr (check_matchable_graph<G>()) {
            static_assert(detail::has_spoken<G>,
                          "qgraft: dialect<G> lacks the constant 'spoken', the word_set it can build");
            if constexpr (detail::has_spoken<G>) {
                constexpr word_set spoken = dialect<G>::spoken;
                constexpr bool stateless = (state_words.bits & spoken.bits) == 0;
                static_assert(
                    (Needed.bits & state_words.bits) == 0 || !stateless,
                    "qgraft: this graph has no state (its dialect speaks neither variable nor assign), which training "
                    "and trained ranges need");
                if constexpr ((Needed.bits & state_words.bits) == 0 || !stateless) {
                    if constexpr (detail::check_words<Needed, spoken>()) {
                        static_assert(!Needed.contains(word::constant) || detail::has_constant_of<G>,
                                      "qgraft: dialect<G> lacks constant_of(const G&, value<node>), which returns an "
                                      "optional<constant_tensor>");
                        static_assert(
                            detail::has_build<G>,
                            "qgraft: dialect<G> lacks build(editor<G>&, const instruction<node>&), which returns a "
                            "value<node>");
                    }
                }
            }
        }
    }
    return rewritable_graph<G>;
}

}  // namespace qgraft

#endif
