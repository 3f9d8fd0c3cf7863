package engine

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
	"procward/internal/message"
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
	r.sim.check, r.sim.acts, r.stepped = r.saying, r.act, r.holds
	r.memory.lose = func() bool { return r.luck.IntN(3) == 0 }
	r.memory.die = func(Effect) bool { return r.wrong(300) && !r.m.observe }
	r.power.starts = func() { r.populate() }
	for _, name := range players {
		r.scripts["/restart/"+name] = func(map[string]string) simScript { return r.fate(name) }
		r.scripts["unit:"+name+".service"] = func(map[string]string) simScript {
			delete(r.halted, name)
			return r.fate(name)
		}
	}
	for _, club := range clubs {
		r.scripts["/start/"+club] = func(map[string]string) simScript { return r.fate(r.cfg.Members(club)...) }
		r.scripts["/stop/"+club] = func(map[string]string) simScript { return r.fate() }
	}
	r.scripts["/hook"] = func(map[string]string) simScript {
		s := r.fate()
		s.result.Code = []int{0, 1, 75}[r.luck.IntN(3)]
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
			r.spawn(name)
		}
	}
}

// fate is how a script goes that is to start processes.
func (r *reloads) fate(names ...string) simScript {
	s := simScript{takes: time.Duration(r.luck.IntN(4000)) * time.Millisecond}
	switch {
	case r.wrong(4):
		s.result = script.Result{Code: 1}
		return s
	case r.wrong(8):
		s.takes += 20 * time.Second
	}
	s.after = func() {
		for _, name := range names {
			for want := r.wanted(name); len(r.idsOf(want)) < max(r.cfg.Processes[name].Match.Count.Min, 1); {
				r.spawn(want)
			}
		}
	}
	return s
}

// wanted is the program that an entry matches.
func (r *reloads) wanted(name string) string {
	if p, is := r.cfg.Processes[name]; is {
		return p.Match.Name
	}
	return name
}

// holds is what must hold after each step, and what anybody may ask for then.
func (r *reloads) holds() {
	r.lookErr, r.lookTakes = nil, time.Millisecond
	switch {
	case r.wrong(10):
		r.lookErr = errors.New("the look failed")
	case r.wrong(6):
		r.lookTakes = time.Duration(r.luck.IntN(3000)) * time.Millisecond
	}
	if why := invariants(r.m); why != "" {
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
	for name := range r.cfg.Processes {
		names[name] = true
	}
	switch e := e.(type) {
	case Run:
		who = e.Job.Env["PROCWARD_PROCESS"]
	case RestartUnit:
		who = r.m.jobs[e.Token].process
	case StopUnit:
		who = r.m.jobs[e.Token].process
	case Kill:
		who = r.m.jobs[e.Token].process
	case Evidence:
		who = e.Target
	case Exit:
		if !r.over {
			r.later(0, Tick{})
			r.rebirth(time.Second, func(m Moment) Moment { return m })
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
			r.run(time.Duration(r.luck.IntN(100)) * time.Millisecond)
			if r.once(2) {
				r.command(VerbSuspend)
			}
		}
		r.reload(r.changed(r.cfg))
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
	r.run(d)
	r.live()
}

func (r *reloads) reload(cfg *confd.Config) {
	r.live()
	r.cfg = cfg
	r.step(Configured{Config: cfg})
	r.live()
}

// live waits for the next daemon where one has just died.
func (r *reloads) live() {
	for r.unborn {
		r.run(time.Second)
	}
}

func (r *reloads) happen() {
	name := r.of(players)
	target := r.of(append(append([]string{}, players...), watchmen...))
	sign := r.of([]string{"http", "fds", "tcp"})
	switch r.luck.IntN(20) {
	case 0, 1, 2, 3:
		r.dieAll(r.wanted(name), []watch.Cause{sigkill, exit3, clean, {}}[r.luck.IntN(4)])
	case 4:
		r.spawn(r.wanted(name))
	case 5, 6:
		r.sicken(target, sign, "no answer")
	case 7:
		r.cure(target, sign)
	case 8:
		r.step(Suspend{Why: "test"})
	case 9:
		r.step(Resume{Why: "test"})
	case 10, 11, 12, 13:
		verbs := []Verb{VerbStart, VerbStart, VerbStop, VerbStop, VerbSuspend, VerbResume, VerbResume, VerbRecover}
		r.command(verbs[r.luck.IntN(len(verbs))])
	case 14:
		r.units[name] = Unit{Name: name + ".service", Hands: "systemd has a stop job for it"}
		if r.once(2) {
			delete(r.units, name)
		}
	case 15:
		r.killed = nil
		if r.once(2) {
			outcome := []restart.Outcome{restart.Unkillable, restart.Refused}[r.luck.IntN(2)]
			r.killed = func(procscan.ID) restart.Outcome { return outcome }
		}
	case 16:
		r.rebirth(time.Second, func(m Moment) Moment { return m })
	case 17:
		r.step(Booting{Yes: r.once(2)})
	case 18:
		for _, id := range r.idsOf(r.wanted(name)) { // its cause is told late, or it was gone before it was tracked
			r.die(id, watch.Cause{})
			r.later(time.Duration(r.luck.IntN(20))*time.Millisecond, Died{Events: []watch.Event{{ID: id, At: r.uptime(), Cause: exit3, Belated: true}}})
		}
	default:
		r.step(Sensed{Signs: []watch.Sign{{Target: target, Round: r.attended[target].Round - 1, Name: sign, Verdict: watch.Bad, Text: "of another round"}}})
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
		r.power.acts = nil
	}
	r.operate(o)
}

// end mends everything: then all that is named is up, and nothing is under way.
func (r *reloads) end() {
	r.over = true
	r.live()
	r.killed, r.units, r.ill = nil, map[string]Unit{}, map[string]string{}
	clear(r.halted)
	cfg := r.changed(r.cfg)
	cfg.Files, cfg.Daemon.Observe = nil, false
	for name, p := range cfg.Processes {
		p.Match.Name, p.Match.Count = name, procscan.DefaultMatch().Count
		cfg.Processes[name] = p
	}
	r.cfg = cfg
	if r.m.observe { // it is in force from the next start on
		r.rebirth(time.Second, func(m Moment) Moment { return m })
	}
	r.reload(cfg)
	r.step(Booting{})
	r.step(Resume{Why: "the end"})
	r.order(VerbResume)
	for _, target := range append(append([]string{}, players...), watchmen...) {
		for _, sign := range []string{"http", "fds", "tcp"} {
			r.cure(target, sign)
		}
	}
	r.run(20 * time.Minute)
	for _, name := range sortedKeys(cfg.Processes) {
		r.order(VerbStart, name)
	}
	r.run(20 * time.Minute)
	for range 3 { // a rung may just have stopped it
		for _, name := range sortedKeys(cfg.Processes) {
			if len(r.idsOf(name)) == 0 {
				r.spawn(name)
			}
		}
		r.run(20 * time.Minute)
	}
	r.atRest()
}

func (r *reloads) atRest() {
	for _, name := range r.m.names {
		if p := r.m.procs[name]; p.State() != Up || p.Stalled() || p.op != nil || p.Trial().Evidence != 0 {
			r.t.Fatalf("in the end %s is %s, waits for %q, stalled: %v, in an operation: %v:\n%s", name, p.State(), p.View().Waits, p.Stalled(), p.op != nil, r.story())
		}
	}
	for id, names := range r.m.trackers {
		if q := r.procs[id]; q == nil || slices.ContainsFunc(names, func(name string) bool { return name != q.name }) {
			r.t.Fatalf("in the end %v is tracked for %v, and is %+v:\n%s", id, names, q, r.story())
		}
	}
	for _, ord := range r.m.orders {
		if !ord.Done {
			r.t.Fatalf("in the end the order %+v is not done:\n%s", ord.Status, r.story())
		}
	}
	if r.m.running != 0 || len(r.m.jobs) != 0 || len(r.m.ops) != 0 {
		r.t.Fatalf("in the end %d slots, jobs %v, %d operations:\n%s", r.m.running, r.m.jobs, len(r.m.ops), r.story())
	}
}
