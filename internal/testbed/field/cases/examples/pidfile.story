# pidfile.yaml: acmed, killed, and ended by itself, which it may.
on alone
needs gcc
each how KILL SEGV

do ./install pidfile acmed
do mkdir -p /opt/acme/sbin; echo 'int main(void){ for (;;) pause(); }' | gcc -w -include unistd.h -x c - -o /opt/acme/sbin/acmed
do /etc/procward/scripts/acmed
pid old cat /run/acmed.pid
daemon
tracked acmed @old@
signal @how@ old
message down process=acmed pid=@old@
message recovered process=acmed attempt=1
messages 1 restart
pid new cat /run/acmed.pid
tracked acmed new
do procward status
quiet 2s
