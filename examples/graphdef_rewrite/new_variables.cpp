// Finds the variables that a rewrite has added, and their initial values.
// SPDX-License-Identifier: Apache-2.0
#include "new_variables.hpp"

namespace rewriter {

namespace {

/// The number in a scalar constant.
std::optional<double> number_in(const graph& g, graph::node n) {
    const auto* value = qgraft::graphdef::find_attribute(g.definition(n), "value");
    if (value == nullptr || !value->has_tensor()) return std::nullopt;
    const auto& t = value->tensor();
    if (t.float_val_size() == 1) return static_cast<double>(t.float_val(0));
    if (t.int64_val_size() == 1) return static_cast<double>(t.int64_val(0));
    return std::nullopt;
}

}  // namespace

std::vector<added_variable> new_variables(const rewritten& r) {
    std::vector<added_variable> found;
    for (const graph::node n : r.g.nodes()) {
        if (!r.is_new(n) || qgraft::graphdef::word_of_op(r.g.op(n)) != qgraft::word::variable) continue;
        added_variable v{std::string(r.g.name(n)), {}, {}};
        const auto assign = r.g.find(v.name + "/Assign");
        if (assign && r.g.inputs(*assign).size() == 2) {
            v.initializer = r.g.name(*assign);
            v.initial = number_in(r.g, r.g.inputs(*assign)[1].node);
        }
        found.push_back(std::move(v));
    }
    return found;
}

}  // namespace rewriter
