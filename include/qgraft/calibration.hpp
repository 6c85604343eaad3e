// calibration: the ranges of tensors, from a run of the network that you make.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_CALIBRATION_HPP
#define QGRAFT_CALIBRATION_HPP

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <qgraft/kernels/observer.hpp>
#include <qgraft/kernels/policy.hpp>
#include <qgraft/rules/known_ranges.hpp>

namespace qgraft {

/// One observer for each tensor that is shown, by name. `Kernels`, a kernel_policy, finds the least and the greatest
/// value; `Observer` keeps the range over the batches: of all of them, or a moving average (kernels/observer.hpp).
template <class Kernels, observer Observer = torch_min_max>
class calibration {
public:
    /// Each observer starts as a copy of `initial`.
    explicit calibration(Observer initial = {}) : initial_(std::move(initial)) { require_kernel_policy<Kernels>(); }

    /// Takes in a batch of the tensor `name`, of any size. Throws what the observer throws.
    void observe(std::string_view name, std::span<const float> values) {
        if (values.empty()) return;
        auto it = observers_.find(name);
        if (it == observers_.end()) it = observers_.emplace(std::string(name), initial_).first;
        it->second.update(Kernels{}.min_max(values), {});
    }

    /// The observers, by name: their state can be saved, restored and resumed.
    [[nodiscard]] std::map<std::string, Observer, std::less<>>& observers() noexcept { return observers_; }

    /// What has been observed.
    [[nodiscard]] range_table ranges() const {
        range_table table;
        for (const auto& [name, o] : observers_) table.emplace(name, o.current());
        return table;
    }

private:
    Observer initial_;
    std::map<std::string, Observer, std::less<>> observers_;
};

}  // namespace qgraft

#endif
