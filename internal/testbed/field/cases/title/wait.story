# absent: wait, and a title that comes while the daemon waits.
needs /usr/bin/python3 /usr/lib/python3/dist-packages/setproctitle*

dropin wait.yaml
daemon
message absent process=app
start app /usr/bin/python3 app.py 20
tracked app app
runs 0
