# prefork.yaml on a host without systemd.
on alone
needs apache2 apache2ctl curl
each how KILL SEGV TERM

do ./install prefork run httpd
do /etc/procward/scripts/httpd
pid old cat /run/apache2/apache2.pid
pid worker pgrep -P @old@
daemon
tracked httpd @old@
older old 2s
signal @how@ old
message down process=httpd pid=@old@
message recovered process=httpd attempt=1
gone worker
messages 1 restart
pid new cat /run/apache2/apache2.pid
tracked httpd new
answers http://127.0.0.1/
do procward status
quiet 3s
