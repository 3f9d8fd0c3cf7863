package main

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/message"
	"procward/internal/notify"
	"procward/procscan"
)

// Over a restart of the daemon systemd keeps the pidfds of what is tracked, so that the
// cause of a death in between is known.

// mostHandedOver is how many pidfds are handed over at most: FileDescriptorStoreMax= of
// the unit. handoverTime bounds how long that may take.
const (
	mostHandedOver = 4096
	handoverTime   = 2 * time.Second
)

var errEnough = errors.New("enough is handed over")

const storeName = "pid-%d-%d"

// adopt takes the pidfds that were handed over.
func (d *daemon) adopt() {
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
		d.notified(notify.ForgetFD(names[i]))
	}
	if len(kept) > 0 {
		d.host.Tracker.Adopt(kept)
		time.AfterFunc(time.Minute, d.host.Tracker.Disown)
	}
}

// handOver gives systemd the pidfds of what is tracked.
func (d *daemon) handOver() {
	n, deadline := 0, time.Now().Add(handoverTime)
	err := d.host.Tracker.Handover(func(id procscan.ID, fd int) error {
		if n++; n > mostHandedOver || time.Now().After(deadline) {
			return errEnough // what is not handed over has no cause if it dies meanwhile
		}
		return notify.StoreFD(fmt.Sprintf(storeName, id.PID, id.Start), fd)
	})
	if n > 0 && (err == nil || errors.Is(err, errEnough)) {
		err = notify.Barrier(handoverTime)
	}
	if err != nil && !errors.Is(err, errEnough) {
		d.say(message.Fallback, "the causes of deaths while procward is restarted will not be known: "+err.Error())
	}
}
