package escalate

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"procward/internal/scalar"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// at is a moment of a boot, with a wall clock that may say anything.
func at(boot string, uptime time.Duration, wallOff time.Duration) Moment {
	return Moment{Boot: boot, Uptime: uptime, Wall: noon.Add(uptime + wallOff)}
}

func limit(count int, window, minUptime time.Duration) RebootLimit {
	return RebootLimit{Count: count, Window: scalar.Duration(window), MinUptime: scalar.Duration(minUptime)}
}

// saved is the ledger as it is after it was written and read.
func saved(t testing.TB, l Ledger) Ledger {
	t.Helper()
	text, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	var out Ledger
	if err := json.Unmarshal(text, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

const day = 24 * time.Hour

// asking is one question of a story: the moment, and what is answered.
type asking struct {
	now  Moment
	want Answer
	why  string
}

func TestBreaker(t *testing.T) {
	h, m := time.Hour, time.Minute
	for name, c := range map[string]struct {
		limit RebootLimit
		story []asking
	}{
		"three, then none": {DefaultRebootLimit(), []asking{
			{at("a", h, 0), Allow, ""}, {at("b", 11*m, 0), Allow, ""}, {at("c", 11*m, 0), Allow, ""},
			{at("d", 11*m, 0), Refuse, "reboot-limit is spent: 3 of 3 in 24h (the last: reboot at 2026-03-01T13:00:00Z, reboot at"},
			{at("d", 12*m, 0), Refuse, "the next is allowed after 23h26m more of running time, or after `procward recover --all`"},
			{at("d", 23*h+37*m, 0), Refuse, "after 1m more"}, {at("d", 23*h+38*m, 0), Allow, ""},
			{at("e", 10*m, 0), Refuse, "after 1m more"},
		}},
		"too soon after a boot": {limit(2, h, 10*m), []asking{
			{at("a", 0, 0), Later, "less than reboot-limit.min-uptime, 10m"}, {at("a", 10*m-1, 0), Later, ""}, {at("a", 10*m, 0), Allow, ""},
			{at("b", 0, 0), Later, ""}, {at("b", 10*m, 0), Allow, ""}, {at("c", 0, 0), Refuse, "spent"},
		}},
		"the wall clock jumps forward": {limit(1, day, 0), []asking{
			{at("a", m, 0), Allow, ""}, {at("b", m, 2*day), Refuse, ""}, {at("b", 2*m, 400*day), Refuse, ""},
		}},
		"the wall clock jumps back": {limit(1, day, 0), []asking{
			{at("a", m, 0), Allow, ""}, {at("b", m, -2*day), Refuse, ""}, {at("b", day-1, -400*day), Refuse, ""}, {at("b", day, -400*day), Allow, ""},
		}},
		"running time adds up over boots": {limit(1, 3*h, 0), []asking{
			{at("a", m, 0), Allow, ""}, {at("b", h, 0), Refuse, ""}, {at("c", h, 0), Refuse, ""}, {at("d", h-1, 0), Refuse, ""}, {at("d", h, 0), Allow, ""},
		}},
		"an act that did not happen counts": {limit(2, h, 0), []asking{
			{at("a", m, 0), Allow, ""}, {at("a", 2*m, 0), Allow, ""}, {at("a", 3*m, 0), Refuse, ""},
		}},
		"no boot id": {limit(2, h, 0), []asking{
			{at("a", m, 0), Allow, ""}, {at("", 99*day, 0), Refuse, "boot id cannot be read"}, {at("b", m, 0), Allow, ""},
		}},
		"a count of 0": {limit(0, h, 0), []asking{{at("a", 99*day, 0), Refuse, "reboot-limit.count is 0"}}},
		"uptime goes back, as in a copy of a virtual machine": {limit(1, h, 0), []asking{
			{at("a", 2*h, 0), Allow, ""}, {at("a", h, 0), Refuse, ""}, {at("a", 3*h-1, 0), Refuse, ""}, {at("a", 3*h, 0), Allow, ""},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var l Ledger
			for i, a := range c.story {
				next, v := c.limit.Ask(l, "reboot", "httpd is down", a.now)
				if v.Answer != a.want || !strings.Contains(v.Why, a.why) || (v.Answer == Allow) != (v.Why == "") {
					t.Errorf("%d: %+v, want %d %q", i, v, a.want, a.why)
				}
				if v.Answer == Later && v.At != c.limit.MinUptime.D() {
					t.Errorf("%d: again at %v", i, v.At)
				}
				if n := len(next.Entries) - len(l.Entries); (n == 1) != (v.Answer == Allow) {
					t.Errorf("%d: %d entries more", i, n)
				}
				l = saved(t, next)
			}
		})
	}
}

func TestOpened(t *testing.T) {
	l, v := DefaultRebootLimit().Ask(Ledger{}, "reboot", "httpd is down", at("a", time.Hour, 0))
	if v.Answer != Allow || l.Entries[0].Outcome != Asked {
		t.Fatalf("%+v %+v", v, l)
	}
	for name, c := range map[string]struct {
		now  Moment
		want string
	}{
		"a new boot":  {at("b", time.Minute, -day), "reboot happened, asked for at 2026-03-01T13:00:00Z: httpd is down"},
		"the same":    {at("a", 2*time.Hour, day), "reboot missed, asked for at 2026-03-01T13:00:00Z: httpd is down"},
		"not known":   {at("", 2*time.Hour, 0), ""},
		"right after": {at("a", time.Hour, 0), "reboot missed, asked for at 2026-03-01T13:00:00Z: httpd is down"},
	} {
		before := saved(t, l)
		after, reports := l.Opened(c.now)
		if !reflect.DeepEqual(saved(t, l), before) {
			t.Errorf("%s: the argument was changed", name)
		}
		var got []string
		for _, r := range reports {
			got = append(got, fmt.Sprintf("%s %s, %s", r.Rung, r.Outcome, r))
		}
		if strings.Join(got, "; ") != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if _, again := after.Opened(c.now); len(again) > 0 {
			t.Errorf("%s: reported twice: %v", name, again)
		}
	}
	if l := l.Failed(at("a", 2*time.Hour, 0)); l.Entries[0].Outcome != Missed {
		t.Errorf("%+v", l)
	} else if l, reports := l.Opened(at("b", 0, 0)); len(reports) > 0 || l.Entries[0].Outcome != Missed {
		t.Errorf("a boot much later was taken for what had failed: %v", reports)
	}
}

func TestStandingAndClear(t *testing.T) {
	r := limit(2, time.Hour, 0)
	l, _ := r.Ask(Ledger{}, "panic", "", at("a", time.Minute, 0))
	if s := r.Standing(l, at("b", time.Minute, 0)); len(s.Used) != 1 || s.Free != 0 || s.Used[0].Rung != "panic" {
		t.Errorf("%+v", s)
	}
	l, _ = r.Ask(l, "reboot", "", at("b", time.Minute, 0))
	if s := r.Standing(l, at("b", 11*time.Minute, 0)); len(s.Used) != 2 || s.Free != 49*time.Minute {
		t.Errorf("%+v", s)
	}
	if s := limit(1, time.Hour, 0).Standing(l, at("b", 11*time.Minute, 0)); len(s.Used) != 2 || s.Free != 50*time.Minute {
		t.Errorf("after a reload: %+v", s)
	}
	l = l.Clear()
	if s := r.Standing(l, at("b", 11*time.Minute, 0)); len(s.Used) != 0 || s.Free != 0 || l.Ran == 0 {
		t.Errorf("%+v of %+v", s, l)
	}
}

// What was forgotten counts like a spent limit, over boots, for a window or until recover.
func TestForgot(t *testing.T) {
	r := limit(2, time.Hour, 0)
	l := Ledger{}.Forgot(at("a", time.Minute, 0), "the file was torn")
	for _, c := range []struct {
		now  Moment
		want Answer
	}{{at("a", 2*time.Minute, 0), Refuse}, {at("b", 58*time.Minute, 0), Refuse}, {at("b", 60*time.Minute, day), Allow}} {
		l = saved(t, l).Seen(c.now)
		_, v := r.Ask(l, "reboot", "", c.now)
		if v.Answer != c.want || v.Answer == Refuse && !strings.Contains(v.Why, "(the file was torn)") {
			t.Errorf("at %v: %+v", c.now.Uptime, v)
		}
		if s := r.Standing(l, c.now); (s.Lost != "") != (c.want == Refuse) || (s.Free > 0) != (c.want == Refuse) {
			t.Errorf("at %v: %+v", c.now.Uptime, s)
		}
	}
	if _, v := r.Ask(l.Clear(), "reboot", "", at("b", 61*time.Minute, 0)); v.Answer != Allow || !l.Clear().Empty() {
		t.Errorf("after recover: %+v", v)
	}
}

func TestLedgerStaysSmall(t *testing.T) {
	r := limit(2, time.Minute, 0)
	var l Ledger
	for i := range 100 {
		var v Verdict
		if l, v = r.Ask(l, "reboot", "", at("a", time.Duration(i)*time.Minute, 0)); v.Answer != Allow {
			t.Fatal(v)
		}
	}
	if len(l.Entries) != keep {
		t.Errorf("%d entries", len(l.Entries))
	}
}

func TestRebootLimitValidate(t *testing.T) {
	for _, c := range []struct {
		r    RebootLimit
		want string
	}{
		{DefaultRebootLimit(), ""},
		{limit(0, day, 10*time.Minute), ""},
		{limit(0, time.Second, 10*time.Minute), ""},
		{limit(-1, day, 0), "count: -1 is below 0"},
		{limit(1, 0, 0), "window: must be above 0s"},
		{limit(1, day, -1), "min-uptime: is below 0s"},
		{limit(6, time.Hour, 10*time.Minute), "min-uptime: 10m, 6 times, does not fit into the window of 1h"},
		{limit(5, time.Hour, 10*time.Minute), ""},
	} {
		err := c.r.Validate()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)) {
			t.Errorf("%+v: %v, want %q", c.r, err, c.want)
		}
	}
}
