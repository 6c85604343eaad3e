# Looks at the machine code of cuda's kernels, which needs no GPU.
# SPDX-License-Identifier: Apache-2.0
"""usage: python3 sass.py NVCC FOLDER ARCHITECTURE...       such as: sass.py nvcc build/sass sm_80 sm_90

Compiles sass.cu and reads what ptxas reports and nvdisasm prints: no kernel uses local memory or spills registers, none
calls a function (division in float, in 64 bits), the main loops access memory by 128 bits, and those of forward kernels
have at most MOST instructions an element. nvdisasm is the one beside NVCC or on the path; where there is none, pip
brings nvidia-cuda-nvdisasm into FOLDER. Exits 0 where all holds.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MOST = {"multiply": 14, "quotient": 16}
QUOTIENT = {("tf115", False), ("tf115", True), ("tf2", False)}  # numerics that divide, per tensor or per channel
NUMERICS = ("tf115_args", "tf2_args", "torch_fused", "tf115", "tf2", "torch")


def nvdisasm_beside(nvcc, folder):
    """The path of nvdisasm, brought by pip if need be."""
    beside = pathlib.Path(shutil.which(nvcc) or nvcc).resolve().parent / "nvdisasm"
    if beside.exists():
        return str(beside)
    if shutil.which("nvdisasm"):
        return "nvdisasm"
    tools = folder / "tools"
    if not (tools / "bin/pip").exists():
        subprocess.run([sys.executable, "-m", "venv", tools], check=True)
    subprocess.run([tools / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "nvidia-cuda-nvdisasm"],
                   check=True)
    return str(next(path for path in sorted(tools.rglob("nvdisasm")) if os.access(path, os.X_OK) and path.is_file()))


def compile_for(nvcc, architecture, folder):
    """The path of the compiled kernels, and the report of ptxas."""
    cubin = folder / f"{architecture}.cubin"
    command = [nvcc, "-std=c++20", f"-arch={architecture}", "-Xptxas", "-v", "-I", ROOT / "include", "-cubin",
               ROOT / "tests/cuda/sass.cu", "-o", cubin]
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False)
    if run.returncode != 0:
        sys.exit(run.stdout)
    return cubin, run.stdout


def name_of(mangled):
    """What a kernel is, in words, whether it is per channel, and its numerics."""
    kernel = re.search(r"\d(runs|lanes|finish|units|each)_kernel(ILj(\d))?", mangled)
    op = re.search(r"\d(forward|gradient|extremes|scale|quantize|dequantize|update)_op", mangled)
    if op[1] == "update":
        return "update " + mangled, False, None
    numerics = next(n for n in NUMERICS if re.search(rf"\d{n}E", mangled))
    per_channel = "ELb1E" in mangled and op[1] == "forward"
    rest = re.search(rf"\d{numerics}ELj(\d+)", mangled)
    words = [op[1], numerics, kernel[1] + (f" of {kernel[3]}" if kernel[3] else "")]
    words += ["per channel"] * per_channel + ([f"{rest[1]} bits"] if rest else [])
    return " ".join(words), per_channel, numerics


def kernels_of(listing):
    """Pairs of a kernel's mangled name and its lines."""
    parts = re.split(r"^//-+ \.text\.(\S+)", listing, flags=re.M)
    return [(parts[i], parts[i + 1].split("\n")) for i in range(1, len(parts), 2)]


def is_instruction(line):
    return re.search(r"/\*[0-9a-f]{4,}\*/\s+\S", line) is not None


def loops_of(lines):
    """The instructions from each label to a branch back to it."""
    labels = {match[1]: i for i, line in enumerate(lines) if (match := re.match(r"\s*(\.L_x_\d+):", line))}
    for i, line in enumerate(lines):
        match = re.search(r"\bBRA\b.*`\((\.L_x_\d+)\)", line)
        if match and labels.get(match[1], len(lines)) < i:
            yield [x for x in lines[labels[match[1]]:i + 1] if is_instruction(x)]


def count(lines, text):
    return sum(text in line for line in lines)


def main_loop(lines, stores):
    """The shortest loop with wide accesses."""
    wide = [loop for loop in loops_of(lines) if count(loop, "LDG.E.128") and (not stores or count(loop, "STG.E.128"))]
    return min(wide, key=len, default=None)


def problems_with(mangled, lines):
    """Sentences about a kernel; prints a line of figures."""
    name, per_channel, numerics = name_of(mangled)
    local = count(lines, " LDL") + count(lines, " STL")
    if local:
        yield f"{name}: {local} accesses to local memory"
    calls = [line for line in lines if re.search(r"\bRET\b", line) or
             (re.search(r"\bCALL\b", line) and not re.search(r"CALL\.REL\.NOINC `\(\.L_x_", line))]
    if calls:  # a CALL to a label of the kernel that does not return is a jump
        yield f"{name}: calls a function:{calls[0]}"
    if "finish" in name or "lanes of 1" in name or "update" in name:
        return
    stores = "extremes" not in name
    loop = main_loop(lines, stores)
    if loop is None:
        yield f"{name}: no loop has accesses of 128 bits"
        return
    narrow = [line for line in loop if re.search(r"\b(LDG|STG|LD|ST)\.", line) and ".128" not in line]
    if narrow:
        yield f"{name}: an access of less than 128 bits in the main loop:{narrow[0]}"
    if "quantize" in name:
        return
    elements = 4 * (count(loop, "STG.E.128") if stores else count(loop, "LDG.E.128"))
    print(f"    {name:44} {len(loop) / elements:5.2f} instructions an element")
    form = "quotient" if (numerics, per_channel) in QUOTIENT else "multiply"
    if "forward" in name and len(loop) > MOST[form] * elements:
        yield f"{name}: more than {MOST[form]} instructions an element"


def check(nvcc, architecture, folder, nvdisasm):
    print(architecture)
    cubin, report = compile_for(nvcc, architecture, folder)
    problems = [line.strip() for line in report.splitlines() if re.search(r"\b[1-9]\d* bytes (stack|spill)", line)]
    listing = subprocess.run([nvdisasm, "-c", cubin], stdout=subprocess.PIPE, encoding="utf-8", check=True).stdout
    kernels = kernels_of(listing)
    for mangled, lines in kernels:
        problems += problems_with(mangled, lines)
    if report.count("bytes spill stores") != len(kernels) or not kernels:
        problems.append(f"{len(kernels)} kernels, but {report.count('bytes spill stores')} reports of ptxas")
    print("".join(f"  {p}\n" for p in problems) + f"  {len(kernels)} kernels, {len(problems)} problems")
    return not problems


def main():
    nvcc, folder, *architectures = sys.argv[1:]
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    nvdisasm = nvdisasm_beside(nvcc, folder)
    good = [check(nvcc, architecture, folder, nvdisasm) for architecture in architectures]
    return 0 if good and all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
