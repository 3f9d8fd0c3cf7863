# Master and worker; the master executes itself anew at each reload. Its workers end with it.
needs haproxy curl
each when fresh reloaded
each how KILL SEGV

program haproxy
dropin master.yaml
do bin/haproxy -W -D -f haproxy.cfg
pid old head -1 haproxy.pid
pid worker pgrep -P @old@
answers http://@IP@:8080/ served
daemon
tracked haproxy @old@
older old 3s
do if [ @when@ = reloaded ]; then kill -USR2 @old@; until ! kill -0 @worker@; do sleep 0.05; done; fi
answers http://@IP@:8080/ served
pause 1s
signal @how@ old
# A look that is quick may find the worker, which ends a moment later, and say so first.
message * process=haproxy cause~SIG@how@
message recovered process=haproxy attempt=1
runs 1
gone worker
pid new head -1 haproxy.pid
tracked haproxy new
answers http://@IP@:8080/ served
quiet 3s
