# --config: a network quantized by a file, a layer at a time.
# SPDX-License-Identifier: Apache-2.0
import json
import os
import pathlib
import re

import program
from program import network, recorded

MIXED = {
    "weights": {"bits": 4},
    "activations": {"bits": 8},
    "layers": [
        {"position": "first", "weights": {"bits": 8}},
        {"position": "last", "weights": {"bits": 8}},
    ],
}

MIXED_INFO = """
weights { bits 4 }
activations { bits 8 }
layers {
  layer { position first  weights { bits 8 } }
  layer { position last  weights { bits 8 } }
}
"""

MIXED_XML = """<qgraft>
  <weights bits="4"/>
  <activations bits="8"/>
  <layers>
    <layer position="first"><weights bits="8"/></layer>
    <layer position="last"><weights bits="8"/></layer>
  </layers>
</qgraft>
"""


def bits_of(quantizer):
    return int(quantizer.attribute("num_bits").split()[-1])


class Config(program.ProgramTest):
    def write_config(self, content, name="config.json"):
        return self.write(name, content if isinstance(content, str) else json.dumps(content))

    def test_mobilenet_with_first_and_last_layer_at_8_bits_and_4_bit_weights_between(self):
        for phase in ([], ["--eval"]):
            found = self.quantizers(recorded("mobilenet_v1"), "--config", self.write_config(MIXED), *phase)
            weights = {name: bits_of(q) for name, q in found.items() if "weights_quant" in name}
            self.assertEqual(len(weights), 28)
            at_8_bits = {name for name, bits in weights.items() if bits == 8}
            self.assertEqual(set(weights.values()), {4, 8})
            self.assertEqual({"/".join(name.split("/")[1:3]) for name in at_8_bits},
                             {"Conv2d_0/weights_quant", "Logits/Conv2d_1c_1x1"})
            activations = [bits_of(q) for name, q in found.items() if "weights_quant" not in name]
            self.assertEqual(len(activations), 28)
            self.assertEqual(set(activations), {8})

    def test_every_format_gives_the_same_file(self):
        self.write_config(MIXED, "json")
        self.write_config(MIXED_INFO, "info")
        self.write_config(MIXED_XML, "xml")
        for name in ("json", "info", "xml"):
            self.rewrite(recorded("mobilenet_v1"), name + ".out", "--config", name)
        self.assertEqual(self.read("json.out"), self.read("info.out"))
        self.assertEqual(self.read("json.out"), self.read("xml.out"))

    def test_the_readme_s_examples(self):
        readme = (pathlib.Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
        for language in ("json", "info"):
            blocks = re.findall(rf"^```{language}\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
            self.assertEqual(len(blocks), 1)
            config = self.write_config(blocks[0], language)
            self.rewrite(recorded("mobilenet_v1"), language + ".out", "--config", config)
        self.assertEqual(self.read("json.out"), self.read("info.out"))
        found = self.quantizers(recorded("mobilenet_v1"), "--config", "json")
        weights = sorted(bits_of(q) for name, q in found.items() if "weights_quant" in name)
        self.assertEqual(weights, [4] * 25 + [8] * 2)
        self.assertFalse([name for name in found if "/Conv2d_13_depthwise/" in name])

    def test_a_rewritten_graph_stays_as_it_is(self):
        config = self.write_config(MIXED)
        self.rewrite(recorded("mobilenet_v1"), "once", "--config", config)
        self.assertIn("0 values fake-quantized", self.rewrite("once", "twice", "--config", config))
        self.assertEqual(self.read("once"), self.read("twice"))

    def test_the_file_says_what_flags_say(self):
        net = self.write("net.pbtxt", network(2))
        config = self.write_config({"weights": {"bits": 5, "symmetric": True},
                                    "activations": {"bits": 6, "symmetric": True}, "ema_decay": 0.75,
                                    "quant_delay": 10, "freeze_bn_delay": 20, "scope": "conv1"})
        self.rewrite(net, "flags", "--weight-bits", "5", "--activation-bits", "6", "--symmetric", "--ema-decay", "0.75",
                     "--quant-delay", "10", "--freeze-bn-delay", "20", "--scope", "conv1")
        self.rewrite(net, "file", "--config", config, "--report", "report.json")
        self.assertEqual(self.read("flags"), self.read("file"))
        options = json.loads(self.read("report.json"))["options"]
        self.assertEqual(options["config"], config)
        self.assertEqual((options["weight_bits"], options["quant_delay"], options["symmetric"]), (5, 10, True))

    def test_weights_may_have_a_range_for_each_channel(self):
        net = recorded("mobilenet_v1_nobn")
        self.rewrite(net, "flag", "--per-channel")
        config = self.write_config({"weights": {"granularity": "per_channel"}})
        self.rewrite(net, "file", "--config", config, "--report", "report.json")
        self.assertEqual(self.read("flag"), self.read("file"))
        self.assertIs(json.loads(self.read("report.json"))["options"]["per_channel"], True)

    def test_delays_are_for_training(self):
        net = self.write("net.pbtxt", network())
        config = self.write_config({"quant_delay": 10, "freeze_bn_delay": 20})
        self.assertIn("fake_quantization_step", self.rewritten(net, "--config", config))
        self.assertNotIn("fake_quantization_step", self.rewritten(net, "--config", config, "--eval"))

    def test_layers_can_be_left_out(self):
        net = self.write("net.pbtxt", network(3))
        config = self.write_config({"layers": [{"name": "conv1/*", "exclude": True}]})
        self.assertEqual({n.split("/")[0] for n in self.quantizers(net, "--config", config)}, {"conv0", "conv2"})

    def test_errors_name_file_and_key(self):
        net = self.write("net.pbtxt", network())
        refused = lambda content, name="c": self.refused(net, "out", "--config", self.write_config(content, name))
        self.assertEqual(
            refused('{"weights": {"bits": 17}, "layers": [{"posision": 0, "exclude": true}]}'),
            f"qgraft-rewrite: {self.path('c')}: weights.bits: is '17', and must be a whole number from 2 to 16; "
            "layers.0.posision: is no key here; did you mean 'position'?\n")
        self.assertEqual(refused({"layers": [{"name": "conv7*", "exclude": True}]}),
                         f"qgraft-rewrite: {self.path('c')}: layers.0: no layer has name 'conv7*'\n")
        self.assertIn(f"{self.path('c.json')}: JSON: parse error at line 1", refused("{", "c.json"))
        self.assertIn("is nested deeper than", refused("[" * 1000000))
        self.assertIn("has a directive (#include)", refused('#include "/etc/hostname"\n'))
        self.assertIn("closes 'b', which is not open", refused("<qgraft></b></qgraft>"))
        self.assertIn("has more than", refused(" " * 5000000 + "{}"))

    def test_a_file_that_cannot_be_read(self):
        net = self.write("net.pbtxt", network())
        self.assertIn("missing: cannot be read", self.refused(net, "out", "--config", "missing"))
        self.assertIn("cannot be read", self.refused(net, "out", "--config", self.folder))

    def test_flags_beside_the_file_are_wrong_usage(self):
        net = self.write("net.pbtxt", network())
        config = self.write_config(MIXED)
        for flag in (["--weight-bits", "8"], ["--activation-bits", "8"], ["--symmetric"], ["--per-channel"], ["--quant-delay", "1"],
                     ["--freeze-bn-delay", "1"], ["--scope", "s"], ["--ema-decay", "0.5"]):
            with self.subTest(flag=flag):
                self.assertIn("--config", self.refused(net, "out", "--config", config, *flag, code=2))
        self.refused(net, config, "--config", config, code=2)
        self.assertEqual(self.read(os.path.basename(config)), json.dumps(MIXED).encode())


if __name__ == "__main__":
    program.main()
