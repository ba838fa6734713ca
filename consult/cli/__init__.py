"""Commands: one click group per file, each command calls one service and exits 0, 1 or 2."""
