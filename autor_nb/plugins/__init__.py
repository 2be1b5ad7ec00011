"""How it is done: one folder per kind of part; parts of different kinds do not know each other."""
