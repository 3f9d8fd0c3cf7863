# sshd.yaml, and the unit restarts it as well: whoever is quicker, there is one at the end.
on systemd
each how KILL SEGV

do ./install sshd
do ssh-keygen -A; systemctl start ssh
pid old cat /run/sshd.pid
daemon
tracked sshd @old@
signal @how@ old
gone old
pid new cat /run/sshd.pid
tracked sshd new
state sshd up
do systemctl is-active ssh
pause 5s
alive new
tracked sshd new
