// The errors of qgraft: each names the node (or the option) and the reason.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_GRAPH_ERROR_HPP
#define QGRAFT_GRAPH_ERROR_HPP

#include <stdexcept>
#include <string>
#include <utility>

namespace qgraft {

/// Base of every error that qgraft raises on bad input. The graph is unchanged when one is caught.
class error : public std::runtime_error {
public:
    /// `subject` is the name of the node or option at fault (may be empty), `reason` a clause without a full stop.
    error(std::string subject, const std::string& reason)
        : std::runtime_error(subject.empty() ? reason : subject + ": " + reason), subject_(std::move(subject)) {}

    /// The name of the node or option at fault; empty when the graph as a whole is.
    [[nodiscard]] const std::string& subject() const noexcept { return subject_; }

private:
    std::string subject_;
};

/// The graph itself is malformed: a dangling input, a name twice, a cycle outside of loops.
class invalid_graph : public error {
public:
    using error::error;
};

/// The graph is well-formed, yet must not be rewritten: it holds training operations, for example.
class refused_graph : public error {
public:
    using error::error;
};

/// An option is out of range or does not fit the graph.
class invalid_option : public error {
public:
    using error::error;
};

/// A dialect could not build a word, or a rule asked for something the graph does not have.
class rewrite_error : public error {
public:
    using error::error;
};

}  // namespace qgraft

#endif
