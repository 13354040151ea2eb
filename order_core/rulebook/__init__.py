"""The regulation as data: machines, clauses, clocks, roles. It imports the kernel, never the other way."""
