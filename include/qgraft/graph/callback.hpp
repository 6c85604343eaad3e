// callback<Args...>: anything that can be copied and called.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPH_CALLBACK_HPP
#define QGRAFT_GRAPH_CALLBACK_HPP

#include <concepts>
#include <type_traits>
#include <utility>

namespace qgraft {

/// Holds anything that can be copied and called with `Args`, or nothing; std::function without its header, which would
/// be a tenth of what compiling a rewrite takes.
template <class... Args>
class callback {
public:
    callback() = default;

    template <class F>
    requires(!std::same_as<F, callback> && std::is_invocable_v<F&, Args...>) callback(F f)
        : held_(new holder<F>(std::move(f))) {}

    callback(const callback& other) : held_(other.held_ == nullptr ? nullptr : other.held_->copy()) {}
    callback(callback&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
    callback& operator=(callback other) noexcept {
        std::swap(held_, other.held_);
        return *this;
    }
    ~callback() { delete held_; }

    /// Whether there is somebody to call.
    explicit operator bool() const noexcept { return held_ != nullptr; }
    void operator()(Args... args) const { held_->call(args...); }

private:
    struct callable {
        virtual ~callable() = default;
        virtual void call(Args... args) = 0;
        [[nodiscard]] virtual callable* copy() const = 0;
    };
    template <class F>
    struct holder final : callable {
        explicit holder(F f) : function(std::move(f)) {}
        void call(Args... args) override { function(args...); }
        [[nodiscard]] callable* copy() const override { return new holder(*this); }

        F function;
    };

    callable* held_ = nullptr;
};

}  // namespace qgraft

#endif
