# It executes itself in place, and so has another layout; then it is killed.
needs /usr/bin/python3 curl
each sig KILL SEGV TERM

dropin inplace.yaml
start app /usr/bin/python3 -S @WORK@/inplace.py
answers http://@IP@:8000/ served
daemon
tracked app @app@
older app 3s
signal USR1 app
answers http://@IP@:8000/ again
tracked app app
no-message down
signal @sig@ app
message down process=app pid=@app@
message recovered process=app attempt=1
runs 1
answers http://@IP@:8000/ served
quiet 3s
