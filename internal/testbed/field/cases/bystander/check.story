# args alone: any program may have such an argument, and check says so.
dropin app.yaml
do procward check | tee /dev/stderr | grep -i 'warning.*args'
