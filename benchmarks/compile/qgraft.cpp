// What a user's translation unit costs: the in-house representation, and all four entry points over it.
// SPDX-License-Identifier: Apache-2.0
#include <qgraft/qat.hpp>

#include "in_house_ir/ir_dialect.hpp"
#include "in_house_ir/ir_traits.hpp"

qgraft::report training(in_house::module& m) { return qgraft::create_training_graph(m); }
qgraft::report evaluation(in_house::module& m) { return qgraft::create_eval_graph(m); }
qgraft::report training_of_choice(in_house::module& m) { return qgraft::experimental_create_training_graph(m, 4); }
qgraft::report evaluation_of_choice(in_house::module& m) { return qgraft::experimental_create_eval_graph(m, 4); }
