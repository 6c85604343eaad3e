// Numerics policies: the formula that quantizes one value, as one framework defines it.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_KERNELS_NUMERICS_HPP
#define QGRAFT_KERNELS_NUMERICS_HPP

#include <qgraft/kernels/numerics_concept.hpp>
#include <qgraft/kernels/tensorflow_numerics.hpp>
#include <qgraft/kernels/torch_numerics.hpp>

#endif  // QGRAFT_KERNELS_NUMERICS_HPP
