package scalar

import (
	"encoding"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0s": 0, "500ms": 500 * time.Millisecond, "1h30m": 90 * time.Minute, "2d": 48 * time.Hour, "1d12h": 36 * time.Hour,
		"0d": 0, "1.5h": 90 * time.Minute, "36500d": maxDuration,
	} {
		var d Duration
		if err := d.UnmarshalText([]byte(text)); err != nil || d.D() != want {
			t.Errorf("%s: %v, %v", text, d, err)
		}
	}
	for text, want := range map[string]string{
		"24": "has no unit: write 24s for seconds", "1.5": "has no unit", "-3": "has no unit", "0": "has no unit",
		"-5s": "is negative", "-1d": "is negative", "1d-5h": "is negative",
		"": "is not a duration", "d": "is not a duration", "5 s": "is not a duration", "1w": "is not a duration", "inf": "is not a duration",
		"NaN": "is not a duration", "1d2d": "is not a duration", "1.5d": "is not a duration", "never": "is not a duration",
		"36501d": "longer than", "36500d1ns": "longer than", "876001h": "longer than", "99999999999999999999d": "is not a duration",
	} {
		var d Duration
		if err := d.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, %v; want %s", text, d, err, want)
		}
	}
}

func TestDurationText(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", time.Second: "1s", 90 * time.Second: "1m30s", time.Hour: "1h", 24 * time.Hour: "24h", 10 * time.Minute: "10m",
		time.Hour + time.Second: "1h0m1s", 100 * time.Minute: "1h40m", 10 * time.Hour: "10h", 1500 * time.Millisecond: "1.5s",
	} {
		if got := Duration(d).String(); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

func TestInterval(t *testing.T) {
	for text, want := range map[string]Interval{"never": {Never: true}, "1h": {D: time.Hour}} {
		var i Interval
		if err := i.UnmarshalText([]byte(text)); err != nil || i != want {
			t.Errorf("%s: %v, %v", text, i, err)
		}
	}
	for _, text := range []string{"0s", "0d", "5", "Never", ""} {
		var i Interval
		if err := i.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), "the word never") {
			t.Errorf("%q: %v, %v", text, i, err)
		}
	}
}

func TestLimit(t *testing.T) {
	for text, want := range map[string]Limit{"unlimited": Unlimited, "0": AtMost(0), "12": AtMost(12)} {
		var l Limit
		if err := l.UnmarshalText([]byte(text)); err != nil || l != want {
			t.Errorf("%s: %v, %v", text, l, err)
		}
	}
	for _, text := range []string{"", "-1", "+1", "01", "1.0", "1e3", "0x1", " 1", "99999999999", "Unlimited", "never"} {
		var l Limit
		if err := l.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: %v", text, l)
		}
	}
	if AtMost(2).Allows(2) || !AtMost(2).Allows(1) || !Unlimited.Allows(1<<30) {
		t.Error("Allows")
	}
}

// FuzzText holds that what is read is written so that it reads back the same.
func FuzzText(f *testing.F) {
	for _, s := range []string{"30s", "2d", "never", "unlimited", "7", "1d1ns", "2562047h47m16.854775807s"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		again(t, text, new(Duration), new(Duration))
		again(t, text, new(Interval), new(Interval))
		again(t, text, new(Limit), new(Limit))
	})
}

type both interface {
	encoding.TextUnmarshaler
	encoding.TextMarshaler
}

func again[T any, P interface {
	*T
	both
}](t *testing.T, text string, first, second P) {
	if first.UnmarshalText([]byte(text)) != nil {
		return
	}
	written, err := first.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	if err := second.UnmarshalText(written); err != nil || any(*first) != any(*second) {
		t.Errorf("%q is written as %q, which is %v, %v", text, written, *second, err)
	}
}

func TestUnder(t *testing.T) {
	err := Under("restart", errors.Join(Errorf("backoff.max", "a"), Errorf("[0]", "b"), errors.New("c"), Errorf("", "d"), nil))
	want := "restart.backoff.max: a\nrestart[0]: b\nrestart: c\nrestart: d"
	if err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if Under("x", nil) != nil {
		t.Error("nil does not stay nil")
	}
}

func TestValidateEnv(t *testing.T) {
	if err := ValidateEnv(map[string]string{"A": "", "_b1": "x=y z"}); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"", "1A", "A-B", "A=B", "Ä", "PROCWARD_PID"} {
		var k *KeyError
		if err := ValidateEnv(map[string]string{name: "x"}); !errors.As(err, &k) || k.Key != name {
			t.Errorf("%q: %v", name, err)
		}
	}
	if ValidateEnv(map[string]string{"A": "a\x00"}) == nil {
		t.Error("a NUL byte is accepted")
	}
}

func TestDurationForAPerson(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 850 * time.Microsecond: "0.85ms", 9*time.Millisecond + 4*time.Microsecond: "9.00ms",
		320 * time.Millisecond: "320ms", 1007192 * time.Microsecond: "1s", 1250 * time.Millisecond: "1.3s",
		12*time.Minute + 5100*time.Millisecond: "12m5s", 2 * time.Hour: "2h",
	} {
		if got := Duration(d).Rounded(); got != want {
			t.Errorf("%v reads %s, want %s", d, got, want)
		}
	}
}
