// operation_table: the operations of a graph, each once.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_OPERATIONS_HPP
#define QGRAFT_GRAPHDEF_OPERATIONS_HPP

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <qgraft/graphdef/classify.hpp>
#include <qgraft/ops/words.hpp>

namespace qgraft::graphdef {

/// The name of an operation, and the word that this alone tells.
using operation = std::pair<const std::string, word>;

/// The operations of a graph. Of many nodes few are different: who asks a node for its operation finds a text that was
/// read a moment ago, and not one beside the node's other texts.
class operation_table {
public:
    /// The operation of a name; it stays where it is for as long as the table lives, even where that moves.
    const operation& of(std::string_view name) {
        if (last_ != nullptr && last_->first == name) return *last_;
        auto at = all_->find(name);
        if (at == all_->end()) at = all_->emplace(std::string(name), word_of_op(name)).first;
        last_ = &*at;
        return *last_;
    }

private:
    struct hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
    };
    using table = std::unordered_map<std::string, word, hash, std::equal_to<>>;

    std::unique_ptr<table> all_ = std::make_unique<table>();
    const operation* last_ = nullptr;
};

}  // namespace qgraft::graphdef

#endif
