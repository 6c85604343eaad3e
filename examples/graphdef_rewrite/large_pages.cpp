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
    mallopt(M_TOP_PAD, static_cast<int>(room));
    const auto before = reinterpret_cast<std::uintptr_t>(sbrk(0));
    void* volatile block = std::malloc(large_page);
    std::free(block);
    const auto end = reinterpret_cast<std::uintptr_t>(sbrk(0)) / large_page * large_page;
    if (end < before + room) return;
    madvise(reinterpret_cast<void*>(end - room), room, MADV_HUGEPAGE);
}

#else

void use_large_pages(const std::string&) {}

#endif

}  // namespace rewriter
