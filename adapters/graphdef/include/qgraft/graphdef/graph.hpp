// basic_graph: an index over a GraphDef message, as a graph type of qgraft. The message is changed in place.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_GRAPH_HPP
#define QGRAFT_GRAPHDEF_GRAPH_HPP

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <qgraft/graph/error.hpp>
#include <qgraft/graph/shape.hpp>
#include <qgraft/graph/value.hpp>
#include <qgraft/graphdef/collections.hpp>
#include <qgraft/graphdef/infer.hpp>
#include <qgraft/graphdef/loops.hpp>
#include <qgraft/graphdef/messages.hpp>
#include <qgraft/graphdef/names.hpp>
#include <qgraft/graphdef/new_nodes.hpp>
#include <qgraft/graphdef/node_ref.hpp>
#include <qgraft/graphdef/operations.hpp>

namespace qgraft::graphdef {

/// What a basic_graph should do beyond what its file says.
struct graph_options {
    /// New variables are resource variables (the reference: use_resource of the current variable scope).
    bool resource_variables = false;
    /// New nodes are not made messages, only bytes: append_new_nodes() puts them into the graph's message as fields
    /// that it does not know. For a graph that is only rewritten to be serialized, in binary; it takes less time.
    bool new_nodes_as_bytes = false;
};

/// Inputs are parsed, names looked up and kept unique. `GraphDef` and `MetaGraphDef` are any classes that protobuf has
/// generated from TensorFlow's schema, or from qgraft's subset of it.
template <class GraphDef, class MetaGraphDef = no_meta_graph>
class basic_graph {
public:
    using node = node_ref;
    using node_data = new_node;
    using node_def = typename messages<GraphDef>::node_def;
    using attribute = typename messages<GraphDef>::attr_value;

    /// A graph without collections. Throws invalid_graph for a name twice, a dangling or malformed input.
    explicit basic_graph(GraphDef& def, graph_options options = {}) : basic_graph(def, nullptr, options) {}

    /// A graph with collections, where new variables and cond contexts are noted. Throws as above.
    explicit basic_graph(MetaGraphDef& meta,
                         graph_options options = {}) requires(!std::is_same_v<MetaGraphDef, no_meta_graph>)
        : basic_graph(*meta.mutable_graph_def(), &meta, options) {}

    [[nodiscard]] std::vector<node> nodes() const {
        std::vector<node> all(records_.size());
        for (std::uint32_t i = 0; i < all.size(); ++i) all[i].id = i;
        return all;
    }
    [[nodiscard]] const std::vector<value<node>>& inputs(node n) const { return records_[n.id].inputs; }
    [[nodiscard]] const std::vector<node>& control_inputs(node n) const { return records_[n.id].controls; }
    [[nodiscard]] std::string_view name(node n) const { return records_[n.id].name; }
    /// The operation of a node, and its name.
    [[nodiscard]] const operation& operation_of(node n) const { return *records_[n.id].op; }
    [[nodiscard]] std::string_view op(node n) const { return operation_of(n).name; }

    node add_node(node_data&& data) {
        const node n{static_cast<std::uint32_t>(records_.size())};
        added_.add(added_.keep(data.device));
        record& r = records_.emplace_back(record{nullptr, &operations_.of(data.op), names_.keep(data.name),
                                                 std::move(data.inputs), std::move(data.controls)});
        if (!options_.new_nodes_as_bytes) {
            r.def = def_->add_node();
            describe(r, data.device, *r.def);
        }
        return n;
    }
    void erase_node(node n) {
        inferred_.forget(n);
        if (n.id < placed_) {
            names_.remove(name(n));
            placed_ = n.id;
        }
        if (!options_.new_nodes_as_bytes) def_->mutable_node()->RemoveLast();
        records_.pop_back();
        added_.remove_last();
    }
    void set_input(node n, std::size_t operand, value<node> v) {
        record& r = records_[n.id];
        r.inputs[operand] = v;
        if (r.def == nullptr) return;
        const auto original = spellings_.find(place_of(n.id, operand));
        const bool back = original != spellings_.end() && original->second.first == v;
        *r.def->mutable_input(static_cast<int>(operand)) = back ? original->second.second : spelled(v);
    }

    [[nodiscard]] std::optional<attribute> attribute_of(node n, std::string_view key) const {
        const attribute* a = find_attribute(definition(n), key);
        return a == nullptr ? std::nullopt : std::optional<attribute>(*a);
    }
    void set_attribute(node n, std::string_view key, std::optional<attribute> a) {
        auto& all = *definition(n).mutable_attr();
        if (a) {
            all[std::string(key)] = std::move(*a);
        } else {
            all.erase(std::string(key));
        }
        if (is_new(n)) added_.forget(n.id - in_file());
    }

    /// What the attribute _output_shapes says; where the file has none at all, what can be inferred.
    [[nodiscard]] tensor_shape shape(value<node> v) const {
        if (!has_shapes_) return inferred_.of(*this, v);
        if (const auto* facts = facts_of(v.node)) {
            const auto said = added_.shapes(*facts);
            return v.port < said.size() ? said[v.port] : tensor_shape{};
        }
        const attribute* a = find_attribute(definition(v.node), "_output_shapes");
        if (a == nullptr || static_cast<std::int64_t>(v.port) >= a->list().shape_size()) return {};
        return read_shape(a->list().shape(static_cast<int>(v.port)));
    }

    /// A loop is closed where a Merge reads a NextIteration.
    [[nodiscard]] bool is_back_edge(node n, std::size_t operand) const {
        if (op(n) != "Merge" && op(n) != "RefMerge") return false;
        const std::string_view producer = op(inputs(n)[operand].node);
        return producer == "NextIteration" || producer == "RefNextIteration";
    }

    struct state {
        std::size_t names;
        typename collections<MetaGraphDef>::mark_type collections;
    };
    [[nodiscard]] state checkpoint() const { return {names_.mark(), collections_.mark()}; }
    void restore(const state& s) {
        names_.restore(s.names);
        collections_.restore(s.collections);
        operations_.forget_lists();
    }

    /// The message of a node. Of a new node that is kept as bytes it is made now.
    [[nodiscard]] const node_def& definition(node n) const {
        const record& r = records_[n.id];
        if (r.def == nullptr) make_message(n);
        return *r.def;
    }
    /// The message of a node, to write: for nodes that the running rewrite has added.
    [[nodiscard]] node_def& definition(node n) { return const_cast<node_def&>(std::as_const(*this).definition(n)); }

    /// Writes an attribute into the node that was added last: a value that fields_of() knows.
    template <class Value>
    void write_attribute(std::string_view key, const Value& v) {
        if (records_.back().def == nullptr) {
            added_.add_attribute(key, v);
        } else {
            const std::string bytes = graphdef::spelled(v);
            graphdef::attribute(*records_.back().def, key).ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
        }
    }
    /// Lists the operation of the node that was added last among those that the graph's MetaGraphDef says it uses.
    void list_operation() {
        operation& o = *records_.back().op;
        if (!o.is_listed) collections_.add_op(o.name);
        o.is_listed = true;
    }
    /// Puts the node that was added last on a device.
    void set_device(std::string_view device) {
        added_.set_device(added_.keep(device));
        if (records_.back().def != nullptr) records_.back().def->set_device(std::string(device));
    }
    /// The device of a node.
    [[nodiscard]] std::string_view device(node n) const {
        return is_new(n) ? added_[n.id - in_file()].device : std::string_view(records_[n.id].def->device());
    }
    /// What is known of a new node without a look at its message; none where only the message tells.
    [[nodiscard]] const new_nodes::facts* facts_of(node n) const {
        if (!is_new(n)) return nullptr;
        const new_nodes::facts& facts = added_[n.id - in_file()];
        return facts.is_current ? &facts : nullptr;
    }
    /// The nodes that were added.
    [[nodiscard]] new_nodes& added() noexcept { return added_; }

    /// With graph_options::new_nodes_as_bytes: puts the new nodes into the graph's message, as fields that it does not
    /// know, and what belongs behind them, too. What reads the serialized graph finds nodes, and its bytes are those
    /// that messages would give. To call at the end: this is not to be used any more.
    void append_new_nodes() {
        if (!options_.new_nodes_as_bytes || added_.size() == 0) return;
        const std::string rest = detail::take_all_but_nodes(*def_);
        auto& unknown = *def_->GetReflection()->MutableUnknownFields(def_);
        for_each_new_node([&unknown](const auto& said) { detail::add_field(unknown, 1, wire::spelled(said)); });
        google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(rest.data()),
                                                  static_cast<int>(rest.size()));
        unknown.MergeFromCodedStream(&in);
    }

    /// With graph_options::new_nodes_as_bytes: the new nodes as fields of the graph's message, one after the other.
    [[nodiscard]] wire::buffer new_node_fields() const {
        constexpr std::size_t usual = 512;
        wire::buffer fields;
        if (options_.new_nodes_as_bytes) fields.reserve(usual * added_.size());
        for_each_new_node([&fields](const auto& said) {
            const std::size_t size = wire::size_of(said);
            wire::writer(fields.append(wire::size_of_field(size))).message(1, size, said);
        });
        return fields;
    }

    /// The node of this name.
    [[nodiscard]] std::optional<node> find(std::string_view name) const {
        for (; placed_ < records_.size(); ++placed_) names_.place(records_[placed_].name, node{placed_});
        return names_.find(name);
    }
    [[nodiscard]] name_table& names() noexcept { return names_; }
    [[nodiscard]] collections<MetaGraphDef>& collected() noexcept { return collections_; }
    [[nodiscard]] const graph_options& options() const noexcept { return options_; }
    /// Whether a rewrite has added the node: it is not of the file.
    [[nodiscard]] bool is_new(node n) const { return n.id >= in_file(); }
    /// Whether a node of the file runs inside a while loop.
    [[nodiscard]] bool is_in_loop(node n) const { return n.id < in_loop_.size() && in_loop_[n.id]; }
    /// Whether the file says what its shapes are; then new nodes say it too.
    [[nodiscard]] bool has_shapes() const noexcept { return has_shapes_; }
    /// A tensor as messages write it: "name", or "name:port" for a port other than 0.
    [[nodiscard]] std::string spelled(value<node> v) const {
        std::string s(name(v.node));
        if (v.port != 0) s.append(1, ':').append(std::to_string(v.port));
        return s;
    }

private:
    /// The number of nodes that the file has.
    [[nodiscard]] std::size_t in_file() const noexcept { return in_loop_.size(); }

    struct record {
        mutable node_def* def;  ///< none: a new node that is kept as bytes
        operation* op;
        std::string_view name;
        std::vector<value<node>> inputs;
        std::vector<node> controls;
    };

    basic_graph(GraphDef& def, MetaGraphDef* meta, graph_options options)
        : def_(&def), collections_(meta), options_(options) {
        records_.reserve(static_cast<std::size_t>(def.node_size()));
        names_.reserve(2 * static_cast<std::size_t>(def.node_size()));
        for (node_def& n : *def.mutable_node()) take(n);
        placed_ = static_cast<std::uint32_t>(records_.size());
        for (record& r : records_) parse_inputs(r);
        in_loop_ = nodes_in_loops(*this);
    }

    void take(node_def& def) {
        if (def.name().empty()) throw invalid_graph(def.op(), "has no name");
        if (!names_.take(def.name(), node{static_cast<std::uint32_t>(records_.size())})) {
            throw invalid_graph(def.name(), "is the name of two nodes");
        }
        has_shapes_ = has_shapes_ || find_attribute(def, "_output_shapes") != nullptr;
        records_.push_back({&def, &operations_.of(def.op()), def.name(), {}, {}});
    }

    /// Writes what is not an attribute into a node's message.
    void describe(const record& r, std::string_view device, node_def& def) const {
        def.set_op(std::string(r.op->name));
        def.set_name(std::string(r.name));
        def.set_device(std::string(device));
        for (const value<node> v : r.inputs) def.add_input(spelled(v));
        for (const node c : r.controls) def.add_input(std::string(1, '^').append(name(c)));
    }

    /// Makes the message of a node that is kept as bytes; from now on it is the message that counts.
    void make_message(node n) const {
        auto def = std::make_unique<node_def>();
        def->ParseFromString(wire::spelled([&](auto&& out) { say(n, out); }));
        records_[n.id].def = messages_.emplace_back(std::move(def)).get();
    }

    /// Calls `f` for each new node that is kept as bytes, with its fields (see wire).
    template <class F>
    void for_each_new_node(const F& f) const {
        for (std::size_t i = 0; options_.new_nodes_as_bytes && i < added_.size(); ++i) {
            const node n{static_cast<std::uint32_t>(in_file() + i)};
            if (records_[n.id].def == nullptr) {
                f([&](auto&& out) { say(n, out); });
            } else {
                const std::string bytes = detail::deterministic_bytes(*records_[n.id].def);
                f([&](auto&& out) { out.raw(bytes); });
            }
        }
    }

    /// Says the fields of a new node that has no message.
    template <class Out>
    void say(node n, Out& out) const {
        const record& r = records_[n.id];
        out.bytes(1, r.name);
        out.bytes(2, r.op->name);
        for (const value<node> v : r.inputs) {
            if (v.port == 0) {
                out.bytes(3, name(v.node));
            } else {
                out.bytes(3, spelled(v));
            }
        }
        for (const node c : r.controls) out.bytes(3, std::string(1, '^').append(name(c)));
        const std::string_view on = device(n);
        if (!on.empty()) out.bytes(4, on);
        out.raw(added_.attributes(n.id - in_file()));
    }

    void parse_inputs(record& r) {
        r.inputs.reserve(static_cast<std::size_t>(r.def->input_size()));
        for (const std::string& text : r.def->input()) {
            if (text.starts_with('^')) {
                r.controls.push_back(resolve(*r.def, std::string_view(text).substr(1)));
                continue;
            }
            if (!r.controls.empty())
                throw invalid_graph(r.def->name(), "has the input '" + text + "' after a control input");
            // Few have a port, and to search from the front is fast.
            if (text.find(':') == std::string::npos) {
                r.inputs.emplace_back(resolve(*r.def, text));
            } else {
                parse_input_with_port(r, text);
            }
        }
    }

    void parse_input_with_port(record& r, const std::string& text) {
        const auto colon = text.rfind(':');
        std::uint32_t port = 0;
        const char* end = text.data() + text.size();
        const auto [stop, failure] = std::from_chars(text.data() + colon + 1, end, port);
        if (failure != std::errc() || stop != end) {
            throw invalid_graph(r.def->name(), "has the malformed input '" + text + "'");
        }
        const value<node> v{resolve(*r.def, std::string_view(text).substr(0, colon)), port};
        if (text != spelled(v)) {
            const auto id = static_cast<std::uint32_t>(&r - records_.data());
            spellings_.emplace(place_of(id, r.inputs.size()), std::pair(v, text));
        }
        r.inputs.push_back(v);
    }

    static std::uint64_t place_of(std::uint32_t id, std::size_t operand) {
        return std::uint64_t{id} << 32U | static_cast<std::uint32_t>(operand);
    }

    [[nodiscard]] node resolve(const node_def& reader, std::string_view name) const {
        const auto found = find(name);
        if (!found) throw invalid_graph(reader.name(), "reads '" + std::string(name) + "', which is not in the graph");
        return *found;
    }

    GraphDef* def_;
    collections<MetaGraphDef> collections_;
    operation_table operations_;
    graph_options options_;
    std::vector<record> records_;
    /// The operands that the file spells in another way than spelled() does, such as "name:0": they are put back so.
    std::unordered_map<std::uint64_t, std::pair<value<node>, std::string>> spellings_;
    mutable name_table names_;
    mutable std::uint32_t placed_ = 0;  ///< the nodes before this one are in names_; the others wait for find()
    new_nodes added_;
    mutable std::vector<std::unique_ptr<node_def>> messages_;  ///< of new nodes that are kept as bytes
    std::vector<bool> in_loop_;
    bool has_shapes_ = false;
    mutable shape_inference<basic_graph> inferred_;
};

}  // namespace qgraft::graphdef

#endif
