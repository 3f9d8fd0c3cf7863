# The upgrade of the package: stop and start by systemd, with procward watching.
on systemd

do ./install nginx
do systemctl start nginx
pid old cat /run/nginx.pid
daemon
tracked nginx @old@
do systemctl restart nginx
pid new systemctl show -P MainPID nginx
tracked nginx new
no-message down
no-message restart
do systemctl reload nginx
pause 3s
tracked nginx new
no-message down
state nginx up
