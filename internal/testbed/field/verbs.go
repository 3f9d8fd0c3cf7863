package field

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// verb is what a step can do. README.md describes each; a test compares.
type verb struct {
	usage    string
	min, max int  // words; max 0: any number
	line     bool // the rest is for a shell
	shell    func(p *player, line string) error
	words    func(p *player, words []string) error
}

var verbs = map[string]verb{
	// What is done.
	"program": {usage: "program NAME [PATH]", min: 1, max: 2, words: (*player).program},
	"dropin":  {usage: "dropin FILE", min: 1, max: 1, words: (*player).dropin},
	"do":      {usage: "do LINE", min: 1, line: true, shell: (*player).do},
	"exits":   {usage: "exits CODE LINE", min: 2, line: true, shell: (*player).exits},
	"until":   {usage: "until LINE", min: 1, line: true, shell: (*player).until},
	"start":   {usage: "start NAME PROGRAM [ARGUMENT...]", min: 2, line: true, shell: (*player).start},
	"pid":     {usage: "pid NAME LINE", min: 2, line: true, shell: (*player).pid},
	"daemon":  {usage: "daemon [FLAG...]", words: (*player).startDaemon},
	"signal":  {usage: "signal NAME WHO...", min: 2, words: (*player).signal},
	"older":   {usage: "older WHO DURATION", min: 2, max: 2, words: (*player).older},
	"pause":   {usage: "pause DURATION", min: 1, max: 1, words: (*player).pause},
	"mark":    {usage: "mark", words: (*player).mark},
	// What has to be.
	"message":    {usage: "message EVENT [FIELD=VALUE|FIELD~REGEXP]...", min: 1, words: (*player).message},
	"no-message": {usage: "no-message EVENT [FIELD=VALUE|FIELD~REGEXP]...", min: 1, words: (*player).noMessage},
	"messages":   {usage: "messages COUNT EVENT [FIELD=VALUE|FIELD~REGEXP]...", min: 2, words: (*player).messages},
	"quiet":      {usage: "quiet DURATION", min: 1, max: 1, words: (*player).quiet},
	"state":      {usage: "state PROCESS STATE", min: 2, max: 2, words: (*player).state},
	"tracked":    {usage: "tracked PROCESS WHO...", min: 1, words: (*player).tracked},
	"alive":      {usage: "alive WHO...", min: 1, words: (*player).alive},
	"gone":       {usage: "gone WHO...", min: 1, words: (*player).gone},
	"ended":      {usage: "ended NAME CODE|SIGNAL", min: 2, max: 2, words: (*player).ended},
	"answers":    {usage: "answers URL [REGEXP]", min: 1, max: 2, words: (*player).answers},
	"runs":       {usage: "runs COUNT", min: 1, max: 1, words: (*player).runs},
}

func verbNames() []string { return slices.Sorted(maps.Keys(verbs)) }

// program makes a copy of a program that no other story has, in @WORK@/bin.
func (p *player) program(words []string) error {
	from, err := lookIn(words[len(words)-1])
	if err != nil {
		return err
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.work(), "bin", words[0]), text, 0o755)
}

// dropin puts a file of the case among the drop-ins.
func (p *player) dropin(words []string) error {
	text, err := os.ReadFile(filepath.Join(p.work(), words[0]))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join("/etc/procward/conf.d", filepath.Base(words[0])), text, 0o644)
}

func (p *player) do(line string) error { return p.exits("0 " + line) }

func (p *player) exits(line string) error {
	wanted, line, _ := strings.Cut(line, " ")
	code, out, err := p.sh(line)
	if err == nil && strconv.Itoa(code) != wanted {
		err = fmt.Errorf("exit code %d, not %s: %s", code, wanted, out)
	}
	return err
}

func (p *player) until(line string) error {
	return until(line, func() (string, bool) {
		code, out, err := p.sh(line)
		return fmt.Sprintf("exit code %d: %s", code, out), err == nil && code == 0
	})
}

func (p *player) start(line string) error {
	name, line, _ := strings.Cut(line, " ")
	return p.begin(name, line)
}

// pid gives the process whose PID a line writes a name.
func (p *player) pid(line string) error {
	name, line, _ := strings.Cut(line, " ")
	return until("a process for "+name, func() (string, bool) {
		_, out, err := p.sh(line)
		fields := strings.Fields(out)
		if err != nil || len(fields) == 0 {
			return out, false
		}
		pid, err := strconv.Atoi(fields[0])
		found, there := look(pid)
		if err == nil && there {
			p.procs[name] = found
			return "", true
		}
		return out, false
	})
}

// who finds a process by the name that the story gave it, or else the one that procward
// tracks as NAME.
func (p *player) who(name string) (proc, error) {
	if found, ok := p.procs[name]; ok {
		return found, nil
	}
	if pid, err := strconv.Atoi(name); err == nil {
		found, there := look(pid)
		if !there {
			err = fmt.Errorf("there is no process %d", pid)
		}
		return found, err
	}
	all, err := status()
	if err != nil {
		return proc{}, err
	}
	w, known := all[name]
	if !known || len(w.Tracked) != 1 {
		return proc{}, fmt.Errorf("%s is no name of the story, and no process of which procward tracks just one: %v", name, w)
	}
	found, _ := look(w.Tracked[0].PID)
	return found, nil
}

func (p *player) signal(words []string) error {
	sig := unix.SignalNum("SIG" + strings.TrimPrefix(words[0], "SIG"))
	if sig == 0 {
		return fmt.Errorf("no signal %s", words[0])
	}
	p.said.setMark()
	for _, name := range words[1:] {
		victim, err := p.who(name)
		if err == nil {
			err = victim.signal(sig)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *player) older(words []string) error {
	who, err := p.who(words[0])
	if err != nil {
		return err
	}
	age, err := time.ParseDuration(words[1])
	if err != nil {
		return err
	}
	return until(words[0]+" is older", func() (string, bool) { return who.age().String(), who.age() > age })
}

func (p *player) pause(words []string) error {
	d, err := time.ParseDuration(words[0])
	time.Sleep(d)
	return err
}

func (p *player) mark([]string) error {
	p.said.setMark()
	return nil
}

func (p *player) message(words []string) error {
	w, err := parseWant(words)
	if err != nil {
		return err
	}
	return until("a message", func() (string, bool) {
		return fmt.Sprintf("%d other messages", len(p.said.since())), len(p.said.wanted(w)) > 0
	})
}

func (p *player) noMessage(words []string) error { return p.messages(append([]string{"0"}, words...)) }

func (p *player) messages(words []string) error {
	w, err := parseWant(words[1:])
	if err != nil {
		return err
	}
	found := p.said.wanted(w)
	if strconv.Itoa(len(found)) != words[0] {
		err = fmt.Errorf("there are %d", len(found))
		for _, l := range found {
			err = fmt.Errorf("%w\n\t%s", err, l.raw)
		}
	}
	return err
}

// grave are the severities that ask for somebody's attention.
var grave = regexp.MustCompile(`^(emerg|alert|crit|err|warning)$`)

// quiet holds that nothing grave is said and nothing is run for a time.
func (p *player) quiet(words []string) error {
	p.said.setMark()
	before, err := os.ReadFile(filepath.Join(p.work(), "runs"))
	if err == nil {
		err = p.pause(words)
	}
	if err != nil {
		return err
	}
	after, err := os.ReadFile(filepath.Join(p.work(), "runs"))
	if err == nil && string(after) != string(before) {
		err = fmt.Errorf("run meanwhile: %s", strings.TrimPrefix(string(after), string(before)))
	}
	for _, l := range p.said.wanted(want{"*", []field{{"severity", grave}}}) {
		return fmt.Errorf("said meanwhile: %s", l.raw)
	}
	return err
}

func (p *player) state(words []string) error {
	return until(words[0]+" is "+words[1], func() (string, bool) {
		all, err := status()
		return fmt.Sprint(all[words[0]].State, " ", err), err == nil && all[words[0]].State == words[1]
	})
}

// tracked waits until procward tracks just these.
func (p *player) tracked(words []string) error {
	var wanted []int
	for _, name := range words[1:] {
		who, err := p.who(name)
		if err != nil {
			return err
		}
		wanted = append(wanted, who.pid)
	}
	slices.Sort(wanted)
	return until("what is tracked", func() (string, bool) {
		all, err := status()
		var pids []int
		for _, t := range all[words[0]].Tracked {
			pids = append(pids, t.PID)
		}
		slices.Sort(pids)
		return fmt.Sprint(pids, " where ", wanted, " should be; ", err), err == nil && slices.Equal(pids, wanted)
	})
}

func (p *player) alive(words []string) error {
	for _, name := range words {
		who, err := p.who(name)
		if err == nil && !who.alive() {
			err = fmt.Errorf("%s (pid %d) has ended", name, who.pid)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *player) gone(words []string) error {
	for _, name := range words {
		who, err := p.who(name)
		if err == nil {
			err = until(name+" is gone", func() (string, bool) { return fmt.Sprint("pid ", who.pid, " lives"), !who.alive() })
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ended waits for the end of the daemon, or of a program that the story has started.
func (p *player) ended(words []string) error {
	if words[0] == "daemon" && p.daemon != nil {
		d := p.daemon
		p.daemon = nil
		return d.await(words[1])
	}
	b, ok := p.own[words[0]]
	if !ok {
		return fmt.Errorf("the story has not started %s", words[0])
	}
	select {
	case <-b.ended:
	case <-time.After(patience):
		return fmt.Errorf("%s has not ended", words[0])
	}
	if got := ending(b.cmd.ProcessState); got != words[1] {
		return fmt.Errorf("%s ends with %s", words[0], got)
	}
	return nil
}

// answers waits until a client is served. What curl cannot speak has its own line with
// `until`.
func (p *player) answers(words []string) error {
	line := "curl -fsS --max-time 5 '" + words[0] + "'"
	if len(words) == 2 {
		line += " | grep -Eq -- '" + words[1] + "'"
	}
	return p.until(line)
}

// runs waits until @RUN@ was called that many times, and refuses more.
func (p *player) runs(words []string) error {
	wanted, err := strconv.Atoi(words[0])
	if err != nil {
		return err
	}
	var text []byte
	count := func() int {
		var read error
		text, read = os.ReadFile(filepath.Join(p.work(), "runs"))
		if read != nil && !os.IsNotExist(read) {
			return -1
		}
		return strings.Count(string(text), "\n")
	}
	err = until("runs", func() (string, bool) { n := count(); return fmt.Sprint(n), n >= wanted })
	if n := count(); err == nil && n != wanted {
		err = fmt.Errorf("%d runs:\n%s", n, text)
	}
	return err
}
