package engine

import (
	"strconv"
	"time"

	"procward/internal/engine/life"
	"procward/internal/engine/operation"
	"procward/internal/engine/saved"
	"procward/internal/message"
	"procward/internal/scalar"
	"procward/internal/script"
	"procward/procscan"
	"procward/watch"
)

// jobs is the desk of the effects that are under way.
type jobs struct {
	*Machine
	all     map[int]job // by token
	token   int         // the last
	running int         // scripts that hold a parallel slot
}

// job says what an effect in progress belongs to.
type job struct {
	process string
	ladder  string
	op      *operation.Operation
	script  bool          // of a process: its script or the restart of its unit
	slot    bool          // holds a parallel slot
	ending  bool          // it was told to end
	path    string        // of a script
	id      procscan.ID   // of a script, once it is known
	asked   time.Duration // when the start of a script or of a unit was asked for, else 0
	until   time.Duration // when its timeout is over
}

// ofUnit reports whether it is the restart of a unit.
func (j job) ofUnit() bool { return j.script && j.path == "" }

// mark is a variable that the script of a job was given and other scripts were not.
func (j job) mark() string {
	switch {
	case j.process != "":
		return "PROCWARD_PROCESS=" + j.process
	case j.op != nil && j.op.Group != "":
		return "PROCWARD_GROUP=" + j.op.Group
	}
	return ""
}

// nextToken numbers the effects.
func (m *jobs) nextToken() int {
	m.token++
	return m.token
}

func (m *jobs) newToken(j job) int {
	token := m.nextToken()
	m.begun(token, j)
	return token
}

// begun notes what an effect belongs to.
func (m *jobs) begun(token int, j job) {
	m.all[token] = j
	m.touch(j)
	if j.slot {
		m.running++
	}
}

// start begins what a process wants done for itself.
func (m *jobs) start(p *process, c life.Command) {
	own := job{process: p.Name, op: p.op}
	switch c := c.(type) {
	case life.Kill:
		m.begun(c.Token, own)
		m.do(Kill{Token: c.Token, IDs: c.IDs, How: p.Spec.Restart.Kill})
	case life.Run:
		m.runScript(p, c.Token, own)
	case life.AwaitScript:
		m.awaitScript(c.Token, job{process: p.Name, script: true, slot: c.Slot}, &c.Script)
	case life.Release:
		m.release(c.Token)
	case life.SpareScript:
		m.do(Spare{Token: c.Token})
	case life.Stop:
		m.endScript(c.Token)
	case life.TakeEvidence:
		m.begun(c.Token, job{process: p.Name})
		m.do(Evidence{Token: c.Token, Target: p.Name, Sign: c.Sign, Why: c.Why, IDs: c.IDs, Spec: p.Spec.Restart})
	}
}

// runScript starts the restart script, or the restart of the unit.
func (m *jobs) runScript(p *process, token int, j job) {
	r := p.Spec.Restart
	j.script, j.slot, j.asked, j.until = true, true, m.now, m.now+r.Timeout.D()
	if r.Unit == "" {
		j.path = r.Run[0]
	}
	m.begun(token, j)
	if r.Unit != "" {
		m.do(RestartUnit{Token: token, Unit: r.Unit, Spec: r, Start: p.op != nil})
		return
	}
	m.do(Run{Token: token, Job: script.Job{
		Argv: r.Run, User: r.User, Env: m.environment(p, r.Env, ""), Timeout: r.Timeout.D(), Persist: p.op != nil,
	}})
}

// awaitScript waits for a script that an earlier daemon has started.
func (m *jobs) awaitScript(token int, j job, s *saved.Script) {
	j.path, j.id, j.asked, j.until = s.Path, s.ID, s.Asked, s.Until
	m.begun(token, j)
	m.do(Await{Token: token, ID: s.ID, Path: s.Path, Env: j.mark(), Since: s.Asked, Timeout: max(s.Until-m.now, time.Second)})
}

// saveScript is the script that a token belongs to, or nil.
func (m *jobs) saveScript(token int) *saved.Script {
	j, ok := m.all[token]
	if token == 0 || !ok || j.asked == 0 {
		return nil
	}
	return &saved.Script{ID: j.id, Path: j.path, Asked: j.asked, Until: j.until}
}

// scripts is the jobs of the scripts that run, by the name of their process, which may have
// gone with a reload.
func (m *jobs) scripts() map[string]int {
	out := map[string]int{}
	for token, j := range m.all {
		if j.script && j.process != "" {
			out[j.process] = max(out[j.process], token)
		}
	}
	return out
}

// release gives a job's parallel slot back.
func (m *jobs) release(token int) {
	if j := m.all[token]; j.slot {
		j.slot = false
		m.all[token] = j
		m.running--
	}
}

// endScript ends a script that still runs.
func (m *jobs) endScript(token int) {
	if j := m.all[token]; j.script && !j.ending {
		j.ending = true
		m.all[token] = j
		m.do(EndScript{Token: token})
	}
}

func (m *jobs) scriptStarted(in ScriptStarted) {
	j, ok := m.all[in.Token]
	if !ok {
		return
	}
	j.id = in.ID
	m.all[in.Token] = j
	m.touch(j)
	if p := m.procs[j.process]; p != nil {
		m.processes.tell(p, life.ScriptStarted{Token: in.Token, At: in.At})
	}
}

// scriptEnded takes the end of a script, or of the restart of a unit.
func (m *jobs) scriptEnded(token int, out life.Outcome) {
	j, ok := m.all[token]
	if !ok {
		return
	}
	m.release(token)
	delete(m.all, token)
	m.touch(j)
	p := m.procs[j.process]
	switch {
	case j.ladder != "":
		m.ladders.hookEnded(j, token, out)
	case j.op != nil && j.process == "":
		j.op.Token = 0
		m.post(toOperation{j.op, operation.ScriptEnded{OK: out.OK, Words: out.Words, Output: out.Output}})
	case p != nil:
		m.processes.tell(p, life.ScriptEnded{Token: token, Outcome: out})
	case out.OK:
		m.sayGoneEnded(j, out)
	default:
		m.say(message.ScriptFailed, nil, func(s *message.Message) {
			s.Process, s.Detail, s.Output = j.process, out.Words, out.Output
		})
	}
}

// sayGoneEnded reports the end of work for a process or a ladder that has gone with a
// reload. Nothing follows from it.
func (m *jobs) sayGoneEnded(j job, out life.Outcome) {
	what := "its script "
	if j.ladder != "" {
		what = "the hook of " + j.ladder + " "
	} else if j.ofUnit() {
		what, out.Words = "", "its unit has been restarted"
	}
	m.say(message.GoneEnded, nil, func(s *message.Message) {
		s.Process, s.Detail, s.Output = j.process, what+out.Words, out.Output
	})
}

func (m *jobs) killEnded(in KillEnded) {
	j, ok := m.all[in.Token]
	if !ok {
		return
	}
	delete(m.all, in.Token)
	if p := m.procs[j.process]; p != nil {
		m.processes.tell(p, life.KillEnded{Token: in.Token, Ended: in.Ended})
	} else {
		m.sayAll(life.SayKilled(message.Message{Process: j.process}, in.Ended))
	}
	if j.op != nil && j.op.Token == in.Token {
		m.post(toOperation{j.op, operation.Killed{Name: j.process, Stuck: life.Stuck(in.Ended)}})
	}
}

func (m *jobs) evidenceTaken(in EvidenceTaken) {
	j, ok := m.all[in.Token]
	if !ok {
		return
	}
	delete(m.all, in.Token)
	e := life.EvidenceTaken{Token: in.Token, Path: in.Path, Err: in.Err, Ended: in.Ended}
	if p := m.procs[j.process]; p != nil {
		m.processes.tell(p, e)
	} else {
		m.sayAll(life.SayEvidence(message.Message{Process: j.process}, e))
	}
}

func (m *jobs) sayAll(messages []message.Message) {
	for _, s := range messages {
		m.do(Say{s})
	}
}

func (m *jobs) limitLifted(in LimitLifted) {
	m.say(message.LimitLifted, m.procs[m.all[in.Token].process], func(s *message.Message) { s.Detail = in.Unit + ": " + in.Limit })
}

// scriptOutcome is the end of a script in words.
func scriptOutcome(r script.Result) life.Outcome {
	out := life.Outcome{OK: r.OK(), Code: r.Code, Output: r.Output, Lack: r.Lack}
	switch {
	case r.Err != nil:
		out.Code, out.Words = -1, r.Err.Error()
	case r.TimedOut:
		out.Code, out.Words = -1, "killed after its timeout, "+scalar.Duration(r.Took).Rounded()
	case r.Signal != "":
		out.Code, out.Words = -1, "killed by "+r.Signal
	default:
		out.Words = "exited with code " + strconv.Itoa(r.Code)
	}
	return out
}

// goneOutcome is the end of a script that an earlier daemon has started. If nobody knows
// how it ended, it is no failure: the target shows it.
func goneOutcome(c watch.Cause) life.Outcome {
	switch {
	case !c.Known:
		return life.Outcome{OK: true, Missed: true, Words: "ended while procward was not running"}
	case c.Signal != 0:
		return life.Outcome{Code: -1, Words: "killed by " + watch.SignalName(c.Signal)}
	}
	return life.Outcome{OK: c.Code == 0, Code: c.Code, Words: "exited with code " + strconv.Itoa(c.Code)}
}

func unitOutcome(in UnitRestarted) life.Outcome {
	if in.Err == nil {
		return life.Outcome{OK: true}
	}
	return life.Outcome{Code: -1, Conflict: in.Conflict, Lack: in.Unheard, Words: in.Err.Error()}
}

// environment is what a script gets. extra comes from env: and may not hide it.
func (m *jobs) environment(p *process, extra map[string]string, rung string) map[string]string {
	env := p.Environment(extra, rung, p.Spec.Restart.Used(p.History, m.now))
	if p.op == nil {
		return env
	}
	if mon := m.monitors.all[p.op.Monitor]; mon != nil {
		env["PROCWARD_EVENT"], env["PROCWARD_CAUSE"], env["PROCWARD_MONITOR"] = "stall", mon.InWords(), mon.Name
	}
	return env
}

// say sends a message, about a process or nil; fill adds what is particular to it.
func (m *Machine) say(kind *message.Kind, p *process, fill func(*message.Message)) {
	s := message.Message{Kind: kind}
	if p != nil {
		s.Process, s.Group = p.Name, p.Spec.Group
	}
	if fill != nil {
		fill(&s)
	}
	m.do(Say{Message: s})
}
