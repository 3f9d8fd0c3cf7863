# Files are links through ..data, and that is switched, as Kubernetes does it.

do mkdir 1 2; cp one.yaml 1/app.yaml; cp two.yaml 2/app.yaml; ln -s @WORK@/1 /etc/procward/conf.d/..data; ln -s ..data/app.yaml /etc/procward/conf.d/app.yaml
daemon
until procward status --json | grep '"name": "one"'
do ln -s @WORK@/2 /etc/procward/conf.d/..tmp; mv -T /etc/procward/conf.d/..tmp /etc/procward/conf.d/..data
until procward status --json | grep '"name": "two"'
