package scalar

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
)

// Size is a number of bytes, from 0 to 4096 TiB, written with a unit: "512B", "64KiB",
// "1.5GiB", "512MB". A bare number is an error.
type Size int64

// size matches a written size. Three decimals are enough for everybody, and with them
// every value can be written so that it reads back the same.
var size = regexp.MustCompile(`^((?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,3})?)(B|[KMGT]iB|[kMGT]B)$`)

// sizeUnits are the units by 1024 and those by 1000, the largest first.
var sizeUnits = []struct {
	name  string
	bytes int64
}{
	{"TiB", 1 << 40}, {"TB", 1e12}, {"GiB", 1 << 30}, {"GB", 1e9},
	{"MiB", 1 << 20}, {"MB", 1e6}, {"KiB", 1 << 10}, {"kB", 1e3}, {"B", 1},
}

// maxSize is 4096 TiB: whole bytes up to it are exact in a float64.
const maxSize = 1 << 52

// UnmarshalText reads a size with its unit: B; KiB, MiB, GiB, TiB by 1024; kB, MB, GB, TB
// by 1000.
func (s *Size) UnmarshalText(text []byte) error {
	m := size.FindStringSubmatch(string(text))
	if m == nil {
		return fmt.Errorf("%q is not a size: write for example 512B, 64KiB or 2GiB", text)
	}
	f, err := strconv.ParseFloat(m[1], 64)
	for _, u := range sizeUnits {
		if u.name == m[2] {
			f *= float64(u.bytes)
		}
	}
	if err != nil || f > maxSize {
		return fmt.Errorf("%q is too large: the most is 4096TiB", text)
	}
	*s = Size(math.Round(f))
	return nil
}

// MarshalText writes the size in a form that UnmarshalText reads back.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Wanted says which values are allowed, for error messages.
func (Size) Wanted() string { return "a size, like 64KiB" }

// String is the size in the largest unit in which it is a whole number.
func (s Size) String() string {
	for _, u := range sizeUnits {
		if n := int64(s); n != 0 && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.name
		}
	}
	return "0B"
}

// Rounded is the size for a person to read: to a tenth of the largest unit by 1024 that
// it contains.
func (s Size) Rounded() string {
	for _, u := range sizeUnits {
		if int64(s) >= u.bytes && (u.name[1:] == "iB" || u.bytes == 1) {
			tenths := math.Round(float64(s)/float64(u.bytes)*10) / 10
			return strconv.FormatFloat(tenths, 'f', -1, 64) + u.name
		}
	}
	return "0B"
}
