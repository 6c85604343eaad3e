// The configuration of --config.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_EXAMPLES_GRAPHDEF_REWRITE_CONFIGURE_HPP
#define QGRAFT_EXAMPLES_GRAPHDEF_REWRITE_CONFIGURE_HPP

#include "settings.hpp"

namespace rewriter {

/// Reads the file of --config, where there is one, into the settings. An evaluation graph is quantized from the start:
/// the delays are for training. Throws qgraft::property_tree::parse_error and invalid_configuration.
void read_configuration(settings& s);

}  // namespace rewriter

#endif
