# Compares what nvcc makes of cuda's kernels with and without its flags for fast arithmetic.
# SPDX-License-Identifier: Apache-2.0
"""usage: python3 flags.py NVCC FOLDER

The PTX of sass.cu, and of the same with every numerics, must be the same text, whether subnormals are flushed, products
and sums contracted and divisions approximated by default or not. Exits 0 where it is.
"""
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FAST = ["--use_fast_math", "-extra-device-vectorization"]
EXACT = ["-ftz=false", "-fmad=false", "-prec-div=true", "-prec-sqrt=true"]


def kernels_with(nvcc, flags, output):
    """The PTX from the first kernel on."""
    subprocess.run([nvcc, "-std=c++20", "-arch=compute_80", *flags, "-DQGRAFT_ALL_NUMERICS", "-I", ROOT / "include",
                    "-ptx", ROOT / "tests/cuda/sass.cu", "-o", output], check=True)
    text = output.read_text(encoding="utf-8")
    return text[text.index(".address_size"):]


def main():
    nvcc, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    exact = kernels_with(nvcc, EXACT, folder / "exact.ptx")
    fast = kernels_with(nvcc, FAST, folder / "fast.ptx")
    kernels = exact.count(".entry")
    differing = sum(a != b for a, b in zip(exact.splitlines(), fast.splitlines()))
    print(f"{kernels} kernels, {len(exact.splitlines())} lines of PTX, {differing} differ")
    return 0 if kernels and exact == fast else 1


if __name__ == "__main__":
    sys.exit(main())
