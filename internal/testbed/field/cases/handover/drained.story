# It hands over, drains for 8 s, and exits with 0: the one that serves is its successor.
needs /usr/bin/python3 curl
each how exec fork

dropin graceful.yaml
start app /usr/bin/python3 -S @WORK@/handover.py @how@ 8
answers http://@IP@:8000/ 'served by @app@'
daemon
tracked app @app@
older app 4s
signal USR1 app
pid heir test "$(cat pid)" -ne @app@ && cat pid
answers http://@IP@:8000/ 'served by @heir@'
ended app 0
message replaced process=app
tracked app heir
alive heir
runs 0
no-message down
no-message killed
quiet 4s
alive heir
signal KILL heir
message down process=app pid=@heir@
message recovered process=app
runs 1
answers http://@IP@:8000/ served
