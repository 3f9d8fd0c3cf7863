package vital

import (
	"bytes"
	"fmt"
	"math"
	"regexp"
	"strconv"

	"procward/internal/scalar"
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

// How an amount is written. Three decimals of a per cent are enough for everybody, and
// with them every share can be written so that it reads back the same.
var (
	wholeText = regexp.MustCompile(`^(?:0|[1-9][0-9]{0,17})$`)
	fraction  = regexp.MustCompile(`^[0-9]+\.[0-9]*$`)
	shareText = regexp.MustCompile(`^((?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,3})?)%$`)
)

// UnmarshalText reads a whole number, a size with its unit as scalar.Size does, or a share
// in per cent.
func (a *Amount) UnmarshalText(text []byte) error {
	var size scalar.Size
	if m := shareText.FindSubmatch(text); m != nil {
		f, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil || f > 1e6 {
			return fmt.Errorf("%q is too large: the most is 1000000%%", text)
		}
		*a = Amount{Form: Share, Share: f / 100}
		return nil
	}
	if wholeText.Match(text) {
		n, err := strconv.ParseInt(string(text), 10, 64)
		*a = Amount{Form: Number, N: n}
		return err
	}
	switch err := size.UnmarshalText(text); {
	case err == nil:
		*a = Amount{Form: Size, N: int64(size)}
		return nil
	case fraction.Match(text):
		return fmt.Errorf("%q is not a whole number: write for example 500, or a unit behind it", text)
	case bytes.HasSuffix(text, []byte("B")):
		return err
	}
	return fmt.Errorf("%q is no amount: write a number like 500, a size like 2GiB or 512MB, or a share like 90%%", text)
}

// MarshalText writes the amount so that it reads back the same.
func (a Amount) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// Wanted says which values are allowed, for error messages.
func (Amount) Wanted() string { return "a number, a size like 2GiB, or a share like 90%" }

// String is the amount as it may be written; empty if it is not given.
func (a Amount) String() string {
	switch a.Form {
	case Number:
		return strconv.FormatInt(a.N, 10)
	case Share:
		return percent(a.Share)
	case Size:
		return scalar.Size(a.N).String()
	}
	return ""
}

// percent writes a share with at most three decimals of a per cent.
func percent(share float64) string {
	return strconv.FormatFloat(math.Round(share*1e5)/1e3, 'f', -1, 64) + "%"
}

// of is the bound in the units of the value: a share is a share of the whole.
func (a Amount) of(whole int64) float64 {
	if a.Form == Share {
		return a.Share * float64(whole)
	}
	return float64(a.N)
}
