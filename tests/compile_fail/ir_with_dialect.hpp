// The same graph type with a dialect that can train and fold, for tests of policies and options.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_COMPILE_FAIL_IR_WITH_DIALECT_HPP
#define QGRAFT_TESTS_COMPILE_FAIL_IR_WITH_DIALECT_HPP

#include "ir.hpp"

template <>
struct qgraft::dialect<ir> {
    static constexpr word_set spoken = training_words | training_fold_words;
    static word classify(const ir&, int);
    static value<int> build(editor<ir>&, const instruction<int>&);
};

/// A predicate for overrides of policies.
struct any_layer {
    bool operator()(const qgraft::layer_facts&) const;
};

#endif
