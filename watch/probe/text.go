package probe

import (
	"regexp"

	"procward/internal/scalar"
)

// Sent is text that is sent unchanged: in YAML a backslash is an escape only in double
// quotes.
type Sent string

// Pattern is a regular expression (RE2).
type Pattern string

func (p Pattern) validate(key string) error {
	if _, err := regexp.Compile(string(p)); err != nil {
		return scalar.Errorf(key, "%v", err)
	}
	return nil
}
