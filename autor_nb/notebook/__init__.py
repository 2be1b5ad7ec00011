"""The notebook face: magics, rich representations, completion."""
