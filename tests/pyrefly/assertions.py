#!/usr/bin/env python3
"""Lists the types that five of Pyrefly's annotated PyTorch models assert, in assertions.txt.

    assertions.py REPOSITORY     a clone of facebook/pyrefly, of which the commit below is read

A row is a model, the line of its `assert_type` and the type in short: `[B, T]` is a tensor's
shape, `tensor` one without a shape, `_` a size that is not known, `dim B` an integer, `Linear<D, D>`
a module. lang/nnc-sema/src/tests/asserted.rs holds the programs in this folder against it.
"""

import ast
import re
import subprocess
import sys
from pathlib import Path

COMMIT = "19d136cf5f8f07ecd2113fe4e4ead00d2664d912"
FOLDER = "tensor-shapes/pyrefly-torch-stubs/examples"
MODELS = ["dcgan", "mixtral_moe", "nanogpt", "unet", "wavernn"]


def without_type_parameters(text):
    """Blanks `[T: IntVar]` behind the names of classes and functions, which older parsers of
    Python do not know; lines stay where they are."""
    out = list(text)
    for match in re.finditer(r"(?:class|def) \w+\[", text):
        at, depth = match.end() - 1, 0
        while True:
            depth += {"[": 1, "]": -1}.get(text[at], 0)
            if text[at] == "\n":
                out[at - 1] = "\\"
            else:
                out[at] = " "
            at += 1
            if depth == 0:
                break
    return "".join(out)


def size(node):
    if ast.unparse(node) == "Any":
        return "_"
    text = ".." if isinstance(node, ast.Starred) else ast.unparse(node)
    return re.sub(r"\+ -1 \* (\w+)", r"- \1", text)


def items(node):
    return node.elts if isinstance(node, (ast.Tuple, ast.List)) else [node]


def short(node):
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return f"{short(node.left)} | {short(node.right)}"
    if isinstance(node, ast.Constant) and node.value is None:
        return "none"
    if not isinstance(node, ast.Subscript):
        return {"Tensor": "tensor"}[ast.unparse(node)]
    name = ast.unparse(node.value).removeprefix("nn.")
    inner = items(node.slice)
    if name == "tuple":
        return "(" + "; ".join(short(it) for it in inner) + ")"
    if name == "Int":
        return f"dim {size(inner[0])}"
    if name == "ModuleDict":
        return short(inner[0])
    sizes = ", ".join(size(it) for it in inner)
    return f"[{sizes}]" if name == "Tensor" else f"{name}<{sizes}>"


def rows(repository, model):
    show = ["git", "-C", repository, "show", f"{COMMIT}:{FOLDER}/{model}.py"]
    text = subprocess.run(show, capture_output=True, text=True, check=True).stdout
    calls = [
        it
        for it in ast.walk(ast.parse(without_type_parameters(text)))
        if isinstance(it, ast.Call) and getattr(it.func, "id", "") == "assert_type"
    ]
    return [f"{model} {it.lineno} {short(it.args[1])}" for it in sorted(calls, key=lambda it: it.lineno)]


def main():
    lines = [row for model in MODELS for row in rows(sys.argv[1], model)]
    Path(__file__).with_name("assertions.txt").write_text("\n".join(lines) + "\n")
    print(f"{len(lines)} assertions")


main()
