// The configuration of --config.
// SPDX-License-Identifier: Apache-2.0
#include "configure.hpp"

#include <utility>

#include <qgraft/property_tree/read_configuration.hpp>

namespace rewriter {

void read_configuration(settings& s) {
    if (s.config.empty()) return;
    qgraft::property_tree::configuration c = qgraft::property_tree::read_configuration_file(s.config);
    if (s.eval) {
        c.quant_delay.reset();
        c.freeze_bn_delay.reset();
    }
    s.weight_bits = c.weights.bits.value_or(s.weight_bits);
    s.activation_bits = c.activations.bits.value_or(s.activation_bits);
    s.symmetric = c.weights.symmetric.value_or(false) && c.activations.symmetric.value_or(false);
    s.per_channel = c.weights.grain == qgraft::granularity::per_channel;
    if (c.quant_delay) s.quant_delay = c.quant_delay;
    s.freeze_bn_delay = c.freeze_bn_delay;
    s.scope = c.scope.value_or(s.scope);
    s.ema_decay = c.ema_decay.value_or(s.ema_decay);
    s.configuration = std::move(c);
}

}  // namespace rewriter
