package script

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	maxKept  = 1 << 20               // bytes of one output above which it is cut
	keptTail = 64 << 10              // bytes that stay
	pause    = 20 * time.Millisecond // at least, between two looks at outputs that are being written
	spare    = 4                     // outputs that are ready for later scripts
)

// trimmer frees the beginning of outputs that grow, so that only a script that writes too
// fast reaches their limit, and drops outputs that nobody can write to any more.
// inotify(7) reports both. A script that writes nothing costs it nothing.
type trimmer struct {
	note func(text string)

	mu     sync.Mutex
	in     *os.File        // inotify; nil: none
	fd     int             // of it
	held   map[int]*output // by watch descriptor
	ready  []*output
	making bool
	noted  bool
	closed bool
}

// open begins. It takes over outputs that daemons of an earlier procward still write to.
func (k *trimmer) open(note func(text string)) {
	k.note, k.held = note, map[int]*output{}
	if fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK); err == nil {
		k.fd, k.in = fd, os.NewFile(uintptr(fd), "inotify")
		go k.run()
		go k.takeOver()
	} else {
		k.say("outputs of scripts are not cut: inotify_init1: " + err.Error())
	}
	k.fill()
}

func (k *trimmer) say(text string) {
	if k.note != nil {
		k.note(text)
	}
}

// output returns the output of one script.
func (k *trimmer) output() *output {
	k.mu.Lock()
	var o *output
	if n := len(k.ready); n > 0 {
		o, k.ready = k.ready[n-1], k.ready[:n-1]
	}
	k.mu.Unlock()
	k.fill()
	if o == nil {
		o = k.make()
	}
	return o
}

// fill makes outputs ready, and does not wait for it: no file system must be made between
// a death and the restart.
func (k *trimmer) fill() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.making || k.closed || len(k.ready) >= spare {
		return
	}
	k.making = true
	go func() {
		for more := true; more; {
			o := k.make()
			k.mu.Lock()
			switch {
			case o.err != nil:
				more = false
			case k.closed:
				k.drop(o)
				more = false
			default:
				k.ready = append(k.ready, o)
				more = len(k.ready) < spare
			}
			k.making = more
			k.mu.Unlock()
		}
	}()
}

func (k *trimmer) make() *output {
	o := &output{trimmer: k, watch: -1}
	fd, bounded, err := newBox()
	if err != nil {
		o.err = err
		return o
	}
	o.w = os.NewFile(uintptr(fd), boxName)
	if o.r, o.err = again(fd, os.O_RDONLY); o.err != nil {
		o.w.Close()
		o.w = nil
		return o
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if !bounded && !k.noted {
		k.noted = true
		go k.say("the output of scripts has no hard limit here (no CAP_SYS_ADMIN, or a kernel before 5.2): what floods it takes memory until it is cut")
	}
	k.follow(o)
	return o
}

// follow asks for reports of the output's changes. It is called with the lock held.
func (k *trimmer) follow(o *output) {
	if k.in == nil || k.closed {
		return
	}
	wd, err := unix.InotifyAddWatch(k.fd, path(o.r), unix.IN_MODIFY|unix.IN_CLOSE_WRITE)
	if err == nil {
		o.watch, k.held[wd] = wd, o
	}
}

// path is the path to open an open file again: nothing else can be in its place.
func path(f *os.File) string { return fmt.Sprintf("/proc/self/fd/%d", f.Fd()) }

// again opens a file once more. The user of a script may hold a lease on it (fcntl(2)) to
// make us wait for its end; with O_NONBLOCK the open fails at once (EWOULDBLOCK).
func again(fd, flags int) (*os.File, error) {
	return os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", fd), flags|unix.O_NONBLOCK, 0)
}

// release says that the script of an output has ended.
func (k *trimmer) release(o *output) {
	k.mu.Lock()
	defer k.mu.Unlock()
	o.released = true
	k.look(o)
}

// run cuts and drops outputs as they change, until close.
func (k *trimmer) run() {
	buf := make([]byte, 64<<10)
	for {
		n, err := k.in.Read(buf)
		if err != nil {
			return
		}
		flood := false
		k.mu.Lock()
		for _, o := range k.changed(buf[:n]) {
			flood = k.look(o) || flood
		}
		k.mu.Unlock()
		if !flood {
			time.Sleep(pause)
		}
	}
}

// changed reads inotify(7) events; if some were dropped, every output may have changed.
func (k *trimmer) changed(events []byte) map[int]*output {
	out := map[int]*output{}
	for len(events) >= unix.SizeofInotifyEvent {
		wd := int(int32(binary.NativeEndian.Uint32(events)))
		mask := binary.NativeEndian.Uint32(events[4:])
		if mask&unix.IN_Q_OVERFLOW != 0 {
			return k.held
		}
		if o := k.held[wd]; o != nil {
			out[wd] = o
		}
		events = events[unix.SizeofInotifyEvent+int(binary.NativeEndian.Uint32(events[12:])):]
	}
	return out
}

// look cuts an output that has grown, which it reports, and drops one that nobody needs
// any more. It is called with the lock held.
func (k *trimmer) look(o *output) (grown bool) {
	switch {
	case o.r == nil:
		return false
	case o.released && !written(o.r):
		k.drop(o)
		return false
	}
	return cut(o.r)
}

// drop closes an output. It is called with the lock held.
func (k *trimmer) drop(o *output) {
	if o.watch >= 0 {
		if k.in != nil && !k.closed {
			_, _ = unix.InotifyRmWatch(k.fd, uint32(o.watch))
		}
		delete(k.held, o.watch)
	}
	o.started()
	if o.r != nil {
		o.r.Close()
		o.r = nil
	}
}

// written reports whether somebody has the file open for writing: then a read lease
// (fcntl(2), F_SETLEASE) is refused.
func written(r *os.File) bool {
	f, err := again(int(r.Fd()), os.O_RDONLY)
	if err != nil {
		return errors.Is(err, unix.EWOULDBLOCK)
	}
	defer f.Close() // which ends the lease
	_, err = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_RDLCK)
	return errors.Is(err, unix.EAGAIN)
}

// cut frees the space of all but the last bytes if a file has grown. It makes a hole
// (fallocate(2)) and keeps the length, so that writers are not disturbed.
func cut(r *os.File) (grown bool) {
	var st unix.Stat_t
	if err := unix.Fstat(int(r.Fd()), &st); err != nil || st.Blocks*512 < maxKept {
		return false
	}
	f, err := again(int(r.Fd()), os.O_WRONLY)
	if err != nil {
		return false
	}
	defer f.Close()
	return unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, st.Size-keptTail) == nil
}

// takeOver finds outputs of an earlier procward: the standard output of processes that
// its scripts have left behind.
func (k *trimmer) takeOver() {
	seen := map[[2]uint64]bool{}
	for _, fd := range []string{"1", "2"} {
		links, _ := filepath.Glob("/proc/[0-9]*/fd/" + fd)
		for _, link := range links {
			if to, err := os.Readlink(link); err != nil || filepath.Base(to) != boxName {
				continue
			}
			f, err := os.OpenFile(link, os.O_RDONLY|unix.O_NONBLOCK, 0)
			if err != nil {
				continue
			}
			var st unix.Stat_t
			known := unix.Fstat(int(f.Fd()), &st) != nil || seen[[2]uint64{st.Dev, st.Ino}]
			seen[[2]uint64{st.Dev, st.Ino}] = true
			if known || !isBox(f) || !k.adopt(f) {
				f.Close()
			}
		}
	}
}

// adopt keeps an output whose script is not ours, unless it is one of ours.
func (k *trimmer) adopt(f *os.File) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	before := len(k.held)
	o := &output{trimmer: k, r: f, released: true, foreign: true, watch: -1}
	wd, err := unix.InotifyAddWatch(k.fd, path(f), unix.IN_MODIFY|unix.IN_CLOSE_WRITE)
	if err != nil || k.held[wd] != nil || k.closed {
		return false
	}
	o.watch, k.held[wd] = wd, o
	k.look(o)
	return len(k.held) > before
}

// close ends. Processes that still write to their output can go on, up to its limit, or
// until the next procward takes it over.
func (k *trimmer) close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed {
		return nil
	}
	k.closed = true
	for _, o := range k.ready {
		k.drop(o)
	}
	k.ready = nil
	if k.in == nil {
		return nil
	}
	return k.in.Close()
}
