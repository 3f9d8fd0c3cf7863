# Killed three times.
on systemd
each how KILL SEGV TERM

dropin app.yaml
do cp app.service /etc/systemd/system; systemctl daemon-reload; systemctl start app
daemon
message found process=app
pid old systemctl show -P MainPID app
signal @how@ app
message down process=app pid=@old@
message recovered process=app attempt=1
do systemctl is-active app
state app up
signal @how@ app
message recovered process=app attempt=2
do systemctl is-active app
quiet 2s
