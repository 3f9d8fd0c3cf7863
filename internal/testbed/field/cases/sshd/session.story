# Somebody is logged in when the listener dies. The session is no successor, and goes on.
needs /usr/sbin/sshd ssh ssh-keygen
each match exe example
each how KILL SEGV TERM

program sshd
dropin @match@.yaml
do ssh-keygen -q -t ed25519 -N '' -f hostkey; ssh-keygen -q -t ed25519 -N '' -f key; mkdir -p -m 755 /run/sshd
do @WORK@/bin/sshd -f sshd_config
pid old cat sshd.pid
start client ssh -p 2222 -i key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null root@@IP@ 'echo $$ >@WORK@/shell; exec sleep 1000'
pid shell cat shell
pid session ps -o ppid= -p @shell@
daemon
tracked sshd @old@
older old 5s
signal @how@ old
message down process=sshd pid=@old@
message recovered process=sshd attempt=1
runs 1
pid new cat sshd.pid
tracked sshd new
alive shell session client
no-message killed
do /usr/bin/python3 lib/connect.py @IP@ 2222 ^SSH
quiet 3s
alive shell session client
