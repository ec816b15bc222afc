"""Play influxdb:2.7 as far as compose.yaml needs it: InfluxDB 1.6.7, behind nginx for /api/v2/write and the token.

Token and bucket are those of the first start, for as long as the volume lives: so it is with the real one.
"""

import os
import subprocess
import time
import urllib.parse
import urllib.request
from pathlib import Path

VOLUME = Path("/var/lib/influxdb2")
INFLUXD = """
reporting-disabled = true
bind-address = "127.0.0.1:8088"
[meta]
  dir = "/var/lib/influxdb2/meta"
[data]
  dir = "/var/lib/influxdb2/data"
  wal-dir = "/var/lib/influxdb2/wal"
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:8087"
  log-enabled = false
"""
NGINX = """
daemon off;
events {}
http {
    access_log off;
    client_max_body_size 0;
    server {
        listen 8086;
        location = /api/v2/write {
            if ($http_authorization != "Token %s") { return 401; }
            proxy_set_header Authorization "";
            proxy_pass http://127.0.0.1:8087/write?db=$arg_bucket&precision=$arg_precision;
        }
        location / { proxy_pass http://127.0.0.1:8087; }
    }
}
"""


def main() -> None:
    settings = VOLUME / "nginx.conf"
    if not settings.exists():
        settings.write_text(NGINX % os.environ["DOCKER_INFLUXDB_INIT_ADMIN_TOKEN"])
    Path("/etc/influxdb2/influxdb.toml").write_text(INFLUXD)
    subprocess.Popen(["influxd", "run", "-config", "/etc/influxdb2/influxdb.toml"])
    create = urllib.parse.urlencode({"q": f'CREATE DATABASE "{os.environ["DOCKER_INFLUXDB_INIT_BUCKET"]}"'})
    while True:
        try:
            urllib.request.urlopen("http://127.0.0.1:8087/query", create.encode()).close()
            break
        except OSError:
            time.sleep(0.1)
    os.execvp("nginx", ["nginx", "-c", str(settings)])  # noqa: S606  # it takes the place of this process


if __name__ == "__main__":
    main()
