# With a session open, and then none: that is no event.
needs /usr/sbin/sshd ssh ssh-keygen
each match exe example

program sshd
dropin @match@.yaml
do ssh-keygen -q -t ed25519 -N '' -f hostkey; ssh-keygen -q -t ed25519 -N '' -f key; mkdir -p -m 755 /run/sshd
do @WORK@/bin/sshd -f sshd_config
pid old cat sshd.pid
start client ssh -p 2222 -i key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null root@@IP@ 'echo $$ >@WORK@/shell; exec sleep 1000'
pid shell cat shell
daemon
tracked sshd @old@
signal TERM shell
gone shell
gone client
quiet 3s
tracked sshd old
runs 0
