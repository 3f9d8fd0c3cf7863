# A worker is killed and the master forks another one; then the master is killed.
needs nginx curl
each match pidfile exe
each how KILL SEGV

program nginx
dropin @match@.yaml
do bin/nginx -c @WORK@/nginx.conf
pid old cat nginx.pid
daemon
tracked nginx @old@
older old 5s
pid first pgrep -n -P @old@
signal KILL first
until test "$(pgrep -n -P @old@)" -ne @first@
pid worker pgrep -n -P @old@
no-message down
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
