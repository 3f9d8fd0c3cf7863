# The same a moment after its start, when there was no time to settle.
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
pause 1s
signal @how@ old
message down process=nginx pid=@old@
message * process=nginx pid=@old@ cause~SIG@how@
message orphans process=nginx
message killed process=nginx
message recovered process=nginx attempt=1
gone worker
runs 1
messages 1 restart process=nginx
pid new cat nginx.pid
tracked nginx new
answers http://@IP@:8080/ served
state nginx up
quiet 3s
