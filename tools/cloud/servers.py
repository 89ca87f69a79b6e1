"""How each WSGI server is told what to serve."""

from __future__ import annotations

from pathlib import Path

from cloud.processes import HOST

# Each request on a line with the id that ties it to the service's own log; written by the server itself.
_ACCESS = '%(t)s %(h)s "%(r)s" %(s)s %(b)s %(L)s rid=%({x-openstack-request-id}i)s'


def gunicorn(
    venv: Path,
    config: Path,
    port: int,
    application: str,
    access_log: Path,
    workers: int = 1,
    threads: int = 8,
) -> tuple[list[str], dict[str, str]]:
    """Command and environment for gunicorn.

    Everything goes through a file: OpenStack services may parse sys.argv at import, so it stays bare.
    """
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(
        f"""\
bind = "{HOST}:{port}"
wsgi_app = "{application}"
worker_class = "gthread"
workers = {workers}
threads = {threads}
timeout = 300
graceful_timeout = 5
keepalive = 75
accesslog = {str(access_log)!r}
access_log_format = {_ACCESS!r}
errorlog = "-"
# It would open a socket in the home folder.
control_socket_disable = True
"""
    )
    return [f"{venv}/bin/gunicorn"], {"GUNICORN_CMD_ARGS": f"-c '{config}'"}


def pyuwsgi(
    venv: Path, port: int, application: str, access_log: Path, workers: int = 1, threads: int = 8
) -> tuple[list[str], dict[str, str]]:
    """Command and environment for uWSGI as the pyuwsgi wheel ships it (no router process in front)."""
    argv = [
        f"{venv}/bin/uwsgi", "--http-socket", f"{HOST}:{port}", "--module", application,
        "--master", "--processes", str(workers), "--enable-threads", "--threads", str(threads),
        "--lazy-apps", "--need-app", "--die-on-term", "--http-chunked-input", "--buffer-size", "65535",
        # Without a router it does not keep connections alive and has to say so.
        "--add-header", "Connection: close",
        "--req-logger", f"file:{access_log}",
        # The service must not find uWSGI's own words in sys.argv.
        "--pyargv", "",
    ]  # fmt: skip
    return argv, {}
