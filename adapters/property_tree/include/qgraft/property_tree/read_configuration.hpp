// Configurations from trees and files: checked as a whole, every error with the path of its key.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_PROPERTY_TREE_READ_CONFIGURATION_HPP
#define QGRAFT_PROPERTY_TREE_READ_CONFIGURATION_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <qgraft/property_tree/configuration.hpp>
#include <qgraft/property_tree/error.hpp>
#include <qgraft/property_tree/formats.hpp>
#include <qgraft/property_tree/key_reader.hpp>
#include <qgraft/property_tree/text_file.hpp>
#include <qgraft/quant/quant_spec.hpp>

namespace qgraft::property_tree {

namespace detail {

/// Reads one configuration, and writes down everything that is wrong with it.
class configuration_reader {
public:
    /// Throws invalid_configuration.
    configuration read(const tree& t) {
        configuration c;
        key_reader keys(t, "", problems_);
        c.weights = tensors(keys, "weights");
        c.activations = tensors(keys, "activations");
        c.ema_decay = decay(keys);
        c.quant_delay = keys.integer("quant_delay", 0, std::numeric_limits<std::int64_t>::max());
        c.freeze_bn_delay = keys.integer("freeze_bn_delay", 0, std::numeric_limits<std::int64_t>::max());
        c.scope = keys.text("scope");
        if (const tree* all = keys.find("layers")) c.layers = choices(keys, *all);
        keys.finish();
        if (!problems_.empty()) {
            for (problem& p : problems_) {
                if (p.path.empty()) p.path = "configuration";
            }
            throw invalid_configuration(std::move(problems_));
        }
        return c;
    }

private:
    static std::optional<double> decay(key_reader& keys) {
        return keys.real("ema_decay", 0, 1, "a number from 0 to 1");
    }

    tensor_choice tensors(key_reader& outer, std::string_view key) {
        tensor_choice c;
        const tree* t = outer.find(key);
        if (t == nullptr) return c;
        key_reader keys(*t, outer.path_of(key), problems_);
        if (const auto bits = keys.integer("bits", min_quant_bits, max_quant_bits)) c.bits = static_cast<int>(*bits);
        c.symmetric = keys.boolean("symmetric");
        c.narrow_range = keys.boolean("narrow_range");
        constexpr std::array<std::string_view, 2> ranges{"last_value", "moving_average"};
        if (const auto range = keys.one_of("range", ranges)) c.range = static_cast<range_policy>(*range);
        constexpr std::array<std::string_view, 2> grains{"per_tensor", "per_channel"};
        if (const auto grain = keys.one_of("granularity", grains)) c.grain = static_cast<granularity>(*grain);
        if (c.grain == granularity::per_channel && key == "activations") {
            keys.note(keys.path_of("granularity"), "is per_channel, and activations have one range a tensor");
        }
        keys.finish();
        return c;
    }

    /// An array of JSON, or elements named 'layer' of a format without arrays.
    std::vector<layer_choice> choices(key_reader& outer, const tree& t) {
        std::vector<layer_choice> all;
        const std::string path = outer.path_of("layers");
        const scalar& s = t.data();
        if (s.what != kind::array && !(s.what == kind::untyped && s.text.empty())) {
            outer.note(path, "is " + key_reader::shown(s) + ", and must be an array, or have elements named 'layer'");
            return all;
        }
        for (const auto& [key, child] : t) {
            if (s.what == kind::untyped && key != "layer") {
                outer.note(below(path, key.substr(0, 60)), "is no key here; every element is named 'layer'");
            }
            all.push_back(choice(child, below(path, std::to_string(all.size()))));
        }
        return all;
    }

    layer_choice choice(const tree& t, const std::string& path) {
        const std::size_t problems_before = problems_.size();
        layer_choice c;
        c.path = path;
        key_reader keys(t, path, problems_);
        c.name = keys.text("name");
        constexpr std::array<std::string_view, 4> ops{"conv2d", "depthwise_conv2d", "matmul", "conv2d_transpose"};
        constexpr std::array<word, 4> words{word::conv2d, word::depthwise_conv2d, word::matmul, word::conv2d_transpose};
        if (const auto op = keys.one_of("op", ops)) c.op = words[*op];
        c.scope = keys.text("scope");
        c.position = position(keys);
        c.weights = tensors(keys, "weights");
        c.activations = tensors(keys, "activations");
        c.ema_decay = decay(keys);
        c.exclude = keys.boolean("exclude");
        keys.finish();
        if (problems_.size() == problems_before) check_use(keys, c);
        return c;
    }

    /// first, last, or a whole number.
    static std::optional<std::int64_t> position(key_reader& keys) {
        const tree* t = keys.find("position");
        if (t == nullptr) return std::nullopt;
        const scalar& s = t->data();
        const bool is_text = s.what == kind::string || s.what == kind::untyped;
        if (is_text && s.text == "first") return 0;
        if (is_text && s.text == "last") return -1;
        if (const auto n = translator<std::int64_t>().get_value(s); n && t->empty()) return *n;
        keys.refuse("position", *t, "first, last or a whole number, -1 for the last");
        return std::nullopt;
    }

    /// Notes a choice that chooses nothing, or that has nothing to say of what it chooses.
    static void check_use(key_reader& keys, const layer_choice& c) {
        if (!c.name && !c.op && !c.scope && !c.position) {
            keys.note(keys.path(), "has none of name, op, scope and position: which layers is it for?");
        }
        const bool says_something = c.weights != tensor_choice() || c.activations != tensor_choice() || c.ema_decay;
        if (!says_something && !c.exclude) {
            keys.note(keys.path(), "has none of weights, activations, ema_decay and exclude: what is it for?");
        }
        if (says_something && c.exclude.value_or(false)) {
            keys.note(keys.path(), "excludes layers, and has settings for them");
        }
    }

    std::vector<problem> problems_;
};

}  // namespace detail

/// What is read of a configuration at most.
inline constexpr limits configuration_limits{.bytes = std::size_t{1} << 22U, .depth = 16};

/// A configuration from a tree. Throws invalid_configuration, with everything that is wrong.
inline configuration read_configuration(const tree& t) { return detail::configuration_reader().read(t); }

/// The same from a property tree of Boost's own.
inline configuration read_configuration(const boost::property_tree::ptree& t) {
    return read_configuration(of_ptree(t));
}

/// A configuration from a text in one of the formats; the root element of XML is 'qgraft'. Throws parse_error and
/// invalid_configuration.
inline configuration read_configuration(std::string_view text, format f) {
    switch (f) {
        case format::json:
            return read_configuration(read_json(text, configuration_limits));
        case format::info:
            return read_configuration(read_info(text, configuration_limits));
        default:
            return read_configuration(read_xml(text, "qgraft", configuration_limits));
    }
}

/// A configuration from a file, in the format of its name or else of its content. Throws parse_error, with the name as
/// its subject, also where the file cannot be read, and invalid_configuration.
inline configuration read_configuration_file(const std::string& name) {
    const std::string text = read_text_file(name, configuration_limits.bytes + 1);
    try {
        return read_configuration(text, format_of(name, text));
    } catch (const parse_error& e) {
        throw parse_error(name, e.what());
    }
}

}  // namespace qgraft::property_tree

#endif
