"""The questions of `solar setup`, in the order in which they are asked.

A new one is a row in QUESTIONS: the variable that it sets, the file that the variable stands in, what to propose, a
check that asks the regulator or the server at once, and the service that an answer starts.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from admin.setup import adapters, influxdb, onlookers, places
from admin.setup.answers import LATER, Answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """`variable`: what it sets; `file`: where that is written below /etc/solar, None for what is no setting of ours.

    `check` returns what to tell about a good answer. For a bad one it raises ValueError, or an error of ours, with what
    would be right. `proposal`: what was found, to be accepted with Enter; without it the present value, or "later".
    `later`: the value for those who answer "later"; None if that is no answer here, "" if nothing is written then.
    `short`: words that a person may answer for a longer value. `is_secret`: the present value is not shown; nor what is
    typed, unless `is_seen`. `is_asked`: whether it has a meaning after the answers so far. `service`: what runs from
    now on if it was answered.
    """

    variable: str
    file: str | None
    text: str
    check: Callable[[str, Answers], str | None]
    proposal: Callable[[Answers], str | None] | None = None
    later: str | None = None
    short: Mapping[str, str] = field(default_factory=dict)
    is_secret: bool = False
    is_seen: bool = False
    is_asked: Callable[[Answers], bool] = lambda answers: True
    service: str | None = None

    def proposed(self, answers: Answers) -> str | None:
        if self.proposal:
            return self.proposal(answers)
        return answers.known(self.variable) or (LATER if self.later == "" else None)


# fmt: off
QUESTIONS = (
    Question(
        variable="SOLAR_PORT", file="solar.env", text="Port of the PLI's adapter",
        proposal=adapters.proposal, check=adapters.check, later="/dev/solar-pli", service="solar-logger"),
    Question(
        variable="SOLAR_SITE", file="solar.env", text="Name of this site",
        proposal=places.site_proposal, check=places.check_site),
    Question(
        variable="TZ", file=None, text="Time zone",
        proposal=places.zone_proposal, check=places.check_zone),
    Question(
        variable="INFLUXDB_URL", file="uploader.env", text="Address of InfluxDB, or later",
        check=influxdb.check_url, later="", service="solar-uploader"),
    Question(
        variable="INFLUXDB_TOKEN", file="uploader.env", text="Token (InfluxDB 1.x: user:password)",
        check=influxdb.check_token, is_secret=True, is_asked=influxdb.is_wanted),
    Question(
        variable="INFLUXDB_ORG", file="uploader.env", text="Organisation",
        check=influxdb.check_org, is_asked=influxdb.has_organisations),
    Question(
        variable="INFLUXDB_BUCKET", file="uploader.env", text="Bucket (InfluxDB 1.x: database)",
        proposal=lambda answers: answers.known("INFLUXDB_BUCKET") or "solar", check=influxdb.check_bucket,
        is_asked=influxdb.is_wanted),
    Question(
        variable="SOLAR_BACKUP_TO", file="backup.env",
        text="Weekly backups to usb:LABEL, /DIRECTORY or user@host:DIRECTORY, or later",
        check=places.check_backup, later="", service="solar-backup.timer"),
    Question(
        variable="SOLAR_PAGE_LISTEN", file="page.env",
        text="The site's own page: here (for this computer alone), network, or later",
        proposal=onlookers.page_proposal, check=onlookers.check_page, later="", short=onlookers.PAGES,
        service="solar-page"),
    Question(
        variable="SOLAR_PAGE_TOKEN", file="page.env", text="Password for the page, at least 8 characters",
        check=onlookers.check_password, is_secret=True, is_seen=True, is_asked=onlookers.is_page_open),
    Question(
        variable="SOLAR_MQTT_URL", file="mqtt.env",
        text="MQTT broker for Home Assistant, such as mqtt://USER:PASSWORD@HOST:1883, or later",
        check=onlookers.check_broker, later="", is_secret=True, is_seen=True, service="solar-mqtt"),
    Question(
        variable="SOLAR_ALERT_URLS", file="alert.env",
        text="Whom to alert, such as ntfy://ntfy.sh/A-NAME-THAT-NOBODY-GUESSES, or later",
        check=onlookers.check_alerts, later="", is_secret=True, is_seen=True, service="solar-alert"),
)
# fmt: on
