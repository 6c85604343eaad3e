// Applies a configuration: to the options of a rewrite, and to the layers that its selectors choose.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_PROPERTY_TREE_SELECT_LAYERS_HPP
#define QGRAFT_PROPERTY_TREE_SELECT_LAYERS_HPP

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <qgraft/property_tree/configuration.hpp>
#include <qgraft/property_tree/error.hpp>
#include <qgraft/rules/layer_settings.hpp>

namespace qgraft::property_tree {

/// Whether a glob fits the whole of a text: * stands for any text, ? for one character.
constexpr bool glob_matches(std::string_view glob, std::string_view text) {
    std::size_t g = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;  // the last one, and where the text it stands for ends
    std::size_t star_ends = 0;
    while (t < text.size()) {
        if (g < glob.size() && glob[g] == '*') {
            star = g++;
            star_ends = t;
        } else if (g < glob.size() && (glob[g] == '?' || glob[g] == text[t])) {
            ++g;
            ++t;
        } else if (star != std::string_view::npos) {
            g = star + 1;
            t = ++star_ends;
        } else {
            return false;
        }
    }
    while (g < glob.size() && glob[g] == '*') ++g;
    return g == glob.size();
}

namespace detail {

inline void put(const tensor_choice& c, quant_spec& spec, range_policy& range) {
    spec.bits = c.bits.value_or(spec.bits);
    spec.symmetric = c.symmetric.value_or(spec.symmetric);
    spec.narrow_range = c.narrow_range.value_or(spec.narrow_range);
    spec.grain = c.grain.value_or(spec.grain);
    range = c.range.value_or(range);
}

/// What a configuration, or a choice of it, says of a layer.
template <class Choice>
void put_tensors(const Choice& c, layer_settings& s) {
    put(c.weights, s.weights, s.weight_range);
    put(c.activations, s.activations, s.activation_range);
    s.ema_decay = c.ema_decay.value_or(s.ema_decay);
}

/// Whether the selectors of a choice but its position choose a layer.
inline bool chooses(const layer_choice& c, const layer_facts& l) {
    if (c.name && !glob_matches(*c.name, l.name)) return false;
    if (c.op && *c.op != l.op) return false;
    if (!c.scope) return true;
    std::string_view scope = *c.scope;
    if (scope.back() == l.separator) scope.remove_suffix(1);
    return l.name.size() > scope.size() && l.name[scope.size()] == l.separator && l.name.starts_with(scope);
}

/// The selectors of a choice, for a message: "name 'conv*', op conv2d".
inline std::string selectors_of(const layer_choice& c) {
    std::string text;
    const auto add = [&text](const std::string& part) { text += (text.empty() ? "" : ", ") + part; };
    if (c.name) add("name '" + *c.name + "'");
    if (c.op) add("op " + std::string(to_string(*c.op)));
    if (c.scope) add("scope '" + *c.scope + "'");
    if (c.position) add("position " + std::to_string(*c.position));
    return text;
}

/// The layers that a choice is for, by their place among all.
template <class Layers>
std::vector<std::size_t> chosen(const layer_choice& c, const Layers& layers) {
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < layers.size(); ++i) {
        if (chooses(c, layers[i])) all.push_back(i);
    }
    if (!c.position) return all;
    const auto count = static_cast<std::int64_t>(all.size());
    const bool is_there = *c.position >= -count && *c.position < count;
    if (!is_there) return {};
    const std::int64_t at = *c.position < 0 ? *c.position + count : *c.position;
    return {all[static_cast<std::size_t>(at)]};
}

}  // namespace detail

/// The settings of layers by a configuration: a layer_decider (see rules/layer_settings.hpp). Throws
/// invalid_configuration where selectors choose no layer of the graph, with each of them.
class layer_selection {
public:
    explicit layer_selection(configuration c) : configuration_(std::move(c)) {}

    template <class Layers>
    void operator()(const Layers& layers, std::span<layer_settings> settings) const {
        for (layer_settings& s : settings) detail::put_tensors(configuration_, s);
        std::vector<problem> problems;
        for (const layer_choice& c : configuration_.layers) {
            const std::vector<std::size_t> places = detail::chosen(c, layers);
            if (places.empty()) problems.push_back({c.path, "no layer has " + detail::selectors_of(c)});
            for (const std::size_t i : places) {
                detail::put_tensors(c, settings[i]);
                settings[i].excluded = c.exclude.value_or(settings[i].excluded);
            }
        }
        if (!problems.empty()) throw invalid_configuration(std::move(problems));
    }

private:
    configuration configuration_;
};

/// Puts a configuration into the options of a rewrite, a qat_options<G>; what it does not say stays as it is there, but
/// for options.layers, which it takes over.
template <class Options>
void apply(const configuration& c, Options& options) {
    options.weight_bits = c.weights.bits.value_or(options.weight_bits);
    options.activation_bits = c.activations.bits.value_or(options.activation_bits);
    options.weight_range = c.weights.range.value_or(options.weight_range);
    options.weight_granularity = c.weights.grain.value_or(options.weight_granularity);
    options.activation_range = c.activations.range.value_or(options.activation_range);
    options.ema_decay = c.ema_decay.value_or(options.ema_decay);
    if (c.quant_delay) options.quant_delay = c.quant_delay;
    if (c.freeze_bn_delay) options.freeze_bn_delay = c.freeze_bn_delay;
    options.scope = c.scope.value_or(options.scope);
    options.layers = layer_selection(c);
}

}  // namespace qgraft::property_tree

#endif
