# Asked to end.
needs haproxy curl

program haproxy
dropin master.yaml
do bin/haproxy -W -D -f haproxy.cfg
pid old head -1 haproxy.pid
answers http://@IP@:8080/ served
daemon
tracked haproxy @old@
older old 3s
signal TERM old
message down process=haproxy pid=@old@
message * process=haproxy pid=@old@ cause~'exited with code'
message recovered process=haproxy attempt=1
runs 1
answers http://@IP@:8080/ served
quiet 3s
