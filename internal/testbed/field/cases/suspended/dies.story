# Suspended, a death is a notice, and status is content; resumed, it is mended.
needs /usr/bin/python3

dropin app.yaml
do ./launch
daemon
message found
do procward suspend
signal KILL app
message down process=app severity=notice
pause 3s
no-message restart
no-message * severity=err
do procward status
do procward status app --json | grep '"state": "suspended"'
runs 0
do procward resume
state app up
runs 1
