# nginx.yaml, nginx and its unit as Debian installs them.
on systemd
each how KILL SEGV QUIT

do ./install nginx
do systemctl start nginx
pid old cat /run/nginx.pid
daemon
tracked nginx @old@
older old 2s
signal @how@ old
message down process=nginx pid=@old@
message recovered process=nginx attempt=1
gone old
messages 1 restart
pid new cat /run/nginx.pid
tracked nginx new
answers http://127.0.0.1/
do procward status
quiet 3s
