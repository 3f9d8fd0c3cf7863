# A unit whose start limit is spent is started all the same: the limit is taken back, and told.
on systemd

dropin limited.yaml
do cp limited.service /etc/systemd/system; systemctl daemon-reload; systemctl start limited; systemctl restart limited
daemon
message found process=limited
signal KILL limited
message down process=limited
message recovered process=limited attempt=1
messages 1 restart
do systemctl is-active limited
