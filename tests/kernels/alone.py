# Looks at what the kernels are made of: headers, and symbols that the linker shares.
# SPDX-License-Identifier: Apache-2.0
"""usage: python3 alone.py COMPILER headers    every header of kernels/ brings only headers of quant/ and kernels/
       python3 alone.py COMPILER symbols    two translation units with different -march share no function of ours

Exits 0 where that holds, 1 where it does not, 77 where there is no such compiler, or no x86-64.
"""
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = 77

# Instantiates what a program uses of the kernels; each level of optimization leaves other functions to the linker.
PROGRAM = """
#include <qgraft/kernels/scalar.hpp>
template <class N>
void use(std::span<const float> in, std::span<float> out, qgraft::quant_range range, const qgraft::quant_spec& spec) {
    using kernels = qgraft::scalar<N>;
    qgraft::moving_average average;
    qgraft::torch_moving_average torch_average;
    qgraft::last_value last[2];
    qgraft::quant_range ranges[2]{range, kernels::min_max(in)};
    qgraft::range_gradient d[2]{kernels::fake_quantize_gradient(in, in, out, range, spec), {}};
    unsigned char packed[8]{};
    kernels::fake_quantize(in, out, range, spec);
    kernels::template fake_quantize<qgraft::quant_spec{.bits = 4}>(in, out, range);
    kernels::fake_quantize_channels(in, out, ranges, spec);
    kernels::fake_quantize_channels_gradient(in, in, out, ranges, d, spec, 2);
    kernels::scale_channels(in, out, in, 1);
    kernels::observe_fake_quantize(average, in, out, spec);
    kernels::observe_fake_quantize(torch_average, in, out, spec);
    kernels::observe_fake_quantize_channels(std::span<qgraft::last_value>(last), in, out, ranges, spec);
    kernels::quantize_int4(in, packed, range, spec);
    kernels::dequantize_int4(packed, out, range, spec);
    kernels::quantize(in, std::span<unsigned char>(packed), range, spec);
    qgraft::dispatch_spec<qgraft::widths<4, 8>>(spec, [](auto s) { return s().qmax(); });
    if (d[0] == d[1] && ranges[0] == ranges[1] && spec == qgraft::quant_spec{} && last[0] == last[1]) out[0] = 0;
}
template void use<qgraft::tf115>(std::span<const float>, std::span<float>, qgraft::quant_range,
    const qgraft::quant_spec&);
template void use<qgraft::tf2>(std::span<const float>, std::span<float>, qgraft::quant_range,
    const qgraft::quant_spec&);
template void use<qgraft::torch>(std::span<const float>, std::span<float>, qgraft::quant_range,
    const qgraft::quant_spec&);
template void use<qgraft::torch_fused>(std::span<const float>, std::span<float>, qgraft::quant_range,
    const qgraft::quant_spec&);
"""

# What a program has once: its classes of errors, which compute nothing.
ONE_IN_THE_PROGRAM = re.compile(
    r"^(vtable for |typeinfo for |typeinfo name for )?qgraft::(quant_error|width_not_compiled)\b")


def headers(compiler):
    """Complaints about headers outside of quant/ and kernels/."""
    found = []
    for header in sorted((ROOT / "include/qgraft/kernels").rglob("*.hpp")):
        name = header.relative_to(ROOT / "include").as_posix()
        run = subprocess.run([compiler, "-std=c++20", "-I", ROOT / "include", "-x", "c++", "-M", "-"],
                             input=f"#include <{name}>\n", stdout=subprocess.PIPE, encoding="utf-8", check=True)
        rooms = set(re.findall(r"/include/qgraft/([\w.]+)", run.stdout))
        found += [f"{name} brings qgraft/{room}" for room in sorted(rooms - {"quant", "kernels"})]
    return found


def weak_symbols(compiler, folder, options):
    source, compiled = pathlib.Path(folder) / "use.cpp", pathlib.Path(folder) / "use.o"
    source.write_text(PROGRAM, encoding="utf-8")
    subprocess.run([compiler, "-std=c++20", "-I", ROOT / "include", *options, "-c", source, "-o", compiled], check=True)
    lines = subprocess.run(["nm", "-C", compiled], stdout=subprocess.PIPE, encoding="utf-8", check=True).stdout
    symbols = (line[17:].split(" ", 1) for line in lines.splitlines())
    return {name for kind, name in symbols if kind in "WVu"}


def is_ours(name):
    """Functions of std:: are the compiler's own, also those whose result is a pointer to something of ours."""
    ours = name.startswith(("qgraft::", "vtable for qgraft::", "typeinfo ")) and " std::" not in name
    return ours and not ONE_IN_THE_PROGRAM.match(name)


def symbols(compiler):
    """Complaints about functions that units of two instruction sets share; use<> itself is the test's."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        # Not -O0: clang++ calls default constructors of aggregates there, such as quant_range's, and those are shared.
        for level in ("-O1", "-O2"):
            low, high = (weak_symbols(compiler, folder, [level, march])
                         for march in ("-march=x86-64", "-march=x86-64-v3"))
            shared = sorted(name for name in low & high if is_ours(name))
            found += [f"{level}: both units have {name}" for name in shared]
            if not any("isa_" in name for name in low):
                found.append(f"{level}: no function is of an instruction set's namespace")
    return found


def main():
    compiler, check = sys.argv[1:]
    if not shutil.which(compiler) or (check == "symbols" and (
            platform.machine() != "x86_64" or not shutil.which("nm"))):
        print(f"skipped: no {compiler} here, or no x86-64")
        return SKIPPED
    problems = {"headers": headers, "symbols": symbols}[check](compiler)
    print("\n".join(problems + [f"{compiler}, {check}: {len(problems)} problems"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
