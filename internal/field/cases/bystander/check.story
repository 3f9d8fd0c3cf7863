# args alone: any program may have such an argument, and check says so.
pending check says what a match by args alone means
dropin app.yaml
do procward check | tee /dev/stderr | grep -i 'warning.*args'
