# Short jobs of the same program come and go all the time, as the submissions of a mail server do.
# Some are tracked from the start, and are not enough either. The server is started again.
needs /usr/bin/python3 curl
pending the end of each job that matches is told, and none of the many is told from the server: a match has to name the server
each how KILL SEGV

program python3 /usr/bin/python3
dropin exe.yaml
do ./launch
answers http://@IP@:8000/ pid
pid server pgrep -f ^@WORK@/bin/python3.@WORK@/lib/serve
start jobs @WORK@/jobs
until pgrep -f ^@WORK@/bin/python3.-c
daemon
older jobs 6s
signal @how@ server
message down process=app
message recovered process=app attempt=1
answers http://@IP@:8000/ pid
runs 1
