# procward is killed, then the master; the next procward judges as the first one would have.
needs nginx curl
each match pidfile exe
each how KILL SEGV

program nginx
dropin @match@.yaml
do bin/nginx -c @WORK@/nginx.conf
pid old cat nginx.pid
pid worker pgrep -P @old@
daemon
tracked nginx @old@
older old 5s
pause 2s
signal KILL daemon
ended daemon SIGKILL
signal @how@ old
gone old
alive worker
daemon
message down process=nginx pid=@old@
message recovered process=nginx attempt=1
gone worker
runs 1
pid new cat nginx.pid
tracked nginx new
answers http://@IP@:8080/ served
quiet 3s
