package escalate

import (
	"reflect"
	"strconv"
	"testing"
	"time"

	"procward/internal/scalar"
)

// FuzzBreaker lets bytes be the life of a machine: boots, power cuts, a wall clock that
// is stepped, a daemon that is killed between any two steps, saves that fail, acts that
// do nothing. It holds: of the rungs that were allowed and recorded, whether they
// happened or not, never more than Count lie in any Window of true time; none comes
// before the minimum uptime; a report of what happened is true; a ledger is a value. In
// the end, once a window has passed in peace, a rung is allowed again.
func FuzzBreaker(f *testing.F) {
	f.Add([]byte{3, 2, 1, 0x62, 0x72, 0x62, 0x72, 0x62, 0x72, 0x62, 0x72})
	f.Add([]byte{2, 9, 0, 0x60, 0x12, 0x01, 0x60, 0x13, 0x91, 0x24, 0x05, 0x26, 0x60, 0x17, 0x08, 0xf3})
	f.Fuzz(func(t *testing.T, data []byte) {
		data = data[:min(len(data), 200)]
		h := &host{t: t, limit: limit(2, day, 0)}
		if len(data) > 2 {
			h.limit = limit(int(data[0]%5), (1+time.Duration(data[1]))*10*time.Minute, 0)
			h.limit.MinUptime = h.limit.Window * scalar.Duration(data[2]) / (256 * 4) // Count times that fits into the window
			data = data[3:]
			if err := h.limit.Validate(); err != nil {
				t.Fatalf("the test makes a bad limit: %v", err)
			}
		}
		h.boot(0)
		for _, b := range data {
			h.step(b&15, time.Duration(b>>4))
		}
		h.end()
	})
}

// host is the machine, seen by somebody whose clock is right.
type host struct {
	t       testing.TB
	limit   RebootLimit
	now     time.Duration // true time
	bootAt  time.Duration
	boots   int
	wallOff time.Duration
	mem     Ledger          // of the daemon
	disk    Ledger          // as saved last
	acts    []time.Duration // true times at which a rung was allowed and recorded
}

func (h *host) moment() Moment {
	return Moment{Boot: strconv.Itoa(h.boots), Uptime: h.now - h.bootAt, Wall: noon.Add(h.now + h.wallOff)}
}

// boot begins a new boot, after the machine was off for a time.
func (h *host) boot(off time.Duration) {
	h.now += off
	h.bootAt, h.boots = h.now, h.boots+1
	h.now += 10 * time.Second
	h.open()
}

// open starts the daemon with what is on disk.
func (h *host) open() {
	var reports []Report
	h.mem, reports = saved(h.t, h.disk).Opened(h.moment())
	for _, r := range reports {
		if happened := r.Boot != strconv.Itoa(h.boots); happened != (r.Outcome == Happened) {
			h.t.Fatalf("boot %d: %v of %+v", h.boots, r, r.Entry)
		}
	}
}

func (h *host) step(what byte, n time.Duration) {
	switch what {
	case 0, 1: // it runs
		h.now += n * n * time.Minute
	case 2, 3: // a rung, which happens
		if h.ask(true) {
			h.boot(n * time.Minute)
		}
	case 4: // a rung, which does nothing
		if h.ask(true) {
			h.now += n * time.Second
			h.mem = h.mem.Failed(h.moment())
		}
	case 5: // killed between the record and the act
		h.ask(true)
		h.open()
	case 6: // killed before the record
		h.ask(false)
		h.open()
	case 7: // a save that fails: refused
		h.ask(false)
		if n > 7 { // the file is lost as well
			h.disk = Ledger{}.Forgot(h.moment(), "torn")
			h.open()
		}
	case 8:
		h.mem = h.mem.Seen(h.moment())
		h.disk = saved(h.t, h.mem)
	case 9: // the daemon is killed
		h.open()
	case 10: // a power cut, and nobody was there for days
		h.boot(n * 8 * time.Hour)
	case 11: // a reboot by somebody else
		h.boot(time.Minute)
	case 12:
		h.wallOff += n * day
	case 13:
		h.wallOff -= n * day
	case 14: // asleep: CLOCK_BOOTTIME goes on
		h.now += n * time.Hour
	case 15: // the boot id is hidden for a while
		now := h.moment()
		now.Boot = ""
		if l, v := h.limit.Ask(h.mem, "reboot", "", now); v.Answer != Refuse || !reflect.DeepEqual(l, h.mem) {
			h.t.Fatalf("without a boot id: %+v", v)
		}
	}
}

// ask asks, and saves where the save works. It says whether the act may follow.
func (h *host) ask(saves bool) bool {
	before := saved(h.t, h.mem)
	l, v := h.limit.Ask(h.mem, "reboot", "fuzz", h.moment())
	if !reflect.DeepEqual(before, saved(h.t, h.mem)) {
		h.t.Fatalf("the argument was changed from %+v to %+v", before, h.mem)
	}
	if v.Answer != Allow || !saves {
		return false
	}
	h.mem, h.disk = l, saved(h.t, l)
	h.acts = append(h.acts, h.now)
	if up := h.now - h.bootAt; up < h.limit.MinUptime.D() {
		h.t.Fatalf("allowed at an uptime of %v: %+v", up, h.limit)
	}
	if i := len(h.acts) - 1 - h.limit.Count; h.limit.Count == 0 || i >= 0 && h.now-h.acts[i] < h.limit.Window.D() {
		h.t.Fatalf("%d rungs within %v: %v", h.limit.Count+1, h.limit.Window, h.acts)
	}
	return true
}

func (h *host) end() {
	h.now += h.limit.Window.D() + h.limit.MinUptime.D()
	if allowed := h.ask(true); allowed != (h.limit.Count > 0) {
		h.t.Fatalf("after a window in peace: allowed %v by %+v: %+v", allowed, h.limit, h.mem)
	}
}
