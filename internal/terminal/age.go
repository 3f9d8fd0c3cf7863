package terminal

import (
	"fmt"
	"time"
)

// Age is a duration as an operator reads it: its two largest units, "3d 4h", "12m 5s",
// "0s".
func Age(d time.Duration) string {
	type unit struct {
		name string
		d    time.Duration
	}
	units := []unit{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}}
	d = max(d, 0)
	for i, u := range units {
		if d < u.d && u.d > time.Second {
			continue
		}
		text := fmt.Sprintf("%d%s", d/u.d, u.name)
		if i+1 < len(units) && d%u.d/units[i+1].d > 0 {
			text += fmt.Sprintf(" %d%s", d%u.d/units[i+1].d, units[i+1].name)
		}
		return text
	}
	return "0s"
}
