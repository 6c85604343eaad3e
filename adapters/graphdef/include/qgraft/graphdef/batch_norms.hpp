// What TensorFlow's batch norms say of themselves, by attributes and by names.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_BATCH_NORMS_HPP
#define QGRAFT_GRAPHDEF_BATCH_NORMS_HPP

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <qgraft/graphdef/classify.hpp>
#include <qgraft/graphdef/messages.hpp>
#include <qgraft/graphdef/node_ref.hpp>
#include <qgraft/graph/value.hpp>
#include <qgraft/ops/batch_norm.hpp>

namespace qgraft::graphdef {

/// The facts of a fused batch norm. Attributes that are missing have TensorFlow's defaults.
template <class G>
batch_norm_facts batch_norm_of(const G& g, node_ref n) {
    const auto& def = g.definition(n);
    batch_norm_facts facts;
    const auto* training = find_attribute(def, "is_training");
    facts.is_training = training == nullptr || training->b();
    const auto* epsilon = find_attribute(def, "epsilon");
    facts.epsilon = static_cast<double>(epsilon == nullptr ? 1e-4F : epsilon->f());
    const auto* type = find_attribute(def, "T");
    if (type != nullptr && static_cast<int>(type->type()) != static_cast<int>(element_type::float32)) {
        facts.obstacle = "is not of 32-bit floats";
    }
    // Later releases of TensorFlow can average over steps in the operation itself; 1 stands for not doing so.
    const auto* factor = find_attribute(def, "exponential_avg_factor");
    if (facts.is_training && factor != nullptr && factor->f() != 1.0F) {
        facts.obstacle = "keeps moving averages itself: its outputs are not the statistics of the batch";
    }
    facts.unknown_to_reference = def.op() == "FusedBatchNormV2";
    return facts;
}

/// Channels come last, but in the format NCHW, in transposed weights, and in those of a transposed convolution.
template <class G>
channel_layout channels_of(const G& g, node_ref n) {
    const auto& def = g.definition(n);
    channel_layout layout;
    const auto* format = find_attribute(def, "data_format");
    if (format != nullptr && format->s() == "NCHW") layout.after_data = 2;
    const auto* transposed = find_attribute(def, "transpose_b");
    if (transposed != nullptr && transposed->b()) layout.after_weights = 1;
    if (def.op() == "Conv2DBackpropInput") layout.after_weights = 1;
    layout.split = def.op() == "DepthwiseConv2dNative";
    return layout;
}

/// Finds batch norms that are spelled out by the names that TensorFlow's layers give their parts, as the reference
/// does.
template <class G>
class batch_norm_names {
public:
    using tensor = value<node_ref>;

    explicit batch_norm_names(const G& g) : g_(g) {}

    /// Each batch norm once, in the order of their first nodes.
    [[nodiscard]] std::vector<named_batch_norm<tensor>> find() {
        const auto prefixes = find_prefixes();
        std::vector<named_batch_norm<tensor>> all;
        if (prefixes.empty()) return all;
        collect();
        for (const std::string& prefix : prefixes) {
            const auto output = g_.find(prefix + "BatchNorm/batchnorm_1/add_1");
            if (!output) continue;
            const auto parts = split(prefix);
            const bool resource = g_.options().resource_variables;
            all.push_back({prefix,
                           {*output, 0},
                           best(resource ? gamma_value : gamma, parts, prefix),
                           best(mean, parts, prefix),
                           best(variance, parts, prefix),
                           best(resource ? moving_mean_value : moving_mean, parts, prefix),
                           best(resource ? moving_variance_value : moving_variance, parts, prefix),
                           best(epsilon, parts, prefix),
                           best(mean_rate, parts, prefix),
                           best(variance_rate, parts, prefix),
                           reader(prefix)});
        }
        return all;
    }

private:
    enum part {
        mean,
        variance,
        epsilon,
        mean_rate,
        variance_rate,
        gamma,
        gamma_value,
        moving_mean,
        moving_mean_value,
        moving_variance,
        moving_variance_value,
        part_count
    };
    static constexpr std::string_view spelled_out = "BatchNorm/batchnorm";
    static constexpr std::array<std::string_view, part_count> suffixes{
        "BatchNorm/moments/Squeeze",
        "BatchNorm/moments/Squeeze_1",
        "BatchNorm/batchnorm_1/add/y",
        "BatchNorm/AssignMovingAvg/decay",
        "BatchNorm/AssignMovingAvg_1/decay",
        "BatchNorm/gamma",
        "BatchNorm/gamma/Read/ReadVariableOp",
        "BatchNorm/moving_mean/read",
        "BatchNorm/moving_mean/Read/ReadVariableOp",
        "BatchNorm/moving_variance/read",
        "BatchNorm/moving_variance/Read/ReadVariableOp",
    };

    using parts_of_name = std::unordered_set<std::string_view>;
    struct candidate {
        node_ref node;
        parts_of_name parts;
    };

    static parts_of_name split(std::string_view name) {
        parts_of_name parts;
        for (;;) {
            const auto slash = name.find('/');
            parts.insert(name.substr(0, slash));
            if (slash == std::string_view::npos) return parts;
            name.remove_prefix(slash + 1);
        }
    }

    /// What comes before "BatchNorm/batchnorm" in the names of nodes.
    [[nodiscard]] std::vector<std::string> find_prefixes() const {
        std::vector<std::string> prefixes;
        std::unordered_set<std::string> seen;
        for (const node_ref n : g_.nodes()) {
            const std::string_view name = g_.name(n);
            // To search from the front is fast, and most names have no such part.
            if (name.find(spelled_out) == std::string_view::npos) continue;
            std::string prefix(name.substr(0, name.rfind(spelled_out)));
            if (!is_left_alone_name(prefix) && seen.insert(prefix).second) prefixes.push_back(std::move(prefix));
        }
        return prefixes;
    }

    void collect() {
        for (const node_ref n : g_.nodes()) {
            const std::string_view name = g_.name(n);
            for (std::size_t i = 0; i < part_count; ++i) {
                if (name.ends_with(suffixes[i])) candidates_[i].push_back({n, split(name)});
            }
        }
    }

    /// The node whose name has most parts in common with the prefix, the first of several.
    [[nodiscard]] std::optional<tensor> best(part p, const parts_of_name& of_prefix, const std::string& prefix) const {
        std::optional<tensor> found;
        std::ptrdiff_t most = prefix.empty() ? -1 : 0;
        for (const candidate& c : candidates_[p]) {
            const auto common = std::count_if(c.parts.begin(), c.parts.end(),
                                              [&](std::string_view s) { return of_prefix.contains(s); });
            if (common <= most) continue;
            most = common;
            found = tensor{c.node, 0};
        }
        return found;
    }

    /// An activation under the prefix, or else an addition one scope up.
    [[nodiscard]] std::optional<tensor> reader(const std::string& prefix) const {
        for (const std::string_view activation : {"Relu6", "Relu", "Identity"}) {
            if (const auto n = g_.find(prefix + std::string(activation))) return tensor{*n, 0};
        }
        // The reference cuts the last part that stands before a separator: "a/b/" gives "a", "a/" and "a" give nothing.
        std::string_view outer = prefix;
        if (outer.ends_with('/')) outer.remove_suffix(1);
        const auto slash = outer.rfind('/');
        outer = slash == std::string_view::npos ? std::string_view() : outer.substr(0, slash + 1);
        const auto n = g_.find(std::string(outer) + "AddV2");
        return n ? std::optional<tensor>(tensor{*n, 0}) : std::nullopt;
    }

    const G& g_;
    std::array<std::vector<candidate>, part_count> candidates_;
};

}  // namespace qgraft::graphdef

#endif
