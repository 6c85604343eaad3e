// A compiler's own representation of a network: a module of typed ops. It knows nothing of qgraft.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_IR_HPP
#define IN_HOUSE_IR_HPP

#include <algorithm>
#include <iterator>
#include <memory>
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
        return ops_.emplace_back(std::make_unique<op>(std::move(o))).get();
    }

    /// Removes an op that nothing reads. The later it was added, the quicker.
    void remove(const op* o) {
        const auto it = std::find_if(ops_.rbegin(), ops_.rend(), [o](const auto& p) { return p.get() == o; });
        if (it != ops_.rend()) ops_.erase(std::next(it).base());
    }

    /// Every op, in the order of adding.
    [[nodiscard]] std::vector<op*> ops() const {
        std::vector<op*> all;
        all.reserve(ops_.size());
        for (const auto& p : ops_) all.push_back(p.get());
        return all;
    }

    /// The first op of this name, or null.
    [[nodiscard]] op* find(std::string_view name) const {
        const auto it = std::find_if(ops_.begin(), ops_.end(), [name](const auto& p) { return p->name == name; });
        return it == ops_.end() ? nullptr : it->get();
    }

private:
    std::vector<std::unique_ptr<op>> ops_;
};

}  // namespace in_house

#endif
