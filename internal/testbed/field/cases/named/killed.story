# Many threads, UDP and TCP.
on alone
needs /usr/sbin/named /usr/bin/python3
each how KILL SEGV

program named /usr/sbin/named
dropin exe.yaml
do bin/named -c @WORK@/named.conf
pid old cat named.pid
daemon
tracked named @old@
older old 3s
signal @how@ old
message down process=named pid=@old@
message recovered process=named attempt=1
runs 1
pid new cat named.pid
tracked named new
do /usr/bin/python3 lib/connect.py @IP@ 5353
quiet 3s
