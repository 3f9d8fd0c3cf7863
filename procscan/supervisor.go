package procscan

import (
	"os"
	"strconv"
	"strings"
)

// supervisors are the programs that restart their children, by the name that the kernel
// keeps of them (15 bytes), with the product that they belong to.
var supervisors = map[string]string{
	"runsv": "runit", "s6-supervise": "s6", "supervise": "daemontools", "supervisord": "supervisord", "supervise-daemo": "OpenRC",
	"perpd": "perp", "mysqld_safe": "MySQL", "mariadbd-safe": "MariaDB", "safe_asterisk": "Asterisk", "circusd": "circus", "immortal": "immortal",
	"containerd-shim": "a container", "conmon": "a container", "docker-init": "a container", "tini": "a container", "dumb-init": "a container", "catatonit": "a container",
}

// Supervisor is a process that restarts its children. The zero value is none.
type Supervisor struct {
	PID  int
	Comm string
	Of   string // runit, a container
}

// SupervisorAt returns the supervisor that a process of this host is, by its name:
// reading the name takes no lock that could hang.
func SupervisorAt(pid int) (s Supervisor, is bool) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
	if err != nil {
		return Supervisor{}, false
	}
	comm := strings.TrimSpace(string(text))
	of, is := supervisors[comm]
	return Supervisor{PID: pid, Comm: comm, Of: of}, is
}
