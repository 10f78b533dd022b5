"""Models of the machine: golden, instruction set, timing and co-simulation."""
