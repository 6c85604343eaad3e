// The errors of this adapter, beside those of qgraft.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_PROPERTY_TREE_ERROR_HPP
#define QGRAFT_PROPERTY_TREE_ERROR_HPP

#include <string>
#include <utility>
#include <vector>

#include <qgraft/graph/error.hpp>

namespace qgraft::property_tree {

/// A text that is not what it should be: malformed, nested too deeply, too large. The subject is the format, or the
/// file.
class parse_error : public error {
public:
    using error::error;
};

/// One thing that is wrong with a configuration: the path of the key, such as layers.2.weights.bits, and the reason.
struct problem {
    std::string path;
    std::string reason;
};

/// A configuration that cannot be used, with everything that is wrong with it. what() has all of it, the subject is the
/// first path.
class invalid_configuration : public error {
public:
    /// `problems` must not be empty.
    explicit invalid_configuration(std::vector<problem> problems)
        : error(problems.front().path, problems.front().reason + rest(problems)), problems_(std::move(problems)) {}

    [[nodiscard]] const std::vector<problem>& problems() const noexcept { return problems_; }

private:
    static std::string rest(const std::vector<problem>& problems) {
        std::string text;
        for (std::size_t i = 1; i < problems.size(); ++i) {
            text += "; " + problems[i].path + ": " + problems[i].reason;
        }
        return text;
    }

    std::vector<problem> problems_;
};

}  // namespace qgraft::property_tree

#endif
