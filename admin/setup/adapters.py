"""The port: which adapters there are, which of them a PLI answers on, and at which baud rate."""

from admin.doctor.line import TIMEOUTS, answering_rate, check_line
from admin.doctor.port import DEV, adapters, check_port, is_url
from admin.setup.answers import LATER, Answers, refuse_if_bad
from journal.errors import RegulatorError


def proposal(answers: Answers) -> str | None:
    """The port in the settings; else the first on which a PLI answers, else the first adapter, else "later"."""
    if known := answers.known("SOLAR_PORT"):
        return known
    if answers.given is not None and "SOLAR_PORT" in answers.given:
        return None
    ports = adapters(DEV)
    for port in ports:
        print(f"  {port}: ", end="", flush=True)
        rate = _rate(port)
        print(f"a PLI answers at {rate} baud" if rate else "no PLI answers")
        if rate:
            answers.facts[port] = str(rate)
            return port
    if not ports:
        print("  no adapter was found: plug it in, then answer /dev/solar-pli; or set the port up later")
    return ports[0] if ports else LATER


def check(port: str, answers: Answers) -> str:
    """Whether a regulator answers there; says which. Sets SOLAR_BAUD."""
    if port == answers.known("SOLAR_PORT") and answers.facts.get("logger"):
        return answers.facts["logger"]
    refuse_if_bad(check_port(port, DEV))
    rate = int(answers.facts.get(port, 0)) or _rate(port)
    findings = {finding.name: finding for finding in check_line(port, rate or 9600, TIMEOUTS, is_clock_trusted=False)}
    for name in ("adapter", "regulator"):
        if name in findings:
            refuse_if_bad(findings[name])
    if rate:
        answers.values["SOLAR_BAUD"] = str(rate)
    line = findings["line"].found if "line" in findings else ""
    return ", ".join(filter(None, (findings["model"].found, line)))


def _rate(port: str) -> int | None:
    """The baud rate at which a PLI answers; a serial server has its own."""
    if is_url(port):
        return None
    try:
        return answering_rate(port, TIMEOUTS)
    except (RegulatorError, OSError):
        return None
