"""State to figure: one description, drawn live by plotly and static by matplotlib."""
