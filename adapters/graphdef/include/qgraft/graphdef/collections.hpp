// What a rewrite writes beside the nodes of a MetaGraphDef: variables, cond contexts, the list of operations.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_COLLECTIONS_HPP
#define QGRAFT_GRAPHDEF_COLLECTIONS_HPP

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <vector>

#include <qgraft/graph/error.hpp>
#include <qgraft/graphdef/notes.hpp>
#include <qgraft/graphdef/op_defs.hpp>

namespace qgraft::graphdef {

/// Stands for a MetaGraphDef where there is only a GraphDef.
struct no_meta_graph {};

/// What a rewrite appends to beside the nodes, with the way back: collections, and the list of the operations that the
/// graph uses, where the file has one. Without a MetaGraphDef it does nothing.
template <class MetaGraphDef>
class collections {
public:
    /// How long each collection is, or `missing` or `untyped`, and how many operations were added to the list.
    struct mark_type {
        std::array<int, 2> lengths{missing, missing};
        std::size_t ops = 0;
    };

    explicit collections(MetaGraphDef* meta) : meta_(meta) {}

    /// Appends to the global variables. Throws invalid_graph where these are not messages.
    void add(const variable_note& v) { append(keys[0], v); }

    /// Appends to the cond contexts. Throws as above.
    void add(const cond_note& c) { append(keys[1], c); }

    /// Lists an operation among those that the graph uses. A list that is sorted stays so.
    void add_op(std::string_view name) {
        if constexpr (has_meta) {
            if (!has_op_list()) return;
            const std::string op(name);
            auto& ops = *meta_->mutable_meta_info_def()->mutable_stripped_op_list()->mutable_op();
            if (listed_.empty()) {
                for (const auto& o : ops) listed_.insert(o.name());
                sorted_ = std::is_sorted(ops.begin(), ops.end(),
                                         [](const auto& x, const auto& y) { return x.name() < y.name(); });
            }
            if (!listed_.insert(op).second) return;
            if (!define_op(op, *ops.Add())) {
                ops.RemoveLast();
                return;
            }
            added_.push_back(op);
            for (int i = ops.size() - 1; sorted_ && i > 0 && ops.Get(i).name() < ops.Get(i - 1).name(); --i) {
                ops.SwapElements(i, i - 1);
            }
        }
    }

    /// Where everything is now.
    [[nodiscard]] mark_type mark() const {
        mark_type m;
        m.ops = added_.size();
        if constexpr (has_meta) {
            for (std::size_t i = 0; i < m.lengths.size() && meta_ != nullptr; ++i) {
                const auto it = meta_->collection_def().find(keys[i]);
                if (it == meta_->collection_def().end()) continue;
                m.lengths[i] = it->second.has_bytes_list() ? it->second.bytes_list().value_size() : untyped;
            }
        }
        return m;
    }

    /// Cuts everything back to what it was.
    void restore(const mark_type& m) {
        if constexpr (has_meta) {
            for (std::size_t i = 0; i < m.lengths.size() && meta_ != nullptr; ++i) cut(keys[i], m.lengths[i]);
            for (; added_.size() > m.ops; added_.pop_back()) remove_op(added_.back());
        }
    }

private:
    static constexpr bool has_meta = !std::is_same_v<MetaGraphDef, no_meta_graph>;
    static constexpr const char* keys[] = {"variables", "cond_context"};
    static constexpr int missing = -1;
    static constexpr int untyped = -2;  ///< there, but not as a list of bytes

    [[nodiscard]] bool has_op_list() const {
        return meta_ != nullptr && meta_->has_meta_info_def() && meta_->meta_info_def().has_stripped_op_list();
    }

    template <class Note>
    void append(const char* key, const Note& note) {
        if constexpr (has_meta) {
            if (meta_ == nullptr) return;
            auto& collection = (*meta_->mutable_collection_def())[key];
            using kind_type = std::remove_cvref_t<decltype(collection)>;
            if (collection.kind_case() != kind_type::kBytesList && collection.kind_case() != kind_type::KIND_NOT_SET) {
                throw invalid_graph(key, "is a collection of names or numbers, where a rewrite adds messages");
            }
            collection.mutable_bytes_list()->add_value(bytes_of(note));
        }
    }

    void cut(const char* key, int length) {
        auto& all = *meta_->mutable_collection_def();
        const auto it = all.find(key);
        if (it == all.end()) return;
        if (length == missing) {
            all.erase(it);
        } else if (length == untyped) {
            if (it->second.has_bytes_list()) it->second.clear_kind();
        } else if (it->second.bytes_list().value_size() > length) {
            auto& values = *it->second.mutable_bytes_list()->mutable_value();
            values.DeleteSubrange(length, values.size() - length);
        }
    }

    void remove_op(const std::string& op) {
        auto& ops = *meta_->mutable_meta_info_def()->mutable_stripped_op_list()->mutable_op();
        for (int i = ops.size() - 1; i >= 0; --i) {
            if (ops.Get(i).name() != op) continue;
            ops.DeleteSubrange(i, 1);
            break;
        }
        listed_.erase(op);
    }

    MetaGraphDef* meta_;
    std::unordered_set<std::string> listed_;
    std::vector<std::string> added_;
    bool sorted_ = false;
};

}  // namespace qgraft::graphdef

#endif
