"""Shipped for those who build on autor_nb: fakes that are real parts, contracts, scenarios."""
