# last-resort.yaml where nothing can reboot: the start is refused, and observed it starts.
on alone
needs apache2

do ./install last-resort httpd || true
do apache2ctl start
pid old cat /run/apache2/apache2.pid
daemon --observe
tracked httpd old
signal KILL old
message * process=httpd
alive daemon
