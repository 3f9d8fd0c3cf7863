package vital

import (
	"bytes"
	"errors"
	"os"

	"procward/internal/procfile"
)

// owned tells whether a listening socket belongs to a process.
type owned struct {
	inode uint64
	mine  bool
}

// queues looks at the accept queues of the listening sockets of a process, if its life
// needs it now. One question for all processes shows in which sockets something waits.
// Only if one of these is not known are the descriptors of the process searched.
func (rd *reader) queues(p *proc) error {
	if !p.life.wantsQueues(rd.now) {
		return nil
	}
	if !p.known[fromQueues] {
		p.owned = p.owned[:0]
		net, err := rd.spaces.of(&rd.path, p.id.PID, p.live)
		if err != nil {
			return err
		}
		p.net, p.known[fromQueues] = net, true
	}
	if p.net.turn != rd.turn {
		p.net.turn = rd.turn
		rd.spaces.look(p.net)
	}
	if p.net.err != nil {
		return p.net.err
	}
	if err := rd.learn(p); err != nil {
		return err
	}
	for i := range p.net.socks {
		if l := &p.net.socks[i]; l.length > 0 && p.owns(l.inode) {
			p.r.queues = append(p.r.queues, rd.spaces.queue(p.net, l))
		}
	}
	p.r.asked = true
	return nil
}

func (p *proc) owns(inode uint64) bool {
	for _, o := range p.owned {
		if o.inode == inode {
			return o.mine
		}
	}
	return false
}

// learn finds out to whom the sockets belong in which something waits.
func (rd *reader) learn(p *proc) error {
	first := len(p.owned)
	for i := range p.net.socks {
		if l := &p.net.socks[i]; l.length > 0 && !p.asked(l.inode) {
			p.owned = append(p.owned, owned{inode: l.inode})
		}
	}
	if first == len(p.owned) {
		return nil
	}
	if err := rd.search(p, p.owned[first:]); err != nil {
		p.owned = p.owned[:first]
		return err
	}
	return nil
}

func (p *proc) asked(inode uint64) bool {
	for _, o := range p.owned {
		if o.inode == inode {
			return true
		}
	}
	return false
}

// search looks for sockets among the descriptors of a process. It reads the links and
// does not follow them.
func (rd *reader) search(p *proc, wanted []owned) error {
	var err error
	rd.tids, err = rd.dir.Numbers(rd.path.Of(p.id.PID, p.live, "fd"), rd.buf, rd.tids[:0])
	if err != nil {
		return err
	}
	for _, fd := range rd.tids {
		link, err := rd.dir.Link(rd.path.FD(p.id.PID, p.live, fd), rd.buf)
		if errors.Is(err, os.ErrNotExist) {
			continue // closed meanwhile
		}
		if err != nil {
			return err
		}
		rest, socket := bytes.CutPrefix(link, []byte("socket:["))
		inode, _, ok := procfile.Number(rest)
		for i := range wanted {
			if socket && ok && wanted[i].inode == uint64(inode) {
				wanted[i].mine = true
			}
		}
	}
	return nil
}
