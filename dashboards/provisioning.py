"""Where Grafana finds the data and the dashboards when it starts.

Grafana puts environment variables into these files itself: `${INFLUXDB_TOKEN}` stands in them, never a token.
"""

from dashboards.grafana_json import Language
from dashboards.yaml_text import yaml_text

DATASOURCE_UID = "solar-influxdb"


def datasources(language: Language) -> str:
    """The data source, with the name and uid that the alarms use."""
    common = {"uid": DATASOURCE_UID, "type": "influxdb", "access": "proxy", "url": "${INFLUXDB_URL}"}
    flux = {
        "name": "Solar (Flux)",
        **common,
        "jsonData": {"version": "Flux", "organization": "${INFLUXDB_ORG}", "defaultBucket": "${INFLUXDB_BUCKET}"},
        "secureJsonData": {"token": "${INFLUXDB_TOKEN}"},
    }
    influxql = {
        "name": "Solar (InfluxQL)",
        **common,
        "user": "${INFLUXDB_USER}",
        "jsonData": {"version": "InfluxQL", "dbName": "${INFLUXDB_BUCKET}", "httpMode": "POST"},
        "secureJsonData": {"password": "${INFLUXDB_PASSWORD}"},
    }
    return yaml_text({"apiVersion": 1, "datasources": [flux if language == "flux" else influxql]})


def provider() -> str:
    """Where Grafana finds the dashboards: beside this file, where its own default settings look for it."""
    options = {"path": "/etc/grafana/provisioning/dashboards"}
    provided = {"name": "solar", "folder": "Solar", "type": "file", "allowUiUpdates": True, "options": options}
    return yaml_text({"apiVersion": 1, "providers": [provided]})
