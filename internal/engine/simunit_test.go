package engine

import (
	"errors"
	"time"
)

// stopUnit is systemd's stop of a unit: the processes of it end, unless unitStops says
// otherwise.
func (s *sim) stopUnit(e StopUnit) {
	s.ran = append(s.ran, "stop:"+e.Unit)
	var err error
	if s.unitStops != nil {
		err = s.unitStops(e)
	}
	life := s.life
	s.at(10*time.Millisecond, func() {
		if err == nil {
			for name, p := range s.cfg.Processes {
				if p.Restart.Unit == e.Unit {
					s.dieAll(name, clean)
					s.halted[name] = life
				}
			}
		}
		if s.life == life {
			s.later(0, UnitStopped{Token: e.Token, Err: err, Conflict: errors.Is(err, errConflict)})
		}
	})
}

var errConflict = errors.New("another job goes first")

// unitOf says what systemd does of the unit of a process. A daemon knows its own stop from
// somebody else's; a later one does not.
func (s *sim) unitOf(name string) Unit {
	if life, halted := s.halted[name]; halted && life != s.life && s.units[name].Hands == "" {
		return Unit{Name: name + ".service", Hands: StoppedOnRequest}
	}
	return s.units[name]
}

// byUnit gives an entry the restart of a unit, which works.
func (s *sim) byUnit(name, unit string) {
	p := s.cfg.Processes[name]
	p.Restart.Run, p.Restart.Unit = nil, unit
	s.cfg.Processes[name] = p
	s.scripts["unit:"+unit] = func(map[string]string) simScript {
		return simScript{takes: 50 * time.Millisecond, after: func() {
			delete(s.halted, name)
			if len(s.idsOf(name)) == 0 {
				s.spawn(name)
			}
		}}
	}
}
