"""Checks that a binary is for a target, and what it needs of the system that loads it: `check.py FILE TARGET`."""

import re
import sys

import lief

NEEDS = {
    "linux-gnu": r"(lib(c|m|pthread|dl)|ld-linux-.*)\.so\.\d|GLIBC_2\.(\d|1[0-7])(\.\d+)?",
    "linux-musl": r"libc\.so",
    "apple-darwin": r"/usr/lib/lib(System\.B|iconv\.2|charset\.1)\.dylib|macOS 11\.0\.0",
    "windows-gnu": r".*\.dll",
}

lief.logging.disable()
file, target = sys.argv[1:]
binary = lief.parse(file)
needs = binary.libraries
if isinstance(binary, lief.ELF.Binary):
    versions = {version.name for needed in binary.symbols_version_requirement for version in needed.get_auxiliary_symbols()}
    needs += sorted(versions, key=lambda name: [int(number) for number in re.findall(r"\d+", name)])
if isinstance(binary, lief.MachO.Binary):
    # The first is the binary itself.
    needs = [library.name for library in needs][1:] + ["macOS " + ".".join(map(str, binary.build_version.minos))]
    # macOS loads nothing unsigned on arm64. zig signs it.
    needs += [] if binary.has_code_signature or "x86_64" in target else ["a signature"]
# It looks these up when it is loaded, since on Windows the program may have any name. `imported_functions` lacks some in ELF.
symbols = {symbol.name for symbol in [*binary.symbols, *binary.imported_functions]}
needs += sorted(name for name in symbols if re.match(r"_?(napi|node_api)_(?!register_module_v1$)", name))
exports = [symbol.name for symbol in binary.exported_functions if symbol.name.endswith("napi_register_module_v1")]
architecture = binary.abstract.header.architecture.name

print(f"{target}: {architecture}, exports {', '.join(exports)}, needs {', '.join(needs)}")
allowed = next(pattern for system, pattern in NEEDS.items() if target.endswith(system))
unexpected = [need for need in needs if not re.fullmatch(allowed, need)]
if unexpected or not exports or architecture != {"x86_64": "X86_64", "aarch64": "ARM64"}[target.split("-")[0]]:
    sys.exit(f"{file} is not a binary for {target}, or needs what it must not: {', '.join(unexpected)}")
