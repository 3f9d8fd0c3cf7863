# Without a body to look for, the status of an event stream is enough.
needs /usr/bin/python3

dropin app.yaml
start app /usr/bin/python3 server.py @WORK@/server.py
daemon
tracked app app
until procward status app --json | grep '"verdict": "ok"'
pause 8s
alive app
no-message stall
no-message probe-failed
runs 0
