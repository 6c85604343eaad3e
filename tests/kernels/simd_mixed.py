# Links halves that are compiled for different processors, and runs the program on the lesser one.
# SPDX-License-Identifier: Apache-2.0
"""usage: python3 simd_mixed.py FOLDER [--full]

FOLDER is for what is built. The half that is compiled for AVX2 or AVX-512 is linked in front, so that the linker keeps its
copy of whatever both have; then the program runs, without calling that half, on a processor without AVX that qemu-x86_64
emulates. Without --full one program, with it one for each compiler, level and processor. Exits 0 where all run and find no
difference, 77 where something is missing.
"""
import argparse
import pathlib
import platform
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SKIPPED = 77
FEW = [("g++", "-O2", "haswell")]
# Not -O0: there the standard library's own inline functions are in the program, and copy with AVX.
FULL = [(c, o, m) for c in ("g++", "clang++") for o in ("-O2", "-O3") for m in ("haswell", "x86-64-v4")]


def run(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
                          check=False)
    return done.returncode, done.stdout.strip()


def build_and_run(compiler, level, march, folder):
    """What the program printed, or what went wrong."""
    common = [compiler, "-std=c++20", level, f"-I{ROOT / 'include'}", "-c", str(HERE / "simd_mixed.cpp")]
    high, low, program = (str(folder / name) for name in ("high.o", "low.o", "simd_mixed"))
    steps = [[*common, f"-march={march}", "-DQGRAFT_HALF=high", "-o", high],
             [*common, "-march=x86-64", "-DQGRAFT_HALF=low", "-DQGRAFT_MAIN", "-o", low],
             [compiler, high, low, "-o", program],
             ["qemu-x86_64", "-cpu", "Nehalem", program]]
    for step in steps:
        status, text = run(step)
        if status != 0:
            return f"{step[0]} failed, {status}: {text}"
    if march == "haswell" and "avx2" in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8"):
        status, here = run([program, "both"])
        text = text if status == 0 else f"both halves, on this machine: failed, {status}: {here}"
    return text


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--full", action="store_true")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    builds = [b for b in (FULL if arguments.full else FEW) if shutil.which(b[0])]
    if platform.machine() != "x86_64" or not shutil.which("qemu-x86_64") or not builds:
        print("skipped: needs an x86-64 machine, a compiler and qemu-x86_64")
        return SKIPPED
    failed = 0
    for build in builds:
        result = build_and_run(*build, arguments.folder)
        failed += result != "0 and 0 differences"
        print(f"{' '.join(build):24} {result}", flush=True)
    print(f"{len(builds)} programs, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
