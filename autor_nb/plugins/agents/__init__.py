"""Agents: who carries out an attempt."""
