# The binary is replaced, USR2 starts a new master from it, and the old one is asked to go:
# nothing has to be done. Then the new master dies.
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
do cp bin/nginx bin/next; mv bin/next bin/nginx
mark
do kill -USR2 @old@
pid new test -e nginx.pid.oldbin && cat nginx.pid
do kill -QUIT @old@
gone old
message replaced process=nginx
tracked nginx new
runs 0
no-message down
answers http://@IP@:8080/ served
older new 3s
pid worker pgrep -P @new@
signal @how@ new
message down process=nginx pid=@new@
message * process=nginx pid=@new@ cause~SIG@how@
message recovered process=nginx attempt=1
gone worker
runs 1
pid third cat nginx.pid
tracked nginx third
answers http://@IP@:8080/ served
quiet 3s
