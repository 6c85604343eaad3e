// A bar on a terminal while the work is long.
// SPDX-License-Identifier: Apache-2.0
#include "progress.hpp"

#include <unistd.h>

#include <cstdio>

#include "names.hpp"

namespace rewriter {

namespace {
constexpr std::chrono::milliseconds patience{400};
constexpr std::chrono::milliseconds between_drawings{50};
}  // namespace

progress::progress() : on_terminal_(isatty(STDERR_FILENO) == 1) {}

progress::~progress() { clear(); }

void progress::phase(const char* name) {
    name_ = name;
    ++begun_;
    if (on_terminal_ && clock::now() - start_ > patience) draw(0, 0);
}

void progress::step(std::size_t done, std::size_t all) {
    if (!on_terminal_) return;
    const auto now = clock::now();
    if (now - start_ < patience || now - drawn_ < between_drawings) return;
    drawn_ = now;
    draw(done, all);
}

void progress::clear() {
    if (shown_) std::fputs("\r\x1b[K", stderr);
    shown_ = false;
}

void progress::draw(std::size_t done, std::size_t all) {
    constexpr std::size_t width = 24;
    std::size_t filled = (begun_ - 1) * width / phases;
    if (all != 0 && done <= all) filled += done * width / all / phases;
    std::string line = "\r\x1b[K[";
    line.append(filled, '#').append(width - filled, '-').append("] ").append(name_);
    if (done != 0) line.append(" ").append(grouped(done));
    if (done != 0 && all != 0) line.append(" of ").append(grouped(all));
    std::fputs(line.c_str(), stderr);
    std::fflush(stderr);
    shown_ = true;
}

}  // namespace rewriter
