# Compares what nvcc makes of cuda's kernels with and without its flags for fast arithmetic.
# SPDX-License-Identifier: Apache-2.0
"""usage: python3 flags.py NVCC FOLDER

The PTX of sass.cu, with every numerics, must be the same with --use_fast_math, which flushes subnormals and approximates
divisions, as without. No float instruction leaves rounding to be chosen later, and no product in double, which does,
goes into a sum: so -fmad has nothing to contract. Exits 0 where that holds.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def kernels_with(nvcc, flags, output):
    """The PTX from the first kernel on."""
    subprocess.run([nvcc, "-std=c++20", "-arch=compute_80", *flags, "-DQGRAFT_ALL_NUMERICS", "-I", ROOT / "include",
                    "-ptx", ROOT / "tests/cuda/sass.cu", "-o", output], check=True)
    text = output.read_text(encoding="utf-8")
    return text[text.index(".address_size"):]


def contractible(kernel):
    """Instructions of a kernel that -fmad may fuse."""
    products = set(re.findall(r"^\s*mul\.f64\s+(%fd\d+),", kernel, re.M))
    sums = re.findall(r"^\s*(?:add|sub)\.f64\s.*;", kernel, re.M)
    return re.findall(r"^\s*(?:mul|add|sub)(?:\.ftz)?\.f32\s.*;", kernel, re.M) + \
        [line for line in sums if products & set(re.findall(r"%fd\d+", line.split(",", 1)[1]))]


def main():
    nvcc, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    plain = kernels_with(nvcc, [], folder / "plain.ptx")
    fast = kernels_with(nvcc, ["--use_fast_math"], folder / "fast.ptx")
    kernels = plain.split(".entry")[1:]
    found = [line for kernel in kernels for line in contractible(kernel)]
    differing = sum(a != b for a, b in zip(plain.splitlines(), fast.splitlines()))
    print("".join(f"may be contracted:{line}\n" for line in found[:10]), end="")
    print(f"{len(kernels)} kernels, {len(plain.splitlines())} lines of PTX: {differing} differ, {len(found)} sums or "
          "products are left open")
    return 0 if kernels and plain == fast and not found else 1


if __name__ == "__main__":
    sys.exit(main())
