"""General helpers: child processes, pauses between attempts, the machine, paths, passwords in addresses."""
