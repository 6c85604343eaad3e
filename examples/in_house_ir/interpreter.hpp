// Runs a module, one op after the other. Fake quantization runs through the functor that its op carries.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_INTERPRETER_HPP
#define IN_HOUSE_INTERPRETER_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <qgraft/kernels/observer.hpp>

#include "compute.hpp"
#include "elementwise.hpp"
#include "ir.hpp"

namespace in_house {

/// A module in use: it keeps the state ops' values and the count of runs.
class interpreter {
public:
    explicit interpreter(const module& m) {
        for (const op* o : m.ops()) {
            if (o->what == kind::state) state_[o] = stored(*o);
        }
    }

    /// Runs what `outputs` need, once; `inputs` gives the input ops their values. Throws std::runtime_error, which
    /// names the op, where one cannot be run.
    void run(const std::unordered_map<const op*, tensor>& inputs, const std::vector<op*>& outputs) {
        ++runs_;
        values_.clear();
        for (const op* o : order_for(outputs)) {
            try {
                const auto given = inputs.find(o);
                if (given != inputs.end()) {
                    values_[o] = {given->second};
                } else {
                    values_[o] = compute(*o);
                }
            } catch (const std::exception& e) {
                throw std::runtime_error(o->name + ": " + e.what());
            }
        }
    }

    /// What an op has given in the last run.
    [[nodiscard]] const tensor& value(const op* o, std::size_t result = 0) const { return values_.at(o).at(result); }

    /// The value that a state op has now; may be set to one of its dimensions.
    tensor& state(const op* o) { return state_.at(o); }

private:
    /// The ops that `outputs` need, producers first, found without recursion.
    static std::vector<const op*> order_for(const std::vector<op*>& outputs) {
        std::vector<const op*> order;
        std::vector<std::pair<const op*, bool>> open;
        std::unordered_set<const op*> entered;
        std::unordered_set<const op*> left;
        for (const op* o : outputs) open.emplace_back(o, false);
        while (!open.empty()) {
            const auto [o, done] = open.back();
            open.pop_back();
            if (done) {
                left.insert(o);
                order.push_back(o);
                continue;
            }
            if (!entered.insert(o).second) {
                if (!left.contains(o)) throw std::runtime_error(o->name + ": depends on itself");
                continue;
            }
            open.emplace_back(o, true);
            for (const result r : o->operands) {
                if (!left.contains(r.producer)) open.emplace_back(r.producer, false);
            }
            for (const op* before : o->after) {
                if (!left.contains(before)) open.emplace_back(before, false);
            }
        }
        return order;
    }

    [[nodiscard]] const tensor& operand(const op& o, std::size_t i) const {
        require(i < o.operands.size(), "lacks an operand");
        const std::vector<tensor>& results = values_.at(o.operands[i].producer);
        require(o.operands[i].index < results.size(), "reads a result that is not there");
        return results[o.operands[i].index];
    }
    [[nodiscard]] float number(const op& o, std::size_t i) const {
        const tensor& t = operand(o, i);
        require(t.data.size() == 1, "takes a scalar");
        return t.data[0];
    }

    /// All results of an op.
    std::vector<tensor> compute(const op& o) {
        if (o.what == kind::batch_norm) return batch_norm(o);
        return {compute_state(o)};
    }

    /// Ops that know of earlier runs.
    tensor compute_state(const op& o) {
        switch (o.what) {
            case kind::constant:
            case kind::param:
                return stored(o);
            case kind::state:
                return state_.at(&o);
            case kind::store:
                return held(o) = operand(o, 1);
            case kind::running_average:
                return held(o) = running_average(o);
            case kind::step_reached:
                return {{}, {runs_ >= o.get("step", std::int64_t{0}) ? 1.0F : 0.0F}};
            default:
                return compute_layer(o);
        }
    }

    tensor compute_layer(const op& o) const {
        const extents strides = o.get("strides", extents{1, 1});
        const bool same = o.get("padding", std::string("valid")) == "same";
        switch (o.what) {
            case kind::conv:
                return conv(operand(o, 0), operand(o, 1), strides, same, o.get("groups", std::int64_t{1}));
            case kind::fully_connected:
                return fully_connected(operand(o, 0), operand(o, 1));
            case kind::bias:
                return bias(operand(o, 0), operand(o, 1));
            case kind::max_pool:
                return max_pool(operand(o, 0), o.get("window", extents{1, 1}), strides, same);
            case kind::reshape:
                return reshape(operand(o, 0), o.get("dims", extents{}));
            case kind::fake_quantize:
                return fake_quantize(o);
            case kind::lowest:
            case kind::highest:
                return extreme(o);
            case kind::choose:
                return choose(o);
            default:
                return compute_single(o);
        }
    }

    tensor compute_single(const op& o) const {
        switch (o.what) {
            case kind::copy:
                return operand(o, 0);
            case kind::filled:
                return elementwise(operand(o, 0), [v = o.get("value", 0.0)](float) { return static_cast<float>(v); });
            case kind::inverse:
                return elementwise(operand(o, 0), [](float x) { return 1.0F / x; });
            case kind::inverse_sqrt:
                return elementwise(operand(o, 0), [](float x) { return 1.0F / std::sqrt(x); });
            case kind::clamp:
                return clamp(o);
            case kind::population:
                return population(o);
            default:
                return compute_pair(o);
        }
    }

    tensor compute_pair(const op& o) const {
        const auto with = [&](auto f) { return elementwise(operand(o, 0), operand(o, 1), f); };
        switch (o.what) {
            case kind::add:
                return with(std::plus<float>());
            case kind::sub:
                return with(std::minus<float>());
            case kind::mul:
                return with(std::multiplies<float>());
            case kind::div:
                return with(std::divides<float>());
            case kind::lesser:
                return with([](float a, float b) { return std::min(a, b); });
            case kind::greater:
                return with([](float a, float b) { return std::max(a, b); });
            default:
                throw std::runtime_error("the interpreter has nothing to run for '" + std::string(to_string(o.what)) +
                                         "'");
        }
    }

    static tensor stored(const op& o) {
        require(!o.types.empty() && o.types[0] && volume(*o.types[0]) == o.data.size(), "its data do not fit its type");
        return {*o.types[0], o.data};
    }

    [[nodiscard]] std::vector<tensor> batch_norm(const op& o) const {
        const auto epsilon = static_cast<float>(o.get("epsilon", 0.0));
        if (!o.get("training", false)) {
            return {normalize(operand(o, 0), operand(o, 1), operand(o, 2), operand(o, 3), operand(o, 4), epsilon)};
        }
        normalized n = normalize_batch(operand(o, 0), operand(o, 1), operand(o, 2), epsilon);
        return {std::move(n.y), std::move(n.mean), std::move(n.variance)};
    }

    tensor population(const op& o) const {
        const auto n = static_cast<float>(operand(o, 1).data.size()) / static_cast<float>(operand(o, 2).data.size());
        return elementwise(operand(o, 0), [factor = (n - 1.0F) / n](float v) { return v * factor; });
    }

    tensor clamp(const op& o) const {
        const auto low = static_cast<float>(o.get("low", -std::numeric_limits<double>::infinity()));
        const auto high = static_cast<float>(o.get("high", std::numeric_limits<double>::infinity()));
        return elementwise(operand(o, 0), [low, high](float v) { return std::min(std::max(v, low), high); });
    }

    tensor extreme(const op& o) const {
        require(o.operands.size() == 1, "the interpreter reduces over everything only");
        const tensor& x = operand(o, 0);
        require(!x.data.empty(), "there is no extreme of nothing");
        const auto [low, high] = std::minmax_element(x.data.begin(), x.data.end());
        return {{}, {o.what == kind::lowest ? *low : *high}};
    }

    tensor choose(const op& o) const {
        const bool first = number(o, 0) != 0.0F;
        const extents dims = common_dims(operand(o, 1).dims, operand(o, 2).dims);
        return repeated(operand(o, first ? 1 : 2), dims);
    }

    /// What the state op that `o` updates holds.
    tensor& held(const op& o) { return state_.at(o.operands.at(0).producer); }

    /// What the state is to be. Debiased, by the formula of the observer which qgraft's rules mean; else by
    /// v - (v - x) (1 - decay), which is v where x is.
    tensor running_average(const op& o) {
        const double decay = o.get("decay", 0.999);
        if (!o.get("debias", true)) {
            const auto rate = static_cast<float>(1.0 - decay);
            return elementwise(held(o), operand(o, 1), [rate](float v, float x) { return v - (v - x) * rate; });
        }
        tensor x = operand(o, 1);
        std::vector<qgraft::debiased_average>& averages = averages_[&o];
        averages.resize(x.data.size());
        for (std::size_t i = 0; i < x.data.size(); ++i) x.data[i] = averages[i].update(x.data[i], decay);
        return x;
    }

    tensor fake_quantize(const op& o) const {
        const auto quantize = o.get("quantizer", quantizer{nullptr});
        require(quantize != nullptr, "carries no quantizer");
        const tensor& x = operand(o, 0);
        tensor y = zeros(x.dims);
        quantize(x.data, y.data, number(o, 1), number(o, 2));
        return y;
    }

    std::unordered_map<const op*, tensor> state_;
    std::unordered_map<const op*, std::vector<qgraft::debiased_average>> averages_;
    std::unordered_map<const op*, std::vector<tensor>> values_;
    std::int64_t runs_ = 0;
};

}  // namespace in_house

#endif
