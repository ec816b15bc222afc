"""A reading in one line, for the log and for systemd."""

from journal.reading import Reading


def summary(reading: Reading) -> str:
    """A reading in one line: "PL80 25.4 V, 76 %, charge 49.2 A, load 6.6 A, boost"."""
    values = (
        (reading.battery_volts, "{:.1f} V"),
        (reading.state_of_charge_percent, "{:.0f} %"),
        (reading.charge_amps, "charge {:.1f} A"),
        (reading.load_amps, "load {:.1f} A"),
        (reading.regulator_state, "{}"),
    )
    return ", ".join(words.format(value) for value, words in values if value is not None) or "nothing could be read"
