package vm

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ErrGone is the error of an Exec that the end of the machine has cut off.
var ErrGone = errors.New("the machine has ended")

// hear takes what the agent inside says until the machine ends.
func (m *Guest) hear(r *run) {
	defer close(r.answers)
	lines := bufio.NewScanner(r.agent)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		id, hello := strings.CutPrefix(lines.Text(), "hello ")
		if !hello {
			r.answers <- lines.Text()
			continue
		}
		m.change(func() {
			if len(m.boots) == 0 || m.boots[len(m.boots)-1] != id { // else only the agent was started again
				m.boots = append(m.boots, id)
			}
		})
	}
}

// Exec runs a script of bash as root inside, one at a time, and returns what it wrote to
// stdout, without the blanks around it; what it wrote to stderr is in the error. A script
// that ends the machine gets ErrGone. What it starts in the background goes on.
func (m *Guest) Exec(script string) (string, error) {
	m.exec.Lock()
	defer m.exec.Unlock()
	m.mu.Lock()
	r := m.run
	m.mu.Unlock()
	if r == nil {
		return "", ErrGone
	}
	m.asked++
	number := strconv.Itoa(m.asked)
	if _, err := fmt.Fprintf(r.agent, "%s %s\n", number, base64.StdEncoding.EncodeToString([]byte(script))); err != nil {
		return "", ErrGone
	}
	for end := time.After(limit); ; {
		select {
		case line, ok := <-r.answers:
			if !ok {
				return "", ErrGone
			}
			if rest, ours := strings.CutPrefix(line, number+" "); ours {
				return answer(script, rest)
			}
		case <-end:
			return "", fmt.Errorf("%s: no answer after %v", script, limit)
		}
	}
}

// answer reads "CODE base64(stdout) base64(stderr)".
func answer(script, text string) (string, error) {
	fields := strings.Split(text, " ")
	if len(fields) != 3 {
		return "", fmt.Errorf("%s: a strange answer %q", script, text)
	}
	stdout, err := base64.StdEncoding.DecodeString(fields[1])
	stderr, err2 := base64.StdEncoding.DecodeString(fields[2])
	if err = errors.Join(err, err2); err == nil && fields[0] != "0" {
		err = fmt.Errorf("%s: exit status %s: %s", script, fields[0], strings.TrimSpace(string(stderr)))
	}
	return strings.TrimSpace(string(stdout)), err
}

// Must is Exec that fails the test.
func (m *Guest) Must(script string) string {
	m.t.Helper()
	out, err := m.Exec(script)
	if err != nil {
		m.t.Fatal(err)
	}
	return out
}

// Until runs a script again and again until it succeeds, and returns what it wrote then.
func (m *Guest) Until(script string) string {
	m.t.Helper()
	return m.Must("for i in {1..600}; do if out=$(" + script + "\n); then printf '%s' \"$out\"; exit; fi; sleep 0.2; done; echo \"$out\" >&2; exit 1")
}

// End runs a script that ends the machine, or has it ended; no matter what it returns.
func (m *Guest) End(script string) {
	m.t.Helper()
	if _, err := m.Exec(script); err != nil && !errors.Is(err, ErrGone) {
		m.t.Fatal(err)
	}
}
