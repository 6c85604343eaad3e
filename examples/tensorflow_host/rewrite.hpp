// What the program and the op share: rewrites a tensorflow::MetaGraphDef in place.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_EXAMPLES_TENSORFLOW_HOST_REWRITE_HPP
#define QGRAFT_EXAMPLES_TENSORFLOW_HOST_REWRITE_HPP

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace tensorflow {
class MetaGraphDef;
}

namespace host {

/// The arguments of qgraft's entry points.
struct options {
    bool is_training = true;
    int weight_bits = 8;
    int activation_bits = 8;
    bool symmetric = false;
    std::int64_t quant_delay = 0;
    std::optional<std::int64_t> freeze_bn_delay{};  ///< in training only
    std::string scope{};
    bool resource_variables = false;
};

/// Rewrites the graph, and returns how many values are fake-quantized now. Throws qgraft::error, and leaves the graph
/// as it was.
std::size_t rewrite(tensorflow::MetaGraphDef& meta, const options& o);

}  // namespace host

#endif
