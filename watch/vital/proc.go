package vital

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"procward/internal/procfile"
	"procward/procscan"
)

// slowly is how often things are read again that rarely change: the cgroup of a process,
// its limits, its network namespace, and which sockets belong to it.
const slowly = time.Minute

// proc is one process that is attended.
type proc struct {
	id   procscan.ID
	life life
	r    reading
	keep int  // a descriptor of its stat file, or -1
	live int  // a living thread, if the leading one has exited; else 0
	gone bool // it has ended; nothing is read any more

	kids    int64 // children at kidsAt
	zombies int64
	kidsAt  time.Duration
	rolled  rolled
	tree    int64 // at treeAt
	treeAt  time.Duration
	group   *group // nil if no cgroup of it can be frozen
	limits  int64
	net     *netns
	owned   []owned
	slowAt  time.Duration // when these were read; each is cleared when it is time again
	known   [sources]bool // which of them were read since
}

// reader reads for all processes, one after the other.
type reader struct {
	dir     procfile.Dir // /proc
	path    procfile.Path
	buf     []byte
	tids    []int
	kids    []byte
	page    int64
	counts  bool // stat(2) of /proc/PID/fd gives the number of descriptors (Linux 6.2)
	room    int  // how many descriptors may still be kept
	turn    uint64
	memory  int64 // MemTotal, read once a turn if it is needed
	groups  groups
	rollups rollups
	family  family
	spaces  spaces
	nowMono time.Duration
	now     time.Duration // on the watcher's clock
}

// bufSize is enough for most files.
const bufSize = 32 << 10

func newReader(root string, room int) (*reader, error) {
	dir, err := procfile.Open(root)
	if err != nil {
		return nil, fmt.Errorf("open the process table: %w", err)
	}
	rd := &reader{dir: dir, buf: make([]byte, bufSize), kids: make([]byte, 0, 512), page: int64(unix.Getpagesize()), room: room, rollups: rollups{root: root}}
	var st unix.Stat_t
	rd.counts = unix.Fstatat(int(dir), "self/fd", &st, 0) == nil && st.Size > 0
	rd.groups.mounts(root)
	rd.spaces.open(root, dir)
	return rd, nil
}

func (rd *reader) close() {
	rd.spaces.close()
	rd.dir.Close()
}

// read reads what the plan of a process needs. If the process has ended, gone is set and
// nothing else.
func (rd *reader) read(p *proc) {
	p.r = reading{at: rd.nowMono, tasks: p.r.tasks[:0], queues: p.r.queues[:0]}
	if err := rd.stat(p); errors.Is(err, os.ErrNotExist) {
		p.gone = true
		rd.drop(p)
		return
	} else if err != nil {
		p.r.fail[fromStat] = fmt.Errorf("read stat: %w", err)
		return
	}
	if rd.now-p.slowAt >= slowly {
		p.slowAt, p.known = rd.now, [sources]bool{}
	}
	for s, needed := range p.life.plan.needs {
		if !needed {
			continue
		}
		if err := rd.source(p, source(s)); err != nil {
			p.r.fail[s] = err
		}
	}
}

// stat reads the state of a process through the descriptor that is kept, or opens the
// file and keeps it if there is room. Such a descriptor never shows a later process with
// the same PID: the kernel ties it to this one.
func (rd *reader) stat(p *proc) error {
	text, err := rd.statText(p)
	if err != nil {
		return err
	}
	s := &p.r.stat
	if err := s.Parse(text); err != nil {
		return err
	}
	if s.Start != p.id.Start || s.Dead() {
		return os.ErrNotExist
	}
	p.r.rss = s.RSS * rd.page
	if s.State != 'Z' {
		p.live = 0
		return nil
	}
	return rd.leaderless(p)
}

func (rd *reader) statText(p *proc) ([]byte, error) {
	if p.keep < 0 {
		fd, err := rd.dir.Open(rd.path.Of(p.id.PID, 0, "stat"), unix.O_RDONLY)
		if err != nil {
			return nil, err
		}
		if rd.room == 0 {
			defer unix.Close(fd)
			return procfile.Pread(fd, rd.buf)
		}
		p.keep = fd
		rd.room--
	}
	return procfile.Pread(p.keep, rd.buf)
}

// drop closes what is kept for a process.
func (rd *reader) drop(p *proc) {
	if p.keep >= 0 {
		unix.Close(p.keep)
		p.keep = -1
		rd.room++
	}
}

// begin begins a turn: one tick.
func (rd *reader) begin(mono, now time.Duration) {
	rd.turn++
	rd.nowMono, rd.now = mono, now
}

// end ends a turn.
func (rd *reader) end() {
	rd.rollups.turn()
	if rd.turn%forget == 0 {
		rd.rollups.prune()
		rd.groups.prune(rd.turn)
		rd.spaces.prune(rd.turn)
	}
}
