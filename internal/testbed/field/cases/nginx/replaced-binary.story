# A package has replaced the binary, nobody has restarted nginx, and then the master dies:
# its workers run a program that is deleted.
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
do cp bin/nginx bin/next; mv bin/next bin/nginx
signal @how@ old
message down process=nginx pid=@old@
message * process=nginx pid=@old@ cause~SIG@how@
message recovered process=nginx attempt=1
gone worker
runs 1
pid new cat nginx.pid
tracked nginx new
answers http://@IP@:8080/ served
quiet 3s
