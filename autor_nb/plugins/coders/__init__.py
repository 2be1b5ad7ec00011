"""Coders: parts that apply an idea to the mutable files of a loop's clone."""
