"""Pure functions: the same input gives the same output on every node. No clock, no chance, no input or output."""
