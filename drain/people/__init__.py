"""People at the door: who a request is from, how long they stay signed in, and single sign-on."""

from __future__ import annotations
