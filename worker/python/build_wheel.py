"""How pip makes a wheel of pitcrew_brake.py (PEP 517): with nothing to download, so it also works on a machine without a network.

In the wheel the file is a package, because only a package can tell type checkers that it is typed (PEP 561).
"""

import base64
import hashlib
import os
import re
import zipfile
from typing import Any, Dict, Optional

_HERE = os.path.dirname(os.path.abspath(__file__))
_NAME = "pitcrew_brake"


def build_wheel(
    wheel_directory: str, config_settings: Optional[Dict[str, Any]] = None, metadata_directory: Optional[str] = None
) -> str:
    """Writes the wheel there and returns its name."""
    version = _project("version")
    information = "%s-%s.dist-info/" % (_NAME, version)
    contents = {
        _NAME + "/__init__.py": _read(_NAME + ".py"),
        _NAME + "/py.typed": b"",
        information + "METADATA": _metadata(version),
        information + "WHEEL": b"Wheel-Version: 1.0\nGenerator: pitcrew\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join("%s,sha256=%s,%d\n" % (path, _digest(data), len(data)) for path, data in contents.items())
    contents[information + "RECORD"] = (record + information + "RECORD,,\n").encode("ascii")
    name = "%s-%s-py3-none-any.whl" % (_NAME, version)
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, data in contents.items():
            # A fixed time and mode: the same source makes the same wheel.
            entry = zipfile.ZipInfo(path)
            entry.external_attr = 0o100644 << 16
            wheel.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return name


def _metadata(version: str) -> bytes:
    lines = [
        "Metadata-Version: 2.1",
        "Name: pitcrew-brake",
        "Version: " + version,
        "Summary: " + _project("description"),
        "License: MIT",
        "Requires-Python: " + _project("requires-python"),
    ]
    return ("\n".join(lines) + "\n").encode("utf-8")


def _project(key: str) -> str:
    """A plain string of pyproject.toml: Python reads TOML by itself only from 3.11 on."""
    found = re.search(r'^%s = "(.*)"$' % re.escape(key), _read("pyproject.toml").decode("utf-8"), re.MULTILINE)
    if found is None:
        raise ValueError("pyproject.toml has no %s" % key)
    return found.group(1)


def _read(name: str) -> bytes:
    with open(os.path.join(_HERE, name), "rb") as file:
        return file.read()


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode("ascii")
