# The listener was started anew while somebody was logged in: the session is tracked beside it, and
# is not enough when the listener dies.
needs /usr/sbin/sshd ssh ssh-keygen
each how KILL SEGV TERM

program sshd
dropin exe.yaml
do ssh-keygen -q -t ed25519 -N '' -f hostkey; ssh-keygen -q -t ed25519 -N '' -f key; mkdir -p -m 755 /run/sshd
do @WORK@/bin/sshd -f sshd_config
pid first cat sshd.pid
start client ssh -p 2222 -i key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null root@@IP@ 'echo $$ >@WORK@/shell; exec sleep 1000'
pid shell cat shell
pid session ps -o ppid= -p @shell@
signal TERM first
gone first
do @WORK@/bin/sshd -f sshd_config
pid old cat sshd.pid
daemon
tracked sshd old session
older old 5s
signal @how@ old
message down process=sshd pid=@old@
message let-be process=sshd
message recovered process=sshd attempt=1
runs 1
pid new cat sshd.pid
tracked sshd new
alive shell session client
no-message killed
do /usr/bin/python3 lib/connect.py @IP@ 2222 ^SSH
quiet 3s
