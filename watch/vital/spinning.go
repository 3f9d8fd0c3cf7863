package vital

import (
	"fmt"

	"procward/watch"
)

// spinning is a thread that used at least a hundredth of a CPU and did not once wait for
// anything: its voluntary switches stand still.
type spinning struct{}

func (spinning) sources() []source { return []source{fromTasks} }

func (spinning) judge(v view) symptom {
	return v.threadMarks.spinning(v.r, v.idle(v.r, v.rated), v.h.verdict == watch.Pending)
}

func (spinning) fine(view) string { return "no thread is spinning" }

func (spinning) wrong(v view) string {
	return fmt.Sprintf("thread %d runs without ever waiting", v.threadMarks.busy.tid)
}
