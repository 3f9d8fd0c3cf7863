# Where systemd does not run, a unit cannot be restarted: check says so, and the start does.
on alone

dropin app.yaml
exits 1 procward check
exits 1 timeout 20 procward run --log-to stderr
