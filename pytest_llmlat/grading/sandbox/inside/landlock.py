"""Landlock: from now on this process opens the granted paths only.

Every right that the running kernel knows is handled, so that what is not granted is
denied: files, and TCP (ABI 4), devices (5), abstract sockets and signals (6).

Sources: landlock(7), ``linux/landlock.h``. Whether it is there is asked of the system
call: the list under securityfs is missing in many containers.
"""

from __future__ import annotations

import errno
import os
import struct
import sys
from pathlib import Path

from .kernel import call
from .syscalls import (
    LANDLOCK_ADD_RULE,
    LANDLOCK_CREATE_RULESET,
    LANDLOCK_RESTRICT_SELF,
)

VERSION_FLAG = 1
PATH_BENEATH = 1
READ_FILE, READ_DIR = 1 << 2, 1 << 3
ABI_NETWORK, ABI_SCOPE = 4, 6
FILE_RIGHTS = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 4: 0x7FFF}
"""All file rights by ABI; ABI 5 added the last, for devices."""
FILE_RIGHTS_SINCE_5 = 0xFFFF
NETWORK_RIGHTS, SCOPES = 3, 3
PACKAGES = frozenset({"site-packages", "dist-packages"})


def abi() -> int:
    """Return the version of Landlock that the kernel offers.

    Raises:
        OSError: it offers none.
    """
    return call("Landlock", LANDLOCK_CREATE_RULESET, 0, 0, VERSION_FLAG)


def ruleset(readable: list[Path]) -> int:
    """Return a descriptor of rules that grant reading ``readable`` and nothing else.

    Raises:
        OSError: the kernel has no Landlock or refuses the rules.
    """
    version = abi()
    handled = FILE_RIGHTS.get(version, FILE_RIGHTS_SINCE_5)
    attributes = struct.pack("=Q", handled)
    if version >= ABI_NETWORK:
        attributes += struct.pack("=Q", NETWORK_RIGHTS)
    if version >= ABI_SCOPE:
        attributes += struct.pack("=Q", SCOPES)
    rules = call(
        "landlock_create_ruleset",
        LANDLOCK_CREATE_RULESET,
        attributes,
        len(attributes),
        0,
    )
    for path in readable:
        _grant_reading(rules, path)
    return rules


def restrict(rules: int) -> None:
    """Enter the domain for good; needs ``no_new_privs``.

    Raises:
        OSError: the kernel refuses.
    """
    call("landlock_restrict_self", LANDLOCK_RESTRICT_SELF, rules, 0)


def _grant_reading(rules: int, path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError as absent:
        if absent.errno in {errno.ENOENT, errno.EACCES, errno.ELOOP}:
            return
        raise
    try:
        rights = READ_FILE | READ_DIR if path.is_dir() else READ_FILE
        rule = struct.pack("=Qi", rights, descriptor)
        call("landlock_add_rule", LANDLOCK_ADD_RULE, rules, PATH_BENEATH, rule, 0)
    finally:
        os.close(descriptor)


def standard_library() -> list[Path]:
    """Return what an interpreter reads when it imports, and no installed package.

    Every entry of the library's folder is named for itself: the folder as a whole
    would grant site-packages, where data sets lie with their tests and solutions.
    """
    library = Path(os.__file__).parent
    granted = [entry for entry in library.iterdir() if entry.name not in PACKAGES]
    granted += [Path(entry) for entry in sys.path if entry.endswith(".zip")]
    # Extension modules (sqlite3, lzma, ...) load shared libraries from here.
    granted += (Path(sys.base_prefix) / "lib").glob("lib*.so*")
    granted += [
        folder
        for root in (Path("/lib"), Path("/usr/lib"))
        for folder in root.glob("*-linux-gnu*")
        if not any(folder.glob("python*"))
    ]
    granted += [Path("/usr/share/zoneinfo"), Path("/etc/localtime")]
    granted += [Path("/dev/null"), Path("/dev/urandom")]
    return granted
