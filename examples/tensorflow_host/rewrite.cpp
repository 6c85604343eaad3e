// The one file that sees both qgraft and TensorFlow's messages.
// SPDX-License-Identifier: Apache-2.0
#include "rewrite.hpp"

#include <tensorflow/core/protobuf/meta_graph.pb.h>

#include <qgraft/graphdef/dialect.hpp>
#include <qgraft/qat.hpp>

namespace host {

using graph = qgraft::graphdef::basic_graph<tensorflow::GraphDef, tensorflow::MetaGraphDef>;

std::size_t rewrite(tensorflow::MetaGraphDef& meta, const options& o) {
    graph g(meta, {.resource_variables = o.resource_variables});
    const qgraft::report done =
        o.is_training ? qgraft::experimental_create_training_graph(g, o.weight_bits, o.activation_bits, o.symmetric,
                                                                   o.quant_delay, o.freeze_bn_delay, o.scope)
                      : qgraft::experimental_create_eval_graph(g, o.weight_bits, o.activation_bits, o.symmetric,
                                                               o.quant_delay, o.scope);
    return done.count(qgraft::outcome::quantized);
}

}  // namespace host
