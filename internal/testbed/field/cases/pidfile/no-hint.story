# Such a pidfile is no hint: the match decides, nothing is run, and status is quick.
needs /usr/bin/python3
each kind missing empty dead foreign word bom fifo directory link huge binary

dropin app.yaml
start app /usr/bin/python3 @WORK@/lib/wait.py
do echo @app@ >app; ./make @kind@
daemon
tracked app app
do procward status
do procward scan app
quiet 6s
tracked app app
runs 0
no-message absent
