// Package engine joins watch, restart and escalate: a pure machine that takes inputs and
// gives effects. It has neither clock nor lock; internal/host carries the effects out, and
// what comes of them is an input again.
package engine
