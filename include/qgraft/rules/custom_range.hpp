// A range policy of one's own: a function that plans how a range follows the values it is for.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_RULES_CUSTOM_RANGE_HPP
#define QGRAFT_RULES_CUSTOM_RANGE_HPP

#include <qgraft/graph/error.hpp>
#include <qgraft/quant/quant_spec.hpp>
#include <qgraft/rewrite/script.hpp>
#include <qgraft/rules/layer_settings.hpp>

namespace qgraft {

/// The ends of a range: tensors, or numbers.
struct range_bounds {
    argument low;
    argument high;
};

/// What a new range is planned from.
struct range_update {
    range_bounds observed;  ///< the range of this step's values; it holds 0, and is symmetric where `spec` is
    range_bounds stored;    ///< what the step before has left in the range variables
    const quant_spec& spec;
    double ema_decay;  ///< the layer's
    scope_id in;       ///< where new nodes are named
};

/// Plans the range from now on: it appends words to the script, and returns what is stored in the variables and
/// quantized with. All ends have one shape. The words must be of training_words, or others that the dialect speaks.
using range_function = range_bounds (*)(script&, const range_update&);

/// Throws invalid_option for a policy that is custom, where there is no function for it.
inline void require_range_function(range_policy policy, range_function f) {
    if (policy == range_policy::custom && f == nullptr)
        throw invalid_option("custom_range", "is none, and a range policy is custom");
}

}  // namespace qgraft

#endif
