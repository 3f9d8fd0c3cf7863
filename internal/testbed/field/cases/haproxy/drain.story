# A reload with -sf: the old process drains a long download beside the new one, which
# serves. Nothing is done about it, although count.max is 1 and a look falls into that time.
needs haproxy curl /usr/bin/python3

program haproxy
dropin plain.yaml
do bin/haproxy -D -f haproxy.cfg
pid old cat haproxy.pid
daemon
tracked haproxy @old@
older old 3s
start server /usr/bin/python3 hold.py server
start client /usr/bin/python3 hold.py client
until test -e held
mark
do bin/haproxy -D -f haproxy.cfg -sf @old@
pid new cat haproxy.pid
do procward reload
answers http://@IP@:8080/ served
pause 5s
alive old new client
no-message restart
no-message killed
do touch go
ended client 0
gone old
message replaced process=haproxy
tracked haproxy new
answers http://@IP@:8080/ served
runs 0
quiet 3s
