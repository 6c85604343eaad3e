// output_file: a file that appears whole, or not at all.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPHDEF_OUTPUT_FILE_HPP
#define QGRAFT_GRAPHDEF_OUTPUT_FILE_HPP

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <qgraft/graphdef/file_format.hpp>

namespace qgraft::graphdef {

namespace detail {

struct file_closer {
    void operator()(std::FILE* f) const noexcept { std::fclose(f); }
};
using file_handle = std::unique_ptr<std::FILE, file_closer>;

/// The message of the last failure of the C library.
inline std::string last_failure() { return std::generic_category().message(errno); }

/// The file behind symbolic links, which need not exist.
inline std::filesystem::path behind_links(std::filesystem::path p, const std::string& name) {
    namespace fs = std::filesystem;
    std::error_code failure;
    for (int links = 0; fs::is_symlink(p, failure); ++links) {
        if (links == 40) throw file_error(name, "is a link into a circle of links");
        const fs::path target = fs::read_symlink(p, failure);
        if (failure) throw file_error(name, "is a link that cannot be read: " + failure.message());
        p = target.is_absolute() ? target : p.parent_path() / target;
    }
    return p;
}

}  // namespace detail

/// Collects bytes; commit() makes them the file's content in one step, by renaming a file written beside it. Without
/// commit() nothing has happened: a file of that name is what it was. `-` is the standard output, which gets the bytes
/// at commit(), as devices and pipes do.
class output_file {
public:
    /// Throws file_error where the file could not be written.
    explicit output_file(std::string path) : name_(std::move(path)) {
        namespace fs = std::filesystem;
        is_standard_ = name_ == "-" || name_ == "/dev/stdout";
        if (is_standard_) {
            name_ = "standard output";
            return;
        }
        if (name_.empty()) throw file_error("", "an output file has no name");
        std::error_code failure;
        // A descriptor of this process may be a link to a regular file, which has to be written where it is open.
        is_direct_ = name_.starts_with("/dev/fd/") || name_.starts_with("/proc/self/fd/");
        target_ = is_direct_ ? fs::path(name_) : detail::behind_links(name_, name_);
        const fs::file_status status = fs::status(target_, failure);
        if (status.type() == fs::file_type::directory) throw file_error(name_, "is a folder, and cannot be written");
        is_direct_ = is_direct_ || (fs::exists(status) && !fs::is_regular_file(status));
        if (!is_direct_) open_beside(status);
    }

    output_file(const output_file&) = delete;
    output_file& operator=(const output_file&) = delete;

    ~output_file() { discard(); }

    /// What the file is called in messages.
    [[nodiscard]] const std::string& name() const noexcept { return name_; }

    /// Adds bytes. Throws file_error where there is no room for them.
    void write(std::string_view bytes) {
        if (file_ == nullptr) {
            held_.append(bytes);
        } else if (std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) != bytes.size()) {
            fail();
        }
    }

    /// Puts the file in place. Throws file_error where that fails.
    void commit() {
        if (is_standard_) {
            put(stdout);
        } else if (is_direct_) {
            const detail::file_handle device(std::fopen(target_.c_str(), "wb"));
            if (device == nullptr) fail();
            put(device.get());
        } else {
            replace();
        }
    }

private:
    /// Opens a new file in the folder of the target.
    void open_beside(const std::filesystem::file_status& status) {
        namespace fs = std::filesystem;
        const bool exists = fs::is_regular_file(status);
        // A file that its owner has made read-only stays; replacing it would need no permission of its own.
        if (exists && detail::file_handle(std::fopen(target_.c_str(), "r+b")) == nullptr) fail();
        std::random_device random;
        for (int attempt = 0; attempt < 100 && file_ == nullptr; ++attempt) {
            std::array<char, 32> digits{};
            std::snprintf(digits.data(), digits.size(), ".qgraft-%08x.tmp", static_cast<unsigned>(random()));
            beside_ = target_.parent_path() / digits.data();
            errno = 0;
            file_.reset(std::fopen(beside_.c_str(), "wbx"));
            if (file_ == nullptr && errno != EEXIST) break;
        }
        if (file_ == nullptr) {
            beside_.clear();
            fail();
        }
        // Whoever writes much writes large pieces.
        std::setvbuf(file_.get(), nullptr, _IONBF, 0);
        std::error_code failure;
        if (exists) fs::permissions(beside_, status.permissions(), failure);
    }

    void replace() {
        const bool written = std::fflush(file_.get()) == 0;
        if (!written || std::fclose(file_.release()) != 0) fail();
        std::error_code failure;
        std::filesystem::rename(beside_, target_, failure);
        if (failure) throw file_error(name_, "cannot be written: " + failure.message());
        beside_.clear();
    }

    void put(std::FILE* f) {
        if (std::fwrite(held_.data(), 1, held_.size(), f) != held_.size() || std::fflush(f) != 0) fail();
        held_.clear();
    }

    [[noreturn]] void fail() const { throw file_error(name_, "cannot be written: " + detail::last_failure()); }

    void discard() noexcept {
        file_.reset();
        std::error_code failure;
        if (!beside_.empty()) std::filesystem::remove(beside_, failure);
    }

    std::string name_;
    bool is_standard_ = false;
    bool is_direct_ = false;
    std::filesystem::path target_;
    std::filesystem::path beside_;
    detail::file_handle file_;
    std::string held_;
};

}  // namespace qgraft::graphdef

#endif
