# The match fits the master alone. Its workers hold the port all the same.
needs nginx curl
each match master-title user
each how KILL SEGV

program nginx
dropin @match@.yaml
do @WORK@/bin/nginx -c @WORK@/nginx.conf
pid old cat nginx.pid
pid worker pgrep -P @old@
daemon
tracked nginx @old@
older old 5s
signal @how@ old
message down process=nginx pid=@old@
message * process=nginx pid=@old@ cause~SIG@how@
message recovered process=nginx attempt=1
gone worker
runs 1
pid new cat nginx.pid
tracked nginx new
answers http://@IP@:8080/ served
