// unquantized_view: a graph as if nothing in it were fake-quantized.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_UNQUANTIZED_VIEW_HPP
#define QGRAFT_RULES_UNQUANTIZED_VIEW_HPP

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <qgraft/ops/index.hpp>
#include <qgraft/ops/quantized.hpp>
#include <qgraft/ops/view.hpp>

namespace qgraft {

/// A view in which an operand that reads a fake-quantized value, delayed or not, reads the value itself, and the order
/// is one without fake quantization. Users are those of the graph. What matched before a rewrite matches on this view
/// after it: so the rules find the same again, and leave it as it is.
class unquantized_view final : public graph_view {
public:
    /// `of` must outlive this, and stay as it is.
    explicit unquantized_view(const graph_view& of) : graph_view(of), of_(of) {
        std::vector<tensor> sources;  // by node: what it quantizes, and what that quantizes, and so on; or empty
        for (const node_id n : of.order()) {
            const tensor t = quantized_by(n);
            if (!t) continue;
            sources.resize(of.size());
            sources[n] = sources[t.node] ? sources[t.node] : t;
        }
        if (sources.empty()) return;
        read_.assign(inputs_.begin(), inputs_.end());
        bool changed = false;
        for (tensor& t : read_) {
            if (!sources[t.node]) continue;
            t = sources[t.node];
            changed = true;
        }
        inputs_ = read_;
        if (changed) reorder();
    }

    unquantized_view(const unquantized_view&) = delete;
    unquantized_view& operator=(const unquantized_view&) = delete;

    [[nodiscard]] std::string name(node_id n) const override { return of_.name(n); }
    [[nodiscard]] std::string op_name(node_id n) const override { return of_.op_name(n); }
    [[nodiscard]] tensor_shape shape(tensor t) const override { return of_.shape(t); }
    [[nodiscard]] std::optional<constant_tensor> constant(tensor t) const override { return of_.constant(t); }
    [[nodiscard]] char separator() const noexcept override { return of_.separator(); }

private:
    /// Orders anew by the operands as they are here: the nodes of a rewrite, which files have last, hold nobody up.
    void reorder() {
        std::vector<node_id> place(size());
        for (node_id i = 0; i < size(); ++i) place[order_[i]] = i;
        sorted_ = detail::order_of(size(), [&](auto f) {
            for (node_id n = 0; n < size(); ++n) {
                for (const tensor t : inputs(n)) {
                    // What goes backwards in the order of the graph closes a loop.
                    if (place[t.node] < place[n]) f(t.node, n);
                }
            }
        });
        order_ = sorted_;
    }

    /// What a node quantizes; none when it is neither fake quantization nor a delay of it.
    [[nodiscard]] tensor quantized_by(node_id n) const {
        if (of_.word_of(n) != word::delayed) return quantized_source(of_, n);
        for (const tensor t : of_.inputs(n)) {
            if (const tensor source = quantized_choice(of_, t)) return source;
        }
        return {};
    }

    const graph_view& of_;
    std::vector<tensor> read_;     ///< the operands, where they differ
    std::vector<node_id> sorted_;  ///< the order, where it differs
};

}  // namespace qgraft

#endif
