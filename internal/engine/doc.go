// Package engine joins watch, restart and escalate: one goroutine owns all state, its
// heart is a pure machine (Step), and every effect runs outside it and comes back as
// an input.
package engine
