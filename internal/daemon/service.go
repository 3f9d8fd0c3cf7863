package daemon

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/message"
	"procward/internal/notify"
	"procward/internal/scalar"
	"procward/procscan"
	"procward/watch"
)

// service is the connection with the service manager: it is told when the daemon is ready
// and that it is alive, and gets the pidfds of what is tracked. Over a restart of the
// daemon systemd keeps these, so that the cause of a death in between is known.
type service struct {
	voice   *voice
	tracker *watch.Tracker
	healthy func() error
}

// ready says that a configuration is in force.
func (s service) ready(processes int) {
	s.voice.failed(notify.Ready("watching " + scalar.Counted(processes, "process", "processes") + ", detection by " + s.tracker.Mode()))
}

func (s service) reloading() { s.voice.failed(notify.Reloading()) }

func (s service) stopping() { s.voice.failed(notify.Stopping()) }

// beat feeds the watchdog of the service manager, if there is one, while all is well. It
// ends with ctx.
func (s service) beat(ctx context.Context) {
	every, err := notify.Watchdog()
	s.voice.failed(err)
	if every <= 0 {
		return
	}
	go func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			if s.healthy() == nil {
				_ = notify.Alive() // if it fails the service manager finds out by itself
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
}

// mostHandedOver is how many pidfds are handed over at most: FileDescriptorStoreMax= of
// the unit. handoverTime limits how long that may take, and adoptTime how long they are
// kept for processes that are found again.
const (
	mostHandedOver = 4096
	handoverTime   = 2 * time.Second
	adoptTime      = time.Minute
)

var errEnough = errors.New("enough is handed over")

const storeName = "pid-%d-%d"

// adopt takes the pidfds that were handed over.
func (s service) adopt() {
	names, fds := notify.StoredFDs()
	kept := map[procscan.ID]int{}
	for i, fd := range fds {
		var id procscan.ID
		if _, err := fmt.Sscanf(names[i], storeName, &id.PID, &id.Start); err != nil {
			unix.Close(fd)
			continue
		}
		if old, twice := kept[id]; twice {
			unix.Close(old)
		}
		kept[id] = fd
		s.voice.failed(notify.ForgetFD(names[i]))
	}
	if len(kept) > 0 {
		s.tracker.Adopt(kept)
		time.AfterFunc(adoptTime, s.tracker.Disown)
	}
}

// handOver gives the service manager the pidfds of what is tracked.
func (s service) handOver() {
	n, deadline := 0, time.Now().Add(handoverTime)
	err := s.tracker.Handover(func(id procscan.ID, fd int) error {
		if n++; n > mostHandedOver || time.Now().After(deadline) {
			return errEnough // if it is not handed over its cause is unknown if it dies meanwhile
		}
		return notify.StoreFD(fmt.Sprintf(storeName, id.PID, id.Start), fd)
	})
	if n > 0 && (err == nil || errors.Is(err, errEnough)) {
		err = notify.Barrier(handoverTime)
	}
	if err != nil && !errors.Is(err, errEnough) {
		s.voice.say(message.Fallback, "the causes of deaths while procward is restarted will not be known: "+err.Error())
	}
}
