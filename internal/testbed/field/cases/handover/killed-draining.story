# It is killed while it drains. What has exec'd serves in its place and stays. (What was
# only forked looks like a worker that is left: that one is another story.)
needs /usr/bin/python3 curl
each sig KILL SEGV

dropin exec.yaml
start app /usr/bin/python3 -S @WORK@/handover.py exec 60
answers http://@IP@:8000/ 'served by @app@'
daemon
tracked app @app@
older app 4s
signal USR1 app
pid heir test "$(cat pid)" -ne @app@ && cat pid
answers http://@IP@:8000/ 'served by @heir@'
pause 1s
signal @sig@ app
message replaced process=app
tracked app heir
runs 0
no-message down
no-message killed
quiet 4s
alive heir
answers http://@IP@:8000/ 'served by @heir@'
