// Trees of JSON: each value comes back as what it was.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <qgraft/property_tree/json.hpp>
#include <qgraft/property_tree/tree.hpp>

namespace pt = qgraft::property_tree;
using pt::kind;

TEST_CASE("numbers, booleans and strings come back as they were") {
    const std::string text = R"({"a": 1, "b": "1", "c": true, "d": "true", "e": null, "f": "null", "g": [], "h": {},
        "i": "", "j": 1.0, "k": 1e3, "l": 0.10, "m": -0.0, "n": 18446744073709551615, "o": 123456789012345678901234567890,
        "p": [1, [2, {"q": [false, "x\"\\\n\u00e9\ud83d\ude00"]}]], "a.b": {"": 7}})";
    const pt::tree t = pt::read_json(text);
    for (const pt::layout how : {pt::layout::lines, pt::layout::compact}) {
        const std::string written = pt::write_json(t, how);
        CHECK(nlohmann::ordered_json::parse(written) == nlohmann::ordered_json::parse(text));
        CHECK(pt::read_json(written) == t);
    }
    CHECK(pt::write_json(t, pt::layout::compact) ==
          R"({"a":1,"b":"1","c":true,"d":"true","e":null,"f":"null","g":[],"h":{},"i":"","j":1.0,"k":1e3,"l":0.10,)"
          R"("m":-0.0,"n":18446744073709551615,"o":123456789012345678901234567890,)"
          "\"p\":[1,[2,{\"q\":[false,\"x\\\"\\\\\\n\xc3\xa9\xf0\x9f\x98\x80\"]}]],\"a.b\":{\"\":7}}");
}

TEST_CASE("lines are for people") {
    const char* const text = "{\n  \"a\": [1, 2],\n  \"b\": {\n    \"c\": \"d\"\n  },\n  \"e\": [\n    []\n  ]\n}\n";
    CHECK(pt::write_json(pt::read_json(text)) == text);
}

TEST_CASE("get and put take what a value is") {
    pt::tree t = pt::read_json(R"({"n": {"i": 7, "r": 0.5, "s": "7", "b": true}})");
    CHECK(t.get<int>("n.i") == 7);
    CHECK(t.get<double>("n.i") == 7);
    CHECK(t.get<double>("n.r") == 0.5);
    CHECK(t.get<std::string>("n.s") == "7");
    CHECK(t.get<bool>("n.b"));
    CHECK_FALSE(t.get_optional<int>("n.s"));
    CHECK_FALSE(t.get_optional<std::string>("n.i"));
    CHECK_FALSE(t.get_optional<bool>("n.i"));
    CHECK_FALSE(t.get_optional<std::int8_t>("n.r"));
    CHECK(t.get("n.none", 3) == 3);
    t.put("n.i", true);
    t.put("n.r", 1.0F);
    t.put("n.s", "text");
    t.put("n.t", std::string("more"));
    t.put("n.l", std::int64_t{1} << 40U);
    CHECK(pt::write_json(t, pt::layout::compact) ==
          R"({"n":{"i":true,"r":1.0,"s":"text","b":true,"t":"more","l":1099511627776}})");
    CHECK(pt::write_json(pt::array_of(std::vector<float>{0.1F, -3e38F}), pt::layout::compact) == "[0.1,-3e+38]");
}

TEST_CASE("what JSON cannot express is refused") {
    const auto refusal = [](const pt::tree& t) -> std::string {
        try {
            pt::write_json(t);
        } catch (const pt::parse_error& e) {
            return e.what();
        }
        return "not refused";
    };
    CHECK(refusal(pt::leaf(std::numeric_limits<double>::infinity())) ==
          "JSON: cannot be written: 'inf' is not a number of JSON");
    CHECK(refusal(pt::leaf("\xff")) == "JSON: cannot be written: a string is not UTF-8");
    CHECK(refusal(pt::tree(pt::scalar{kind::number, "[1]"})) ==
          "JSON: cannot be written: '[1]' is not a number of JSON");
    pt::tree array(pt::scalar{kind::array, {}});
    array.push_back({"key", pt::leaf(1)});
    CHECK(refusal(array) == "JSON: cannot be written: an array has an element with the key 'key'");
    pt::tree deep;
    for (int i = 0; i < 100; ++i) {
        pt::tree outer;
        outer.push_back({"a", deep});
        deep = outer;
    }
    CHECK(refusal(deep) == "JSON: is nested deeper than 100");
}
