// Conformance checks of dialect<G>: every word that it speaks can be built, is recognized, and is taken back.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTING_CHECK_DIALECT_HPP
#define QGRAFT_TESTING_CHECK_DIALECT_HPP

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include <qgraft/ops/dialect.hpp>
#include <qgraft/ops/index.hpp>
#include <qgraft/testing/sample.hpp>

namespace qgraft::testing {

namespace detail {

/// Builds words the way the rules do: below one scope, with operands of the kinds that each word takes.
template <class G>
class speaker {
public:
    using node = node_of<G>;
    using tensor = value<node>;

    speaker(editor<G>& e, tensor data) : editor_(e), data_(data) {
        editor_.note("open_scope");
        scope_ = qgraft::detail::speech<G>::open_scope(editor_.graph(), scope_kind::state, "conformance");
    }

    /// Whether `w` can be built: the words that its operands need must be spoken, too.
    static bool can_say(word w) {
        constexpr word_set spoken = dialect<G>::spoken;
        constexpr word_set on_variables{word::read_variable, word::assign, word::ema_update};
        if (on_variables.contains(w) && !spoken.contains(word::variable)) return false;
        return w != word::select || spoken.contains(word::after_step);
    }

    /// Whether `w` is built only as a copy of a layer that is there, with its attributes.
    static bool is_copied(word w) {
        constexpr word_set copied{word::conv2d, word::depthwise_conv2d, word::matmul, word::batch_to_space};
        return copied.contains(w);
    }

    /// Whether there is what `w` needs: for a copy, its original.
    [[nodiscard]] bool has_original(word w) const { return !is_copied(w) || original(w).has_value(); }

    /// A choice that quantizes nothing.
    tensor choice() {
        const tensor when = plain(word::after_step, {}, "use_moving_average");
        return plain(word::select, {when, data_, literal{1}}, "correction");
    }

    tensor say(word w) {
        if (is_copied(w)) return copy(*original(w), w);
        constexpr word_set with_number{word::minimum, word::maximum, word::div, word::mul};
        if (w == word::select) return delay();
        if (w == word::constant) {
            word_params params = parameters();
            params.dims = numbers().dims;
            params.data = numbers().data;
            return dialect<G>::build(editor_, instruction<node>{w, {}, "numbers", scope_, std::move(params), {}});
        }
        if (w == word::variable) return plain(w, {}, "variable" + std::to_string(count_++));
        if (w == word::read_variable) return plain(w, {say(word::variable)}, "");
        if (w == word::assign || w == word::ema_update) return plain(w, {say(word::variable), number()}, "update");
        if (with_number.contains(w)) return plain(w, {number(), literal{1}}, "");
        if ((w == word::fake_quant || w == word::fake_quant_per_channel) && can_say(word::assign)) {
            return plain(w, {data_, say(word::variable), say(word::variable)}, "");
        }
        std::size_t operands = 0;
        while (!takes(w, operands)) ++operands;
        return plain(w, std::vector<operand_of<node>>(operands, data_), "");
    }

    /// What a constant is built of.
    static constant_tensor numbers() { return {{1.5F, -2.0F, 0.0F, 0x1p-149F, 3e38F, 0.1F}, {3, 1, 2}}; }

private:
    /// The first node of the graph that `w` could copy.
    [[nodiscard]] std::optional<node> original(word w) const {
        for (const node n : graph_traits<G>::nodes(std::as_const(editor_).graph())) {
            if (dialect<G>::classify(std::as_const(editor_).graph(), n) == w) return n;
        }
        return std::nullopt;
    }

    tensor copy(node of, word w) {
        std::vector<operand_of<node>> operands;
        for (const tensor v : graph_traits<G>::inputs(std::as_const(editor_).graph(), of)) operands.emplace_back(v);
        return dialect<G>::build(editor_, instruction<node>{w, operands, "copy", scope_, parameters(), of});
    }

    /// What a delayed quantization builds.
    tensor delay() {
        constexpr word_set spoken = dialect<G>::spoken;
        const tensor quantized = spoken.contains(word::fake_quant) ? say(word::fake_quant) : data_;
        const tensor when = top(word::after_step, {}, "conformance/activate_quant");
        return top(word::select, {when, quantized, data_}, "conformance/delayed_quant");
    }

    /// A scalar tensor, where one can be built.
    operand_of<node> number() {
        constexpr word_set spoken = dialect<G>::spoken;
        return spoken.contains(word::reduce_min) ? plain(word::reduce_min, {data_}, "batch_min") : data_;
    }

    tensor plain(word w, const std::vector<operand_of<node>>& operands, const std::string& hint) {
        return dialect<G>::build(editor_, instruction<node>{w, operands, hint, scope_, parameters(), {}});
    }
    tensor top(word w, const std::vector<operand_of<node>>& operands, const std::string& hint) {
        return dialect<G>::build(editor_, instruction<node>{w, operands, hint, {}, parameters(), {}});
    }
    static word_params parameters() { return {.real = 0.5, .integer = 10, .bits = 4}; }

    editor<G>& editor_;
    tensor data_;
    naming_scope scope_;
    int count_ = 0;
};

inline std::vector<word> words_in(word_set set) {
    std::vector<word> words;
    for (std::size_t i = 0; i < word_count; ++i) {
        if (set.contains(static_cast<word>(i))) words.push_back(static_cast<word>(i));
    }
    return words;
}

/// What a node that stands for a built word may be. A word that was built as several nodes may be none of them; but
/// fake quantization must be recognized, or a second rewrite would quantize again.
inline bool may_be(word built, word found) {
    if (built == word::fake_quant || built == word::fake_quant_per_channel || built == word::fake_quant_fixed) {
        return found == built;
    }
    if (built == word::reduce_max && found == word::max_over_axes) return true;
    if (built == word::biased_variance) return true;  // arithmetic, whose last step may be any word
    return found == built || found == word::other;
}

/// After a word was built: its node is there, as are all that came with it, and the rest is as it was.
template <class G>
void check_built(verdict& v, const G& g, const editor<G>& e, word w, value_of<G> made, std::size_t nodes_before) {
    const std::string which = "'" + std::string(to_string(w)) + "'";
    const auto nodes = nodes_of(g);
    const std::unordered_set<node_of<G>> listed(nodes.begin(), nodes.end());
    if (!v.expect(listed.contains(made.node), "build() of " + which + " returns a node that nodes() does not list"))
        return;
    if (w == word::constant) {
        v.expect(qgraft::detail::speech<G>::constant_of(g, made) == speaker<G>::numbers(),
                 "constant_of() does not give the numbers that build() of " + which + " was given");
    }
    v.expect(nodes.size() == nodes_before + e.added().size(), "build() of " + which + " adds nodes without the editor");
    const graph_index<G> index(g);
    v.expect(index.size() == nodes.size(), "the graph cannot be indexed after build() of " + which);
    const word found = index.word_of(*index.find(made.node));
    constexpr word_set spoken = dialect<G>::spoken;
    const bool is_delay = w == word::select && spoken.contains(word::fake_quant);
    v.expect(is_delay ? found == word::delayed : may_be(w, found),
             "what build() makes of " + which + " is classified as '" + std::string(to_string(found)) + "'");
}

template <class G>
void check_classes(verdict& v, const G& g) {
    const auto nodes = nodes_of(g);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const std::string who = label(g, nodes[i], i);
        const word w = dialect<G>::classify(g, nodes[i]);
        v.expect(dialect<G>::classify(g, nodes[i]) == w, "classify() of " + who + " differs when asked again");
        v.expect(takes(w, inputs_of(g, nodes[i]).size()),
                 "classify() of " + who + " is '" + std::string(to_string(w)) + "', which does not take " +
                     std::to_string(inputs_of(g, nodes[i]).size()) + " operands");
        v.expect(!qgraft::detail::speech<G>::op_name(g, nodes[i]).empty(), "op_name() of " + who + " is empty");
    }
    const graph_index<G> index(g);
    v.expect(index.order().size() == nodes.size(), "the graph cannot be put in order");
}

template <class G, class Make, class Printer, class Data>
void check_word(verdict& v, Make& make, Printer& print, Data& data, word w) {
    const std::string which = "'" + std::string(to_string(w)) + "'";
    if (!v.expect(speaker<G>::can_say(w), which + " is spoken, but not a word that its operands need")) return;
    sample<G, Make> s(make);
    const auto before = s.picture(print);
    const std::size_t nodes_before = nodes_of(std::as_const(s.graph())).size();
    editor<G> e(s.graph());
    v.run("build() of " + which, [&](verdict& to) {
        speaker<G> speaks(e, data(s.graph()));
        if (!speaks.has_original(w)) return;
        const value_of<G> made = speaks.say(w);
        check_built(to, std::as_const(s.graph()), e, w, made, nodes_before);
    });
    roll_back(v, e, "build() of " + which);
    v.expect(s.picture(print) == before, "build() of " + which + " is not undone by the editor");
}

/// Only what quantizes is a delay: folding in training chooses, too.
template <class G, class Make, class Data>
void check_choice(verdict& v, Make& make, Data& data) {
    sample<G, Make> s(make);
    editor<G> e(s.graph());
    const value_of<G> made = speaker<G>(e, data(s.graph())).choice();
    const graph_index<G> index(std::as_const(s.graph()));
    v.expect(index.word_of(*index.find(made.node)) != word::delayed,
             "a select of values that are not quantized is classified as 'delayed'");
    roll_back(v, e, "building a select");
}

}  // namespace detail

/// Checks the dialect of `G`: classify() is stable and fits the operands, every spoken word can be built with operands
/// of the kinds that rules give it, is recognized (a constant by its numbers), and is undone by the editor, also after
/// a failure before any change.
/// `make` and `print` as for check_mutable; `data(G&)` returns a tensor of numbers that is in the graph.
template <class G, class Make, class Printer, class Data>
failures check_dialect(Make make, Printer print, Data data) {
    detail::verdict v;
    if constexpr (check_rewritable_graph<G, word_set{}>()) {
        constexpr word_set spoken = dialect<G>::spoken;
        v.run("classify()", [&](auto& to) {
            const detail::sample<G, Make> s(make);
            detail::check_classes(to, s.graph());
        });
        for (const word w : detail::words_in(spoken)) {
            v.run("'" + std::string(to_string(w)) + "'",
                  [&](auto& to) { detail::check_word<G>(to, make, print, data, w); });
        }
        constexpr word_set for_choices{word::select, word::after_step};
        if constexpr ((for_choices.bits & ~spoken.bits) == 0) {
            v.run("a select of values that are not quantized",
                  [&](auto& to) { detail::check_choice<G>(to, make, data); });
        }
        if (!v.empty()) return std::move(v).take();
        v.run("building every word", [&](auto& to) {
            detail::inject_failures<G>(to, make, print, [&](G& g, edit_observer fail) {
                editor<G> e(g, std::move(fail));
                detail::speaker<G> speaker(e, data(g));
                for (const word w : detail::words_in(spoken)) {
                    if (speaker.can_say(w) && speaker.has_original(w)) speaker.say(w);
                }
                e.commit();
            });
        });
    }
    return std::move(v).take();
}

}  // namespace qgraft::testing

#endif
