"""`python -m drainsite`: the command line, for whoever has the package and no script on the PATH."""

from __future__ import annotations

from drainsite.cli import main

if __name__ == "__main__":
    main()
