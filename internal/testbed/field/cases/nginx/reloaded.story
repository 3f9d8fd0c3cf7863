# The master dies one second after a reload: the workers are new ones.
needs nginx curl
each match pidfile exe
each how KILL SEGV

program nginx
dropin @match@.yaml
do bin/nginx -c @WORK@/nginx.conf
pid old cat nginx.pid
pid first pgrep -P @old@
daemon
tracked nginx @old@
older old 5s
do bin/nginx -c @WORK@/nginx.conf -s reload
gone first
pid worker pgrep -P @old@
pause 1s
signal @how@ old
message down process=nginx pid=@old@
message * process=nginx pid=@old@ cause~SIG@how@
message orphans process=nginx
message killed process=nginx
message recovered process=nginx attempt=1
gone worker
runs 1
pid new cat nginx.pid
tracked nginx new
answers http://@IP@:8080/ served
quiet 3s
