"""The four regulators: the value of RAM 0, the amperes per step, the ratings, and a household that suits them.

The steps of the PL80 are documented nowhere; 0.4 A and 0.2 A are guesses, so they are options.
Version bytes are choices inside the documented ranges: to 127 PL20, to 191 PL40, to 210 PL60, from 215 PL80.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Model:
    """One model; `array_amps` and `bank_amp_hours` are the panels and the battery of a household that has it."""

    name: str
    version: int
    charge_step_amps: float
    load_step_amps: float
    charge_limit_amps: int
    load_limit_amps: int
    array_amps: int
    bank_amp_hours: int


# fmt: off
MODELS = {
    model.name: model
    for model in (
        #     name    version  charge, load step   limits  array  bank
        Model("PL20",      11,     0.1,    0.1,    20, 20,    26,  400),
        Model("PL40",     139,     0.2,    0.1,    40,  7,    11,  140),
        Model("PL60",     200,     0.4,    0.2,    60, 30,    45,  660),
        Model("PL80",     222,     0.4,    0.2,    80, 40,    62,  880),
    )
}
# fmt: on

VOLT_CODES = {12: 0, 24: 1, 32: 2, 36: 3, 48: 4}
"""System volts as the low nibble of RAM 93."""
