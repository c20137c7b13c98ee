"""Writes a wheel of one module: `wheel.py FOLDER NAME VERSION TEXT [REQUIREMENT]...`.

Equal arguments give equal bytes. The module has the text as its `TEXT`; nothing else is in it.
"""

import sys
import zipfile
from pathlib import Path


def write_wheel(folder: Path, name: str, version: str, text: str, requirements: list[str]) -> None:
    """Write `NAME-VERSION-py3-none-any.whl` into the folder."""
    info = f"{name}-{version}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {requirement}" for requirement in requirements]
    files = {
        f"{name}.py": f"TEXT = {text!r}\n",
        f"{info}/METADATA": "".join(f"{line}\n" for line in lines),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, content in files.items():
            wheel.writestr(zipfile.ZipInfo(path), content)


if __name__ == "__main__":
    folder, name, version, text, *requirements = sys.argv[1:]
    write_wheel(Path(folder), name, version, text, requirements)
