// A folder of a test's own, gone when the test ends.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTS_GRAPHDEF_TEMPORARY_FOLDER_HPP
#define QGRAFT_TESTS_GRAPHDEF_TEMPORARY_FOLDER_HPP

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace qgraft::testing_support {

/// Makes an empty folder, and removes it with all it holds.
class temporary_folder {
public:
    temporary_folder() {
        std::random_device random;
        do {
            path_ = std::filesystem::temp_directory_path() / ("qgraft_test_" + std::to_string(random()));
        } while (!std::filesystem::create_directory(path_));
    }
    ~temporary_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;

    /// The path of a file in it.
    [[nodiscard]] std::string operator/(std::string_view name) const { return (path_ / name).string(); }
    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

    /// The names in it.
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> found;
        for (const auto& e : std::filesystem::directory_iterator(path_)) found.push_back(e.path().filename().string());
        return found;
    }

private:
    std::filesystem::path path_;
};

inline void write_file(const std::string& path, std::string_view content) {
    std::ofstream(path, std::ios::binary).write(content.data(), static_cast<std::streamsize>(content.size()));
}

inline std::string read_file(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace qgraft::testing_support

#endif
