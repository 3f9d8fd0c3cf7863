package vital

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"procward/internal/scalar"
	"procward/watch"
)

func TestAmount(t *testing.T) {
	for text, want := range map[string]Amount{
		"0": {Form: Number}, "500": {Form: Number, N: 500},
		"2GiB": {Form: Size, N: 2 << 30}, "512MB": {Form: Size, N: 512e6}, "1.5KiB": {Form: Size, N: 1536}, "7B": {Form: Size, N: 7}, "1kB": {Form: Size, N: 1000},
		"90%": {Form: Share, Share: 0.9}, "250%": {Form: Share, Share: 2.5}, "99.5%": {Form: Share, Share: 0.995},
	} {
		var a Amount
		if err := a.UnmarshalText([]byte(text)); err != nil || a != want {
			t.Errorf("%s: %+v, %v", text, a, err)
		}
		if text != "1.5KiB" && a.String() != text {
			t.Errorf("%s is written %s", text, a)
		}
	}
	for text, want := range map[string]string{
		"": "is no amount: write a number like 500", "-1": "is no amount", "+1": "is no amount", "01": "is no amount", "1e3": "is no amount",
		"2 GiB": "is not a size: write for example", "2gib": "is no amount", "2G": "is no amount", "2KB": "is not a size", "0x10": "is no amount", "5.%": "is no amount", ".5%": "is no amount",
		"unlimited": "is no amount", "NaN": "is no amount", "1.0001%": "is no amount",
		"1.5": "is not a whole number", "4097TiB": "the most is 4096TiB", "1000001%": "the most is", "9999999999999999999": "is no amount",
	} {
		var a Amount
		if err := a.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v; want %s", text, a, err, want)
		}
	}
}

// What is read is written so that it reads back the same.
func FuzzAmount(f *testing.F) {
	for _, s := range []string{"500", "2GiB", "1.5MB", "90%", "29%", "0.007%", "0B", "4096TiB", "0.001B"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var a, b Amount
		if a.UnmarshalText([]byte(text)) != nil {
			return
		}
		if a.N < 0 || a.Share < 0 || a.Form == NotGiven {
			t.Fatalf("%q: %+v", text, a)
		}
		if err := b.UnmarshalText([]byte(a.String())); err != nil || a != b {
			t.Errorf("%q is %+v, written %s, read %+v, %v", text, a, a, b, err)
		}
	})
}

func amountOf(text string) (a Amount) {
	if err := a.UnmarshalText([]byte(text)); err != nil {
		panic(err)
	}
	return a
}

func TestValidate(t *testing.T) {
	limit := func(max string) *Limit { return atMost(max, time.Minute) }
	bytes := func(max string) *Memory { return memory(RSS, max, time.Minute) }
	leak := func(by string) *Leak { l := DefaultLeak(); l.By = amountOf(by); return &l }
	for _, c := range []struct {
		limits Limits
		want   string
	}{
		{Limits{}, ""},
		{Limits{RSS: bytes("2GiB"), CPU: limit("250%"), FDs: limit("90%"), Threads: limit("1"), Children: limit("0"), Zombies: limit("0")}, ""},
		{Limits{RSS: bytes("50%"), FDs: limit("500"), Growth: &Growth{RSS: leak("10%"), FDs: leak("10"), Threads: leak("300%")}}, ""},
		{Limits{RSS: bytes("500")}, "rss.max: 500 is a number: write a size like 2GiB, or a share of the host's memory like 50%"},
		{Limits{RSS: bytes("0B")}, "rss.max: 0B is too small: write a size like 2GiB, or a share of the host's memory like 50%"},
		{Limits{RSS: bytes("100%")}, "rss.max: 100% is never exceeded: write less than 100%"},
		{Limits{RSS: memory(PSS, "2GiB", time.Minute)}, ""},
		{Limits{RSS: memory(Private, "5%", time.Minute)}, ""},
		{Limits{RSS: memory(Tree, "500", time.Minute)}, "rss.max: 500 is a number: write a size like 2GiB, or a share of the host's memory like 50%"},
		{Limits{RSS: memory("uss", "2GiB", time.Minute)}, "rss.kind: \"uss\" is not known: write rss, pss, private or tree"},
		{Limits{CPU: limit("2")}, "cpu.max: 2 is a number: write a share of one CPU like 95% or 250%"},
		{Limits{CPU: limit("0%")}, "cpu.max: 0% is too small: write a share of one CPU like 95% or 250%"},
		{Limits{FDs: limit("2GiB")}, "fds.max: 2GiB is a size: write a number like 500, or a share of the process's limit like 90%"},
		{Limits{FDs: limit("100%")}, "fds.max: 100% is never exceeded: write less than 100%"},
		{Limits{Threads: limit("0")}, "threads.max: 0 is too small: write a number like 500"},
		{Limits{Zombies: limit("5%")}, "zombies.max: 5% is a share: write a number like 10"},
		{Limits{Growth: &Growth{RSS: leak("10")}}, "growth.rss.by: 10 is a number: write a size like 100MiB, or a share like 10%"},
		{Limits{Growth: &Growth{FDs: leak("0")}}, "growth.fds.by: 0 is too small: write a number like 100, or a share like 10%"},
		{Limits{FDs: &Limit{}}, "fds.max: is missing: write a number like 500, or a share of the process's limit like 90%\nfds.for: must be above 0: write for example 30s\nfds.action: \"\" is not known: write restart or report"},
	} {
		got := ""
		if err := c.limits.Validate(); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("got\n%s\nwant\n%s", got, c.want)
		}
	}
}

func TestValidateSigns(t *testing.T) {
	zero := scalar.Duration(0)
	for _, c := range []struct {
		sign Sign
		want string
	}{
		{Sign{Stopped: d(time.Second)}, ""},
		{Sign{}, "names no sign: write one of stopped, uninterruptible, spinning, backlog"},
		{Sign{Stopped: &zero}, "must be above 0: write for example 30s"},
		{Sign{Stopped: d(time.Second), Backlog: d(time.Second)}, "stands beside stopped: write one list item for each"},
	} {
		err := c.sign.Validate()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	s := stallSpec(Sign{Spinning: d(time.Second)}, Sign{Spinning: d(time.Minute)})
	if err := s.Validate(); err == nil || err.Error() != "stall[1].spinning: stands twice, first as stall[0]: remove one" {
		t.Error(err)
	}
}

func TestNames(t *testing.T) {
	all := []string{
		"stopped", "uninterruptible", "spinning", "backlog", "rss", "fds", "threads", "children", "zombies",
		"rss-growth", "fds-growth", "threads-growth",
	}
	if got := Names(everything()); !reflect.DeepEqual(got, all) {
		t.Error(got)
	}
	if got := Names(Spec{}); got != nil {
		t.Error(got)
	}
	l := DefaultLimit()
	if l.For.D() != time.Minute || l.Action != watch.ActRestart || DefaultLeak().Action != watch.ActReport {
		t.Error("the defaults are others")
	}
	s := stallSpec(Sign{Uninterruptible: d(2 * time.Minute)}, Sign{Stopped: d(30 * time.Second)})
	if got := Within(s, "uninterruptible"); got != 2*time.Minute+24*time.Second {
		t.Error(got)
	}
	if got := Within(s, "stopped"); got != 32*time.Second {
		t.Error(got)
	}
	if got := Within(s, "rss"); got != 0 {
		t.Error(got)
	}
}

func TestTickOfPlan(t *testing.T) {
	for hold, want := range map[time.Duration]time.Duration{
		time.Hour: time.Second, 3 * time.Second: 600 * time.Millisecond, 10 * time.Millisecond: shortestTick,
	} {
		if got := compile(stallSpec(Sign{Stopped: d(hold)})).tick(defaultTick); got != want {
			t.Errorf("%v: %v, want %v", hold, got, want)
		}
	}
}
