# sshd.yaml on a host without systemd, with somebody logged in.
on alone
needs /usr/sbin/sshd ssh ssh-keygen
each how KILL SEGV TERM

do ./install sshd run sshd
do ssh-keygen -A; ssh-keygen -q -t ed25519 -N '' -f key; install -d -m 700 /root/.ssh; cp key.pub /root/.ssh/authorized_keys
do /etc/procward/scripts/sshd
pid old cat /run/sshd.pid
start client ssh -i key -o StrictHostKeyChecking=no root@127.0.0.1 'echo $$ >@WORK@/shell; exec sleep 1000'
pid shell cat shell
daemon
tracked sshd @old@
older old 2s
signal @how@ old
message down process=sshd pid=@old@
message recovered process=sshd attempt=1
messages 1 restart
no-message killed
alive shell client
pid new cat /run/sshd.pid
tracked sshd new
do /usr/bin/python3 lib/connect.py 127.0.0.1 22 ^SSH
do procward status
quiet 3s
alive shell client
