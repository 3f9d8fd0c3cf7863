# Many threads, one process.
needs memcached
each how KILL SEGV TERM

program memcached
dropin exe.yaml
do bin/memcached -d -u nobody -l @IP@ -p 11211 -U 0
pid old pgrep -f ^bin/memcached.*@IP@
daemon
tracked memcached @old@
older old 2s
signal @how@ old
message down process=memcached pid=@old@
message recovered process=memcached attempt=1
runs 1
do /usr/bin/python3 lib/connect.py @IP@ 11211
quiet 2s
