// A compiler's own representation of a network: a module of typed ops. It knows nothing of qgraft.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_IR_HPP
#define IN_HOUSE_IR_HPP

#include <list>
#include <string_view>
#include <utility>
#include <vector>

#include "infer.hpp"
#include "op.hpp"

namespace in_house {

/// A network: ops that stay where they are in memory.
class module {
public:
    /// Adds an op and returns where it is. An op without result types gets those that its operands tell.
    op* add(op o) {
        if (o.types.empty()) o.types = infer_types(o);
        return &ops_.emplace_back(std::move(o));
    }

    /// Removes an op that nothing reads. The later it was added, the quicker.
    void remove(const op* o) {
        for (auto it = ops_.end(); it != ops_.begin();) {
            if (&*--it != o) continue;
            ops_.erase(it);
            return;
        }
    }

    /// Every op, in the order of adding.
    [[nodiscard]] std::vector<op*> ops() const {
        std::vector<op*> all;
        all.reserve(ops_.size());
        for (const op& o : ops_) all.push_back(const_cast<op*>(&o));
        return all;
    }

    /// The first op of this name, or null.
    [[nodiscard]] op* find(std::string_view name) const {
        for (const op& o : ops_) {
            if (o.name == name) return const_cast<op*>(&o);
        }
        return nullptr;
    }

private:
    std::list<op> ops_;
};

}  // namespace in_house

#endif
