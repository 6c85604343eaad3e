// What it costs that the rules are written for any graph: qgraft on a plain struct graph, and the same edit written for
// that graph alone. Both make the same graph, which is checked. For run.py, which counts the instructions of either.
// SPDX-License-Identifier: Apache-2.0
//
// usage: by_hand LAYERS
#include <cstdlib>
#include <deque>
#include <exception>
#include <iostream>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <qgraft/qat.hpp>

namespace plain {

struct op {
    qgraft::word kind = qgraft::word::other;
    std::string name;
    std::vector<op*> operands;
    double number = 0;

    friend bool operator==(const op&, const op&) = default;
};

/// Layers one after the other: convolution, bias, activation.
struct network {
    std::deque<op> ops;

    explicit network(int layers) {
        op* x = add({qgraft::word::other, "input", {}, 0});
        for (int i = 0; i < layers; ++i) {
            const std::string scope = "layer" + std::to_string(i);
            op* weights = add({qgraft::word::variable, scope + "/weights", {}, 0});
            op* conv = add({qgraft::word::conv2d, scope + "/conv", {x, weights}, 0});
            op* bias = add({qgraft::word::variable, scope + "/bias", {}, 0});
            op* sum = add({qgraft::word::bias_add, scope + "/sum", {conv, bias}, 0});
            x = add({qgraft::word::relu6, scope + "/relu6", {sum}, 0});
        }
        add({qgraft::word::other, "output", {x}, 0});
    }

    op* add(op o) { return &ops.emplace_back(std::move(o)); }
};

/// Whether both hold the same ops in the same order, that read the same.
bool same(const network& a, const network& b) {
    std::unordered_map<const op*, const op*> twin{{nullptr, nullptr}};
    if (a.ops.size() != b.ops.size()) return false;
    for (std::size_t i = 0; i < a.ops.size(); ++i) twin[&a.ops[i]] = &b.ops[i];
    for (std::size_t i = 0; i < a.ops.size(); ++i) {
        op x = a.ops[i];
        for (op*& o : x.operands) o = const_cast<op*>(twin.at(o));
        if (x != b.ops[i]) return false;
    }
    return true;
}

/// The edit as one would write it for this graph: the weights and the activation of each layer are fake-quantized.
class pass {
public:
    explicit pass(network& g) : g_(g) {
        for (op& o : g.ops) {
            for (op* from : o.operands) readers_[from].push_back(&o);
        }
    }

    void run() {
        std::vector<std::pair<op*, op*>> layers;
        for (op& o : g_.ops) {
            if (o.kind != qgraft::word::relu6) continue;
            op* sum = o.operands[0];
            if (sum->kind != qgraft::word::bias_add) continue;
            op* conv = sum->operands[0];
            if (conv->kind != qgraft::word::conv2d || conv->operands[1]->kind != qgraft::word::variable) continue;
            layers.emplace_back(conv, &o);
        }
        for (const auto& [conv, activation] : layers) {
            const std::string scope = conv->name.substr(0, conv->name.rfind('/'));
            quantize(conv->operands[1], scope + "/weights_quant/", true);
            quantize(activation, scope + "/act_quant/", false);
        }
    }

private:
    using word = qgraft::word;

    void quantize(op* x, const std::string& scope, bool weights) {
        op* low = g_.add({word::variable, scope + "min", {}, weights ? -6.0 : 0.0});
        op* high = g_.add({word::variable, scope + "max", {}, 6});
        op* least = g_.add({word::reduce_min, scope + "batch_min", {x}, 0});
        op* greatest = g_.add({word::reduce_max, scope + "batch_max", {x}, 0});
        op* new_low = g_.add({word::minimum, scope + "minimum", {least}, 0});
        op* new_high = g_.add({word::maximum, scope + "maximum", {greatest}, 0});
        const word update = weights ? word::assign : word::ema_update;
        const double decay = weights ? 0.0 : 0.999;
        const char* end = weights ? "_last" : "_ema";
        low = g_.add({update, scope + "assign_min" + end, {low, new_low}, decay});
        high = g_.add({update, scope + "assign_max" + end, {high, new_high}, decay});
        op* quantized = g_.add({word::fake_quant, scope + "fake_quant", {x, low, high}, weights ? -8.0 : 8.0});
        for (op* reader : readers_[x]) {
            for (op*& o : reader->operands) {
                if (o == x) o = quantized;
            }
        }
    }

    network& g_;
    std::unordered_map<op*, std::vector<op*>> readers_;
};

}  // namespace plain

template <>
struct qgraft::graph_traits<plain::network> {
    using graph = plain::network;
    using node = plain::op*;
    using node_data = plain::op;

    static std::vector<node> nodes(const graph& g) {
        std::vector<node> all;
        all.reserve(g.ops.size());
        for (const plain::op& o : g.ops) all.push_back(const_cast<node>(&o));
        return all;
    }
    static const std::vector<node>& inputs(const graph&, node n) { return n->operands; }
    static const std::string& name(const graph&, node n) { return n->name; }
    static node add_node(graph& g, plain::op o) { return g.add(std::move(o)); }
    static void erase_node(graph& g, node) { g.ops.pop_back(); }
    static void set_input(graph&, node n, std::size_t i, value<node> v) { n->operands[i] = v.node; }
};

template <>
struct qgraft::dialect<plain::network> {
    using node = plain::op*;
    static constexpr word_set spoken = training_words;

    static word classify(const plain::network&, node n) {
        const bool bound = n->kind == word::minimum || n->kind == word::maximum;
        return bound && n->operands.size() != 2 ? word::other : n->kind;
    }

    static value<node> build(editor<plain::network>& e, const instruction<node>& i) {
        plain::op made{i.op, {}, {}, i.params.real};
        const std::string_view part = i.hint.empty() ? to_string(i.op) : i.hint;
        made.name.reserve(i.scope.path.size() + 1 + part.size());
        made.name.append(i.scope.path).append("/").append(part);
        made.operands.reserve(i.operands.size());
        for (const auto& operand : i.operands) {
            if (const auto* v = std::get_if<value<node>>(&operand)) {
                made.operands.push_back(v->node);
            } else {
                made.number = std::get<literal>(operand).number;
            }
        }
        if (i.op == word::fake_quant) made.number = i.params.narrow_range ? -i.params.bits : i.params.bits;
        return {e.add(std::move(made))};
    }
};

namespace {

[[gnu::noinline]] void rewrite_by_qgraft(plain::network& g) { qgraft::create_training_graph(g); }

[[gnu::noinline]] void rewrite_by_hand(plain::network& g) { plain::pass(g).run(); }

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: by_hand LAYERS\n";
        return 2;
    }
    try {
        plain::network ours(std::atoi(argv[1]));
        plain::network theirs = plain::network(std::atoi(argv[1]));
        const std::size_t before = ours.ops.size();
        rewrite_by_qgraft(ours);
        rewrite_by_hand(theirs);
        std::cout << "nodes=" << before << " result=" << ours.ops.size() << '\n';
        if (plain::same(ours, theirs)) return 0;
        std::cerr << "by_hand: the two graphs differ\n";
    } catch (const std::exception& e) {
        std::cerr << "by_hand: " << e.what() << '\n';
    }
    return 1;
}
