// edit_observer: who is told of each change of a graph.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPH_OBSERVER_HPP
#define QGRAFT_GRAPH_OBSERVER_HPP

#include <concepts>
#include <string_view>
#include <type_traits>
#include <utility>

namespace qgraft {

/// Called before each change of a graph with what it is ("add_node", "set_input", ...). It may throw, and the change is
/// then not made. Holds anything that can be copied and called so, or nothing; std::function without its header, which
/// would be a tenth of what compiling a rewrite takes.
class edit_observer {
public:
    edit_observer() = default;

    template <class F>
    requires(!std::same_as<F, edit_observer> && std::is_invocable_v<F&, std::string_view>) edit_observer(F f)
        : held_(new holder<F>(std::move(f))) {}

    edit_observer(const edit_observer& other) : held_(other.held_ == nullptr ? nullptr : other.held_->copy()) {}
    edit_observer(edit_observer&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
    edit_observer& operator=(edit_observer other) noexcept {
        std::swap(held_, other.held_);
        return *this;
    }
    ~edit_observer() { delete held_; }

    /// Whether there is somebody to call.
    explicit operator bool() const noexcept { return held_ != nullptr; }
    void operator()(std::string_view what) const { held_->call(what); }

private:
    struct callable {
        virtual ~callable() = default;
        virtual void call(std::string_view what) = 0;
        [[nodiscard]] virtual callable* copy() const = 0;
    };
    template <class F>
    struct holder final : callable {
        explicit holder(F f) : function(std::move(f)) {}
        void call(std::string_view what) override { function(what); }
        [[nodiscard]] callable* copy() const override { return new holder(*this); }

        F function;
    };

    callable* held_ = nullptr;
};

}  // namespace qgraft

#endif
