"""What things are: nouns, events, commands, the fold and the rules; pure, with no I/O."""
