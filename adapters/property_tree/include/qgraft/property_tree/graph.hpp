// graph: a network that is kept in a property tree, as JSON has it.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_PROPERTY_TREE_GRAPH_HPP
#define QGRAFT_PROPERTY_TREE_GRAPH_HPP

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <qgraft/graph/error.hpp>
#include <qgraft/graph/shape.hpp>
#include <qgraft/graph/traits.hpp>
#include <qgraft/graph/value.hpp>
#include <qgraft/property_tree/json.hpp>
#include <qgraft/property_tree/node_keys.hpp>
#include <qgraft/property_tree/tree.hpp>

namespace qgraft::property_tree {

/// A network over a tree, which it owns and keeps up to date: what it does not change stays in the tree as it was, and
/// so do keys that it does not know.
///
///     {"nodes": [
///       {"name": "conv/filter", "op": "parameter", "shapes": [[3, 3, 3, 8]]},
///       {"name": "conv/conv", "op": "conv2d", "inputs": ["image", "conv/filter"], "attributes": {"strides": [1, 1]}},
///       {"name": "conv/act", "op": "relu6", "inputs": ["conv/conv:0"], "after": ["start"]}, ...]}
///
/// `name` and `op` must be there; names are unique, and do not end in a colon and a number. `inputs` are outputs of
/// nodes ("node" is the first one), `after` nodes that must run before. `shapes` are those of the outputs, -1 for an
/// unknown dimension and null for an unknown rank. `back` lists the operands that close a loop. `in_loop` and
/// `left_alone` are true for a node that runs once an iteration, and for one whose operands must not be changed.
class graph {
public:
    struct entry;
    using node = entry*;
    using operand = value<node>;

    /// An input as it was spelled when the graph was read.
    struct spelled_input {
        std::size_t place;
        operand read;
        std::string text;
    };

    /// A node: where it is in the tree, and what of it has been read.
    struct entry {
        tree::iterator at{};
        std::string_view name{};
        std::string_view op{};
        std::vector<operand> inputs{};
        std::vector<node> after{};
        std::vector<std::size_t> back{};
        std::vector<tensor_shape> shapes{};
        bool in_loop = false;
        bool left_alone = false;
        std::vector<spelled_input> spellings{};  ///< of inputs that are not spelled as here

        [[nodiscard]] const tree& keys() const { return at->second; }
    };

    /// What a new node is made of: its keys but for inputs and after, and these as handles.
    struct node_data {
        tree keys{};
        std::vector<operand> inputs{};
        std::vector<node> after{};
    };

    /// Throws invalid_graph for a tree that is no network.
    explicit graph(tree document) : document_(std::make_unique<tree>(std::move(document))) {
        list_ = find_list();
        std::size_t place = 0;
        for (auto at = list_->begin(); at != list_->end(); ++at) {
            read(at, "nodes." + std::to_string(place++));
        }
        for (const auto& e : nodes_) connect(*e);
    }

    /// The whole tree, as it is now.
    [[nodiscard]] const tree& document() const { return *document_; }
    /// The node of a name; null where there is none.
    [[nodiscard]] node find(std::string_view name) const {
        const auto at = by_name_.find(name);
        return at == by_name_.end() ? nullptr : at->second;
    }

    [[nodiscard]] std::vector<node> nodes() const {
        std::vector<node> all;
        all.reserve(nodes_.size());
        for (const auto& e : nodes_) all.push_back(e.get());
        return all;
    }
    [[nodiscard]] const std::vector<operand>& inputs(node n) const { return n->inputs; }
    [[nodiscard]] std::string_view name(node n) const { return n->name; }
    [[nodiscard]] const std::vector<node>& control_inputs(node n) const { return n->after; }
    [[nodiscard]] tensor_shape shape(operand v) const {
        return v.port < v.node->shapes.size() ? v.node->shapes[v.port] : tensor_shape();
    }
    [[nodiscard]] bool is_back_edge(node n, std::size_t place) const {
        return std::find(n->back.begin(), n->back.end(), place) != n->back.end();
    }

    /// Adds a node at the end. Throws invalid_graph for keys that are none of a node, or a name that is taken.
    node add_node(node_data data) {
        const auto spelled = [](const auto& all, auto spell) {
            tree texts(scalar{kind::array, {}});
            for (const auto& v : all) texts.push_back({std::string(), leaf(spell(v))});
            return texts;
        };
        if (!data.inputs.empty()) data.keys.push_back({"inputs", spelled(data.inputs, &graph::spelling)});
        if (!data.after.empty()) {
            data.keys.push_back({"after", spelled(data.after, [](node n) { return std::string(n->name); })});
        }
        const auto at = list_->push_back({std::string(), std::move(data.keys)});
        try {
            const node made = read(at, "a new node");
            made->inputs = std::move(data.inputs);
            made->after = std::move(data.after);
            return made;
        } catch (...) {
            list_->erase(at);
            throw;
        }
    }

    /// Takes a node back that nothing reads. The later it was added, the quicker.
    void erase_node(node n) {
        const auto found = std::find_if(nodes_.rbegin(), nodes_.rend(), [n](const auto& e) { return e.get() == n; });
        by_name_.erase(n->name);
        list_->erase(n->at);
        nodes_.erase(std::next(found).base());
    }

    void set_input(node n, std::size_t place, operand v) {
        tree& texts = n->at->second.find("inputs")->second;
        auto text = texts.begin();
        std::advance(text, static_cast<std::ptrdiff_t>(place));
        std::string spelled = spelling(v);
        for (const spelled_input& s : n->spellings) {
            if (s.place == place && s.read == v) spelled = s.text;
        }
        text->second.data().text = std::move(spelled);
        n->inputs[place] = v;
    }

private:
    static std::string spelling(operand v) { return to_string(tensor_name{v.node->name, v.port}); }

    tree* find_list() const {
        if (document_->data().what != kind::object) throw invalid_graph("", "the document is no object with 'nodes'");
        if (document_->count("nodes") != 1) throw invalid_graph("", "the document must have 'nodes' once");
        tree& list = document_->find("nodes")->second;
        if (list.data().what != kind::array) throw invalid_graph("nodes", "must be an array");
        return &list;
    }

    /// Reads all of a node but what it reads itself, and takes it in.
    node read(tree::iterator at, const std::string& place) {
        detail::node_keys keys(at->second, place);
        auto made = std::make_unique<entry>();
        made->at = at;
        made->name = keys.text("name");
        keys.set_who(std::string(made->name));
        if (split_tensor_name(made->name).node != made->name) {
            throw invalid_graph(std::string(made->name), "is a name that ends in a colon and a number, as tensors do");
        }
        made->op = keys.text("op");
        made->back = keys.places("back");
        made->shapes = keys.shapes("shapes");
        made->in_loop = keys.flag("in_loop");
        made->left_alone = keys.flag("left_alone");
        keys.check_attributes("attributes");
        if (find(made->name) != nullptr) throw invalid_graph(std::string(made->name), "is the name of two nodes");
        const node n = made.get();
        nodes_.push_back(std::move(made));
        try {
            by_name_.emplace(n->name, n);
        } catch (...) {
            nodes_.pop_back();
            throw;
        }
        return n;
    }

    /// Looks up what a node reads.
    void connect(entry& e) const {
        const detail::node_keys keys(e.keys(), std::string(e.name));
        for (const std::string_view text : keys.texts("inputs")) {
            const tensor_name t = split_tensor_name(text);
            e.inputs.push_back({node_named(e, t.node), t.port});
            if (to_string(t) != text) e.spellings.push_back({e.inputs.size() - 1, e.inputs.back(), std::string(text)});
        }
        for (const std::string_view text : keys.texts("after")) e.after.push_back(node_named(e, text));
        for (const std::size_t place : e.back) {
            if (place >= e.inputs.size()) {
                throw invalid_graph(std::string(e.name), "has in 'back' operand " + std::to_string(place) +
                                                             ", and has " + std::to_string(e.inputs.size()));
            }
        }
    }

    [[nodiscard]] node node_named(const entry& reader, std::string_view name) const {
        const node found = find(name);
        if (found == nullptr) {
            throw invalid_graph(std::string(reader.name), "reads '" + std::string(name) + "', which is no node");
        }
        return found;
    }

    std::unique_ptr<tree> document_;
    tree* list_ = nullptr;  ///< of the nodes, in the document
    std::vector<std::unique_ptr<entry>> nodes_;
    std::unordered_map<std::string_view, node> by_name_;
};

/// A network from JSON. Throws parse_error and invalid_graph.
inline graph read_graph(std::string_view json, const limits& most = {}) { return graph(read_json(json, most)); }

/// A network as JSON: what has not been changed is as it was read.
inline std::string write_graph(const graph& g) { return write_json(g.document()); }

}  // namespace qgraft::property_tree

#endif
