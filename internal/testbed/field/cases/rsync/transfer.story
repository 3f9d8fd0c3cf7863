# The listener dies during a transfer. The child that carries it holds no port: it is left
# alone, and the transfer comes to its end. (It stands still meanwhile, by its client.)
needs rsync ss
each how KILL SEGV TERM

program rsync
dropin exe.yaml
do mkdir data; head -c 40000000 /dev/urandom >data/big
do ./launch; : >runs
pid old cat rsyncd.pid
until ss -Hltn | grep -q "@IP@:8730 "
start client rsync --bwlimit=8000 rsync://@IP@:8730/data/big copy
pid child pgrep -P @old@
signal STOP client
daemon
tracked rsyncd @old@
older old 2s
alive child client
signal @how@ old
message down process=rsyncd pid=@old@
message recovered process=rsyncd attempt=1
runs 1
no-message killed
pid new cat rsyncd.pid
tracked rsyncd new
do rsync rsync://@IP@:8730/data/ | grep big
signal CONT client
ended client 0
do cmp data/big copy
quiet 2s
