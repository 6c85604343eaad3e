# Compiles the snippets of CUDA in a Markdown file.
# SPDX-License-Identifier: Apache-2.0
"""usage: python3 snippet.py NVCC FILE FOLDER

Each block that opens with ```cuda must compile on its own, without a warning and with no flag but that of the standard.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    nvcc, page, folder = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    blocks = re.findall(r"^```cuda\n(.*?)^```", page.read_text(encoding="utf-8"), re.S | re.M)
    good = 0
    for i, text in enumerate(blocks):
        source = folder / f"snippet{i}.cu"
        source.write_text(text, encoding="utf-8")
        command = [nvcc, "-std=c++20", "-Werror", "all-warnings", "-I", ROOT / "include", "-c", source, "-o",
                   source.with_suffix(".o")]
        good += subprocess.run(command, check=False).returncode == 0
    print(f"{good} of {len(blocks)} snippets compile")
    return 0 if blocks and good == len(blocks) else 1


if __name__ == "__main__":
    sys.exit(main())
