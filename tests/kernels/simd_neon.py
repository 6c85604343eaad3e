# Cross-compiles the vector kernels for AArch64, and runs them on a processor that qemu-aarch64 emulates.
# SPDX-License-Identifier: Apache-2.0
"""usage: python3 simd_neon.py FOLDER [--full]

FOLDER is for what is built. Without --full a few lengths, with it more, at two levels of optimization. Exits 0 where NEON's
kernels have the values of the definition, 77 where the compiler or the emulator is missing.
"""
import argparse
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
COMPILER, EMULATOR = 'aarch64-linux-gnu-g++', 'qemu-aarch64'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('folder', type=pathlib.Path)
    parser.add_argument('--full', action='store_true')
    args = parser.parse_args()
    if not shutil.which(COMPILER) or not shutil.which(EMULATOR):
        print(f'skipped: needs {COMPILER} and {EMULATOR}')
        return 77
    args.folder.mkdir(parents=True, exist_ok=True)
    program = args.folder / 'simd_program'
    for level in ('-O2', '-O3') if args.full else ('-O2',):
        subprocess.run([COMPILER, '-std=c++20', level, '-Wall', '-Wextra', '-Werror', '-static', f'-I{ROOT / "include"}',
                        HERE / 'simd_program.cpp', '-o', program], check=True)
        done = subprocess.run([EMULATOR, program, '150' if args.full else '30'], stdout=subprocess.PIPE, encoding='utf-8')
        print(level, done.stdout.strip())
        if done.returncode != 0 or ' 0 differences at 1 levels' not in done.stdout:
            return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
