# The daemon looks before the title is there, and after that again: found, as scan does.
needs /usr/bin/python3 /usr/lib/python3/dist-packages/setproctitle*

dropin late.yaml
start app /usr/bin/python3 app.py 14
daemon
tracked app app
do procward scan app
runs 0
no-message restart
