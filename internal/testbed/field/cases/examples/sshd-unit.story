# sshd.yaml, with the unit's own Restart= turned off as it says.
on systemd
each how KILL SEGV

do ./install sshd
do ssh-keygen -A; mkdir -p /etc/systemd/system/ssh.service.d; printf '[Service]\nRestart=no\n' >/etc/systemd/system/ssh.service.d/no.conf; systemctl daemon-reload; systemctl start ssh
pid old cat /run/sshd.pid
daemon
tracked sshd @old@
signal @how@ old
message down process=sshd pid=@old@
message recovered process=sshd attempt=1
messages 1 restart
pid new cat /run/sshd.pid
tracked sshd new
do procward status
quiet 3s
