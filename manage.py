#!/usr/bin/env python
"""The command line of a checkout; an installed package has it as `drainsite`."""

from __future__ import annotations

from drainsite.cli import main

if __name__ == "__main__":
    main()
