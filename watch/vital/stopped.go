package vital

// stopped is a stop by job control (state T of proc_pid_stat(5)) or a frozen cgroup. A
// stop by a tracer (state t) does not count: somebody is debugging.
type stopped struct{}

func (stopped) sources() []source { return []source{fromCgroup} }

// sure: a stop is known without the cgroup.
func (stopped) sure(r *reading) bool { return r.stat.State == 'T' }

func (stopped) judge(v view) symptom { return v.held(v.r.stat.State == 'T' || v.r.frozen) }

func (stopped) fine(view) string { return "not stopped" }

func (stopped) wrong(v view) string {
	if v.r.frozen {
		return "its cgroup is frozen"
	}
	return "stopped by a signal"
}
