# The target of a link is replaced, in another directory.

do mkdir elsewhere; cp one.yaml elsewhere/app.yaml; ln -s @WORK@/elsewhere/app.yaml /etc/procward/conf.d/app.yaml
daemon
until procward status --json | grep '"name": "one"'
do cp two.yaml elsewhere/new; mv elsewhere/new elsewhere/app.yaml
until procward status --json | grep '"name": "two"'
