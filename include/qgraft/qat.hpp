// Quantization-aware training: the four entry points, over any graph type.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_QAT_HPP
#define QGRAFT_QAT_HPP

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <qgraft/fold.hpp>
#include <qgraft/rules/layer_plans.hpp>
#include <qgraft/rules/policy.hpp>
#include <qgraft/rules/qat_policy.hpp>
#include <qgraft/rules/quantize_activations.hpp>
#include <qgraft/rules/quantize_layers.hpp>

namespace qgraft {

/// Which stages of the rewrite run.
enum class stage : std::uint8_t { all, fold, quantize };

/// The run-time options of a rewrite of a graph of type `G`. The names and defaults of the first seven are the
/// reference's.
template <class G>
struct qat_options {
    int weight_bits = 8;      ///< 2 to 16
    int activation_bits = 8;  ///< 2 to 16
    bool symmetric = false;   ///< ranges symmetric around zero; reaches layers, not the additions outside of them
    /// The quantization step from which on values are quantized; none or 0: at once. Not negative.
    std::optional<std::int64_t> quant_delay{};
    /// The step from which on batch norms use their moving statistics. Not negative; should lie above quant_delay.
    std::optional<std::int64_t> freeze_bn_delay{};
    std::string scope{};       ///< only nodes under this path; empty: all
    double ema_decay = 0.999;  ///< of the moving averages of ranges; from 0 to 1
    range_policy weight_range = range_policy::last_value;
    range_policy activation_range = range_policy::moving_average;
    range_function custom_range = nullptr;  ///< for range_policy::custom; see custom_range.hpp
    granularity weight_granularity = granularity::per_tensor;  ///< per_channel: a range for each output channel

    /// The rules that quantize: those of TensorFlow 1.15, or &modern_profile of modern.hpp.
    const quantize_profile* profile = nullptr;
    /// Of the modern profile: the operands of an addition share a range, for targets that add integers as they are.
    bool share_additions = false;
    stage stages = stage::all;
    bool as_reference = false;  ///< equal to TensorFlow 1.15 also where it is wrong
    bool strict = false;        ///< warnings are errors
    bool dry_run = false;       ///< the graph stays as it is; the report holds the scripts
    std::vector<typename detail::handle_type<G>::type> exclude{};  ///< layers that stay as they are
    /// Changes the settings of single layers; see layer_decider and for_each_layer.
    layer_decider<G, typename detail::handle_type<G>::type> layers{};
    /// Asked, after the rewrite, what a target misses: verify_ranges<target> of verify.hpp. With `strict`, a value
    /// without a range is an error; not an input of the graph, whose range converters are told.
    void (*verify)(const graph_view&, report&) = nullptr;
    /// Called before each change of the graph; what it throws ends the rewrite.
    edit_observer on_change{};
};

namespace detail {

/// The rules of a profile, or else those of TensorFlow 1.15, one after the other.
template <class G>
void quantize(transaction<G>& t, const quantize_config& config, const quantize_profile* profile, bool write_down) {
    if (profile != nullptr) {
        script s(t.view().size());
        profile->plan(t.view(), config, s, t.account());
        return run(t, profile->rule, s, write_down);
    }
    script layers(t.view().size());
    std::vector<bool> handled = quantize_layers(t.view(), config, layers, t.account());
    run(t, "quantize_layers", layers, write_down);
    script sweep(t.view().size());
    quantize_activations(t.view(), config, std::move(handled), sweep, t.account());
    run(t, "quantize_activations", sweep, write_down);
}

/// Rewrites under configs that are complete but for what only the indexed graph can tell. `of_policy` is asked for the
/// settings of layers before the options are, `kernel_for` for the functors of those.
template <class G>
report rewrite(G& graph, const qat_options<G>& options, quantize_config& config, fold_config& folding,
               const layer_decider<G, node_of<G>>& of_policy, kernel_lookup kernel_for) {
    check_delays(options.quant_delay, options.freeze_bn_delay, options.ema_decay);
    transaction<G> t(graph, options.on_change);
    config.excluded = layers_of(t.view(), options.exclude);
    refuse_training_graph(t.view());
    if (of_policy) of_policy(t.view(), config, kernel_for);
    if (options.layers) options.layers(t.view(), config, kernel_for);
    require_range_functions(config);
    warn(t.account(), find_warnings(t.view(), config, options.freeze_bn_delay), options.strict);
    if (options.stages != stage::quantize) {
        folding.excluded = config.excluded;
        folding.before_quantization = options.stages != stage::fold && !config.weights_by_place;
        fold(t, folding, options.dry_run);
        if (config.inherit != nullptr) config.inherit(config, t.copies());
    }
    if (options.stages != stage::fold) quantize(t, config, options.profile, options.dry_run);
    if (options.verify != nullptr) {
        options.verify(t.view(), t.account());
        if (options.strict) refuse_missing_ranges(t.account().ranges);
    }
    if (!options.dry_run) t.commit();
    return std::move(t.account());
}

/// What the fold rules are told in a phase. In evaluation `Kernels` folds constants, where it and the graph can.
template <phase P, class Kernels, class G>
fold_config folding_of(const qat_options<G>& options) {
    return fold_config_of<P, std::conditional_t<P == phase::evaluation, Kernels, no_kernels>, G>(options);
}

template <class G>
quantize_config common_config(const qat_options<G>& options, phase p) {
    quantize_config config;
    config.is_training = p == phase::training;
    config.ema_decay = options.ema_decay;
    config.weight_range = options.weight_range;
    config.activation_range = options.activation_range;
    config.custom_range = options.custom_range;
    config.quant_delay = options.quant_delay;
    config.scope = options.scope;
    config.as_reference = options.as_reference;
    config.weights_by_place = options.profile != nullptr;
    config.share_additions = options.share_additions;
    return config;
}

/// A config whose specs are run-time options.
template <class Kernels, class G>
quantize_config run_time_config(const qat_options<G>& options, phase p) {
    quantize_config config = common_config(options, p);
    const bool symmetric = options.symmetric || (options.profile != nullptr && options.profile->symmetric_weights);
    config.weights = {
        .bits = options.weight_bits, .symmetric = symmetric, .narrow_range = true, .grain = options.weight_granularity};
    config.activations = {.bits = options.activation_bits, .symmetric = options.symmetric};
    config.swept = {.bits = options.activation_bits};
    check_bits("weight_bits", options.weight_bits);
    check_bits("activation_bits", options.activation_bits);
    if (const char* why = channel_obstacle<G>(config.weights)) throw invalid_option("weight_granularity", why);
    config.weight_kernel = kernel_for<Kernels>(config.weights);
    config.activation_kernel = kernel_for<Kernels>(config.activations);
    return config;
}

/// Whether a policy decides on the settings of single layers.
template <class Policy, class G>
concept decides_on_layers = requires(const layer_of<node_of<G>>& layer, layer_settings& settings) {
    Policy::settings_of(layer, settings);
};

/// The decider of a policy: settings_of, where it has that, else nobody.
template <class Policy, class G>
layer_decider<G, node_of<G>> decider_of() {
    if constexpr (decides_on_layers<Policy, G>) {
        return for_each_layer(
            [](const layer_of<node_of<G>>& layer, layer_settings& settings) { Policy::settings_of(layer, settings); });
    } else {
        static_assert(
            !requires { &Policy::settings_of; },
            "qgraft: a policy's settings_of must be callable with (const layer_of<node>&, layer_settings&)");
        return {};
    }
}

/// The functor of a policy's kernels for the settings of a layer. A policy without settings_of has those of its own two
/// specs alone.
template <class Policy, class G>
fake_quant_kernel policy_kernel_for(const quant_spec& spec) {
    using kernels = typename Policy::kernels;
    if constexpr (decides_on_layers<Policy, G>) {
        return kernel_for<kernels>(spec);
    } else if constexpr (std::is_same_v<kernels, no_kernels>) {
        return nullptr;
    } else {
        if (spec == Policy::weights) return kernel_for<kernels, Policy::weights>();
        if (spec == Policy::activations) return kernel_for<kernels, Policy::activations>();
        if (spec.grain == granularity::per_channel) return nullptr;
        throw invalid_option("layers", "gives a layer a spec of " + std::to_string(spec.bits) +
                                           " bits that this policy has no kernel for: its own two are compiled in");
    }
}

/// Refuses, in one sentence at compile time, a graph type that a phase cannot rewrite.
template <phase P, class G, bool HasChannels = false>
consteval bool check() {
    constexpr word_set words = P == phase::training ? training_words : evaluation_words;
    return check_rewritable_graph < G, HasChannels ? words | per_channel_words : words > ();
}

}  // namespace detail

/// Rewrites `graph` in place with everything chosen at run time; `Kernels` is a kernel_policy or no_kernels.
/// In evaluation a folding_kernel_policy also folds batch norms of constants into constants, where the graph has them;
/// if quantization follows, where the dialect calls the constant weights parameters.
/// Returns the report. Throws invalid_option, invalid_graph, refused_graph or rewrite_error, and leaves the graph as it
/// was.
template <phase P, class Kernels = no_kernels, class G>
report rewrite_for(G& graph, const qat_options<G>& options) {
    if constexpr (detail::check<P, G>()) {
        quantize_config config = detail::run_time_config<Kernels>(options, P);
        fold_config folding = detail::folding_of<P, Kernels>(options);
        return detail::rewrite(graph, options, config, folding, {}, &kernel_for<Kernels>);
    } else {
        return {};
    }
}

/// Rewrites `graph` in place with the specs and kernels of `Policy`, a qat; of `options` the widths, symmetry and
/// granularity are not used. A policy may have settings_of(const layer_of<node>&, layer_settings&), static, which
/// changes the settings of single layers before options.layers does. Returns and throws as the other form does, and
/// builds the same graph as it does from equal settings.
template <phase P, class Policy, class G>
requires requires { Policy::weights; }
report rewrite_for(G& graph, const qat_options<G>& options = {}) {
    if constexpr (detail::check<P, G, detail::policy_has_channels<Policy>()>()) {
        quantize_config config = detail::common_config(options, P);
        config.weights = Policy::weights;
        config.activations = Policy::activations;
        config.swept = Policy::activations;
        config.swept.symmetric = false;
        config.weight_kernel = kernel_for<typename Policy::kernels, Policy::weights>();
        config.activation_kernel = kernel_for<typename Policy::kernels, Policy::activations>();
        fold_config folding = detail::folding_of<P, typename Policy::kernels>(options);
        return detail::rewrite(graph, options, config, folding, detail::decider_of<Policy, G>(),
                               &detail::policy_kernel_for<Policy, G>);
    } else {
        return {};
    }
}

/// Rewrites a training graph in place for quantization-aware training at 8 bits. `quant_delay`: the number of steps
/// before values are quantized, for a network that is trained from scratch. Call it before gradients are added.
template <class G>
report create_training_graph(G& graph, std::int64_t quant_delay = 0) {
    qat_options<G> options;
    options.quant_delay = quant_delay;
    return rewrite_for<phase::training>(graph, options);
}

/// Rewrites an evaluation graph in place, at 8 bits: the counterpart of create_training_graph.
template <class G>
report create_eval_graph(G& graph) {
    return rewrite_for<phase::evaluation>(graph, qat_options<G>{});
}

/// create_training_graph with every choice. `weight_bits` and `activation_bits` from 2 to 16; `symmetric` ranges;
/// `quant_delay` and `freeze_bn_delay` in steps; `scope` a path that limits it. New variables join the graph's global
/// variables.
template <class G>
report experimental_create_training_graph(G& graph, int weight_bits = 8, int activation_bits = 8,
                                          bool symmetric = false, std::int64_t quant_delay = 0,
                                          std::optional<std::int64_t> freeze_bn_delay = std::nullopt,
                                          std::string scope = {}) {
    qat_options<G> options;
    options.weight_bits = weight_bits;
    options.activation_bits = activation_bits;
    options.symmetric = symmetric;
    options.quant_delay = quant_delay;
    options.freeze_bn_delay = freeze_bn_delay;
    options.scope = std::move(scope);
    return rewrite_for<phase::training>(graph, options);
}

/// create_eval_graph with every choice, as experimental_create_training_graph has them.
template <class G>
report experimental_create_eval_graph(G& graph, int weight_bits = 8, int activation_bits = 8, bool symmetric = false,
                                      std::optional<std::int64_t> quant_delay = std::nullopt, std::string scope = {}) {
    qat_options<G> options;
    options.weight_bits = weight_bits;
    options.activation_bits = activation_bits;
    options.symmetric = symmetric;
    options.quant_delay = quant_delay;
    options.scope = std::move(scope);
    return rewrite_for<phase::evaluation>(graph, options);
}

}  // namespace qgraft

#endif
