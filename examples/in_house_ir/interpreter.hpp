// Runs a module, one op after the other. Fake quantization runs through the functor that its op carries.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_INTERPRETER_HPP
#define IN_HOUSE_INTERPRETER_HPP

#include <algorithm>
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
#include "ir.hpp"

namespace in_house {

/// A module in use: it keeps the state ops' values and the count of runs.
class interpreter {
public:
    explicit interpreter(const module& m) {
        for (const op* o : m.ops()) {
            if (o->what == kind::state) state_[o] = o->data.at(0);
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
                values_[o] = given == inputs.end() ? compute(*o) : given->second;
            } catch (const std::exception& e) {
                throw std::runtime_error(o->name + ": " + e.what());
            }
        }
    }

    /// What an op has given in the last run.
    [[nodiscard]] const tensor& value(const op* o) const { return values_.at(o); }

    /// The value that a state op has now; may be set.
    float& state(const op* o) { return state_.at(o); }

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
        require(i < o.operands.size() && o.operands[i].index == 0, "lacks an operand");
        return values_.at(o.operands[i].producer);
    }
    [[nodiscard]] float number(const op& o, std::size_t i) const {
        const tensor& t = operand(o, i);
        require(t.data.size() == 1, "takes a scalar");
        return t.data[0];
    }

    tensor compute(const op& o) {
        switch (o.what) {
            case kind::constant:
            case kind::param:
                return stored(o);
            case kind::state:
                return {{}, {state_.at(&o)}};
            case kind::store:
                return {{}, {state_.at(o.operands.at(0).producer) = number(o, 1)}};
            case kind::running_average:
                return running_average(o);
            case kind::step_reached:
                return {{}, {runs_ >= o.get("step", std::int64_t{0}) ? 1.0F : 0.0F}};
            case kind::choose:
                return number(o, 0) != 0.0F ? operand(o, 1) : operand(o, 2);
            case kind::fake_quantize:
                return fake_quantize(o);
            case kind::lowest:
            case kind::highest:
                return extreme(o);
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
            case kind::copy:
                return operand(o, 0);
            case kind::reshape:
                return reshape(operand(o, 0), o.get("dims", extents{}));
            case kind::clamp:
                return clamp(o);
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

    static tensor reshape(tensor x, extents dims) {
        const auto open = std::find(dims.begin(), dims.end(), -1);
        if (open != dims.end()) {
            *open = 1;
            const std::size_t others = volume(dims);
            *open = static_cast<std::int64_t>(others == 0 ? 0 : x.data.size() / others);
        }
        require(volume(dims) == x.data.size(), "the number of elements changes");
        x.dims = std::move(dims);
        return x;
    }

    tensor clamp(const op& o) const {
        tensor x = operand(o, 0);
        const auto low = static_cast<float>(o.get("low", -std::numeric_limits<double>::infinity()));
        const auto high = static_cast<float>(o.get("high", std::numeric_limits<double>::infinity()));
        for (float& v : x.data) v = std::min(std::max(v, low), high);
        return x;
    }

    tensor extreme(const op& o) const {
        require(o.operands.size() == 1, "the interpreter reduces over everything only");
        const tensor& x = operand(o, 0);
        require(!x.data.empty(), "there is no extreme of nothing");
        const auto [low, high] = std::minmax_element(x.data.begin(), x.data.end());
        return {{}, {o.what == kind::lowest ? *low : *high}};
    }

    /// The formula is that of the observer which qgraft's rules mean.
    tensor running_average(const op& o) {
        const float average = averages_[&o].update(number(o, 1), o.get("decay", 0.999));
        return {{}, {state_.at(o.operands.at(0).producer) = average}};
    }

    tensor fake_quantize(const op& o) const {
        const auto quantize = o.get("quantizer", quantizer{nullptr});
        require(quantize != nullptr, "carries no quantizer");
        const tensor& x = operand(o, 0);
        tensor y = zeros(x.dims);
        quantize(x.data, y.data, number(o, 1), number(o, 2));
        return y;
    }

    std::unordered_map<const op*, float> state_;
    std::unordered_map<const op*, qgraft::debiased_average> averages_;
    std::unordered_map<const op*, tensor> values_;
    std::int64_t runs_ = 0;
};

}  // namespace in_house

#endif
