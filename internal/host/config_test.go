package host

import (
	confd "procward/conf.d"
	"procward/internal/script"
	"procward/procscan"
	"procward/restart"
)

// entry is a process with a script of its name, as the configuration would give it.
func entry(name string, change func(*confd.Process)) confd.Process {
	p := confd.Process{Match: procscan.DefaultMatch(), Absent: confd.AbsentRestart, Excess: confd.DefaultExcess(), Restart: restart.DefaultSpec()}
	p.Match.Name = name
	p.Restart.Run = script.Argv{"/restart/" + name}
	p.Restart.Backoff.Jitter = 0
	if change != nil {
		change(&p)
	}
	return p
}

func processes(of map[string]confd.Process) *confd.Config { return &confd.Config{Processes: of} }

// one is a configuration of httpd alone.
func one(change func(*confd.Process)) *confd.Config {
	return processes(map[string]confd.Process{"httpd": entry("httpd", change)})
}
