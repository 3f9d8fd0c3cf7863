package testbed

import "time"

// Patience is how long a test waits for what takes a moment on an idle machine. It ends
// a test that waits for what never comes; it measures nothing.
const Patience = 2 * time.Minute

// Test is what waits: a testing.TB or a testscript.TestScript.
type Test interface {
	Fatalf(format string, args ...any)
}

// Until waits until holds says true, and fails the test where it never does. It is for
// what tells nobody that it has happened: where there is an event a test waits for that.
func Until(t Test, what string, holds func() bool) {
	help(t)
	Tells(t, what, func() (string, bool) { return "", holds() })
}

// Tells is Until for what can say how it stands: a failed test shows what it said last,
// others get it.
func Tells(t Test, what string, holds func() (string, bool)) string {
	help(t)
	for end := time.Now().Add(Patience); ; time.Sleep(2 * time.Millisecond) {
		said, done := holds()
		if done {
			return said
		}
		if time.Now().After(end) {
			t.Fatalf("in %v this has not come: %s\n%s", Patience, what, said)
		}
	}
}

func help(t Test) {
	if t, ok := t.(interface{ Helper() }); ok {
		t.Helper()
	}
}
