// What the conformance checks share: a graph that the user makes, its snapshot, and the sentences on what fails.
// SPDX-License-Identifier: Apache-2.0
#ifndef QGRAFT_TESTING_SAMPLE_HPP
#define QGRAFT_TESTING_SAMPLE_HPP

#include <cstddef>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <qgraft/graph/editor.hpp>

namespace qgraft::testing {

/// What does not conform, a sentence each; empty when all does.
using failures = std::vector<std::string>;

namespace detail {

/// Collects sentences; each is kept once.
class verdict {
public:
    /// Keeps the sentence unless `holds`. Returns `holds`.
    bool expect(bool holds, const std::string& sentence) {
        if (!holds) fail(sentence);
        return holds;
    }
    void fail(const std::string& sentence) {
        for (const std::string& s : sentences_) {
            if (s == sentence) return;
        }
        sentences_.push_back(sentence);
    }
    /// Runs one check; what it throws is a failure, too.
    template <class Check>
    void run(std::string_view name, Check check) {
        try {
            check(*this);
        } catch (const std::exception& e) {
            fail(std::string(name) + " threw: " + e.what());
        }
    }
    [[nodiscard]] bool empty() const { return sentences_.empty(); }
    [[nodiscard]] failures take() && { return std::move(sentences_); }

private:
    failures sentences_;
};

/// One graph of type `G`, made by the user's function, which may return it or something that points to it.
template <class G, class Make>
class sample {
public:
    using made_type = std::invoke_result_t<Make&>;

    explicit sample(Make& make) : made_(make()) {}

    [[nodiscard]] G& graph() {
        if constexpr (std::is_same_v<made_type, G>) {
            return made_;
        } else {
            return *made_;
        }
    }
    [[nodiscard]] const G& graph() const { return const_cast<sample&>(*this).graph(); }

    /// The user's picture of the graph, or of what was made.
    template <class Printer>
    [[nodiscard]] auto picture(Printer& print) const {
        if constexpr (std::is_invocable_v<Printer&, const made_type&>) {
            return print(made_);
        } else {
            return print(graph());
        }
    }

private:
    made_type made_;
};

template <class G>
std::vector<node_of<G>> nodes_of(const G& g) {
    std::vector<node_of<G>> all;
    for (const node_of<G> n : graph_traits<G>::nodes(g)) all.push_back(n);
    return all;
}

template <class G>
std::vector<value_of<G>> inputs_of(const G& g, node_of<G> n) {
    std::vector<value_of<G>> all;
    for (const value_of<G> v : graph_traits<G>::inputs(g, n)) all.push_back(v);
    return all;
}

/// The node in words: its name where it has one, else its place.
template <class G>
std::string label(const G& g, node_of<G> n, std::size_t place) {
    std::string text = "node " + std::to_string(place);
    if constexpr (named_graph<G>) text += " ('" + std::string(std::string_view(graph_traits<G>::name(g, n))) + "')";
    return text;
}

/// Rolls an editor back although the graph may throw: a destructor must not meet that.
template <class G>
void roll_back(verdict& v, editor<G>& e, const std::string& what) {
    for (bool done = false; !done;) {
        try {
            e.rollback();
            done = true;
        } catch (const std::exception& x) {
            v.fail(what + " threw while it was undone: " + x.what());
        }
    }
}

/// What the injected failures are.
struct injected : std::runtime_error {
    injected() : std::runtime_error("a failure that a conformance check has injected") {}
};

/// Makes `change`, which takes a graph and an edit_observer, fail before each of its changes in turn.
template <class G, class Make, class Printer, class Change>
void inject_failures(verdict& v, Make& make, Printer& print, Change change) {
    for (std::size_t n = 0;; ++n) {
        sample<G, Make> s(make);
        const auto before = s.picture(print);
        std::size_t calls = 0;
        std::string what;
        try {
            change(s.graph(), edit_observer([&](std::string_view kind) {
                       if (calls++ != n) return;
                       what = kind;
                       throw injected();
                   }));
        } catch (const injected&) {
        }
        if (what.empty()) return;
        const std::string sentence =
            "a failure before change " + std::to_string(n + 1) + " (" + what + ") does not leave the graph as it was";
        if (!v.expect(s.picture(print) == before, sentence)) return;
    }
}

}  // namespace detail

}  // namespace qgraft::testing

#endif
