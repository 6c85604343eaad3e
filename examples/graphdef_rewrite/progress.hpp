// A bar on a terminal while the work is long.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_EXAMPLES_GRAPHDEF_REWRITE_PROGRESS_HPP
#define QGRAFT_EXAMPLES_GRAPHDEF_REWRITE_PROGRESS_HPP

#include <chrono>
#include <cstddef>
#include <string>

namespace rewriter {

/// The bar: it shows once the program has run for a moment, where standard error is a terminal, and is gone without a
/// trace when the work is done.
class progress {
public:
    progress();
    ~progress();
    progress(const progress&) = delete;
    progress& operator=(const progress&) = delete;

    /// Begins the next phase of `phases`.
    void phase(const char* name);
    /// Tells of `done` out of `all` steps; where `all` is 0, of `done` alone.
    void step(std::size_t done, std::size_t all);
    /// Takes the bar away.
    void clear();

private:
    using clock = std::chrono::steady_clock;
    static constexpr std::size_t phases = 4;

    void draw(std::size_t done, std::size_t all);

    bool on_terminal_;
    bool shown_ = false;
    const char* name_ = "";
    std::size_t begun_ = 0;
    clock::time_point start_ = clock::now();
    clock::time_point drawn_ = start_;
};

}  // namespace rewriter

#endif
