package engine

import (
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"procward/escalate"
	"procward/procscan"
	"procward/watch"
)

// power is the simulated machine below the daemon.
type power struct {
	rungs     map[string]string // what can be done here; nil: nothing
	bootAt    time.Duration     // when it was booted
	boots     int
	lost      string       // why the ledger cannot be believed at the next start
	recordErr func() error // nil: it is on the disk
	takes     time.Duration
	stays     func(EndMachine) bool // the act returns; nil: the machine boots again
	starts    func()                // what is started at each boot
	acts      []time.Duration       // when an act began, since the last recover
	did       []string              // the rungs
}

func (s *sim) uptime() time.Duration { return s.now - s.power.bootAt }

func (s *sim) boot() string { return "boot " + strconv.Itoa(s.power.boots) }

// ready makes rungs ready.
func (s *sim) ready(rungs ...string) *sim {
	s.power.rungs = map[string]string{}
	for _, r := range rungs {
		s.power.rungs[r] = ""
	}
	return s
}

// begin gives the machine what it needs to begin.
func (s *sim) begin() {
	if s.power.rungs != nil {
		s.step(Means{Refused: s.power.rungs, Lost: s.power.lost})
		s.power.lost = ""
	}
	s.step(Configured{Config: s.cfg})
}

func (s *sim) record(e Record) {
	var err error
	if s.power.recordErr != nil {
		err = s.power.recordErr()
	}
	if err == nil {
		s.memory.write(s)
	}
	s.later(s.power.takes+time.Millisecond, Recorded{Token: e.Token, Err: err})
}

// endMachine holds what must be true of every act, and lets it happen, or not.
func (s *sim) endMachine(e EndMachine) {
	var kept escalate.Ledger
	if err := json.Unmarshal(s.memory.written[keyBreaker], &kept); err != nil || len(kept.Entries) == 0 {
		s.t.Fatalf("%s without a record: %v\n%s", e.Rung, err, s.story())
	}
	last := kept.Entries[len(kept.Entries)-1]
	if last.Rung != e.Rung || last.Boot != s.boot() || last.Outcome != escalate.Asked || last.Reason != e.Reason || e.Reason == "" {
		s.t.Fatalf("the record of %+v is %+v\n%s", e, last, s.story())
	}
	limit := s.cfg.Daemon.RebootLimit
	if i := len(s.power.acts) - limit.Count; limit.Count == 0 || i >= 0 && s.now-s.power.acts[i] < limit.Window.D() {
		s.t.Fatalf("more than %d in %v: %v and now\n%s", limit.Count, limit.Window, s.power.acts, s.story())
	}
	if s.uptime() < limit.MinUptime.D() {
		s.t.Fatalf("after an uptime of %v:\n%s", s.uptime(), s.story())
	}
	if s.m.suspended != "" && !s.m.ownShutdown {
		s.t.Fatalf("%s while suspended:\n%s", e.Rung, s.story())
	}
	if s.allUp() {
		s.t.Fatalf("%s, and everything is up:\n%s", e.Rung, s.story())
	}
	s.power.acts, s.power.did = append(s.power.acts, s.now), append(s.power.did, e.Rung)
	if s.power.stays != nil && s.power.stays(e) {
		s.later(time.Second, MachineStays{Token: e.Token, Err: errors.New("all was tried")})
		return
	}
	s.reboot()
}

// allUp reports whether every process had been there when the last look began, and no check is bad.
func (s *sim) allUp() bool {
	for _, signs := range s.verdicts {
		for _, v := range signs {
			if v == watch.Bad {
				return false
			}
		}
	}
	for _, p := range s.cfg.Processes {
		n := 0
		for _, id := range s.idsOf(p.Match.Name) {
			if s.uptime()-id.Started() > s.lookTakes+20*time.Millisecond {
				n++
			}
		}
		if n < p.Match.Count.Min {
			return false
		}
	}
	return len(s.cfg.Processes) > 0
}

// reboot ends everything; the daemon is up again 20 seconds later.
func (s *sim) reboot() {
	s.procs = map[procscan.ID]*simProcess{}
	for _, r := range s.runs {
		r.over = true
	}
	clear(s.running)
	s.power.boots++
	s.power.bootAt = s.now + 10*time.Second
	if s.power.starts != nil {
		s.at(15*time.Second, s.power.starts)
	}
	s.rebirth(20*time.Second, func(m Moment) Moment { return m })
}
