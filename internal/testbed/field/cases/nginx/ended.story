# The master ends in order, and takes its workers along.
needs nginx curl
each match pidfile exe
each how QUIT TERM

program nginx
dropin @match@.yaml
do bin/nginx -c @WORK@/nginx.conf
pid old cat nginx.pid
daemon
tracked nginx @old@
older old 5s
signal @how@ old
message down process=nginx pid=@old@
message * process=nginx pid=@old@ cause='exited with code 0'
message recovered process=nginx attempt=1
no-message killed
runs 1
pid new cat nginx.pid
tracked nginx new
answers http://@IP@:8080/ served
quiet 3s
