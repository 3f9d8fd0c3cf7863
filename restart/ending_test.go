package restart

import (
	"testing"

	"procward/watch"
)

var stopped = watch.Cause{Known: true, Code: 143}

// endings are those of a text as YAML would have them.
func endings(t *testing.T, words ...string) Endings {
	t.Helper()
	out := make(Endings, len(words))
	for i, w := range words {
		if err := out[i].UnmarshalText([]byte(w)); err != nil {
			t.Fatal(err)
		}
		if out[i].String() != w {
			t.Errorf("%q reads back as %q", w, out[i])
		}
	}
	return out
}

func TestEndings(t *testing.T) {
	es := endings(t, "0", "143", "TERM")
	for cause, want := range map[watch.Cause]bool{
		cleanly: true, stopped: true, {Known: true, Signal: 15}: true, {Known: true, Signal: 15, Core: true}: true,
		unknown: false, {Known: true, Code: 15}: false, {Known: true, Signal: 9}: false, {Known: true, Code: 1}: false,
		{Code: 143}: false, // not known
	} {
		if es.have(cause) != want {
			t.Errorf("%+v: %v", cause, !want)
		}
	}
	for text, want := range map[string]string{
		"256": "256 is not an exit code: write 0 to 255, or a signal like TERM",
		"-1":  "-1 is not an exit code: write 0 to 255, or a signal like TERM",
		"ok":  `"ok" is neither an exit code nor a signal: write for example 143 or TERM`,
	} {
		if err := new(Ending).UnmarshalText([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// What is clean or final is so in a failed attempt as well as in a new outage, and costs
// no attempt.
func TestNextEndings(t *testing.T) {
	s := plainSpec()
	s.When, s.Clean, s.Final = Abnormal, endings(t, "0", "143"), endings(t, "78", "SYS")
	config, forbidden := watch.Cause{Known: true, Code: 78}, watch.Cause{Known: true, Signal: 31}
	for _, c := range []struct {
		in    Input
		cause watch.Cause
		want  Action
	}{
		{Down, stopped, CleanStop}, {Down, cleanly, CleanStop}, {Down, crashed, Wait}, {Down, unknown, Wait},
		{Down, config, Finish}, {Failed, config, Finish}, {Down, forbidden, Finish}, {Failed, stopped, Wait},
	} {
		before := History{Outage: true, Tries: 1, Spent: ago(0)}
		after, d := s.Next(before, c.in, c.cause, start, 0)
		if d.Action != c.want || len(after.Spent) != 1 {
			t.Errorf("%v, %+v: %+v, %+v", c.in, c.cause, d, after)
		}
	}
	s.When, s.Clean = Always, nil
	if _, d := s.Next(History{}, Down, config, start, 0); d.Action != Finish {
		t.Errorf("final counts under when: always as well: %+v", d)
	}
	if s.Final = nil; s.NeedsCause() {
		t.Error("nothing depends on the cause")
	}
}

func TestEndingsThatMakeNoSense(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Spec)
		want   string
	}{
		"clean without abnormal": {func(s *Spec) { s.Clean = endings(t, "143") }, "clean: counts only with when: abnormal: add that, or remove clean"},
		"nothing is clean":       {func(s *Spec) { s.When, s.Clean = Abnormal, Endings{} }, "clean: names nothing: write for example [0, 143], or remove it"},
		"nothing is final":       {func(s *Spec) { s.Final = Endings{} }, "final: names nothing: write for example [78], or remove it"},
		"both": {func(s *Spec) { s.When, s.Clean, s.Final = Abnormal, endings(t, "0", "78"), endings(t, "1", "78") },
			"final[1]: 78 stands in clean as well: keep one of them"},
	} {
		s := DefaultSpec()
		s.Run = []string{"/bin/true"}
		c.change(&s)
		if err := s.Validate(); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
