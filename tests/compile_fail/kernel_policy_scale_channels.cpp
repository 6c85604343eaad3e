// expect: qgraft: a kernel policy that folds needs void scale_channels(span<const float>, span<float>, span<const float>, std::size_t), static or const
// Kernels that cannot scale channels cannot fold batch norms into constants.
// SPDX-License-Identifier: Apache-2.0
#include <qgraft/fold.hpp>

#include <span>

#include "ir.hpp"

struct no_scaling {
    static void fake_quantize(std::span<const float>, std::span<float>, qgraft::quant_range, qgraft::quant_spec);
    template <qgraft::quant_spec S>
    static void fake_quantize(std::span<const float>, std::span<float>, qgraft::quant_range);
    static qgraft::range_gradient fake_quantize_gradient(std::span<const float>, std::span<const float>,
                                                         std::span<float>, qgraft::quant_range, qgraft::quant_spec);
    static qgraft::quant_range min_max(std::span<const float>);
};

template <>
struct qgraft::dialect<ir> {
    static constexpr word_set spoken = fold_words | constant_fold_words;
    static word classify(const ir&, int);
    static value<int> build(editor<ir>&, const instruction<int>&);
    static std::optional<constant_tensor> constant_of(const ir&, value<int>);
};

void use(ir& g) { qgraft::fold_batch_norms<qgraft::phase::evaluation, no_scaling>(g); }
