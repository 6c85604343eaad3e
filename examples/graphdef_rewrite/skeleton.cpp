// Collapses a graph to its skeleton.
// SPDX-License-Identifier: Apache-2.0
#include "skeleton.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "names.hpp"

namespace rewriter {

namespace {

using qgraft::word;
using node = graph::node;

bool is_one_of(std::string_view op, std::initializer_list<std::string_view> ops) {
    return std::find(ops.begin(), ops.end(), op) != ops.end();
}

/// What a node is drawn as by its operation alone.
part part_of(std::string_view op) {
    const word w = qgraft::graphdef::word_of_op(op);
    if (qgraft::all_layers.contains(w) || op == "Conv2DBackpropInput") return part::layer;
    if (qgraft::quantizers.contains(w)) return part::activations_quant;
    if (w == word::batch_norm) return part::batch_norm;
    if (w == word::relu || w == word::relu6 ||
        is_one_of(op, {"Elu", "Selu", "LeakyRelu", "Sigmoid", "Tanh", "Softmax", "LogSoftmax", "Softplus"})) {
        return part::activation;
    }
    if (w == word::add || w == word::mul || op == "AddN") return part::addition;
    if (w == word::concat || w == word::max_pool || is_one_of(op, {"AvgPool", "Mean", "Concat"})) return part::joining;
    if (op.starts_with("Placeholder") || op == "IteratorGetNext" || op.find("Dequeue") != std::string_view::npos) {
        return part::input;
    }
    return part::none;
}

/// Whether a node passes no activations on, whatever it reads.
bool breaks_flow(std::string_view op) {
    return is_one_of(op, {"Const", "Shape", "ShapeN", "Size", "Rank", "VariableV2", "Variable", "VarHandleOp"});
}

/// Walks from every node to be drawn back to those that feed it.
class collapser {
public:
    explicit collapser(const rewritten& r)
        : r_(r), g_(r.g), count_(g_.nodes().size()), state_(count_), sources_(count_), belongs_to_(count_, none) {
        for (const qgraft::decision& d : r.report.decisions) notes_[d.node].push_back(&d);
    }

    skeleton run() {
        find_fake_quantization();
        for (const node n : g_.nodes()) {
            if (part_of(op(n)) != part::none && !qgraft::graphdef::is_left_alone_name(g_.name(n))) resolve(n);
        }
        drop_statistics();
        drop_lonely();
        return std::move(result_);
    }

private:
    using index = std::uint32_t;
    static constexpr index none = 0xffffffffU;
    enum class state : std::uint8_t { unseen, open, done };

    [[nodiscard]] std::string_view op(node n) const { return g_.op(n); }

    /// Where all nodes of one fake quantization live: a path that ends in _quant; else just the node.
    [[nodiscard]] static std::string_view home(std::string_view name) {
        const std::string_view path = parent(name);
        return leaf(path).find("_quant") == std::string_view::npos ? name : path;
    }

    /// Assigns nodes to the fake quantization that they were made for.
    void find_fake_quantization() {
        std::unordered_map<std::string_view, index> homes;
        for (const node n : g_.nodes()) {
            if (qgraft::quantizers.contains(qgraft::graphdef::word_of_op(op(n)))) homes.emplace(home(g_.name(n)), n.id);
        }
        constexpr int deepest = 16;
        for (const node n : g_.nodes()) {
            std::string_view path = g_.name(n);
            for (int i = 0; i < deepest && !path.empty() && belongs_to_[n.id] == none; ++i, path = parent(path)) {
                const auto it = homes.find(path);
                if (it != homes.end()) belongs_to_[n.id] = it->second;
            }
        }
    }

    /// The nodes whose data a node passes on or works on.
    [[nodiscard]] std::vector<index> feeders(node n) const {
        const index owner = belongs_to_[n.id];
        if (owner != none && owner != n.id) return {owner};
        if (breaks_flow(op(n))) return {};
        std::vector<index> found;
        for (const auto v : g_.inputs(n)) {
            found.push_back(v.node.id);
            if (owner == n.id) break;  // what follows are ranges
        }
        return found;
    }

    /// Finds the points that feed a node, with a stack of its own: chains may be as long as the graph.
    void resolve(node root) {
        std::vector<index> open{root.id};
        while (!open.empty()) {
            const node n{open.back()};
            if (state_[n.id] == state::unseen) {
                state_[n.id] = state::open;
                for (const index f : feeders(n)) {
                    if (state_[f] == state::unseen) open.push_back(f);
                }
                continue;
            }
            open.pop_back();
            if (state_[n.id] == state::open) finish(n);
        }
    }

    void finish(node n) {
        constexpr std::size_t sources_at_most = 64;
        std::vector<index> fed;
        for (const index f : feeders(n)) fed.insert(fed.end(), sources_[f].begin(), sources_[f].end());
        std::sort(fed.begin(), fed.end());
        fed.erase(std::unique(fed.begin(), fed.end()), fed.end());
        state_[n.id] = state::done;
        const bool inner = belongs_to_[n.id] != none && belongs_to_[n.id] != n.id;
        const part kind = inner ? part::none : part_of(op(n));
        const bool needs_data = kind == part::addition || kind == part::joining;
        if (kind != part::none && !(needs_data && (fed.empty() || is_small(n)))) {
            const auto id = static_cast<index>(result_.points.size());
            result_.points.push_back(point_of(n, kind));
            for (const index f : fed) result_.flows.push_back({f, id});
            sources_[n.id] = {id};
        } else if (inner || !is_small(n)) {
            fed.resize(std::min(fed.size(), sources_at_most));
            sources_[n.id] = std::move(fed);
        }
    }

    /// Scalars and vectors: statistics, losses, conditions.
    [[nodiscard]] bool is_small(node n) const {
        const qgraft::tensor_shape s = g_.shape({n, 0});
        return s.has_rank() && s.rank() < 2;
    }

    [[nodiscard]] point point_of(node n, part kind) const {
        point p;
        p.kind = kind;
        p.name = g_.name(n);
        p.is_new = r_.is_new(n);
        p.detail = op(n);
        if (kind == part::layer && g_.inputs(n).size() > 1) p.detail += shape_text(g_.inputs(n)[1]);
        std::string about = p.name;
        if (kind == part::activations_quant) {
            p.name = home(g_.name(n));
            p.kind = flag(n, "narrow_range") ? part::weights_quant : kind;
            p.detail = width_text(n, p.name);
            if (!g_.inputs(n).empty()) about = g_.name(g_.inputs(n)[0].node);
        }
        const bool about_producer = kind == part::activations_quant;
        const auto it = notes_.find(about);
        for (std::size_t i = 0; it != notes_.end() && i < it->second.size(); ++i) {
            const qgraft::decision& d = *it->second[i];
            if (about_producer && d.what != qgraft::outcome::quantized) continue;
            if (!p.note.empty()) p.note += "; ";
            p.note += (about_producer ? std::string() : std::string(to_string(d.what)) + ": ") + d.reason;
            p.uncovered = p.uncovered || d.what == qgraft::outcome::not_covered;
        }
        return p;
    }

    /// The sizes after a blank; nothing where they are not known.
    [[nodiscard]] std::string shape_text(qgraft::value<node> v) const {
        std::string text;
        const qgraft::tensor_shape s = g_.shape(v);
        for (const auto d : s.dims()) {
            text += text.empty() ? ' ' : 'x';
            text += d < 0 ? std::string("?") : std::to_string(d);
        }
        return text;
    }

    [[nodiscard]] bool flag(node n, std::string_view key) const {
        const auto* a = qgraft::graphdef::find_attribute(g_.definition(n), key);
        return a != nullptr && a->b();
    }

    [[nodiscard]] std::string width_text(node n, const std::string& path) const {
        const auto* bits = qgraft::graphdef::find_attribute(g_.definition(n), "num_bits");
        std::string text = std::to_string(bits == nullptr ? 8 : bits->i()) + " bits";
        if (flag(n, "narrow_range")) text += ", narrow";
        if (const auto step = g_.find(path + "/activate_quant/y")) {
            const auto* value = qgraft::graphdef::find_attribute(g_.definition(*step), "value");
            if (value != nullptr && value->tensor().int64_val_size() == 1) {
                text += ", from step " + grouped(static_cast<std::size_t>(value->tensor().int64_val(0)));
            }
        }
        return text;
    }

    /// Leaves out the means that batch statistics take, of which nothing that is drawn comes. Readers come after what
    /// they read, so that one walk backwards finds all.
    void drop_statistics() {
        std::vector<bool> is_read(result_.points.size(), false);
        std::vector<std::vector<std::size_t>> feeders_of(result_.points.size());
        for (const flow f : result_.flows) feeders_of[f.to].push_back(f.from);
        for (std::size_t i = result_.points.size(); i-- > 0;) {
            if (result_.points[i].detail == "Mean" && !is_read[i]) {
                std::erase_if(result_.flows, [i](const flow& f) { return f.to == i; });
            } else {
                for (const std::size_t from : feeders_of[i]) is_read[from] = true;
            }
        }
    }

    /// Leaves out what nothing that is drawn feeds or reads, but for layers and fake quantization.
    void drop_lonely() {
        std::vector<bool> kept(result_.points.size(), false);
        for (std::size_t i = 0; i < kept.size(); ++i) {
            const part k = result_.points[i].kind;
            kept[i] = k == part::layer || k == part::weights_quant || k == part::activations_quant;
        }
        for (const flow f : result_.flows) kept[f.from] = kept[f.to] = true;
        std::vector<std::size_t> place(kept.size(), 0);
        std::vector<point> points;
        for (std::size_t i = 0; i < kept.size(); ++i) {
            place[i] = points.size();
            if (kept[i]) points.push_back(std::move(result_.points[i]));
        }
        for (flow& f : result_.flows) f = {place[f.from], place[f.to]};
        result_.points = std::move(points);
    }

    const rewritten& r_;
    const graph& g_;
    std::size_t count_;
    std::vector<state> state_;
    std::vector<std::vector<index>> sources_;
    std::vector<index> belongs_to_;
    std::unordered_map<std::string, std::vector<const qgraft::decision*>> notes_;
    skeleton result_;
};

}  // namespace

skeleton skeleton_of(const rewritten& r) { return collapser(r).run(); }

}  // namespace rewriter
