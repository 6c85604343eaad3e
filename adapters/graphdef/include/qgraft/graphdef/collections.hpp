// What a rewrite writes beside the nodes of a MetaGraphDef: variables, cond contexts.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_COLLECTIONS_HPP
#define QGRAFT_GRAPHDEF_COLLECTIONS_HPP

#include <array>
#include <string>
#include <type_traits>

#include <qgraft/graphdef/qgraft_graphdef.pb.h>

namespace qgraft::graphdef {

/// Stands for a MetaGraphDef where there is only a GraphDef.
struct no_meta_graph {};

/// The collections that a rewrite appends to, with the way back. Without a MetaGraphDef it does nothing.
template <class MetaGraphDef>
class collections {
public:
    /// How long each collection is; -1 where there is none.
    using mark_type = std::array<int, 2>;

    explicit collections(MetaGraphDef* meta) : meta_(meta) {}

    /// Appends to the global variables.
    void add(const proto::VariableDef& v) { append(keys[0], v); }

    /// Appends to the cond contexts.
    void add(const proto::CondContextDef& c) { append(keys[1], c); }

    /// The present length of each collection.
    [[nodiscard]] mark_type mark() const {
        mark_type m{-1, -1};
        if constexpr (has_meta) {
            for (std::size_t i = 0; i < m.size() && meta_ != nullptr; ++i) {
                const auto it = meta_->collection_def().find(keys[i]);
                if (it != meta_->collection_def().end()) m[i] = it->second.bytes_list().value_size();
            }
        }
        return m;
    }

    /// Cuts each collection back to what it was.
    void restore(const mark_type& m) {
        if constexpr (has_meta) {
            for (std::size_t i = 0; i < m.size() && meta_ != nullptr; ++i) {
                auto& all = *meta_->mutable_collection_def();
                const auto it = all.find(keys[i]);
                if (it == all.end()) continue;
                if (m[i] < 0) {
                    all.erase(it);
                } else if (it->second.bytes_list().value_size() > m[i]) {
                    auto& values = *it->second.mutable_bytes_list()->mutable_value();
                    values.DeleteSubrange(m[i], values.size() - m[i]);
                }
            }
        }
    }

private:
    static constexpr bool has_meta = !std::is_same_v<MetaGraphDef, no_meta_graph>;
    static constexpr const char* keys[] = {"variables", "cond_context"};

    template <class Message>
    void append(const char* key, const Message& m) {
        if constexpr (has_meta) {
            if (meta_ != nullptr)
                (*meta_->mutable_collection_def())[key].mutable_bytes_list()->add_value(m.SerializeAsString());
        }
    }

    MetaGraphDef* meta_;
};

}  // namespace qgraft::graphdef

#endif
