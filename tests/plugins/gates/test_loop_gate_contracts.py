"""Every gate keeps the contract of the port, with its defaults and with its options turned."""

from __future__ import annotations

from autor_nb.plugins.gates.eprocess import EProcessGate
from autor_nb.plugins.gates.fixed import FixedGate
from autor_nb.plugins.gates.greedy import GreedyGate
from autor_nb.plugins.gates.shared import SharedGate
from autor_nb.testing.gate_contracts import GateContract


class TestEProcess(GateContract):
    """The default."""

    gate = EProcessGate


class TestEProcessTurned(GateContract):
    """A short horizon, few pairs, another prior."""

    gate = EProcessGate
    options = {"alpha": 0.2, "horizon": 5, "n_max": 8, "c2": 1.0}


class TestEProcessCalibrated(GateContract):
    """With a calibration that never decides alone."""

    gate = EProcessGate
    options = {"calibrate": 8}


class TestShared(GateContract):
    """For runs that take hours."""

    gate = SharedGate


class TestFixed(GateContract):
    """A classical test."""

    gate = FixedGate


class TestGreedy(GateContract):
    """Labelled, not refused."""

    gate = GreedyGate
