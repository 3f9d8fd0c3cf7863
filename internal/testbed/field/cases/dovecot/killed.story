# A master with children of other programs; a client is connected.
on alone
needs /usr/sbin/dovecot /usr/lib/dovecot/imap-login
each how KILL SEGV

dropin exe.yaml
do mkdir -p /run/dovecot; /usr/sbin/dovecot -c @WORK@/dovecot.conf
pid old cat /run/dovecot/master.pid
start client /usr/bin/python3 lib/connect.py @IP@ 1143 never
daemon
tracked dovecot @old@
older old 3s
signal @how@ old
message down process=dovecot pid=@old@
message recovered process=dovecot attempt=1
runs 1
do /usr/bin/python3 lib/connect.py @IP@ 1143 OK
quiet 3s
