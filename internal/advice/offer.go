package advice

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/message"
	"procward/internal/systemd"
	"procward/procscan"
	"procward/watch"
)

// Offer is what the kernel and the system offer, each tried and not inferred.
type Offer struct {
	Kernel    string    `json:"kernel"`
	Features  []Feature `json:"features"`
	Fallbacks []string  `json:"fallbacks,omitempty"` // what stands in for something that is missing
}

// Feature is one thing that procward uses if it is available.
type Feature struct {
	Name  string `json:"name"`
	There bool   `json:"there"`
	Note  string `json:"note,omitempty"` // why it is not available
}

// Probe tries what procward would use.
func Probe(ctx context.Context) Offer {
	h := Offer{Kernel: kernelRelease()}
	h.tryKernel()
	h.add("systemd", trySystemd(ctx))
	h.add("journald", trySocket(message.JournalSocket))
	h.add("syslog", trySocket(message.SyslogSocket))
	return h
}

// tryKernel asks the parts of the daemon that depend on the kernel.
func (h *Offer) tryKernel() {
	proc, err := procscan.Open("/proc")
	if err != nil {
		h.add("/proc", err)
		return
	}
	defer proc.Close()
	tracker, err := watch.NewTracker(proc, watch.Options{Note: func(text string) { h.Fallbacks = append(h.Fallbacks, text) }})
	if err == nil {
		defer tracker.Close()
		if tracker.Mode() != "pidfd" {
			err = errors.New("detection by " + tracker.Mode())
		}
	}
	h.add("pidfd", err)
	scanner := procscan.NewScanner(proc)
	defer scanner.Close()
	err = nil
	if fast, why := scanner.Fast(); !fast {
		err = errors.New(why)
		h.Fallbacks = append(h.Fallbacks, "every look reads the whole process table")
	}
	h.add("proc connector", err)
}

func (h *Offer) add(name string, err error) {
	f := Feature{Name: name, There: err == nil}
	if err != nil {
		f.Note = err.Error()
	}
	h.Features = append(h.Features, f)
}

func kernelRelease() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Release[:])
}

func trySystemd(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	link, err := systemd.Connect(ctx)
	if err != nil {
		return err
	}
	_, err = link.Host(ctx)
	return errors.Join(err, link.Close())
}

func trySocket(path string) error {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New(path + " is not there")
	}
	return err
}
