// editor<G>: every change of a graph goes through it and can be taken back.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPH_EDITOR_HPP
#define QGRAFT_GRAPH_EDITOR_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <qgraft/graph/concepts.hpp>
#include <qgraft/graph/error.hpp>
#include <qgraft/graph/observer.hpp>

namespace qgraft {

namespace detail {

struct no_attribute {};

template <class G>
struct attribute_type {
    using type = no_attribute;
};
template <attributed_graph G>
struct attribute_type<G> {
    using type = typename graph_traits<G>::attribute;
};

template <class G>
struct checkpoint_type {
    using type = std::monostate;
};
template <has_checkpoint G>
struct checkpoint_type<G> {
    using type = decltype(graph_traits<G>::checkpoint(std::declval<const G&>()));
};

}  // namespace detail

/// Changes a graph and keeps a journal of it. Unless commit() is called, the destructor restores the graph: nodes,
/// operands, attributes, and what the graph's checkpoint covers. What a dialect writes into a node that it has just
/// added needs no journal: taking the node back undoes it.
template <mutable_graph G>
class editor {
public:
    using traits = graph_traits<G>;
    using node = typename traits::node;
    using node_data = typename traits::node_data;
    using attribute = typename detail::attribute_type<G>::type;

    using observer = edit_observer;

    explicit editor(G& g, observer before = {}) : graph_(g), before_(std::move(before)), start_(take_checkpoint(g)) {}

    editor(const editor&) = delete;
    editor& operator=(const editor&) = delete;

    ~editor() { rollback(); }

    /// The graph being edited. To read; a dialect may also write into nodes that it has added itself.
    [[nodiscard]] G& graph() noexcept { return graph_; }
    [[nodiscard]] const G& graph() const noexcept { return graph_; }

    /// Adds a node.
    node add(node_data data) {
        notify("add_node");
        make_room(journal_);
        make_room(added_);
        const node n = traits::add_node(graph_, std::move(data));
        journal_.push_back({n, {}, 0, change::added_node});
        added_.push_back(n);
        return n;
    }

    /// Redirects operand `operand` of `n` to `v`. Throws rewrite_error where `n` has no such operand.
    void set_input(node n, std::size_t operand, value<node> v) {
        notify("set_input");
        const std::optional<value<node>> was = input_of(n, operand);
        if (!was)
            throw rewrite_error("",
                                "operand " + std::to_string(operand) + " of a node is to be redirected that has fewer");
        journal_.push_back({n, *was, static_cast<std::uint32_t>(operand), change::input});
        traits::set_input(graph_, n, operand, v);
    }

    /// Sets, or with none removes, an attribute of `n`.
    void set_attribute(node n, std::string_view key, std::optional<attribute> a) requires attributed_graph<G> {
        notify("set_attribute");
        make_room(journal_);
        attributes_.push_back({std::string(key), traits::attribute_of(graph_, n, key)});
        journal_.push_back({n, {}, 0, change::attribute});
        traits::set_attribute(graph_, n, key, std::move(a));
    }

    /// Tells the observer of a change that the dialect makes beside the nodes (a collection, a table of names).
    void note(std::string_view what) { notify(what); }

    /// The nodes added so far, in order.
    [[nodiscard]] const std::vector<node>& added() const noexcept { return added_; }

    /// The number of changes so far.
    [[nodiscard]] std::size_t size() const noexcept { return journal_.size(); }

    /// The nodes of which operands were redirected since there were `size` changes; one may be there more than once.
    [[nodiscard]] std::vector<node> redirected_since(std::size_t size) const {
        std::vector<node> nodes;
        for (std::size_t i = size; i < journal_.size(); ++i) {
            if (journal_[i].what != change::input) continue;
            if (nodes.empty() || !(nodes.back() == journal_[i].n)) nodes.push_back(journal_[i].n);
        }
        return nodes;
    }

    /// Keeps the changes.
    void commit() noexcept {
        journal_.clear();
        attributes_.clear();
        committed_ = true;
    }

    /// Takes every change back, the last first. Where the graph throws, another call goes on with the change before.
    void rollback() {
        if (committed_) return;
        while (!journal_.empty()) {
            const entry last = journal_.back();
            journal_.pop_back();
            undo(last);
        }
        added_.clear();
        if constexpr (detail::has_checkpoint<G>) traits::restore(graph_, start_);
    }

private:
    enum class change : std::uint8_t { added_node, input, attribute };
    struct entry {
        node n;
        value<node> before;
        std::uint32_t operand;
        change what;
    };
    struct attribute_entry {
        std::string key;
        std::optional<attribute> before;
    };

    static auto take_checkpoint(const G& g) {
        if constexpr (detail::has_checkpoint<G>) {
            return traits::checkpoint(g);
        } else {
            return std::monostate{};
        }
    }

    /// Room for one more, so that nothing can throw between a change and its entry in the journal.
    template <class T>
    static void make_room(std::vector<T>& v) {
        if (v.size() == v.capacity()) v.reserve(2 * v.size() + 16);
    }

    void notify(std::string_view what) const {
        if (before_) before_(what);
    }

    [[nodiscard]] std::optional<value<node>> input_of(node n, std::size_t operand) const {
        std::size_t i = 0;
        for (const value<node> v : traits::inputs(graph_, n)) {
            if (i++ == operand) return v;
        }
        return std::nullopt;
    }

    void undo(const entry& e) {
        if (e.what == change::added_node) {
            traits::erase_node(graph_, e.n);
        } else if (e.what == change::input) {
            traits::set_input(graph_, e.n, e.operand, e.before);
        } else if constexpr (attributed_graph<G>) {
            attribute_entry last = std::move(attributes_.back());
            attributes_.pop_back();
            traits::set_attribute(graph_, e.n, last.key, std::move(last.before));
        }
    }

    G& graph_;
    observer before_;
    typename detail::checkpoint_type<G>::type start_;
    std::vector<entry> journal_;
    std::vector<attribute_entry> attributes_;  ///< of the entries that are attributes
    std::vector<node> added_;
    bool committed_ = false;
};

}  // namespace qgraft

#endif
