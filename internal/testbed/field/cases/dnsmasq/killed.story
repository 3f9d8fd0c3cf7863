# It forks a child for each TCP query, which holds no listening socket.
needs dnsmasq
each client none open
each how KILL SEGV TERM

program dnsmasq
dropin exe.yaml
do ./launch
pid old cat dnsmasq.pid
start client sh -c 'if [ @client@ = open ]; then exec /usr/bin/python3 lib/connect.py @IP@ 5353 never; fi; exec sleep 1000'
daemon
tracked dnsmasq @old@
older old 3s
signal @how@ old
message down process=dnsmasq pid=@old@
message recovered process=dnsmasq attempt=1
runs 1
pid new cat dnsmasq.pid
tracked dnsmasq new
do /usr/bin/python3 lib/connect.py @IP@ 5353
quiet 2s
