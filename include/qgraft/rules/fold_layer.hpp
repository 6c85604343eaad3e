// The folded copy of a layer: scaled weights, the layer again, what corrects and shifts its output. Both fold rules use
// it.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_FOLD_LAYER_HPP
#define QGRAFT_RULES_FOLD_LAYER_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <qgraft/ops/view.hpp>
#include <qgraft/rewrite/report.hpp>
#include <qgraft/rewrite/script.hpp>
#include <qgraft/rules/config.hpp>
#include <qgraft/rules/folded_copies.hpp>
#include <qgraft/rules/paths.hpp>

namespace qgraft {

/// A layer that a batch norm follows.
struct foldable_layer {
    node_id layer = no_node;
    tensor input{};
    tensor weights{};
    node_id batch_to_space = no_node;  ///< between the layer and the batch norm
};

namespace detail {

/// Plans folded copies.
class layer_folder {
public:
    layer_folder(const graph_view& view, const fold_config& config, script& s)
        : view_(view), config_(config), script_(s) {
        if (config.as_reference) return;
        folded_ = layers_with_folded_copies(unquantized_view(view));
        replaced_.resize(view.size());
    }

    /// Why the layer's weights cannot be scaled by channel; empty when they can.
    [[nodiscard]] std::string obstacle(const foldable_layer& l) const {
        // The reference fails at such a layer.
        if (view_.channels(l.layer).split && !split_channels(l)) {
            return "how many channels the weights of its layer have is not known";
        }
        if (config_.as_reference) return {};
        if (contains(config_.excluded, l.layer)) return "its layer is excluded by an option";
        if (view_.has_role(l.layer, role::in_loop)) return "runs inside a loop";
        if (folded_[l.layer]) return "its layer has a folded copy already";
        return {};
    }

    /// A vector with an element for each output channel, in a shape that multiplies the layer's weights.
    tensor beside_weights(const foldable_layer& l, tensor vector, scope_id in, std::string_view name) {
        const channel_layout layout = view_.channels(l.layer);
        if (layout.split) return reshaped(vector, *split_channels(l), in, name);
        if (layout.after_weights == 0 || config_.as_reference) return vector;
        return reshaped(vector, column(layout.after_weights), in, name);
    }

    /// The same in a shape that the layer's output can be multiplied by, or added to.
    tensor beside_data(const foldable_layer& l, tensor vector, scope_id in, std::string_view name) {
        const std::size_t after = config_.as_reference ? 0 : view_.channels(l.layer).after_data;
        return after == 0 ? vector : reshaped(vector, column(after), in, name);
    }

    /// a + b, in the older of two operations where the graph has two.
    tensor sum(tensor a, tensor b, scope_id in, std::string_view name) {
        placement where{in, name};
        where.params.older_form = true;
        return script_.emit(word::add, {a, b}, std::move(where));
    }

    /// The layer with other weights. Where its input is a batch norm's output that was folded before, the copy reads
    /// what replaced it; the reference's copy goes on reading the old one.
    tensor clone(const foldable_layer& l, tensor weights, scope_id in) {
        const bool replaced = !config_.as_reference && l.input.port == 0 && replaced_[l.input.node];
        const tensor input = replaced ? replaced_[l.input.node] : l.input;
        return script_.emit(view_.word_of(l.layer), {input, weights}, like(l.layer, in));
    }

    /// Moves users from a batch norm's output, the first of its node, to the folded result.
    void replace(tensor output, tensor result, const std::vector<use>& users) {
        if (!config_.as_reference) replaced_[output.node] = result;
        script_.reroute(output, result, users);
    }

    /// The batch_to_space that follows the layer, on `x`.
    tensor clone_batch_to_space(const foldable_layer& l, tensor x, scope_id in) {
        std::vector<argument> operands{x};
        for (const tensor t : view_.inputs(l.batch_to_space).subspan(1)) operands.emplace_back(t);
        return script_.emit(word::batch_to_space, operands, like(l.batch_to_space, in));
    }

    /// The scope in which a node is.
    scope_id scope_of(node_id n) {
        const std::string path = parent_path(view_.name(n), view_.separator());
        return path.empty() ? scope_id::root : script_.open_scope(scope_kind::reenter, path);
    }

private:
    tensor reshaped(tensor x, std::vector<std::int64_t> dims, scope_id in, std::string_view name) {
        placement where{in, name};
        where.params.dims = std::move(dims);
        return script_.emit(word::reshape, {x}, std::move(where));
    }

    [[nodiscard]] placement like(node_id n, scope_id in) const {
        placement where{.scope = in, .like = n};
        where.params.as_reference = config_.as_reference;
        return where;
    }

    /// The last two dimensions of the weights.
    [[nodiscard]] std::optional<std::vector<std::int64_t>> split_channels(const foldable_layer& l) const {
        const tensor_shape shape = view_.shape(l.weights);
        if (!shape.has_rank() || shape.rank() < 2) return std::nullopt;
        const std::vector<std::int64_t> last(shape.dims().end() - 2, shape.dims().end());
        // One of them may be left to the reshape.
        if (last[0] == tensor_shape::unknown && last[1] == tensor_shape::unknown) return std::nullopt;
        return last;
    }

    static std::vector<std::int64_t> column(std::size_t after) {
        std::vector<std::int64_t> dims(after + 1, 1);
        dims.front() = -1;
        return dims;
    }

    const graph_view& view_;
    const fold_config& config_;
    script& script_;
    std::vector<tensor> replaced_;  ///< by batch norm: what took the place of its output
    std::vector<bool> folded_;      ///< by layer: an earlier rewrite has made a folded copy
};

}  // namespace detail

}  // namespace qgraft

#endif
