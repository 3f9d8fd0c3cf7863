package engine_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	confd "procward/conf.d"
	. "procward/internal/engine"
	"procward/internal/message"
	"procward/internal/rehearse"
	"procward/internal/script"
	"procward/procscan"
	"procward/restart"
	"procward/watch"
)

// reloadsEach is how many reloads one history has.
const reloadsEach = 10

// TestReloads plays histories in which the configuration changes by luck, in whatever is
// going on: names are dropped, added, renamed and moved to other groups, and keys of every
// kind changed, while attempts, operations, rungs, looks, kills, scripts and evidence are
// under way, after the operator's commands, and over the death of the daemon. After each step holds
// what invariants says and the status can be asked for; nothing is done for a name that is
// gone; and in the end, when all works again, all that is named is up and nothing is under way.
// PROCWARD_RELOADS says how many reloads, PROCWARD_SEED the first seed.
func TestReloads(t *testing.T) {
	n, seed := 1000, uint64(1)
	if v, err := strconv.Atoi(os.Getenv("PROCWARD_RELOADS")); err == nil {
		n = v
	}
	if v, err := strconv.ParseUint(os.Getenv("PROCWARD_SEED"), 10, 64); err == nil {
		seed = v
	}
	for i := range uint64((n + reloadsEach - 1) / reloadsEach) {
		t.Run(fmt.Sprint("seed ", seed+i), func(t *testing.T) { newReloads(t, seed+i).play() })
		if t.Failed() {
			return
		}
	}
}

func FuzzReloads(f *testing.F) {
	f.Add(uint64(100_000))
	f.Fuzz(func(t *testing.T, seed uint64) { newReloads(t, seed).play() })
}

// reloads is one history.
type reloads struct {
	*sim
	editor
	over bool // nothing goes wrong any more
}

func newReloads(t testing.TB, seed uint64) *reloads {
	r := &reloads{editor: editor{rand.New(rand.NewPCG(seed, 5))}}
	r.sim = newSim(t, r.first())
	r.ready("reboot")
	r.sim.check, r.sim.Acts, r.stepped = r.saying, r.act, r.holds
	r.Lose = func() bool { return r.luck.IntN(3) == 0 }
	r.Dies = func(Effect) bool { return r.wrong(300) && !r.Machine.Observes() }
	r.Starts = func() { r.populate() }
	for _, name := range players {
		r.Scripts["/restart/"+name] = func(map[string]string) rehearse.Script { return r.fate(name) }
		r.Scripts["unit:"+name+".service"] = func(map[string]string) rehearse.Script {
			r.Resume(name)
			return r.fate(name)
		}
	}
	for _, club := range clubs {
		r.Scripts["/start/"+club] = func(map[string]string) rehearse.Script { return r.fate(r.Config.Members(club)...) }
		r.Scripts["/stop/"+club] = func(map[string]string) rehearse.Script { return r.fate() }
	}
	r.Scripts["/hook"] = func(map[string]string) rehearse.Script {
		s := r.fate()
		s.Result.Code = []int{0, 1, 75}[r.luck.IntN(3)]
		return s
	}
	r.populate()
	return r
}

// wrong reports whether something goes wrong, once in so many times.
func (r *reloads) wrong(in int) bool { return !r.over && r.luck.IntN(in) == 0 }

func (r *reloads) populate() {
	for _, name := range players {
		if r.luck.IntN(3) > 0 {
			r.Spawn(name)
		}
	}
}

// fate is how a script goes that is to start processes.
func (r *reloads) fate(names ...string) rehearse.Script {
	s := rehearse.Script{Takes: time.Duration(r.luck.IntN(4000)) * time.Millisecond}
	switch {
	case r.wrong(4):
		s.Result = script.Result{Code: 1}
		return s
	case r.wrong(8):
		s.Takes += 20 * time.Second
	}
	s.After = func() {
		for _, name := range names {
			for want := r.wanted(name); len(r.IDs(want)) < max(r.Config.Processes[name].Match.Count.Min, 1); {
				r.Spawn(want)
			}
		}
	}
	return s
}

// wanted is the program that an entry matches.
func (r *reloads) wanted(name string) string {
	if p, is := r.Config.Processes[name]; is {
		return p.Match.Name
	}
	return name
}

// holds is what must hold after each step, and what anybody may ask for then.
func (r *reloads) holds() {
	r.LookErr, r.LookTakes = nil, time.Millisecond
	switch {
	case r.wrong(10):
		r.LookErr = errors.New("the look failed")
	case r.wrong(6):
		r.LookTakes = time.Duration(r.luck.IntN(3000)) * time.Millisecond
	}
	if why := Invariants(r.Machine); why != "" {
		r.t.Fatalf("%s:\n%s", why, r.story())
	}
	r.told()
}

func (r *reloads) saying(m message.Message) {
	if m.Kind == message.InternalFailure {
		r.t.Fatalf("%s:\n%s", m.Line(), r.story())
	}
}

// act holds that nothing is begun for a name that is gone.
func (r *reloads) act(e Effect) {
	names, who := map[string]bool{"": true}, ""
	for name := range r.Config.Processes {
		names[name] = true
	}
	switch e := e.(type) {
	case Run:
		who = e.Job.Env["PROCWARD_PROCESS"]
	case RestartUnit:
		who = r.Machine.Jobs()[e.Token].Of()
	case StopUnit:
		who = r.Machine.Jobs()[e.Token].Of()
	case Kill:
		who = r.Machine.Jobs()[e.Token].Of()
	case Evidence:
		who = e.Target
	case Exit:
		if !r.over {
			r.Later(0, Tick{})
			r.Rebirth(time.Second, func(m Moment) Moment { return m })
		}
	default:
		return
	}
	if !names[who] {
		r.t.Fatalf("%#v for %s, which is gone:\n%s", e, who, r.story())
	}
}

func (r *reloads) play() {
	r.start()
	r.pass()
	for range reloadsEach {
		for range r.luck.IntN(8) {
			r.happen()
			r.pass()
		}
		if r.once(3) { // in the midst of an operation, and perhaps of a suspension
			r.command([]Verb{VerbStart, VerbStop, VerbRecover}[r.luck.IntN(3)])
			r.Run(time.Duration(r.luck.IntN(100)) * time.Millisecond)
			if r.once(2) {
				r.command(VerbSuspend)
			}
		}
		r.reload(r.changed(r.Config))
		r.pass()
	}
	r.end()
}

// pass lets time pass: mostly a moment, so that what was begun is under way.
func (r *reloads) pass() {
	d := time.Duration(r.luck.IntN(3000)) * time.Millisecond
	switch r.luck.IntN(6) {
	case 0:
		d *= 30
	case 1, 2:
		d = 0
	}
	r.Run(d)
	r.live()
}

func (r *reloads) reload(cfg *confd.Config) {
	r.live()
	r.Config = cfg
	r.Step(Configured{Config: cfg})
	r.live()
}

// live waits for the next daemon where one has just died.
func (r *reloads) live() {
	for r.Unborn {
		r.Run(time.Second)
	}
}

func (r *reloads) happen() {
	name := r.of(players)
	target := r.of(append(append([]string{}, players...), watchmen...))
	sign := r.of([]string{"http", "fds", "tcp"})
	switch r.luck.IntN(20) {
	case 0, 1, 2, 3:
		r.DieAll(r.wanted(name), []watch.Cause{sigkill, exit3, clean, {}}[r.luck.IntN(4)])
	case 4:
		r.Spawn(r.wanted(name))
	case 5, 6:
		r.Sicken(target, sign, "no answer")
	case 7:
		r.Cure(target, sign)
	case 8:
		r.Step(Suspend{Why: "test"})
	case 9:
		r.Step(Resume{Why: "test"})
	case 10, 11, 12, 13:
		verbs := []Verb{VerbStart, VerbStart, VerbStop, VerbStop, VerbSuspend, VerbResume, VerbResume, VerbRecover}
		r.command(verbs[r.luck.IntN(len(verbs))])
	case 14:
		r.Units[name] = Unit{Name: name + ".service", Hands: "systemd has a stop job for it"}
		if r.once(2) {
			delete(r.Units, name)
		}
	case 15:
		r.Killed = nil
		if r.once(2) {
			outcome := []restart.Outcome{restart.Unkillable, restart.Refused}[r.luck.IntN(2)]
			r.Killed = func(procscan.ID) restart.Outcome { return outcome }
		}
	case 16:
		r.Rebirth(time.Second, func(m Moment) Moment { return m })
	case 17:
		r.Step(Booting{Yes: r.once(2)})
	case 18:
		for _, id := range r.IDs(r.wanted(name)) { // its cause is told late, or it was gone before it was tracked
			r.Die(id, watch.Cause{})
			r.Later(time.Duration(r.luck.IntN(20))*time.Millisecond, Died{Events: []watch.Event{{ID: id, At: r.Uptime(), Cause: exit3, Belated: true}}})
		}
	default:
		r.Step(Sensed{Signs: []watch.SignChange{{Target: target, Round: r.Attended[target].Round - 1, Name: sign, Verdict: watch.Bad, Text: "of another round"}}})
	}
}

// command is one of the operator's; it may be refused.
func (r *reloads) command(verb Verb) {
	r.live()
	name, club := r.of(players), r.of(clubs)
	o := Order{Verb: verb, Names: [][]string{{name}, {club}, {club, name}, {}}[r.luck.IntN(4)], By: "root"}
	if len(o.Names) == 0 && (verb == VerbStart || verb == VerbStop) {
		o.Names = []string{club}
	}
	if verb == VerbRecover && len(o.Names) == 0 {
		r.endings = nil
	}
	r.operate(o)
}

// end mends everything: then all that is named is up, and nothing is under way.
func (r *reloads) end() {
	r.over = true
	r.live()
	r.Killed, r.Units, r.Ill = nil, map[string]Unit{}, map[string]string{}
	clear(r.Halted)
	cfg := r.changed(r.Config)
	cfg.Files, cfg.Daemon.Observe = nil, false
	for name, p := range cfg.Processes {
		p.Match.Name, p.Match.Count = name, procscan.DefaultMatch().Count
		cfg.Processes[name] = p
	}
	r.Config = cfg
	if r.Machine.Observes() { // it is in force from the next start on
		r.Rebirth(time.Second, func(m Moment) Moment { return m })
	}
	r.reload(cfg)
	r.Step(Booting{})
	r.Step(Resume{Why: "the end"})
	r.order(VerbResume)
	for _, target := range append(append([]string{}, players...), watchmen...) {
		for _, sign := range []string{"http", "fds", "tcp"} {
			r.Cure(target, sign)
		}
	}
	r.Run(20 * time.Minute)
	for _, name := range sortedNames(cfg.Processes) {
		r.order(VerbStart, name)
	}
	r.Run(20 * time.Minute)
	for range 3 { // a rung may just have stopped it
		for _, name := range sortedNames(cfg.Processes) {
			if len(r.IDs(name)) == 0 {
				r.Spawn(name)
			}
		}
		r.Run(20 * time.Minute)
	}
	r.atRest()
}

func (r *reloads) atRest() {
	for _, name := range r.Machine.Names() {
		if p := r.Machine.Procs()[name]; p.State() != Up || p.Stalled() || p.Held() || p.Trial().Evidence != 0 {
			r.t.Fatalf("in the end %s is %s, waits for %q, stalled: %v, in an operation: %v:\n%s", name, p.State(), p.View().Waits, p.Stalled(), p.Held(), r.story())
		}
	}
	for id, names := range r.Machine.Trackers() {
		if q := r.Procs[id]; q == nil || slices.ContainsFunc(names, func(name string) bool { return name != q.Name }) {
			r.t.Fatalf("in the end %v is tracked for %v, and is %+v:\n%s", id, names, q, r.story())
		}
	}
	for _, ord := range r.Machine.Orders() {
		if !ord.Done {
			r.t.Fatalf("in the end the order %+v is not done:\n%s", ord.Status, r.story())
		}
	}
	if r.Machine.Slots() != 0 || len(r.Machine.Jobs()) != 0 || r.Machine.Ops() != 0 {
		r.t.Fatalf("in the end %d slots, jobs %v, %d operations:\n%s", r.Machine.Slots(), r.Machine.Jobs(), r.Machine.Ops(), r.story())
	}
}
