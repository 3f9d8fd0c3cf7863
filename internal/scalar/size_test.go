package scalar

import "testing"

func TestSize(t *testing.T) {
	for text, want := range map[string]Size{
		"0B": 0, "512B": 512, "64KiB": 64 << 10, "1.5GiB": 3 << 29, "2TiB": 2 << 40, "512MB": 512e6, "1kB": 1000, "4096TiB": 1 << 52, "0.001kB": 1,
	} {
		var s, again Size
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%s: %d, %v", text, s, err)
		}
		if err := again.UnmarshalText([]byte(s.String())); err != nil || again != s {
			t.Errorf("%s is written %s, which reads %d, %v", text, s, again, err)
		}
	}
	for _, text := range []string{"", "64", "-1B", "64 KiB", "64kib", "64K", "5000TiB", "1.2345GiB", "999999999999999999TiB", "B", "01B", "1e3B"} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q reads %d", text, s)
		}
	}
}

func TestSizeForAPerson(t *testing.T) {
	for s, want := range map[Size]string{0: "0B", 1023: "1023B", 1024: "1KiB", 1<<30 + 1<<29: "1.5GiB", 2097151: "2MiB", 1 << 52: "4096TiB"} {
		if got := s.Rounded(); got != want {
			t.Errorf("%d: %s, want %s", int64(s), got, want)
		}
	}
}
