"""The nouns of experiment loops: what a loop, an idea, a trial and a verdict are; pure, no I/O."""
