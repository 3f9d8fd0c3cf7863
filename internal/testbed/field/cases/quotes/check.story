# In single quotes \r stands for itself; a healthy redis does not answer to that.

dropin redis.yaml
do procward check 2>&1 | tee /dev/stderr | grep -i 'quote'
