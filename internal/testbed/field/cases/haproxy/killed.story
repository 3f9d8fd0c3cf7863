# One process without a master.
needs haproxy curl
each how KILL SEGV

program haproxy
dropin plain.yaml
do bin/haproxy -D -f haproxy.cfg
pid old cat haproxy.pid
daemon
tracked haproxy @old@
older old 2s
signal @how@ old
message down process=haproxy pid=@old@
message * process=haproxy pid=@old@ cause~SIG@how@
message recovered process=haproxy attempt=1
runs 1
pid new cat haproxy.pid
tracked haproxy new
answers http://@IP@:8080/ served
quiet 3s
