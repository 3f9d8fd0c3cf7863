package message

import (
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// full is a message in which every field is set.
func full() Message {
	zero := 0
	return Message{
		Kind: RungAsked, Time: time.Date(2026, 1, 2, 3, 4, 5, 6789000, time.UTC), Process: "httpd", Group: "web", Monitor: "gateway", PID: 4711,
		Cause: "exited with code 0", ExitCode: &zero, ExitSignal: "SIGKILL", Core: true, Attempt: 2, Attempts: "unlimited", Rung: "restart-group", Probe: "http",
		Output: "one\ntwo\n", Took: 1500 * time.Microsecond, Injected: true, Observed: true, Detail: "attempt 1 of 2",
	}
}

func TestLine(t *testing.T) {
	for _, c := range []struct {
		name string
		m    Message
		want string
	}{
		{"the example of the design", example(), `PW0201 process=httpd group=web pid=4711 down: killed by SIGKILL`},
		{"cause and detail", Message{Kind: Down, Cause: "exited with code 3", Detail: "2 of 4 left"}, `PW0201 down: exited with code 3: 2 of 4 left`},
		{"neither", Message{Kind: Down, Process: "a"}, `PW0201 process=a down`},
		{"detail alone", Message{Kind: Down, Detail: "2 of 4 left"}, `PW0201 down: 2 of 4 left`},
		{"no detail", Message{Kind: Recovered}, `PW0303 recovered`},
		{"blanks around a detail", Message{Kind: Recovered, Detail: " after 3 s\n"}, `PW0303 recovered: after 3 s`},
		{"a field the text does not hold", Message{Kind: Restart, Process: "a", Cause: "cause unknown", Attempt: 1, Attempts: "3"}, `PW0301 process=a cause="cause unknown" restart, attempt 1 of 3`},
		{"a part needs all of its fields", Message{Kind: Restart, Detail: "by the operator"}, `PW0301 restart: by the operator`},
		{"a field of a part that is left out", Message{Kind: Restart, Attempt: 2}, `PW0301 attempt=2 restart`},
		{"a required field that is empty", Message{Kind: RungAsked}, `PW0501 escalation: `},
		{"observed", Message{Kind: Restart, Attempt: 1, Attempts: "3", Observed: true}, `PW0301 restart, attempt 1 of 3 (observed, not done)`},
		{"injected, with output", Message{Kind: ScriptFailed, Detail: "exit code 1", Injected: true, Output: "a \"b\"\n"}, `PW0305 script failed: exit code 1 (injected) output="a \"b\"\n"`},
		{"everything", full(), `PW0501 process=httpd group=web monitor=gateway pid=4711 cause="exited with code 0" attempt=2 attempts=unlimited probe=http escalation: restart-group: attempt 1 of 2 (observed, not done) (injected) output="one\ntwo\n"`},
		{"a name made to deceive", Message{Kind: Found, Process: "a pid=1 x\nPW0504"}, `PW0202 process="a pid=1 x\nPW0504" found`},
		{"a detail made to deceive", Message{Kind: Found, Detail: "x\nPW0504 \x1b[31m \u202e \xff é \\ \""}, `PW0202 found: x\nPW0504 \x1b[31m \u202e \xff é \ "`},
		{"braces and brackets in a value", Message{Kind: Found, Detail: "[{cause}]", Cause: "c"}, `PW0202 cause=c found: [{cause}]`},
	} {
		if got := c.m.Line(); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestLineIsBounded(t *testing.T) {
	m := full()
	m.Process, m.Detail = strings.Repeat("p", 5000), strings.Repeat("ü", 5000)
	m.Output = strings.Repeat("noise\n", 10000) + "the error"
	got := m.Line()
	if len(got) > maxLine || len(got) < maxLine-10 {
		t.Errorf("%d bytes, want nearly %d", len(got), maxLine)
	}
	if !strings.HasSuffix(got, `the error"`) || !strings.Contains(got, `output="...`) {
		t.Errorf("the end of the output is not kept: %s", got[len(got)-100:])
	}
	if !strings.Contains(got, " escalation: restart-group: ") {
		t.Errorf("the sentence is gone: %s", got)
	}
}

func FuzzLine(f *testing.F) {
	f.Add("httpd", "killed by SIGKILL", "after 3 s", "line\nline", 3, uint8(1))
	f.Add("a\nb", "\xff\xfe", "\u2028\x00", "\"\\\x1b", 0, uint8(1))
	f.Add(strings.Repeat("\x00", 300), strings.Repeat("\xff", 300), strings.Repeat("\u2028", 900), "", 1, uint8(1))
	f.Add("[", "{detail}", "]", "\x80 0123456789 0123456789", -1, uint8(255))
	f.Fuzz(func(t *testing.T, process, cause, detail, output string, pid int, times uint8) {
		output = strings.Repeat(output, 4*int(times))
		k := Catalogue[(len(process)+len(detail))%len(Catalogue)]
		got := Message{Kind: k, Process: process, Cause: cause, Detail: detail, Output: output, PID: pid, Rung: cause, Observed: true}.Line()
		if len(got) >= maxLine && output == "" || len(got) > maxLine || !utf8.ValidString(got) {
			t.Fatalf("%d bytes, valid %v: %q", len(got), utf8.ValidString(got), got)
		}
		if i := strings.IndexFunc(got, func(r rune) bool { return !strconv.IsPrint(r) }); i >= 0 {
			t.Fatalf("control byte at %d: %q", i, got)
		}
		if !strings.HasPrefix(got, k.ID+" ") || !strings.Contains(got, "(observed, not done)") {
			t.Fatalf("ID or mark is gone: %q", got)
		}
	})
}
