# Two instances of one binary, told by their pidfiles. One dies: the other and its workers
# are left alone.
needs nginx curl
each how KILL SEGV

program nginx
dropin two.yaml
do bin/nginx -c @WORK@/nginx.conf; bin/nginx -c @WORK@/other.conf
pid old cat nginx.pid
pid worker pgrep -P @old@
pid other cat other.pid
pid otherworker pgrep -P @other@
daemon
tracked nginx @old@
tracked other @other@
older other 5s
signal @how@ old
message down process=nginx pid=@old@
message * process=nginx pid=@old@ cause~SIG@how@
message recovered process=nginx attempt=1
gone worker
runs 1
alive other otherworker
pid new cat nginx.pid
tracked nginx new
tracked other other
messages 1 down
answers http://@IP@:8080/ served
answers http://@IP@:8081/ served
quiet 3s
alive other otherworker
