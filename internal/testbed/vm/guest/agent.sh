#!/bin/bash
# Runs what the host asks for, one after the other. A line from the host is
#   NUMBER base64(script)
# and the answer
#   NUMBER CODE base64(stdout) base64(stderr)
# The first line of a boot is "hello BOOT-ID".
exec 3<>/dev/virtio-ports/agent
echo "hello $(cat /proc/sys/kernel/random/boot_id)" >&3
while read -r number script <&3; do
	base64 -d <<<"$script" >/run/vm-agent.script
	bash /run/vm-agent.script 3>&- </dev/null >/run/vm-agent.out 2>/run/vm-agent.err
	echo "$number $? $(base64 -w0 /run/vm-agent.out) $(base64 -w0 /run/vm-agent.err)" >&3
done
