// The operations that the nodes of a graph are.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_OPERATIONS_HPP
#define QGRAFT_GRAPHDEF_OPERATIONS_HPP

#include <cstdint>
#include <deque>
#include <string_view>

#include <qgraft/graphdef/classify.hpp>
#include <qgraft/graphdef/texts.hpp>
#include <qgraft/ops/words.hpp>

namespace qgraft::graphdef {

/// An operation of TensorFlow's registry, by its name.
struct operation {
    std::string_view name;
    word meaning = word::other;  ///< of its name alone
    bool is_listed = false;      ///< among those that a MetaGraphDef says it uses, as far as a rewrite has seen to it
};

/// Each operation of a graph once: few are what many nodes are.
class operation_table {
public:
    /// The operation of this name, where it stays until the table is gone.
    operation& of(std::string_view name) {
        const std::uint32_t hash = detail::folded_hash(name);
        const std::uint32_t there = index_.find(hash, [&](std::uint32_t i) { return all_[i].name == name; });
        if (there != detail::hash_index::none) return all_[there];
        index_.add(hash, static_cast<std::uint32_t>(all_.size()));
        return all_.emplace_back(operation{names_.keep(name), word_of_op(name)});
    }

    /// From now on none counts as listed.
    void forget_lists() noexcept {
        for (operation& o : all_) o.is_listed = false;
    }

private:
    std::deque<operation> all_;
    detail::hash_index index_;
    text_pool names_;
};

}  // namespace qgraft::graphdef

#endif
