"""Our own small supervisor for one machine: children in sessions of their own, none left behind.

A process manager that signals whole groups hangs django-q2: its cluster must be told through its
main process alone. Nothing here imports Django.
"""
