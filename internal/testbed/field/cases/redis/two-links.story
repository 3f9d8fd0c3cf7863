# One program under two names: each name is its own service, and one does not stand in
# for the other.
needs redis-server redis-cli
each victim server sentinel
each how KILL SEGV

program redis-check-rdb
do ln -s redis-check-rdb bin/redis-server; ln -s redis-check-rdb bin/redis-sentinel
dropin redis.yaml
do ./launch server; ./launch sentinel
pid server cat server.pid
pid sentinel cat sentinel.pid
daemon
tracked redis @server@
tracked sentinel @sentinel@
older sentinel 3s
pid old cat @victim@.pid
signal @how@ old
message down pid=@old@
message * pid=@old@ cause~SIG@how@
message recovered attempt=1
runs 1
messages 1 down
messages 1 restart
pid new test "$(cat @victim@.pid)" -ne @old@ && cat @victim@.pid
do redis-cli -h @IP@ ping; redis-cli -h @IP@ -p 26379 ping
pid server cat server.pid
pid sentinel cat sentinel.pid
tracked redis server
tracked sentinel sentinel
quiet 3s
