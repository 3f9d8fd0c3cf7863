# A pidfile alone is no match, and check says what to add.
dropin only.yaml
exits 1 procward check
do { procward check || true; } 2>&1 | tee /dev/stderr | grep -E 'exe.*name.*args'
