// Runs a module, one op after the other. Fake quantization runs through the functor that its op carries.
// SPDX-License-Identifier: Apache-2.0
#ifndef IN_HOUSE_INTERPRETER_HPP
#define IN_HOUSE_INTERPRETER_HPP

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <qgraft/kernels/observer.hpp>

#include "evaluate.hpp"
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

    /// Runs what `outputs`, of the entry block, need, once; `inputs` gives the input ops their values. Throws
    /// std::runtime_error, which names the op, where one cannot be run.
    void run(const std::unordered_map<const op*, tensor>& inputs, const std::vector<op*>& outputs) {
        ++runs_;
        values_.clear();
        for (const auto& [o, t] : inputs) values_[o] = {t};
        for (const op* o : order_for(outputs)) run(*o);
    }

    /// What an op has given in the last run; in a loop, in the last round.
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
            std::vector<op*> needed = producers_for(*o);
            needed.insert(needed.end(), o->after.begin(), o->after.end());
            for (const op* before : needed) {
                if (!left.contains(before)) open.emplace_back(before, false);
            }
        }
        return order;
    }

    void run(const op& o) {
        try {
            if (o.what != kind::input) {
                values_[&o] = compute(o);
            } else {
                require(values_.contains(&o), "the interpreter has no value for this 'input'");
            }
        } catch (const std::exception& e) {
            throw std::runtime_error(o.name + ": " + e.what());
        }
    }

    [[nodiscard]] const tensor& operand(const op& o, std::size_t i) const {
        require(i < o.operands().size(), "lacks an operand");
        const in_house::value& v = o.operand(i);
        const auto found = values_.find(v.producer);
        require(found != values_.end() && v.index < found->second.size(), "reads a result that is not there");
        return found->second[v.index];
    }

    /// All results of an op.
    std::vector<tensor> compute(const op& o) {
        switch (o.what) {
            case kind::state:
                return {state_.at(&o)};
            case kind::store:
                return {held(o) = operand(o, 1)};
            case kind::running_average:
                return {held(o) = running_average(o)};
            case kind::step_reached:
                return {tensor{{}, {runs_ >= o.get("step", std::int64_t{0}) ? 1.0F : 0.0F}}};
            case kind::loop:
                return loop(o);
            default:
                break;
        }
        std::vector<const tensor*> operands;
        for (std::size_t i = 0; i < o.operands().size(); ++i) operands.push_back(&operand(o, i));
        return evaluate(o, arguments(std::move(operands)));
    }

    /// Runs the body. Every loop_value takes its next value when a round has ended.
    std::vector<tensor> loop(const op& o) {
        std::vector<const op*> carried;
        for (const op* at = o.body->first(); at != nullptr; at = at->next()) {
            if (at->what == kind::loop_value) carried.push_back(at);
        }
        std::vector<tensor> now;
        for (const op* c : carried) now.push_back(operand(*c, 0));
        for (std::int64_t round = 0; round < o.get("times", std::int64_t{0}); ++round) {
            for (std::size_t i = 0; i < carried.size(); ++i) values_[carried[i]] = {std::move(now[i])};
            for (const op* at = o.body->first(); at != nullptr; at = at->next()) {
                if (at->what != kind::loop_value) run(*at);
            }
            for (std::size_t i = 0; i < carried.size(); ++i) now[i] = operand(*carried[i], 1);
        }
        return now;
    }

    /// What the state op that `o` updates holds.
    tensor& held(const op& o) { return state_.at(o.operand(0).producer); }

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

    std::unordered_map<const op*, tensor> state_;
    std::unordered_map<const op*, std::vector<qgraft::debiased_average>> averages_;
    std::unordered_map<const op*, std::vector<tensor>> values_;
    std::int64_t runs_ = 0;
};

}  // namespace in_house

#endif
