"""Critics: parts that propose the next experiment of a loop."""
