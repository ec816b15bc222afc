import pytest

from tests.dashboards.macros import Period, flux, influxql

PERIOD = Period(start_ms=1000, stop_ms=2000, step="5m", site="(home|hut)", reading_seconds=30)


def test_influxql_gets_times_step_and_sites() -> None:
    asked = 'SELECT ${reading_seconds} WHERE $timeFilter AND "site" =~ /^${site:regex}$/ GROUP BY time($__interval)'
    assert influxql(asked, PERIOD) == (
        'SELECT 30 WHERE time >= 1000ms and time <= 2000ms AND "site" =~ /^(home|hut)$/ GROUP BY time(5m)'
    )


def test_flux_gets_its_record_after_the_imports() -> None:
    assert flux('import "date"\n\nfrom(bucket: v.defaultBucket)\n', PERIOD) == (
        'import "date"\n'
        "option v = {timeRangeStart: time(v: 1000000000), timeRangeStop: time(v: 2000000000), "
        'defaultBucket: "solar", solar_bucket: "solar", solar_site: "(home|hut)", solar_reading_seconds: "30", '
        "windowPeriod: 5m}\n"
        "\nfrom(bucket: v.defaultBucket)\n"
    )


@pytest.mark.parametrize("text", ["$timefilter", "${sites}", "time($interval)"])
def test_a_variable_that_grafana_does_not_know_is_found(text: str) -> None:
    with pytest.raises(ValueError, match="cannot replace"):
        influxql(text, PERIOD)
