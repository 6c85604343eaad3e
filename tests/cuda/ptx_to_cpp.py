# Translates PTX into C++, so that what nvcc makes of kernels runs without a GPU.
# SPDX-License-Identifier: Apache-2.0
"""usage: python3 ptx_to_cpp.py FILE.ptx FILE.cpp [PATTERN]

Each kernel whose demangled name matches PATTERN becomes a function of ptx_machine.hpp's types, one statement an
instruction. An instruction that is not known is an error.
"""
import re
import subprocess
import sys

CLASSES = {"p": "bool", "rs": "std::uint16_t", "r": "std::uint32_t", "rd": "std::uint64_t", "f": "float", "fd": "double"}
TYPES = {"pred": "bool", "f32": "float", "f64": "double"}
COMPARISONS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
OPERATORS = {"add": "+", "sub": "-", "mul": "*", "and": "&", "or": "|", "xor": "^", "div": "/", "rem": "%"}


def type_of(suffix):
    if suffix in TYPES:
        return TYPES[suffix]
    return f"std::{'' if suffix[0] == 's' else 'u'}int{suffix[1:]}_t"


class Kernel:
    """One kernel's text, as it is translated."""

    def __init__(self, mangled, parameters, body):
        self.parameters = {name: i for i, name in enumerate(re.findall(r"(\S+_param_\d+)", parameters))}
        self.name = mangled
        self.states = 0
        self.lines = [self.statement(line) for line in statements(body)]
        self.registers = {c: int(n) for c, n in re.findall(r"\.reg \.\w+\s+%(\w+?)<(\d+)>", body)}

    def operand(self, text, kind):
        """An operand as an expression of the type `kind`."""
        text = text.strip()
        if match := re.fullmatch(r"%(p|rs|rd|r|fd|f)(\d+)", text):
            return f"as<{kind}>(k.{match[1]}[{match[2]}])"
        if match := re.fullmatch(r"0[fd]([0-9A-F]+)", text):
            return f"as<{kind}>(std::uint{4 * len(match[1])}_t{{0x{match[1]}U}})"
        if text in ("%tid.x", "%ctaid.x"):
            return f"as<{kind}>(t.{text[1:-2]})"
        if text == "p":
            return "local"
        if re.fullmatch(r"-?\d+", text):
            return f"static_cast<{kind}>({text}LL)"
        return f"{kind}{{0}}"  # the address of a kernel's one shared array

    def address(self, text, space):
        base, _, offset = text.strip("[] ").partition("+")
        if base in self.parameters:
            return f"static_cast<const char*>(t.parameters[{self.parameters[base]}]) + {offset or 0}"
        if space == "shared":
            return f"reinterpret_cast<char*>(t.shared) + {self.operand(base, 'std::uint32_t')} + {offset or 0}"
        return f"reinterpret_cast<char*>({self.operand(base, 'std::uintptr_t')} + {offset or 0})"

    def target(self, text):
        text = text.strip()
        if text == "p":
            return "local"
        match = re.fullmatch(r"%(p|rs|rd|r|fd|f)(\d+)", text)
        return f"k.{match[1]}[{match[2]}]"

    def statement(self, text):
        if match := re.fullmatch(r"(\$\w+):", text):
            return f"{match[1][1:]}:;"
        guard = re.match(r"@(!?)%p(\d+)\s+", text)
        if guard:
            return f"if ({guard[1]}k.p[{guard[2]}]) {{ {self.statement(text[guard.end():])} }}"
        opcode, _, rest = text.partition(" ")
        operands = [part.strip() for part in re.findall(r"(?:\{[^}]*\}|\[[^\]]*\]|[^,{\[])+", rest.strip())]
        result = self.instruction(opcode.split("."), operands)
        if result is None:
            sys.exit(f"ptx_to_cpp.py: not known: {text}")
        return result

    def instruction(self, op, a):
        name, kind = op[0], type_of(op[-1]) if re.fullmatch(r"[a-z]+\d+|pred", op[-1]) else ""
        if name in ("ld", "st"):
            return self.memory(op, a, kind)
        if name == "bra":
            return f"goto {a[0][1:]};"
        if name == "ret":
            return "return true;"
        if name == "bar":
            self.states += 1
            return f"k.state = {self.states}; return false; case {self.states}:;"
        value = self.value(op, a, kind)
        return None if value is None else f"put({self.target(a[0])}, {value});"

    def memory(self, op, a, kind):
        load = op[0] == "ld"
        where = self.address(a[1] if load else a[0], op[1])
        parts = (a[0] if load else a[1]).strip("{} ").split(",")
        text = f"aligned({where}, {len(parts)} * sizeof({kind})); "
        for i, part in enumerate(parts):
            if load:
                text += f"put({self.target(part)}, read<{kind}>({where} + {i} * sizeof({kind}))); "
            else:
                text += f"write<{kind}>({where} + {i} * sizeof({kind}), {self.operand(part, kind)}); "
        return text

    def value(self, op, a, kind):
        """The expression that an instruction computes."""
        name, flush = op[0], "ftz" in op and kind == "float"
        if name == "mov":
            return self.operand(a[1], kind)
        if name == "cvta":
            return self.operand(a[1], "std::uint64_t")
        if name == "cvt":
            source = type_of(op[-1])
            how = next((m for m in op[1:-2] if m in ("rmi", "rni", "rzi")), "")
            call = f"convert_{how}" if how else "convert"
            return f"{call}<{type_of(op[-2])}>({self.operand(a[1], source)})"
        if name == "setp":
            compared = self.comparison(op, a, kind)
            joined = next((m for m in op if m in ("and", "or")), None)
            if joined:
                compared = f"({compared} {'&&' if joined == 'and' else '||'} {self.operand(a[3], 'bool')})"
            return compared
        if name == "selp":
            return f"({self.operand(a[3], 'bool')} ? {self.operand(a[1], kind)} : {self.operand(a[2], kind)})"
        if name == "mul" and op[1] == "wide":
            wide = kind.replace("32", "64")
            return f"({self.operand(a[1], kind)} * {wide}{{1}} * {self.operand(a[2], kind)})"
        if name == "rcp":
            return f"rough_reciprocal({self.operand(a[1], kind)})"
        if name in ("shl", "shr"):
            return f"shifted_{name}<{kind}>({self.operand(a[1], kind)}, {self.operand(a[2], 'std::uint32_t')})"
        if name in ("min", "max"):
            nan = "_or_nan" if "NaN" in op else ""
            values = ", ".join(self.operand(x, kind) for x in a[1:])
            return f"{'lesser' if name == 'min' else 'greater'}{nan}<{kind}>({values})"
        if name in ("prmt", "bfi"):
            return f"{name}({', '.join(self.operand(x, 'std::uint32_t') for x in a[1:])})"
        return self.arithmetic(name, [self.operand(x, kind) for x in a[1:]], kind, flush)

    def comparison(self, op, a, kind):
        x, y = self.operand(a[1], kind), self.operand(a[2], kind)
        if "ftz" in op:
            x, y = f"flushed({x})", f"flushed({y})"
        how = op[1]
        if how == "nan":
            return f"unordered({x}, {y})"
        if how[-1] == "u" and kind in ("float", "double"):
            return f"(unordered({x}, {y}) || {x} {COMPARISONS[how[:-1]]} {y})"
        return f"({x} {COMPARISONS[how]} {y})"

    def arithmetic(self, name, x, kind, flush):
        if flush:
            x = [f"flushed({one})" for one in x]
        if name == "fma":
            text = f"std::fma({x[0]}, {x[1]}, {x[2]})"
        elif name == "mad":
            text = f"({x[0]} * {x[1]} + {x[2]})"
        elif name == "neg":
            text = f"(-{x[0]})"
        elif name == "not":
            text = f"(!{x[0]})" if kind == "bool" else f"(~{x[0]})"
        elif name in OPERATORS and len(x) == 2:
            text = f"({x[0]} {OPERATORS[name]} {x[1]})"
        else:
            return None
        return f"flushed({text})" if flush else f"static_cast<{kind}>({text})"

    def text(self, function, key):
        fields = " ".join(f"{CLASSES[c]} {c}[{n}];" for c, n in self.registers.items())
        lines = "\n".join(f"        {line}" for line in self.lines)
        return f"""struct {function}_registers {{ int state; {fields} }};
// {key}
bool {function}(thread& t) {{
    auto& k = *static_cast<{function}_registers*>(t.registers);
    bool local = false;
    static_cast<void>(local);
    switch (k.state) {{
    case 0:
{lines}
    default:;
    }}
    return true;
}}
"""


def statements(body):
    """Labels and instructions, one each."""
    for line in body.splitlines():
        line = re.sub(r"//.*", "", line).strip()
        if line.startswith("{.reg"):
            line = line[1:].rstrip("} ")
        if re.fullmatch(r"\$\w+:", line):
            yield line
            continue
        for part in line.split(";"):
            part = re.sub(r"\s+", " ", part).strip()
            if part and part not in ("{", "}") and not part.startswith("."):
                yield part


def keys_of(names):
    """Demangled names without namespaces and arguments."""
    plain = subprocess.run(["c++filt"], input="\n".join(names), stdout=subprocess.PIPE, encoding="utf-8", check=True)
    for line in plain.stdout.splitlines():
        head = re.sub(r"qgraft::|detail::|isa_\d+::|(?<=\d)u\b|\s", "", line.removeprefix("void "))
        depth = 0
        for i, c in enumerate(head):
            depth += (c == "<") - (c == ">")
            if depth == 0 and c == ">":
                yield head[:i + 1]
                break


def main():
    source, output, pattern = sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else ""
    with open(source, encoding="utf-8") as file:
        found = re.findall(r"\.entry (\w+)\(\n(.*?)\n\)\n(.*?)\n\}\n", file.read(), re.S)
    keyed = [(key, one) for key, one in zip(keys_of([name for name, _, _ in found]), found) if re.search(pattern, key)]
    with open(output, "w", encoding="utf-8") as file:
        file.write('#include "ptx_machine.hpp"\n\nnamespace ptx {\nnamespace {\n\n')
        for i, (key, one) in enumerate(keyed):
            file.write(Kernel(*one).text(f"kernel_{i}", key))
        file.write("\n}  // namespace\n\nconst std::map<std::string, kernel>& kernels() {\n"
                   "    static const std::map<std::string, kernel> all{\n")
        for i, (key, _) in enumerate(keyed):
            file.write(f'        {{"{key}", {{kernel_{i}, sizeof(kernel_{i}_registers)}}}},\n')
        file.write("    };\n    return all;\n}\n\n}  // namespace ptx\n")
    print(f"{len(keyed)} of {len(found)} kernels")


if __name__ == "__main__":
    main()
