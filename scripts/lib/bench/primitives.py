"""What a signature, a key and the encryption of a packet cost in GnuTLS alone: no stack over it can be faster."""

import pathlib
import subprocess

from .cases import Case, Values
from .processes import Failure, last_object
from .stacks import Stack

KIND = "library"
# Figure of the program → how a column is called.
FIGURES = {
    "p256_sign": "P-256 signature made", "p256_verify": "and verified", "p256_key": "P-256 key pair",
    "x25519_key": "X25519 key pair", "x25519_shared": "and shared secret", "seal_1424": "AES-128-GCM, 1,424 bytes",
    "own_seal_1424": "by Tern", "seal_65000": "65,000 bytes", "own_seal_65000": "by Tern",
    "copy_65000": "copy of 65,000 bytes",
}  # fmt: skip
# Only where the processor has vector instructions for AES.
OWN = {"own_seal_1424", "own_seal_65000"}


def measure(stack: Stack, world) -> Values:
    output = subprocess.run([*world.loopback.server, *stack.server], capture_output=True, text=True, timeout=60,
                            check=False)  # fmt: skip
    figures = last_object(output.stdout)
    if not FIGURES.keys() - OWN <= figures.keys():
        raise Failure(f"the primitives said nothing of their time: {(output.stdout + output.stderr)[-200:]}")
    return {name: figures[name] for name in FIGURES if name in figures}


def primitive_stacks(folder: pathlib.Path) -> list[Stack]:
    program = folder / "primitives"
    return [Stack("GnuTLS", KIND, [str(program)], [], abilities=frozenset({KIND}))] if program.exists() else []


def primitive_cases() -> list[Case]:
    return [Case("primitives", "what GnuTLS's arithmetic costs", "limits", measure, (KIND,), kinds=(KIND,), warms_up=False)]
