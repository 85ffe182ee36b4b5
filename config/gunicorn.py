"""How the container serves config.wsgi. GUNICORN_CMD_ARGS="--workers 4" changes a value without a new image."""

bind = "0.0.0.0:8000"
worker_class = "gthread"  # on SIGTERM sync workers reset the requests that wait in their queue
workers = 2
threads = 4
graceful_timeout = 30  # seconds; whoever stops the container must wait longer
keepalive = 75  # longer than a proxy keeps an idle connection, or it meets one that we just closed
worker_tmp_dir = "/dev/shm"  # noqa: S108 - memory: heartbeats on a slow disk look like a dead worker
control_socket_disable = True  # it would be a file in a home directory that the runtime user does not have
forwarder_headers = ""  # by default a client on a trusted address can send SCRIPT_NAME, and gets a 500 for it
