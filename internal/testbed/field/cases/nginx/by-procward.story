# procward has started it, and it dies twice: each time all is as before.
needs nginx curl
each match pidfile exe
each how KILL SEGV

program nginx
dropin @match@.yaml
daemon
message recovered process=nginx
runs 1
pid old cat nginx.pid
tracked nginx @old@
signal @how@ nginx
message down process=nginx pid=@old@
message * process=nginx pid=@old@ cause~SIG@how@
message recovered process=nginx
runs 2
pid new cat nginx.pid
tracked nginx new
answers http://@IP@:8080/ served
signal @how@ nginx
message down process=nginx pid=@new@
message recovered process=nginx
runs 3
pid third cat nginx.pid
tracked nginx third
answers http://@IP@:8080/ served
gone old new
quiet 3s
