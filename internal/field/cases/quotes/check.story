# In single quotes \r stands for itself; a healthy redis does not answer to that.
pending check doubts texts whose quotes make something else of them

dropin redis.yaml
do procward check 2>&1 | tee /dev/stderr | grep -i 'quote'
