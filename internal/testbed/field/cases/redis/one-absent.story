# The sentinel alone runs: the server is absent, and is started.
needs redis-server redis-cli

program redis-check-rdb
do ln -s redis-check-rdb bin/redis-server; ln -s redis-check-rdb bin/redis-sentinel
dropin redis.yaml
do ./launch sentinel
pid sentinel cat sentinel.pid
daemon
tracked sentinel @sentinel@
message absent process=redis
message recovered process=redis
runs 1
do redis-cli -h @IP@ ping
tracked sentinel sentinel
