# start --no-wait, suspend, the drop-in of the member is removed, reload: everybody else is
# watched as before.
needs /usr/bin/python3 curl

dropin web.yaml
dropin other.yaml
do ./launch-other
answers http://@IP@:8000/ pid
daemon
message found process=other
do procward start web --no-wait
do procward suspend
do rm /etc/procward/conf.d/web.yaml; procward reload
do procward resume
pause 3s
older other 3s
signal KILL other
message down process=other
message recovered process=other
answers http://@IP@:8000/ pid
