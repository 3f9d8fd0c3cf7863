# Short jobs of the same program come and go all the time, as the submissions of a mail server do.
# There is always a young one, which does not serve; the server is started again all the same.
needs /usr/bin/python3 curl
pending after the restart each new job is tracked as well, and its end begins the settle time anew, so that the recovery is never told
each how KILL SEGV

program python3 /usr/bin/python3
dropin exe.yaml
do ./launch
answers http://@IP@:8000/ pid
pid server pgrep -f ^@WORK@/bin/python3.@WORK@/lib/serve
daemon
start jobs @WORK@/jobs
until pgrep -f ^@WORK@/bin/python3.-c
older jobs 6s
signal @how@ server
message down process=app
message recovered process=app attempt=1
answers http://@IP@:8000/ pid
runs 1
