"""A reading in one line. Pure."""

from journal.reading import Reading


def values(reading: Reading) -> str:
    """A reading in one line."""
    parts = [
        (reading.model, "{}"),
        (reading.battery_volts, "{:.1f} V"),
        (reading.state_of_charge_percent, "{:.0f} % full"),
        (reading.charge_amps, "charge {:.1f} A"),
        (reading.load_amps, "load {:.1f} A"),
        (reading.regulator_state, "{}"),
        (reading.alarm or None, "ALARM"),
        (reading.load_disconnected or None, "LOAD CUT OFF"),
    ]
    return ", ".join(words.format(value) for value, words in parts if value is not None)
