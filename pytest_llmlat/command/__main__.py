"""``python -m pytest_llmlat.command``, where scripts are not on the path."""

from __future__ import annotations

import sys

from pytest_llmlat.command import main

if __name__ == "__main__":
    sys.exit(main())
