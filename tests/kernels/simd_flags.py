# Builds simd_program with many compilers and flags, and runs what was built.
# SPDX-License-Identifier: Apache-2.0
"""usage: python3 simd_flags.py FOLDER [--full]

FOLDER is for what is built. Without --full a few builds, with one numerics; with it g++ and clang++, -O0 to -O3, each with
-march=native, -ffp-contract=fast, -flto and none of them, with all. Each program must find no difference between the vector
kernels and the scalar definition, and all must print the same digest of the definition's results. Exits 0 where that is so, 77
where there is no compiler.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SKIPPED = 77
FULL = [(c, o, f) for c in ("g++", "clang++") for o in ("-O0", "-O2", "-O3")
        for f in ("-march=native", "-ffp-contract=fast", "-flto", "")]
FEW = [("g++", "-O2", "-march=native"), ("clang++", "-O2", "-ffp-contract=fast")]


def build_and_run(build, number, folder, full):
    """What a build's program printed, or what went wrong."""
    compiler, level, flag = build
    program = folder / f"simd_program_{number}"
    few = [] if full else ["-DQGRAFT_ONE_NUMERICS"]
    # clang's -flto writes what only the linker of LLVM reads.
    linker = ["-fuse-ld=lld"] if compiler == "clang++" and flag == "-flto" else []
    command = [compiler, "-std=c++20", level, *([flag] if flag else []), *linker, *few, f"-I{ROOT / 'include'}",
               str(HERE / "simd_program.cpp"), "-o", str(program)]
    try:
        for step in (command, [str(program), "70" if full else "20"]):
            run = subprocess.run(step, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
                                 check=False)
            if run.returncode != 0:
                return f"{step[0]} failed: {run.stdout}"
    finally:
        program.unlink(missing_ok=True)
    return run.stdout.strip()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--full", action="store_true")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    has_lld = shutil.which("ld.lld") is not None
    builds = [b for b in (FULL if arguments.full else FEW) if shutil.which(b[0])]
    left_out = [b for b in builds if b[0] == "clang++" and b[2] == "-flto" and not has_lld]
    builds = [b for b in builds if b not in left_out]
    if not builds:
        print("skipped: there is no compiler")
        return SKIPPED
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda b: build_and_run(b[1], b[0], arguments.folder, arguments.full), enumerate(builds)))
    good = re.compile(r"digest (\w+), 0 differences")
    digests = {match[1] for match in map(good.match, results) if match}
    failed = sum(not good.match(r) for r in results) + (len(digests) > 1)
    for build, result in zip(builds, results):
        print(f"{' '.join(build):30} {result}")
    for build in left_out:
        print(f"{' '.join(build):30} left out: there is no lld")
    print(f"{len(builds)} builds, {failed} failed, {len(digests)} digests")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
