package field

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// patience bounds everything that is waited for. It says that a story has failed, not how
// fast anything is: a machine may be very busy.
// While a story is being written, PROCWARD_FIELD_PATIENCE=10s shortens it.
var patience = patienceOf(os.Getenv("PROCWARD_FIELD_PATIENCE"))

func patienceOf(text string) time.Duration {
	if d, err := time.ParseDuration(text); err == nil {
		return d
	}
	return 90 * time.Second
}

// player plays one story on its stage.
type player struct {
	stage
	began  time.Time
	procs  map[string]proc        // by the names that the story gives
	own    map[string]*background // started by the story, by name
	daemon *daemon
	said   *said
	line   int // of the step that is played
}

// playOn plays the story and tells on stdout how it went.
func playOn(s stage) int {
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) // no cores: they would be somebody else's files
	p := &player{stage: s, began: time.Now(), procs: map[string]proc{}, own: map[string]*background{}, said: newSaid()}
	for _, step := range append(s.Story.Steps, Step{Verb: "end"}) {
		err := p.play(step)
		if err != nil {
			fmt.Printf("%s.story:%d: %s\n\t%v\n", s.Story.Name, step.Line, step, err)
			p.dump()
			return exitFailed
		}
		fmt.Printf("%7.2fs %3d: %s\n", time.Since(p.began).Seconds(), step.Line, step)
	}
	return exitPlayed
}

func (p *player) play(step Step) error {
	p.line = step.Line
	if step.Verb == "end" {
		return p.end()
	}
	rest, err := expand(step.Rest, p.value)
	if err != nil {
		return err
	}
	v := verbs[step.Verb]
	if v.line {
		return v.shell(p, rest)
	}
	words, err := split(rest)
	if err != nil {
		return err
	}
	return v.words(p, words)
}

// value is what a variable of a story stands for: what files may use, and the PIDs of
// processes that have a name.
func (p *player) value(name string) (string, bool) {
	if v, ok := p.stage.value(name); ok {
		return v, true
	}
	if proc, ok := p.procs[name]; ok {
		return fmt.Sprint(proc.pid), true
	}
	return "", false
}

// end is played after the last step: the daemon has to be well, and to end when it is
// asked to.
func (p *player) end() error {
	if p.daemon == nil {
		return nil
	}
	if text, crashed := p.said.stray(); crashed {
		return fmt.Errorf("the daemon writes what is no message: %s", text)
	}
	if m, found := p.said.find(0, want{event: "internal-failure"}); found {
		return fmt.Errorf("the daemon has failed: %s", m.raw)
	}
	return p.daemon.stop()
}

// until asks again and again until the answer is yes. The word is what was seen last.
func until(what string, ask func() (saw string, yes bool)) error {
	for end := time.Now().Add(patience); ; time.Sleep(30 * time.Millisecond) {
		saw, yes := ask()
		if yes {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s: not within %v; last seen: %s", what, patience, saw)
		}
	}
}

// environ is that of all programs of a story.
func environ() []string {
	return []string{"PATH=" + searchPath, "LANG=C.UTF-8", "HOME=/root"}
}

// output is an empty file for what a step's program writes: a pipe would be held open by
// what it leaves in the background.
func (p *player) output() (*os.File, error) {
	name := filepath.Join(p.work(), fmt.Sprintf("output.%d", p.line))
	return os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_RDWR|os.O_APPEND, 0o644)
}

// sh runs a shell's line to its end and returns its exit code and what it wrote.
func (p *player) sh(line string) (int, string, error) {
	out, err := p.output()
	if err != nil {
		return 0, "", err
	}
	defer out.Close()
	cmd := exec.Command("/bin/sh", "-euc", line)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.work(), environ(), out, out
	cmd.SysProcAttr = &unix.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return 0, "", err
	}
	slow := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer slow.Stop()
	err = cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = nil
	}
	text, readErr := os.ReadFile(out.Name())
	return cmd.ProcessState.ExitCode(), strings.TrimSpace(string(text)), errors.Join(err, readErr)
}

// dump tells what is needed to find out why a story fails.
func (p *player) dump() {
	fmt.Println("--- messages")
	for _, line := range p.said.lines() {
		fmt.Println(line)
	}
	p.line = 0
	if _, text, err := p.sh("procward status || true; echo --- runs; cat runs; echo --- processes; " + ps()); err == nil {
		fmt.Println("--- status")
		fmt.Println(text)
	}
	outs, _ := filepath.Glob(filepath.Join(p.work(), "output.*"))
	for _, name := range outs {
		if text, err := os.ReadFile(name); err == nil && len(text) > 0 {
			fmt.Printf("--- %s\n%s\n", filepath.Base(name), tail(text))
		}
	}
}

// ps lists the processes of the story.
func ps() string {
	which := "-e"
	if dir := ownGroup(); dir != "" {
		pids, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		which = "-p " + strings.Join(strings.Fields(string(pids)), ",")
	}
	return "ps -o pid,ppid,sid,user:10,stat,start,args " + which
}

func tail(text []byte) []byte {
	if len(text) > 4000 {
		text = text[len(text)-4000:]
	}
	return text
}
