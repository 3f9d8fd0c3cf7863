# The plainest of all: one process, nothing beside it, ended in each way there is.
needs /usr/bin/python3 curl
each how KILL SEGV TERM

dropin app.yaml
start app /usr/bin/python3 @WORK@/lib/serve.py @IP@ 8000
answers http://@IP@:8000/
daemon
tracked app @app@
older app 2s
signal @how@ app
message down process=app
message recovered process=app attempt=1
runs 1
answers http://@IP@:8000/
state app up
quiet 2s
