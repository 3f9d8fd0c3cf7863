# nginx.yaml on a host without systemd, nginx as Debian installs it.
on alone
needs nginx curl
each how KILL SEGV QUIT

do ./install nginx run nginx
do nginx
pid old cat /run/nginx.pid
pid worker pgrep -P @old@
daemon
tracked nginx @old@
older old 2s
signal @how@ old
message down process=nginx pid=@old@
message recovered process=nginx attempt=1
gone worker
messages 1 restart
pid new cat /run/nginx.pid
tracked nginx new
answers http://127.0.0.1/
do procward status
quiet 3s
