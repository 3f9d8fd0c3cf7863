package vital

import (
	"errors"
	"fmt"
	"os"
)

// source is one part of a reading; each can fail by itself.
type source uint8

const (
	fromStat     source = iota // /proc/PID/stat: state, CPU time, threads, resident pages
	fromCgroup                 // whether its cgroup is frozen
	fromTasks                  // /proc/PID/task/TID/stat, and status of suspects
	fromFDs                    // how many descriptors are open
	fromLimits                 // /proc/PID/limits: the soft limit on them
	fromChildren               // /proc/PID/task/TID/children
	fromZombies                // and /proc/PID/stat of each of those
	fromQueues                 // sock_diag
	fromMemory                 // /proc/meminfo: MemTotal
	fromRollup                 // /proc/PID/smaps_rollup
	fromFamily                 // /proc/*/stat: the memory of all descendants
	sources
)

// readers is the table of the sources. fromStat is always read, before all others, and
// fromZombies with fromChildren.
var readers = [sources]struct {
	what string // in errors
	read func(*reader, *proc) error
	// costly sources are read less often than at every tick. The kernel's counters prove what
	// happened between two looks, so few looks are needed, and reading every thread, every
	// socket or every page costs much.
	costly bool
}{
	fromCgroup:   {"read the cgroup's state", (*reader).frozen, false},
	fromTasks:    {"read the threads", (*reader).tasks, true},
	fromFDs:      {"count the descriptors", (*reader).fds, false},
	fromLimits:   {"read the limits", (*reader).limits, false},
	fromChildren: {"count the children", (*reader).children, true},
	fromQueues:   {"look at the sockets", (*reader).queues, true},
	fromMemory:   {"read the memory of the host", (*reader).hostMemory, false},
	fromRollup:   {"count the memory", (*reader).shares, true},
	fromFamily:   {"read the process table", (*reader).descent, true},
}

// source reads one part.
func (rd *reader) source(p *proc, s source) error {
	part := &readers[s]
	if part.read == nil {
		return nil
	}
	return wrap(part.what, part.read(rd, p))
}

func wrap(what string, err error) error {
	if err == nil || errors.Is(err, os.ErrNotExist) {
		return err
	}
	return fmt.Errorf("%s: %w", what, err)
}

func (rd *reader) hostMemory(p *proc) error {
	p.r.memory = rd.memTotal()
	return nil
}
