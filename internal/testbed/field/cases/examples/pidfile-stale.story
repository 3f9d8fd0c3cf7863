# pidfile.yaml, and the pidfile is stale, foreign or gone: acmed is what it matches.
on alone
needs gcc
each kind stale foreign gone

do ./install pidfile acmed
do mkdir -p /opt/acme/sbin; echo 'int main(void){ for (;;) pause(); }' | gcc -w -include unistd.h -x c - -o /opt/acme/sbin/acmed
do /etc/procward/scripts/acmed
pid acmed cat /run/acmed.pid
do case @kind@ in stale) sh -c 'echo $$' >/run/acmed.pid ;; foreign) echo 1 >/run/acmed.pid ;; gone) rm /run/acmed.pid ;; esac
daemon
tracked acmed acmed
quiet 3s
signal KILL acmed
message down process=acmed
message recovered process=acmed attempt=1
pid new cat /run/acmed.pid
tracked acmed new
