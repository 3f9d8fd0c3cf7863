package main

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// host is what the kernel and the system offer, each tried and not inferred.
type host struct {
	Kernel   string    `json:"kernel"`
	Features []feature `json:"features"`
}

// feature is one thing that procward uses where it is there.
type feature struct {
	Name  string `json:"name"`
	There bool   `json:"there"`
	Note  string `json:"note,omitempty"` // what stands in for it, or why it is not there
}

func probeHost(context.Context) host {
	h := host{Kernel: kernelRelease()}
	h.add("pidfd", tryPidfd(), "exits are seen by polling /proc")
	h.add("systemd", tryPath("/run/systemd/system"), "units are not asked about")
	h.add("journald", tryPath("/run/systemd/journal/socket"), "messages go to syslog")
	h.add("syslog", tryPath("/dev/log"), "messages go to stderr")
	return h
}

func (h *host) add(name string, err error, instead string) {
	f := feature{Name: name, There: err == nil}
	if err != nil {
		f.Note = err.Error() + ": " + instead
	}
	h.Features = append(h.Features, f)
}

func (h host) rows() [][]cell {
	rows := [][]cell{{{"  kernel", none}, {h.Kernel, none}}}
	for _, f := range h.Features {
		c := cell{"yes", green}
		if !f.There {
			c = cell{"no", yellow}
		}
		rows = append(rows, []cell{{"  " + f.Name, none}, c, {f.Note, none}})
	}
	return rows
}

func kernelRelease() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Release[:])
}

func tryPath(path string) error {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New(path + " is not there")
	}
	return err
}

func tryPidfd() error {
	fd, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}
