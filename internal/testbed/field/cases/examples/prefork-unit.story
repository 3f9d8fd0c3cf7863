# prefork.yaml with Debian's unit, whose Restart= is turned off as it says.
on systemd
each how KILL SEGV

do ./install prefork
do mkdir -p /etc/systemd/system/apache2.service.d; printf '[Service]\nRestart=no\n' >/etc/systemd/system/apache2.service.d/no.conf; systemctl daemon-reload; systemctl start apache2
pid old cat /run/apache2/apache2.pid
daemon
tracked httpd @old@
signal @how@ old
message down process=httpd pid=@old@
message recovered process=httpd attempt=1
messages 1 restart
pid new cat /run/apache2/apache2.pid
tracked httpd new
answers http://127.0.0.1/
do procward status
quiet 3s
