# The parent serves nowhere, its kid does. Without its parent the kid serves on, and is not told from
# a successor; then it dies too.
on alone
needs squid curl
each how KILL SEGV

program squid
dropin exe.yaml
do mkdir -m 777 squid; bin/squid -f @WORK@/squid.conf
pid kid pgrep -f '^.squid-1. '
pid parent ps -o ppid= -p @kid@
answers http://@IP@:3128/squid-internal-static/icons/SN.png
daemon
tracked squid @parent@
older kid 4s
signal @how@ parent
message untold process=squid pid=@kid@
message replaced process=squid pid=@kid@
tracked squid kid
answers http://@IP@:3128/squid-internal-static/icons/SN.png
runs 0
signal KILL kid
message down process=squid pid=@kid@
message recovered process=squid attempt=1
runs 1
answers http://@IP@:3128/squid-internal-static/icons/SN.png
quiet 3s
