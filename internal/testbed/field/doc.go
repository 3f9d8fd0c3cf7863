// Package field plays reports from the field on the real daemon: one directory a case
// below cases, with its drop-ins, its files, and stories that say what happens and what
// has to follow. README.md tells how a case is written; no Go is needed for one.
//
// A story is played by the test binary itself, started once more in a small host of its
// own: a root directory whose changes are gone with it, and a control group in which all
// that it starts dies with it. Only tests import this package.
package field
