package vital

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
)

// Amount is a number ("500"), a size ("2GiB") or a share ("90%").
type Amount struct {
	Form  Form
	N     int64   // of a number, or the bytes of a size
	Share float64 // of a share: 0.9 for 90%
}

// Form is how an Amount is written.
type Form string

// The forms. The zero value is an Amount that was not given.
const (
	NotGiven Form = ""
	Number   Form = "number"
	Size     Form = "size"
	Share    Form = "share"
)

// amount is a number with an optional unit. Three decimals are enough for anybody, and
// let every value be written so that it reads back the same.
var amount = regexp.MustCompile(`^((?:0|[1-9][0-9]{0,17})(\.[0-9]{1,3})?)(%|B|[KMGT]iB|[kMGT]B)?$`)

// unit is one unit of sizes.
type unit struct {
	name  string
	bytes int64
}

// sizes are the units of sizes, those of two before those of ten, the largest first.
var sizes = []unit{
	{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1},
}

// UnmarshalText reads a whole number, a size with its unit (B; KiB, MiB, GiB, TiB by 1024;
// kB, MB, GB, TB by 1000) or a share in per cent. Sizes and shares may have decimals.
func (a *Amount) UnmarshalText(text []byte) error {
	m := amount.FindStringSubmatch(string(text))
	if m == nil {
		return fmt.Errorf("%q is no amount: write a number like 500, a size like 2GiB or 512MB, or a share like 90%%", text)
	}
	f, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return fmt.Errorf("%q is no amount: %w", text, err)
	}
	switch m[3] {
	case "":
		if m[2] != "" {
			return fmt.Errorf("%q is not a whole number: write for instance 500, or a unit behind it", text)
		}
		n, err := strconv.ParseInt(m[1], 10, 64)
		*a = Amount{Form: Number, N: n}
		return err
	case "%":
		if f > 1e6 {
			return fmt.Errorf("%q is too large: the most is 1000000%%", text)
		}
		*a = Amount{Form: Share, Share: f / 100}
		return nil
	}
	return a.size(string(text), f, m[3])
}

// maxSize is the largest size, 4096 TiB: whole bytes up to it are exact in a float64.
const maxSize = 1 << 52

func (a *Amount) size(text string, f float64, name string) error {
	for _, u := range sizes {
		if u.name != name {
			continue
		}
		bytes := f * float64(u.bytes)
		if bytes > maxSize {
			return fmt.Errorf("%q is too large: the most is 4096TiB", text)
		}
		*a = Amount{Form: Size, N: int64(math.Round(bytes))}
	}
	return nil
}

// MarshalText writes the amount so that it reads back the same.
func (a Amount) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// String is the amount as it may be written; empty where it is not given.
func (a Amount) String() string {
	switch a.Form {
	case Number:
		return strconv.FormatInt(a.N, 10)
	case Share:
		return percent(a.Share)
	case Size:
		if a.N == 0 {
			return "0B"
		}
		best := unit{"B", 1}
		for _, u := range sizes {
			if a.N%u.bytes == 0 && u.bytes > best.bytes {
				best = u
			}
		}
		return strconv.FormatInt(a.N/best.bytes, 10) + best.name
	}
	return ""
}

// percent writes a share with at most three decimals of a per cent.
func percent(share float64) string {
	return strconv.FormatFloat(math.Round(share*1e5)/1e3, 'f', -1, 64) + "%"
}

// shown is a number of bytes for a message, rounded to a tenth of its unit.
func shown(bytes int64) string {
	for _, u := range sizes[:4] {
		if bytes >= u.bytes {
			tenths := math.Round(float64(bytes)/float64(u.bytes)*10) / 10
			return strconv.FormatFloat(tenths, 'f', -1, 64) + u.name
		}
	}
	return strconv.FormatInt(bytes, 10) + "B"
}

// of is the bound in the units of the value: a share is one of the whole.
func (a Amount) of(whole int64) float64 {
	if a.Form == Share {
		return a.Share * float64(whole)
	}
	return float64(a.N)
}
