// Batch-norm folding by itself: fold_batch_norms, over any graph type.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_FOLD_HPP
#define QGRAFT_FOLD_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <qgraft/rewrite/print.hpp>
#include <qgraft/rewrite/transaction.hpp>
#include <qgraft/rules/fold_fused_batch_norms.hpp>
#include <qgraft/rules/fold_unfused_batch_norms.hpp>
#include <qgraft/rules/folded_copies.hpp>
#include <qgraft/rules/layer_patterns.hpp>
#include <qgraft/rules/policy.hpp>
#include <qgraft/rules/refuse.hpp>

namespace qgraft {

/// What a graph is rewritten for.
enum class phase : std::uint8_t {
    training,    ///< ranges are learnt while the network trains
    evaluation,  ///< ranges are read from the variables that training has left
};

namespace detail {

/// The handle of a graph type; for one that lacks it a stand-in, so that the entry points are reached and can say so.
template <class G>
struct handle_type {
    using type = std::monostate;
};
template <has_node G>
struct handle_type<G> {
    using type = node_of<G>;
};

}  // namespace detail

/// The options of fold_batch_norms for a graph of type `G`; those of qat_options that concern folding.
template <class G>
struct fold_options {
    /// The step from which on batch norms use their moving statistics; none: never. Not negative.
    std::optional<std::int64_t> freeze_bn_delay{};
    bool as_reference = false;  ///< equal to TensorFlow 1.15 also where it is wrong
    bool strict = false;        ///< warnings are errors
    bool dry_run = false;       ///< the graph stays as it is; the report holds the scripts
    std::vector<typename detail::handle_type<G>::type> exclude{};  ///< layers that stay as they are
    /// Called before each change of the graph; what it throws ends the rewrite.
    edit_observer on_change{};
};

namespace detail {

/// Runs the script that a rule has planned, and writes it down for a dry run.
template <class G>
void run(transaction<G>& t, const char* rule, const script& s, bool write_down) {
    if (write_down && !s.steps().empty()) {
        t.account().script.push_back(std::string("rule ") + rule);
        for (std::string& line : describe(t.view(), s)) t.account().script.push_back(std::move(line));
    }
    t.apply(s);
}

/// What folding builds in a phase.
template <phase P>
inline constexpr word_set words_of_folding = P == phase::training ? training_fold_words : fold_words;

/// Whether the dialect of `G` speaks all of the words.
template <class G>
consteval bool speaks(word_set words) {
    return (words.bits & ~word_set(dialect<G>::spoken).bits) == 0;
}

struct fold_rule {
    const char* name;
    void (*plan)(const graph_view&, const fold_config&, script&, report&);
};

/// The fold rules, one after the other. A graph whose dialect does not speak their words must have no batch norms.
template <class G>
void fold(transaction<G>& t, fold_config& config, bool write_down) {
    if constexpr (speaks<G>(fold_words)) {
        if (!config.is_training || !config.inference_only) {
            config.was_rewritten = !config.as_reference && was_rewritten(t.view());
            constexpr fold_rule rules[] = {{"fold_fused_batch_norms", &fold_fused_batch_norms},
                                           {"fold_unfused_batch_norms", &fold_unfused_batch_norms}};
            for (const fold_rule& rule : rules) {
                script s(t.view().size());
                rule.plan(t.view(), config, s, t.account());
                run(t, rule.name, s, write_down);
            }
            return;
        }
    }
    refuse_batch_norms(t.view());
}

/// The layers that an option leaves out, as the index numbers them, sorted. Throws invalid_option for a node of another
/// graph, and for one that is no layer.
template <class G, class Handles>
std::vector<node_id> layers_of(const graph_index<G>& index, const Handles& handles) {
    std::vector<node_id> ids;
    for (const auto& n : handles) {
        const auto id = index.find(n);
        if (!id) throw invalid_option("exclude", "holds a node that is not of this graph");
        if (!layers_with_settings.contains(index.word_of(*id))) {
            throw invalid_option("exclude", "holds '" + index.name(*id) + "', which is not a layer (" +
                                                index.op_name(*id) + "): there is nothing to leave out");
        }
        ids.push_back(*id);
    }
    if (ids.size() > 1) sort_nodes(ids, index.size());
    return ids;
}

/// Puts warnings into the report. Throws refused_graph for the first one of them when they are errors.
inline void warn(report& r, std::vector<std::string> warnings, bool strict) {
    if (strict && !warnings.empty()) throw refused_graph("", warnings.front());
    r.warnings = std::move(warnings);
}

/// What the fold rules are told of a graph of type `G` in a phase, from the options of any entry point. `Kernels` folds
/// into constants, where it and the graph can.
template <phase P, class Kernels, class G, class Options>
fold_config fold_config_of(const Options& options) {
    fold_config config;
    config.is_training = P == phase::training;
    config.inference_only = !speaks<G>(training_fold_words);
    config.freeze_bn_delay = options.freeze_bn_delay;
    config.as_reference = options.as_reference;
    if constexpr (graph_with_constants<G> && folding_kernel_policy<Kernels>) {
        if (!options.as_reference) config.constants = &constant_rule_with<scaling_kernel_for<Kernels>()>;
    }
    return config;
}

}  // namespace detail

/// Folds the batch norms of `graph` into the layers before them, in place; nothing is quantized. For evaluation the
/// graph needs no state: only batch norms with given statistics are folded then, unless its dialect can build more. For
/// training it is a compile-time error, of one sentence, where the graph has no state.
/// Returns the report. Throws invalid_option, invalid_graph, refused_graph or rewrite_error, and leaves the graph as it
/// was.
/// With `Kernels`, a folding_kernel_policy, a batch norm all of whose numbers are constants becomes constants: so fold
/// frozen graphs. The dialect must then speak the word constant, or it is a compile-time error. Not as_reference.
template <phase P = phase::evaluation, class Kernels = no_kernels, class G>
report fold_batch_norms(G& graph, const fold_options<G>& options = {}) {
    constexpr bool computes = !std::is_same_v<Kernels, no_kernels>;
    if constexpr (computes) require_folding_kernel_policy<Kernels>();
    constexpr word_set needed = detail::words_of_folding<P> | (P == phase::training ? state_words : word_set{}) |
                                (computes ? constant_fold_words : word_set{});
    if constexpr (check_rewritable_graph<G, needed>()) {
        detail::check_delays({}, options.freeze_bn_delay, 0);
        transaction<G> t(graph, options.on_change);
        fold_config config = detail::fold_config_of<P, Kernels, G>(options);
        config.excluded = detail::layers_of(t.view(), options.exclude);
        refuse_training_graph(t.view());
        detail::warn(t.account(), find_gradients(t.view()), options.strict);
        detail::fold(t, config, options.dry_run);
        if (!options.dry_run) t.commit();
        return std::move(t.account());
    } else {
        return {};
    }
}

}  // namespace qgraft

#endif
