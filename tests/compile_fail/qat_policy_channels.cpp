// expect: qgraft: the quantization-aware training rules have one range a tensor; per_channel is for kernels only
// A policy with a range for each channel is refused with a sentence.
// SPDX-License-Identifier: Apache-2.0
#include "ir.hpp"

template <>
struct qgraft::dialect<ir> {
    static constexpr word_set spoken = training_words;
    static word classify(const ir&, int);
    static value<int> build(editor<ir>&, const instruction<int>&);
};

using policy = qgraft::qat_policy<qgraft::quant_spec{.grain = qgraft::granularity::per_channel}>;

void use(ir& g) { qgraft::rewrite_for<qgraft::phase::evaluation, policy>(g); }
