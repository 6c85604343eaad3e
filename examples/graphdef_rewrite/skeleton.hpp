// The skeleton of a network: layers, activations, additions, inputs and fake quantization, with all else collapsed.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_EXAMPLES_GRAPHDEF_REWRITE_SKELETON_HPP
#define QGRAFT_EXAMPLES_GRAPHDEF_REWRITE_SKELETON_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "rewrite.hpp"

namespace rewriter {

/// What a point of the skeleton is.
enum class part : std::uint8_t {
    none,
    input,
    layer,
    batch_norm,
    activation,
    addition,  ///< or multiplication
    joining,   ///< pooling, concatenation
    weights_quant,
    activations_quant,
};

/// A node to draw; for fake quantization, all nodes that belong to it.
struct point {
    part kind = part::none;
    std::string name;        ///< of the node, or the path of the fake quantization
    std::string detail;      ///< its operation, or its width
    std::string note;        ///< what the rewrite decided of it
    bool is_new = false;     ///< the rewrite has made it
    bool uncovered = false;  ///< a layer that was not covered
};

/// A flow of data from one point to another, through nothing else that is drawn.
struct flow {
    std::size_t from;
    std::size_t to;
};

/// The drawn part of a network.
struct skeleton {
    std::vector<point> points;
    std::vector<flow> flows;
};

/// Collapses a rewritten graph.
skeleton skeleton_of(const rewritten& r);

}  // namespace rewriter

#endif
