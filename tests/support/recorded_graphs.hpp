// The graphs of recorded cases, and which cases a rewrite without folding covers.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_SUPPORT_RECORDED_GRAPHS_HPP
#define QGRAFT_TESTS_SUPPORT_RECORDED_GRAPHS_HPP

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

#include <qgraft/graphdef/dialect.hpp>
#include <qgraft/graphdef/graph.hpp>
#include <qgraft/graphdef/qgraft_graphdef.pb.h>
#include <qgraft/qat.hpp>

#include "support/cases.hpp"

namespace qgraft::testing_support {

using meta_graph = graphdef::proto::MetaGraphDef;
using tensorflow_graph = graphdef::basic_graph<graphdef::proto::GraphDef, meta_graph>;

/// Reads a binary MetaGraphDef. Throws std::runtime_error where that fails.
inline meta_graph load(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    meta_graph meta;
    if (!meta.ParseFromIstream(&in)) throw std::runtime_error("cannot read " + file.string());
    return meta;
}

/// Whether a node is part of a batch norm, fused or not.
inline bool is_batch_norm(const graphdef::proto::NodeDef& n) {
    return n.op().starts_with("FusedBatchNorm") || n.name().find("BatchNorm/batchnorm") != std::string::npos;
}

/// Cases that succeed and that need no folding.
inline bool needs_no_folding(const recorded_case& c, const meta_graph& before) {
    if (c.after.empty() || c.function == "fold_batch_norms") return false;
    const auto& nodes = before.graph_def().node();
    return c.function == "quantize" || std::none_of(nodes.begin(), nodes.end(), is_batch_norm);
}

/// Cases that succeed, of a network all of whose batch norms are fused, which are folded before it is quantized.
inline bool folds_fused_only(const recorded_case& c, const meta_graph& before) {
    if (c.after.empty() || c.function != "create_graph") return false;
    const auto& nodes = before.graph_def().node();
    return std::any_of(nodes.begin(), nodes.end(), is_batch_norm) &&
           std::none_of(nodes.begin(), nodes.end(),
                        [](const auto& n) { return n.name().find("BatchNorm/batchnorm") != std::string::npos; });
}

/// The options of a case, as the reference has them, for a graph of any type.
template <class G>
qat_options<G> options_of(const recorded_case& c) {
    qat_options<G> o;
    o.weight_bits = c.arguments.weight_bits;
    o.activation_bits = c.arguments.activation_bits;
    o.symmetric = c.arguments.symmetric;
    o.quant_delay = c.arguments.quant_delay;
    o.freeze_bn_delay = c.arguments.freeze_bn_delay;
    o.scope = c.arguments.scope;
    o.ema_decay = c.arguments.ema_decay;
    if (c.arguments.per_channel_weights) o.weight_granularity = granularity::per_channel;
    if (c.arguments.moving_average_weights) o.weight_range = range_policy::moving_average;
    o.stages = c.function == "quantize" ? stage::quantize : c.function == "fold_batch_norms" ? stage::fold : stage::all;
    o.as_reference = true;
    return o;
}

/// Rewrites any graph as a case says.
template <class G>
report rewrite_as(const recorded_case& c, G& g, const qat_options<G>& options) {
    return c.arguments.is_training ? rewrite_for<phase::training>(g, options)
                                   : rewrite_for<phase::evaluation>(g, options);
}

}  // namespace qgraft::testing_support

#endif
