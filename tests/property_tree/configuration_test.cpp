// Configurations: JSON, INFO and XML alike, checked as a whole.
// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <boost/property_tree/ptree.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <qgraft/property_tree/read_configuration.hpp>

#include "support/lines.hpp"

namespace {

namespace pt = qgraft::property_tree;
using pt::format;

/// Everything that is wrong with a configuration, a line each.
lines problems(std::string_view text, format f = format::json) {
    lines all;
    try {
        pt::read_configuration(text, f);
    } catch (const pt::invalid_configuration& e) {
        for (const pt::problem& p : e.problems()) all.push_back(p.path + ": " + p.reason);
        CHECK(e.subject() == e.problems().front().path);
    }
    return all;
}

constexpr std::string_view as_json = R"({
  "weights": {"bits": 4, "symmetric": true, "granularity": "per_tensor"},
  "activations": {"bits": 8, "range": "moving_average"},
  "ema_decay": 0.99,
  "quant_delay": 2000,
  "freeze_bn_delay": 4000,
  "scope": "MobilenetV1",
  "layers": [
    {"position": "first", "weights": {"bits": 8}},
    {"position": "last", "weights": {"bits": 8, "narrow_range": false, "range": "last_value"}},
    {"op": "depthwise_conv2d", "scope": "MobilenetV1/Conv2d_1", "activations": {"bits": 6}, "ema_decay": 0.5},
    {"name": "*/Logits/*", "position": -2, "exclude": true}
  ]
})";

constexpr std::string_view as_info = R"(
weights { bits 4  symmetric true  granularity per_tensor }
activations { bits 8  range moving_average }  ; a comment
ema_decay 0.99
quant_delay 2000
freeze_bn_delay 4000
scope MobilenetV1
layers {
  layer { position first  weights { bits 8 } }
  layer { position last  weights { bits 8  narrow_range false  range last_value } }
  layer { op depthwise_conv2d  scope "MobilenetV1/Conv2d_1"  activations { bits 6 }  ema_decay 0.5 }
  layer { name "*/Logits/*"  position -2  exclude true }
}
)";

constexpr std::string_view as_xml = R"(<?xml version="1.0"?>
<!-- attributes and elements are the same -->
<qgraft scope="MobilenetV1">
  <weights bits="4" symmetric="true" granularity="per_tensor"/>
  <activations><bits>8</bits><range>moving_average</range></activations>
  <ema_decay>0.99</ema_decay>
  <quant_delay>2000</quant_delay>
  <freeze_bn_delay>4000</freeze_bn_delay>
  <layers>
    <layer position="first"><weights bits="8"/></layer>
    <layer position="last"><weights bits="8" narrow_range="false" range="last_value"/></layer>
    <layer op="depthwise_conv2d" scope="MobilenetV1/Conv2d_1" ema_decay="0.5"><activations bits="6"/></layer>
    <layer name="*/Logits/*" position="-2" exclude="true"/>
  </layers>
</qgraft>
)";

void check_all_of_it(const pt::configuration& c) {
    CHECK(c.weights == pt::tensor_choice{.bits = 4, .symmetric = true, .grain = qgraft::granularity::per_tensor});
    CHECK(c.activations == pt::tensor_choice{.bits = 8, .range = qgraft::range_policy::moving_average});
    CHECK(c.ema_decay == 0.99);
    CHECK(c.quant_delay == 2000);
    CHECK(c.freeze_bn_delay == 4000);
    CHECK(c.scope == "MobilenetV1");
    REQUIRE(c.layers.size() == 4);
    CHECK(c.layers[0].position == 0);
    CHECK(c.layers[0].weights.bits == 8);
    CHECK(c.layers[1].position == -1);
    CHECK(c.layers[1].weights ==
          pt::tensor_choice{.bits = 8, .narrow_range = false, .range = qgraft::range_policy::last_value});
    CHECK(c.layers[2].op == qgraft::word::depthwise_conv2d);
    CHECK(c.layers[2].scope == "MobilenetV1/Conv2d_1");
    CHECK(c.layers[2].activations.bits == 6);
    CHECK(c.layers[2].ema_decay == 0.5);
    CHECK(c.layers[3].name == "*/Logits/*");
    CHECK(c.layers[3].position == -2);
    CHECK(c.layers[3].exclude == true);
}

}  // namespace

TEST_CASE("JSON, INFO and XML say the same") {
    SUBCASE("JSON") { check_all_of_it(pt::read_configuration(as_json, format::json)); }
    SUBCASE("INFO") { check_all_of_it(pt::read_configuration(as_info, format::info)); }
    SUBCASE("XML") { check_all_of_it(pt::read_configuration(as_xml, format::xml)); }
}

TEST_CASE("the format is that of the name, or else of the text") {
    CHECK(pt::format_of("c.xml", as_json) == format::xml);
    CHECK(pt::format_of("c.info", as_json) == format::info);
    CHECK(pt::format_of("c.json", as_info) == format::json);
    CHECK(pt::format_of("c", as_json) == format::json);
    CHECK(pt::format_of("c", as_info) == format::info);
    CHECK(pt::format_of("c", as_xml) == format::xml);
    CHECK(pt::format_of("c", "\xef\xbb\xbf {}") == format::json);
    CHECK(pt::format_of("c", "") == format::info);
}

TEST_CASE("a property tree of Boost's own will do") {
    boost::property_tree::ptree t;
    t.put("weights.bits", 4);
    t.put("layers.layer.position", "first");
    t.put("layers.layer.exclude", true);
    const pt::configuration c = pt::read_configuration(t);
    CHECK(c.weights.bits == 4);
    CHECK(c.layers.at(0).exclude == true);
}

TEST_CASE("an empty configuration says nothing") {
    for (const auto& [text, f] : {std::pair{"{}", format::json}, {"", format::info}, {"<qgraft/>", format::xml}}) {
        const pt::configuration c = pt::read_configuration(text, f);
        CHECK(c.weights == pt::tensor_choice());
        CHECK(c.layers.empty());
    }
}

TEST_CASE("every error is told, each with the path of its key") {
    CHECK(problems(R"({
      "weights": {"bits": 17, "symmetric": "yes"},
      "activations": 8,
      "ema_decay": 1.5,
      "quant_delay": -1,
      "scope": "",
      "layers": [
        {"position": "first", "weights": {"bits": 4.5}},
        {"op": "conv", "exclude": true},
        {"position": "second", "weights": {"range": "mean", "bits": null}},
        7
      ]
    })") ==
          lines{"weights.bits: is '17', and must be a whole number from 2 to 16",
                "weights.symmetric: is the string 'yes', and must be true or false",
                "activations: is '8', and must be an object", "ema_decay: is '1.5', and must be a number from 0 to 1",
                "quant_delay: is '-1', and must be a whole number from 0 on",
                "scope: is the string '', and must be a text that is not empty",
                "layers.0.weights.bits: is '4.5', and must be a whole number from 2 to 16",
                "layers.1.op: is the string 'conv', and must be conv2d, depthwise_conv2d, matmul or conv2d_transpose",
                "layers.2.position: is the string 'second', and must be first, last or a whole number, -1 for the last",
                "layers.2.weights.bits: is null, and must be a whole number from 2 to 16",
                "layers.2.weights.range: is the string 'mean', and must be last_value or moving_average",
                "layers.3: is '7', and must be an object"});
}

TEST_CASE("one error has it all") {
    CHECK_THROWS_WITH_AS(pt::read_configuration(R"({"weights": {"bits": 1}, "quant_delay": "x"})", format::json),
                         "weights.bits: is '1', and must be a whole number from 2 to 16; "
                         "quant_delay: is the string 'x', and must be a whole number from 0 on",
                         pt::invalid_configuration);
}

TEST_CASE("a key that is not known is an error, with the nearest that is") {
    CHECK(problems(R"({"wieghts": {"bits": 4}, "layers": [{"posision": "first", "weights": {"bit": 4}}]})") ==
          lines{"layers.0.weights.bit: is no key here; did you mean 'bits'?",
                "layers.0.posision: is no key here; did you mean 'position'?",
                "wieghts: is no key here; did you mean 'weights'?"});
    CHECK(
        problems(R"({"foo": 1})") ==
        lines{"foo: is no key here; there are weights, activations, ema_decay, quant_delay, freeze_bn_delay, scope and "
              "layers"});
    CHECK(problems("layers { layer { position first  exclude true }  alyer { } }", format::info) ==
          lines{"layers.alyer: is no key here; every element is named 'layer'",
                "layers.1: has none of name, op, scope and position: which layers is it for?",
                "layers.1: has none of weights, activations, ema_decay and exclude: what is it for?"});
}

TEST_CASE("a key twice is an error") {
    CHECK(problems("scope a\nscope b", format::info) == lines{"scope: is given twice"});
    CHECK(problems("<qgraft scope='a'><scope>b</scope></qgraft>", format::xml) == lines{"scope: is given twice"});
    CHECK_THROWS_WITH_AS(pt::read_configuration(R"({"scope": "a", "scope": "b"})", format::json),
                         "JSON: has the key 'scope' twice in one object", pt::parse_error);
}

TEST_CASE("weights may have a range for each channel, activations may not") {
    const auto c = pt::read_configuration("weights { granularity per_channel }", format::info);
    CHECK(c.weights.grain == qgraft::granularity::per_channel);
    CHECK_FALSE(c.activations.grain.has_value());
    CHECK(problems(R"({"layers": [{"name": "a", "activations": {"granularity": "per_channel"}}]})") ==
          lines{"layers.0.activations.granularity: is per_channel, and activations have one range a tensor"});
}

TEST_CASE("a choice must choose, and say something") {
    CHECK(problems(R"({"layers": [{"weights": {"bits": 4}}]})") ==
          lines{"layers.0: has none of name, op, scope and position: which layers is it for?"});
    CHECK(problems(R"({"layers": [{"name": "a", "weights": {}}]})") ==
          lines{"layers.0: has none of weights, activations, ema_decay and exclude: what is it for?"});
    CHECK(problems(R"({"layers": [{"name": "a", "weights": {"bits": 4}, "exclude": true}]})") ==
          lines{"layers.0: excludes layers, and has settings for them"});
}

TEST_CASE("values have types where the format has") {
    CHECK(problems(R"({"weights": {"bits": "8"}})") ==
          lines{"weights.bits: is the string '8', and must be a whole number from 2 to 16"});
    CHECK(problems("weights { bits eight }", format::info) ==
          lines{"weights.bits: is 'eight', and must be a whole number from 2 to 16"});
    CHECK(problems("weights { bits }", format::info) ==
          lines{"weights.bits: is empty, and must be a whole number from 2 to 16"});
    CHECK(problems("weights 8 { bits 8 }", format::info) == lines{"weights: is '8', and must be an object"});
    CHECK(problems("[]") == lines{"configuration: is an array, and must be an object"});
    CHECK(problems(R"({"layers": {"name": "a"}})") ==
          lines{"layers: is an object, and must be an array, or have elements named 'layer'"});
}

TEST_CASE("long texts are cut in messages") {
    const std::string key(100000, 'k');
    const lines all = problems("{\"" + key + "\": 1, \"scope\": 1, \"ema_decay\": \"" + key + "\"}");
    REQUIRE(all.size() == 3);
    for (const std::string& line : all) CHECK(line.size() < 250);
}
