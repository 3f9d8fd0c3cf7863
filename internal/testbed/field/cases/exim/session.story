# A client in a session, which is a fork, when the listener dies.
on alone
needs /usr/sbin/exim4 ss
each how KILL SEGV

dropin exe.yaml
do chmod 644 exim.conf; mkdir -m 777 spool; chown Debian-exim spool; /usr/sbin/exim4 -C @WORK@/exim.conf -bd -q10s -oX 2525 -oP @WORK@/spool/exim.pid
pid old cat spool/exim.pid
start client /usr/bin/python3 lib/connect.py @IP@ 2525 never
# The master has queue runners too: the session is who has the connection.
pid session ss -Htnp state established sport = :2525 | grep -o 'pid=[0-9]*' | cut -d= -f2 | grep -vx @old@
daemon
tracked exim @old@
older old 3s
signal @how@ old
message down process=exim pid=@old@
message recovered process=exim attempt=1
alive session
runs 1
no-message killed
do /usr/bin/python3 lib/connect.py @IP@ 2525 ^220
quiet 3s
