package scalar

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// variable is the name of an environment variable (POSIX, base definitions 8.1, plus
// lower case).
var variable = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// ValidateEnv reports, as KeyErrors, environment variables that cannot be given to a
// script: a bad name, a NUL byte in the value, or a name that procward itself sets.
func ValidateEnv(env map[string]string) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(env)) {
		switch {
		case !variable.MatchString(name):
			errs = append(errs, Errorf(name, "is not the name of a variable: use letters, digits and _"))
		case strings.HasPrefix(name, "PROCWARD_"):
			errs = append(errs, Errorf(name, "is set by procward itself: use another name"))
		case strings.ContainsRune(env[name], 0):
			errs = append(errs, Errorf(name, "holds a NUL byte: remove it"))
		}
	}
	return errors.Join(errs...)
}
