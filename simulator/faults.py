"""What can be wrong between the computer and the regulator, written `drop=0.01,garble=0.01,split=0.1,cold`.

    name        chance       what happens
    drop        per byte     the byte is lost, on its way to the PLI or back
    garble      per byte     the byte arrives as another one, either way
    double      per byte     the byte arrives twice, either way
    late        per reply    the reply, or all of it except its first byte, comes 0.3 to 2.5 s later (real seconds at
                             any speed, because this tests the reader's timeouts)
    error       per reply    5, 129, 130, 133 or 134 comes instead of the reply
    split       per reply    the reply's bytes come one at a time, 5 to 80 ms apart
    cold        -            the PLI must be woken by activity on TX before it hears anything
    unplugged   -            the regulator is not connected: reads give 129 (or 133) up to 1 s late, loopback succeeds
    silent      -            the PLI has no power: nothing is ever answered
    wrong-baud  -            both sides see junk: every byte is garbled, either way

One thing the protocol cannot show: a garbled address or data byte still gives a plausible answer.
"""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Which faults there are. The first six are chances from 0 to 1, the others states."""

    drop: float = 0.0
    garble: float = 0.0
    double: float = 0.0
    late: float = 0.0
    error: float = 0.0
    split: float = 0.0
    cold: bool = False
    unplugged: bool = False
    silent: bool = False
    wrong_baud: bool = False

    def __post_init__(self) -> None:
        for name in CHANCES:
            chance = getattr(self, name)
            if not 0.0 <= chance <= 1.0:
                raise ValueError(f"cannot use fault '{name}={chance}': its probability must be a number from 0 to 1")

    @classmethod
    def parse(cls, text: str) -> "Faults":
        """The faults named in `text`, separated by commas; none if it is empty.

        Raises ValueError with one line that names the wrong part and says what would be right.
        """
        faults: dict[str, float | bool] = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, equals, value = (piece.strip() for piece in part.partition("="))
            field = name.replace("-", "_")
            if field in CHANCES:
                if not equals:
                    raise ValueError(f"cannot use fault '{part}': give its probability, as in '{name}=0.01'")
                try:
                    faults[field] = float(value)
                except ValueError:
                    raise ValueError(
                        f"cannot use fault '{part}': its probability must be a number from 0 to 1"
                    ) from None
            elif field in STATES:
                if equals:
                    raise ValueError(f"cannot use fault '{part}': '{name}' takes no value")
                faults[field] = True
            else:
                raise ValueError(
                    f"cannot use fault '{part}': use {', '.join(f'{chance}=PROBABILITY' for chance in CHANCES)}, "
                    f"{', '.join(state.replace('_', '-') for state in STATES)}"
                )
        return cls(**faults)  # type: ignore[arg-type]  # floats and bools by the branches above


CHANCES = tuple(field.name for field in fields(Faults) if field.type is float)
STATES = tuple(field.name for field in fields(Faults) if field.type is bool)
