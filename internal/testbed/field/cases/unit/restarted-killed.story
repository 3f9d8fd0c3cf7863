# systemctl restart, and two seconds later a death: it is told at once, with its own PID
# and its own cause.
on systemd

dropin app.yaml
do cp app.service /etc/systemd/system; systemctl daemon-reload; systemctl start app
daemon
message found process=app
mark
do systemctl restart app
pid new systemctl show -P MainPID app
pause 2s
signal KILL new
message down process=app pid=@new@
message * process=app pid=@new@ cause='killed by SIGKILL'
message recovered process=app attempt=1
do systemctl is-active app
state app up
