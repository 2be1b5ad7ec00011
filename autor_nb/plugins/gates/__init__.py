"""Keep or discard, nothing else: one file a gate, each a pure function of the case before it."""
