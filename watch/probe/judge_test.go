package probe

import (
	"math/bits"
	"strings"
	"testing"

	"procward/watch"
)

// story is a word for each verdict that is told: results are o, x, ? and e(arly).
func story(p Policy, results string) string {
	var told []string
	var s State
	for _, r := range results {
		outcome := map[rune]Outcome{'o': Success, 'x': Failure, '?': Unknown, 'e': Early}[r]
		next := p.Next(s, outcome)
		word := "-"
		if next.Verdict != s.Verdict {
			word = string(next.Verdict)
		}
		told, s = append(told, word), next
	}
	return strings.Join(told, " ")
}

func TestJudgement(t *testing.T) {
	row := func(n, successes int) Policy { return Policy{Failures{n, n}, successes} }
	share := Policy{Failures{3, 5}, 1}
	for _, c := range []struct {
		name    string
		policy  Policy
		results string
		want    string
	}{
		{"ok at once", row(3, 1), "ooo", "ok - -"},
		{"ok after two", row(3, 2), "ooo", "- ok -"},
		{"bad at once", row(1, 1), "oxx", "ok bad -"},
		{"failing, then bad", row(3, 1), "oxxx", "ok failing - bad"},
		{"never ok", row(3, 1), "xxxx", "- - bad -"},
		{"a success between", row(3, 1), "xxoxxx", "- - ok failing - bad"},
		{"too few successes still break the row", row(3, 2), "xxoxx", "- - - - -"},
		{"back after two", row(2, 2), "xxoxoo", "- bad - - - ok"},
		{"forgotten when it is ok again", row(2, 1), "xxoxx", "- bad ok failing bad"},
		{"three of five", share, "oxoxox", "ok failing ok failing ok bad"},
		{"three of six", share, "xxooox", "- - ok - - failing"},
		{"a success never makes it bad", share, "xxo", "- - ok"},
		{"forgotten after three of five", share, "xxxox", "- - bad ok failing"},
		{"unknown is no failure", row(3, 1), "ox?x?x", "ok failing - - - bad"},
		{"unknown breaks no row of successes", row(3, 2), "o?o", "- - ok"},
		{"blind", row(3, 1), "o???", "ok - - unknown"},
		{"blind after more", row(5, 1), "o?????", "ok - - - - unknown"},
		{"blind from the start", row(1, 1), "???o", "- - unknown ok"},
		{"blind, then a failure", row(3, 1), "o???xxx", "ok - - unknown failing - bad"},
		{"bad stays bad", row(1, 1), "x????xo", "bad - - - - - ok"},
		{"early is nothing", row(1, 1), "eee?e?e?eo", "- - - - - - - unknown - ok"},
	} {
		if got := story(c.policy, c.results); got != c.want {
			t.Errorf("%s: %s\n got %s\nwant %s", c.name, c.results, got, c.want)
		}
	}
}

// TestPolicyMayChange holds that history survives a reload, and that it needs one more
// failure to make it bad.
func TestPolicyMayChange(t *testing.T) {
	var s State
	for range 3 {
		s = Policy{Failures{5, 5}, 1}.Next(s, Failure)
	}
	short := Policy{Failures{2, 2}, 1}
	if s = short.Next(s, Unknown); s.Verdict != watch.Pending {
		t.Errorf("%q without a failure", s.Verdict)
	}
	if s = short.Next(s, Failure); s.Verdict != watch.Bad {
		t.Errorf("%q", s.Verdict)
	}
}

// FuzzJudgement holds what must be true of every history.
func FuzzJudgement(f *testing.F) {
	f.Add(uint8(3), uint8(5), uint8(1), []byte{1, 2, 1, 2, 2, 0, 0, 0, 3})
	f.Add(uint8(1), uint8(1), uint8(2), []byte{2, 1, 1, 2, 0})
	f.Add(uint8(64), uint8(64), uint8(64), []byte(strings.Repeat("\x02", 70)))
	f.Fuzz(func(t *testing.T, n, of, successes uint8, results []byte) {
		p := Policy{Failures{int(n), int(of)}, int(successes)}
		if p.Failures.Validate() != nil || p.Successes < 1 || p.Successes > maxCount {
			return
		}
		var s State
		var known uint64 // 1 is a failure
		row := 0         // successes
		for i, r := range results {
			before, outcome := s.Verdict, Outcome(r%4)
			switch outcome {
			case Success:
				known, row = known<<1, row+1
			case Failure:
				known, row = known<<1|1, 0
			}
			s = p.Next(s, outcome)
			failed := bits.OnesCount64(known << (64 - p.Failures.Of))
			all := known<<(64-p.Failures.N) == ^uint64(0)<<(64-p.Failures.N)
			switch {
			case s.Verdict == watch.Bad && before != watch.Bad && (failed < p.Failures.N || outcome != Failure):
				t.Fatalf("%d: bad by %v after %d failures", i, outcome, failed)
			case before == watch.Bad && s.Verdict != watch.Bad && (s.Verdict != watch.OK || row < p.Successes):
				t.Fatalf("%d: from bad to %q after %d successes", i, s.Verdict, row)
			case s.Verdict == watch.OK && before != watch.OK && (outcome != Success || row < p.Successes):
				t.Fatalf("%d: ok by %v after %d successes", i, outcome, row)
			case outcome == Success && row >= p.Successes && s.Verdict != watch.OK:
				t.Fatalf("%d: %q after %d successes", i, s.Verdict, row)
			case outcome == Failure && all && s.Verdict != watch.Bad:
				t.Fatalf("%d: %q after %d failures in a row", i, s.Verdict, p.Failures.N)
			case outcome == Failure && s.Verdict == watch.OK, s.Verdict == watch.Pending && before != watch.Pending:
				t.Fatalf("%d: %q by %v", i, s.Verdict, outcome)
			case s.Verdict == watch.Blind && before != watch.Blind && outcome != Unknown:
				t.Fatalf("%d: blind by %v", i, outcome)
			case outcome == Early && s.Verdict != before:
				t.Fatalf("%d: nothing told made it %q", i, s.Verdict)
			}
		}
	})
}
