// Texts that are no good: malformed, too deep, too large, or asking for other files. Each is a parse_error.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>

#include <qgraft/property_tree/formats.hpp>
#include <qgraft/property_tree/json.hpp>

namespace {

namespace pt = qgraft::property_tree;

/// The message of the error that reading ends with.
template <class Read>
std::string refusal(Read read) {
    try {
        read();
    } catch (const pt::parse_error& e) {
        return e.what();
    }
    return "not refused";
}

std::string json(std::string_view text, const pt::limits& most = {}) {
    return refusal([&] { pt::read_json(text, most); });
}
std::string info(std::string_view text, const pt::limits& most = {}) {
    return refusal([&] { pt::read_info(text, most); });
}
std::string xml(std::string_view text, const pt::limits& most = {}) {
    return refusal([&] { pt::read_xml(text, "r", most); });
}

std::string times(std::size_t n, std::string_view text) {
    std::string all;
    for (std::size_t i = 0; i < n; ++i) all += text;
    return all;
}

constexpr std::size_t million = 1000000;

}  // namespace

TEST_CASE("a million brackets are refused by their depth") {
    CHECK(json(times(million, "[")) == "JSON: is nested deeper than 100");
    CHECK(json(times(million, R"({"a":)")) == "JSON: is nested deeper than 100");
    CHECK(json(times(million, "[") + times(million, "]")) == "JSON: is nested deeper than 100");
    CHECK(info(times(million, "a {\n")) == "INFO: is nested deeper than 100");
    CHECK(info(times(million, "a { ") + times(million, "} ")) == "INFO: is nested deeper than 100");
    CHECK(xml(times(million, "<r>")) == "XML: is nested deeper than 100");
    CHECK(xml(times(million, "<r a='/>'>") + times(million, "</r>")) == "XML: is nested deeper than 100");
}

TEST_CASE("depth is counted where the readers nest, and nowhere else") {
    const std::string full = times(100, "a {\n") + times(100, "}\n");
    CHECK(info(full) == "not refused");
    CHECK(info(times(100, "a {\n") + "b c\n" + times(100, "}\n")) == "not refused");
    CHECK(info("a \"}}}\" ; }}}\n" + times(101, "a {\n") + times(101, "}\n")) == "INFO: is nested deeper than 100");
    CHECK(info(times(101, "a}b {\n")) == "INFO: is nested deeper than 100");
    CHECK(info(times(101, "\"\\\"}\" {\n")) == "INFO: is nested deeper than 100");
    CHECK(info(times(200, "a b{c\n")) == "not refused");

    CHECK(xml(times(100, "<r a='b'>") + times(100, "</r>")) == "not refused");
    CHECK(xml("<r>" + times(99, "<!-- </a> --><a b=\"</a>\"><![CDATA[</a>]]><?x </a> ?>") + times(99, "</a>") +
              "</r>") == "not refused");
    CHECK(xml("<r>" + times(100, "<!-- </a> --><a b=\"</a>\"><![CDATA[</a>]]><?x </a> ?>") + times(100, "</a>") +
              "</r>") == "XML: is nested deeper than 100");
    CHECK(xml("<r>" + times(300, "<a/><a></a>") + "</r>") == "not refused");

    CHECK(json(times(100, "[") + times(100, "]")) == "not refused");
    CHECK(json(times(101, "[") + times(101, "]")) == "JSON: is nested deeper than 100");
    CHECK(json("[" + times(300, "[[]],") + "\"[[[\"]") == "not refused");
}

TEST_CASE("other files are not read") {
    const std::string name = "property_tree_include_test.info";
    std::ofstream(name) << "weights { bits 4 }\n";
    const std::string why = "INFO: has a directive (#include): other files are not read";
    CHECK(info("#include \"" + name + "\"\n") == why);
    CHECK(info("a b\n  \t#include \"" + name + "\"") == why);
    CHECK(info("a {\n#include \"" + name + "\"\n}") == why);
    CHECK(info("a \\\n#include \"" + name + "\"\n") == why);
    CHECK(info("a\r\n\v\f#include \"" + name + "\"\n") == why);
    CHECK(info("#define x\n") == why);
    CHECK(info("a \"#include\" ; #include \"x\"") == "not refused");
    std::remove(name.c_str());
    CHECK(xml("<!DOCTYPE r [<!ENTITY e SYSTEM \"file:///etc/hostname\">]><r>&e;</r>") ==
          "XML: has a declaration (<!DOCTYPE>), which is not read");
}

TEST_CASE("malformed texts are refused with the reason") {
    CHECK(json("{\"a\": }").starts_with("JSON: parse error at line 1, column 7: syntax error"));
    CHECK(json("").starts_with("JSON: parse error"));
    CHECK(json("{} {}").starts_with("JSON: parse error"));
    CHECK(json("{\"a\": 01}").starts_with("JSON: parse error"));
    CHECK(json("[1e999]").find("number overflow") != std::string::npos);
    CHECK(json("[\"\xff\"]").starts_with("JSON: parse error"));
    CHECK(json("{\"a\": 1, \"a\": 2}") == "JSON: has the key 'a' twice in one object");
    CHECK(json("[" + times(million, "x") + "]").size() < 400);
    CHECK(info("a {") == "INFO: line 1: unmatched {");
    CHECK(info("a\n}") == "INFO: line 2: unmatched }");
    CHECK(info("a \"b") == "INFO: line 1: unexpected end of line");
    CHECK(info("a \"\\q\"") == "INFO: line 1: unknown escape sequence");
    CHECK(xml("<r>").starts_with("XML: line 1: "));
    CHECK(xml("<r") == "XML: has a tag without an end");
    CHECK(xml("<r><a></b></r>") == "XML: closes 'b', which is not open there");
    CHECK(xml("</r>") == "XML: closes 'r', which is not open there");
    CHECK(xml("<r><!-- </r>") == "XML: has '<!--' without an end");
    CHECK(xml("<r a=b/>").starts_with("XML: line 1: "));
    CHECK(xml("<a/>") == "XML: must have one root element, 'r'");
    CHECK(xml("<r/><r/>") == "XML: must have one root element, 'r'");
    CHECK(xml("") == "XML: must have one root element, 'r'");
}

TEST_CASE("texts that are too large, or hold zeros, are refused") {
    const pt::limits small{.bytes = 10};
    CHECK(json("[1, 2, 3, 4]", small) == "JSON: has more than 10 bytes");
    CHECK(info("a bcdefghijk", small) == "INFO: has more than 10 bytes");
    CHECK(xml("<r>abcdefg</r>", small) == "XML: has more than 10 bytes");
    CHECK(info(std::string_view("a\0b", 3)) == "INFO: holds a zero byte");
    CHECK(xml(std::string_view("<r>\0</r>", 8)) == "XML: holds a zero byte");
    CHECK(json(std::string_view("[\0]", 3)).starts_with("JSON: parse error"));
}
