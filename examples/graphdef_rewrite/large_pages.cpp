// Memory in large pages, where the C library is GNU's and the system Linux.
// SPDX-License-Identifier: Apache-2.0
#include "large_pages.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#if defined(__GLIBC__) && defined(__linux__)
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace rewriter {

#if defined(__GLIBC__) && defined(__linux__)

namespace {

constexpr std::size_t large_page = std::size_t{2} << 20;
constexpr std::uintmax_t most_room = std::uintmax_t{1} << 30;
constexpr std::size_t first_block = std::size_t{1} << 18;  // more than a heap has at first
constexpr std::size_t note = 64;                           // more than the library writes behind a block

/// Where a block of this size ends, the next one on the heap.
std::uintptr_t end_after(std::size_t size) {
    void* const block = std::malloc(size);
    const std::uintptr_t end = reinterpret_cast<std::uintptr_t>(block) + size;
    std::free(block);
    return end;
}

}  // namespace

void use_large_pages(const std::string& file) {
    std::error_code failure;
    const std::uintmax_t size = std::filesystem::file_size(file, failure);
    if (failure || size > most_room) return;
    // The graph as messages, what is new, and the index, in bytes for each byte of the file.
    constexpr std::size_t share = 16;
    const std::size_t room = (static_cast<std::size_t>(size) * share / large_page + 2) * large_page;
    if (room > most_room) return;
    // All but the largest blocks come from the heap, which is extended once, by that much: address space, no memory
    // yet.
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, static_cast<int>(most_room));
    // A page that is touched before the advice keeps the large page around it from being one. So what comes next lies
    // behind a border of large pages, and what the library notes at the end of a block before it.
    const std::uintptr_t first_end = end_after(first_block);
    const std::uintptr_t border = (first_end + note + large_page - 1) / large_page * large_page;
    mallopt(M_TOP_PAD, static_cast<int>(room));
    // Kept for good, and never written.
    static void* const up_to_border = std::malloc(first_block + (border - first_end) - note);
    const auto end = reinterpret_cast<std::uintptr_t>(sbrk(0)) / large_page * large_page;
    if (up_to_border == nullptr || end <= border || end - border > 2 * room) return;
    madvise(reinterpret_cast<void*>(border), end - border, MADV_HUGEPAGE);
}

#else

void use_large_pages(const std::string&) {}

#endif

}  // namespace rewriter
