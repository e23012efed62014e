"""The landmark network and what runs it: the runtime, accelerators, the CPU as fallback, budgets."""
