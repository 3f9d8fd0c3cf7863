# Each example is valid on Debian with systemd; what is not installed there is a warning at most.
on systemd

do for f in /usr/share/doc/procward/examples/*.yaml; do [ ${f##*/} = last-resort.yaml ] || procward check $f; done
